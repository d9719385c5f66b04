package parleytest

import (
	"context"
	"os"
	"testing"

	"github.com/redis/rueidis"
)

// RedisURL is the Redis for tests.
func RedisURL(tb testing.TB) string {
	tb.Helper()
	url := os.Getenv("PARLEY_TEST_REDIS_URL")
	if url == "" {
		if os.Getenv("CI") == "true" {
			tb.Fatal("PARLEY_TEST_REDIS_URL is not set: nothing would be tested on Redis")
		}
		tb.Skip("PARLEY_TEST_REDIS_URL is not set: NOT TESTED ON REDIS (make test starts a server)")
	}
	return url
}

// forget removes, after the test, every key that begins with prefix.
func forget(tb testing.TB, prefix string) {
	tb.Helper()
	tb.Cleanup(func() { Forget(tb, prefix) })
}

// Forget removes every key that begins with prefix.
func Forget(tb testing.TB, prefix string) {
	tb.Helper()
	o, err := rueidis.ParseURL(RedisURL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	o.DisableCache, o.ForceSingleClient = true, true
	client, err := rueidis.NewClient(o)
	if err != nil {
		tb.Error(err)
		return
	}
	defer client.Close()
	ctx := context.Background()
	keys, err := client.Do(ctx, client.B().Keys().Pattern(prefix+":*").Build()).AsStrSlice()
	if err != nil {
		tb.Error(err)
	}
	for _, key := range keys { // one by one: a cluster takes no keys of different slots together
		if err := client.Do(ctx, client.B().Del().Key(key).Build()).Error(); err != nil {
			tb.Error(err)
		}
	}
}
