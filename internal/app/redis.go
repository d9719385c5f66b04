package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/config"
	"parley/internal/ops"
	"parley/internal/redis"
	"parley/internal/session"
)

// redisTimeout bounds the connection to Redis, the silence on it, and each question, unless Options say otherwise.
const redisTimeout = time.Second

// openRedis connects to Redis, and waits for one that is away as long as for the database.
func openRedis(ctx context.Context, c config.Config, timeout time.Duration, log *slog.Logger) (rueidis.Client, error) {
	o, err := redis.Options(c.Redis.URL, timeout)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_REDIS_URL: %w", err)
	}
	o.ClientName = "parley"
	ctx, cancel := context.WithTimeout(ctx, max(c.DatabaseWait, timeout))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		client, err := redis.Connect(ctx, o)
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
	return session.NewRedis(a.redis, a.config.RedisPrefix, p, a.redisTimeout)
}

// redisCheck asks Redis whether it takes what has to be kept; without one the check says that there is none.
func (a *App) redisCheck() ops.Check {
	check := ops.Check{Name: "redis"}
	if a.redis != nil {
		check.Probe = session.NewRedis(a.redis, a.config.RedisPrefix, session.Policy{}, a.redisTimeout).Writable
	}
	return check
}
