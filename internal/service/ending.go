package service

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"parley/internal/chat"
	"parley/internal/session"
)

// ending is that a person's sessions are to end, all or all but one.
type ending struct {
	user   chat.UserID
	except chat.SessionID // empty: none
	by     chat.UserID    // whose word it is; 0: nobody's
	device chat.Device
}

// owed are the endings that the store of the sessions was away for, and when: what was decided with them (a password, an account that is closed)
// is stored in the database and holds already, so the sessions have to follow it, whether or not somebody asks once more.
//
// They are in memory. A node that ends before the store is back forgets them, as whoever asked was told 503.
type owed struct {
	mu   sync.Mutex
	list map[scope]due
}

type scope struct {
	user   chat.UserID
	except chat.SessionID
}

type due struct {
	ending
	at time.Time
}

func (o *owed) add(d due) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.list == nil {
		o.list = map[scope]due{}
	}
	o.list[scope{d.user, d.except}] = d
}

func (o *owed) all() map[scope]due {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.list)
}

// settled forgets what was owed, unless the same was asked for again meanwhile.
func (o *owed) settled(d due) {
	o.mu.Lock()
	defer o.mu.Unlock()
	of := scope{d.user, d.except}
	if o.list[of] == d {
		delete(o.list, of)
	}
}

// end ends a person's sessions. When it fails it is tried again by CatchUp; the caller is told all the same, because until then they go on.
func (s *Sessions) end(ctx context.Context, e ending) error {
	ended, err := s.families.EndAll(ctx, int64(e.user), string(e.except))
	if err != nil {
		s.owed.add(due{e, now(s.clock)})
		s.log.WarnContext(ctx, "sessions not ended; they will be when their store answers", slog.Int64("user_id", int64(e.user)), slog.Any("error", err))
		return sessionError(err)
	}
	s.ended(live(ctx), e.by, e.device, ended...)
	return nil
}

// settle ends the sessions that are owed an end. It stops at the first failure: the next one would most likely wait for the same store. The order is any,
// so that one person's trouble does not keep the others' sessions alive for ever.
func (s *Sessions) settle(ctx context.Context) error {
	for _, d := range s.owed.all() {
		list, err := s.families.List(ctx, int64(d.user))
		if err != nil {
			return err
		}
		for _, kept := range list {
			if err := s.settleOne(ctx, d, kept); err != nil {
				return err
			}
		}
		s.owed.settled(d)
	}
	return nil
}

// settleOne ends one session, unless it began after its like was to end: with the new password, or when the account was open again.
func (s *Sessions) settleOne(ctx context.Context, d due, kept session.Session) error {
	if kept.CreatedAt.After(d.at) || chat.SessionID(kept.ID) == d.except {
		return nil
	}
	ended, ok, err := s.families.End(ctx, kept.User, kept.ID)
	if ok {
		s.ended(live(ctx), d.by, d.device, ended)
	}
	return err
}
