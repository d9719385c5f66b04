package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/config"
	"parley/internal/ops"
	"parley/internal/session"
)

// redisTimeout bounds the connection to Redis and the silence on it: a Redis that is away or stopped is noticed this soon.
const redisTimeout = time.Second

// openRedis connects to Redis, and waits for one that is away as long as for the database. Commands are not sent again by the client: a
// refresh that was half heard must not be repeated behind its caller's back.
func openRedis(ctx context.Context, c config.Config, log *slog.Logger) (rueidis.Client, error) {
	o, err := rueidis.ParseURL(c.Redis.URL)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_REDIS_URL is not understood: %w", err)
	}
	o.Dialer = net.Dialer{Timeout: redisTimeout, KeepAlive: o.Dialer.KeepAlive}
	o.ConnWriteTimeout = redisTimeout
	o.DisableCache, o.DisableRetry = true, true
	// With more than one address it is a cluster, and the client asks each where the others are. A master_set means Sentinels, whatever this says.
	o.ForceSingleClient = len(o.InitAddress) == 1
	o.AlwaysPipelining = true // reads ahead, so that a connection that ended is noticed before it is used
	o.ClientName = "parley-sessions"
	ctx, cancel := context.WithTimeout(ctx, max(c.DatabaseWait, redisTimeout))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		client, err := rueidis.NewClient(o)
		if err == nil {
			return client, nil
		}
		log.WarnContext(ctx, "Redis is away; trying again", slog.Duration("in", pause), slog.Any("error", err))
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("connect to Redis (PARLEY_REDIS_URL): it stayed away for %s (PARLEY_DATABASE_WAIT): %w", c.DatabaseWait, err)
		case <-timer.C:
		}
	}
}

// sessionKeeper is where sessions are stored: Redis when there is one. Nil leaves them in the database.
func (a *App) sessionKeeper(p session.Policy) session.Keeper {
	if a.redis == nil {
		return nil
	}
	return session.NewRedis(a.redis, a.config.RedisPrefix, p, redisTimeout)
}

// redisCheck asks Redis whether it answers; without one the check says that there is none.
func (a *App) redisCheck() ops.Check {
	check := ops.Check{Name: "redis"}
	if a.redis != nil {
		check.Probe = func(ctx context.Context) error { return a.redis.Do(ctx, a.redis.B().Ping().Build()).Error() }
	}
	return check
}
