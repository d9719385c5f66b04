package doctor

import (
	"context"
	"fmt"
	"time"

	"parley/internal/redis"
)

func (e *examination) redis(ctx context.Context) {
	if e.options.Config.Redis.Memory() {
		e.add("redis", Skipped, "not configured: one node keeps what is shared in memory", "")
		return
	}
	started := e.options.Clock()
	if err := pingRedis(ctx, e.options.Config.Redis.URL, e.options.Timeout); err != nil {
		e.add("redis", Faulty, err.Error(), "check PARLEY_REDIS_URL, that the server runs, and that this machine may connect")
		return
	}
	e.add("redis", OK, fmt.Sprintf("answered in %s", e.options.Clock().Sub(started).Round(100*time.Microsecond)), "")
}

// pingRedis connects, signs in as the URL says, and pings, all within the timeout.
func pingRedis(ctx context.Context, url string, timeout time.Duration) error {
	o, err := redis.Options(url, timeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := redis.Connect(ctx, o)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer client.Close()
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}
