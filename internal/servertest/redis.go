package servertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/redis"
)

// RedisURL is the Redis that all tests share. Without one the test is skipped, loudly, and where CI=true it fails.
func RedisURL(tb testing.TB) string {
	tb.Helper()
	url := os.Getenv("PARLEY_TEST_REDIS_URL")
	if url == "" {
		Lacks(tb, "PARLEY_TEST_REDIS_URL is not set", "NOT TESTED ON REDIS (make test starts a server)")
	}
	return url
}

// RedisPrefix begins keys that no other test uses. They go away with the test.
func RedisPrefix(tb testing.TB, url string) string {
	tb.Helper()
	prefix := "test-" + rand.Text()
	tb.Cleanup(func() { Forget(tb, url, prefix) })
	return prefix
}

// Dial opens a Redis as the server does, but with one connection for all: of several, some may learn that they were cut after the first is back.
func Dial(tb testing.TB, url string) rueidis.Client {
	tb.Helper()
	return DialWithin(tb, url, Patience)
}

// Patience is how long a Redis may take that is there: machines that do much else at the same time have their pauses.
const Patience = 30 * time.Second

// DialWithin is Dial for who wants to know sooner that nothing answers.
func DialWithin(tb testing.TB, url string, timeout time.Duration) rueidis.Client {
	tb.Helper()
	client, err := connect(tb, url, timeout)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

func connect(tb testing.TB, url string, timeout time.Duration) (rueidis.Client, error) {
	tb.Helper()
	o, err := redis.Options(url, timeout)
	if err != nil {
		tb.Fatal(err)
	}
	o.PipelineMultiplex = -1
	return redis.Connect(context.Background(), o)
}

// Keys are all keys that begin with prefix.
func Keys(tb testing.TB, client rueidis.Client, prefix string) []string {
	tb.Helper()
	ctx := context.Background()
	found := map[string]bool{}
	for addr, server := range client.Nodes() {
		keys, err := server.Do(ctx, server.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
		if err != nil {
			tb.Errorf("keys of %s: %v", addr, err)
		}
		for _, key := range keys { // a replica has those of its primary
			found[key] = true
		}
	}
	list := make([]string, 0, len(found))
	for key := range found {
		list = append(list, key)
	}
	return list
}

// Forget removes every key that begins with prefix from a Redis.
func Forget(tb testing.TB, url, prefix string) {
	tb.Helper()
	client, err := connect(tb, url, Patience)
	if err != nil {
		tb.Error(err)
		return
	}
	defer client.Close()
	ctx := context.Background()
	for _, key := range Keys(tb, client, prefix) { // one by one: a cluster takes no keys of different slots together
		if err := client.Do(ctx, client.B().Del().Key(key).Build()).Error(); err != nil {
			tb.Error(err)
		}
	}
}

// said is what a server answers to a command that has no keys.
func said(ctx context.Context, client rueidis.Client, words ...string) (string, error) {
	answer, err := client.Do(ctx, client.B().Arbitrary(words...).Build()).ToAny()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(words[:min(len(words), 4)], " "), err)
	}
	return fmt.Sprint(answer), nil
}
