package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/service"
	"parley/internal/store"
)

// Office is the service without doors, for commands that the host runs beside the server. It announces nothing: what its people would see at once
// they see when they next look, and sessions it ends are noticed by the nodes as those are whose message was lost.
type Office struct {
	*service.Service
	app *App
}

// OpenOffice opens the database of the settings, and Redis where there is one. On SQLite the file belongs to it until it is closed, so the server has
// to be stopped.
func OpenOffice(ctx context.Context, c config.Config, log *slog.Logger, purpose string) (_ *Office, err error) {
	a := &App{config: c, log: log, clock: time.Now, redisTimeout: redisTimeout} //nolint:forbidigo // the clock of a command is the machine's
	o := &Office{app: a}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	if a.store, err = openStore(ctx, c, store.Options{Logger: log, Purpose: purpose, Timeout: storeTimeout}); err != nil {
		return nil, err
	}
	// As a serving node does it: in development the schema is brought up, in production an old one is refused.
	if err := a.prepareSchema(ctx); err != nil {
		return nil, err
	}
	if !c.Redis.Memory() {
		if a.redis, err = openRedis(ctx, c, a.redisTimeout, log); err != nil {
			return nil, err
		}
	}
	policy := sessionPolicy(c.Auth)
	sender, _ := NewSender(c, a.clock) // a node sends what is noted here
	o.Service = service.New(service.Deps{
		Store: a.store, Hasher: newHasher(c.Auth), Publisher: silent{}, Clock: a.clock, Logger: log, Sessions: policy,
		Keeper: a.sessionKeeper(policy), Options: waysIn(c), Mail: service.MailDeps{Sender: sender, Site: c.PublicURL, Alerts: c.Mail.Alerts},
	})
	return o, nil
}

// Close gives everything back.
func (o *Office) Close() error {
	if o.app.redis != nil {
		o.app.redis.Close()
	}
	if o.app.store == nil {
		return nil
	}
	return o.app.store.Close()
}

// silent has no sockets to tell.
type silent struct{}

func (silent) Announce(...chat.Event)                {}
func (silent) Expel(chat.RoomID, chat.UserID)        {}
func (silent) Revoke(chat.UserID, ...chat.SessionID) {}
