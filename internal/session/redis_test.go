package session_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/servertest"
	"parley/internal/session"
	"parley/internal/session/sessiontest"
)

// patience is for machines that do much else at the same time; no test waits for it to end.
const patience = 30 * time.Second

func TestMain(m *testing.M) { servertest.Main(m) }

// connect returns a client of the Redis that the tests were given and a prefix of its own.
func connect(tb testing.TB) (rueidis.Client, string) {
	tb.Helper()
	url := servertest.RedisURL(tb)
	return servertest.Dial(tb, url), servertest.RedisPrefix(tb, url)
}

func TestRedis(t *testing.T) {
	t.Parallel()
	servertest.EachRedis(t, func(t *testing.T, url string) {
		sessiontest.Run(t, func(tb testing.TB) sessiontest.Bench {
			tb.Helper()
			var users atomic.Int64
			return sessiontest.Bench{
				Keeper:  session.NewRedis(servertest.Dial(tb, url), servertest.RedisPrefix(tb, url), sessiontest.Policy, patience),
				NewUser: func(testing.TB) int64 { return users.Add(1) },
			}
		})
	})
}

// What is idle goes away by itself: Redis holds no sessions that nobody will ask for.
func TestRedis_keys_expire(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	client, prefix := connect(t)
	f := session.NewFamilies(session.NewRedis(client, prefix, sessiontest.Policy, patience), sessiontest.Policy, time.Now)
	s, _, _, err := f.Begin(ctx, 1, session.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := f.Begin(ctx, 1, session.Device{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.End(ctx, 1, s.ID); err != nil {
		t.Fatal(err)
	}
	keys, err := client.Do(ctx, client.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	for _, key := range keys {
		ms, err := client.Do(ctx, client.B().Pttl().Key(key).Build()).AsInt64()
		if err != nil || ms <= 0 || ms > sessiontest.Policy.Idle.Milliseconds() {
			t.Errorf("%s lives for %d ms, %v", key, ms, err)
		}
	}
}

// A Redis that is away, that hangs, and that goes away in the middle: each time the answer is ErrUnavailable and never that the session is over.
func TestRedis_away(t *testing.T) {
	t.Parallel()
	client, prefix := connect(t)
	f := session.NewFamilies(session.NewRedis(client, prefix, sessiontest.Policy, patience), sessiontest.Policy, time.Now)
	_, token, _, err := f.Begin(context.Background(), 1, session.Device{})
	if err != nil {
		t.Fatal(err)
	}
	deaf := deafRedis(t)
	f = session.NewFamilies(session.NewRedis(deaf, prefix, sessiontest.Policy, time.Second), sessiontest.Policy, time.Now)
	for name, call := range map[string]func(context.Context) error{
		"begin":  func(ctx context.Context) error { _, _, _, err := f.Begin(ctx, 1, session.Device{}); return err },
		"rotate": func(ctx context.Context) error { _, _, err := f.Rotate(ctx, token, session.Device{}); return err },
		"close":  func(ctx context.Context) error { _, _, err := f.Close(ctx, token); return err },
		"list":   func(ctx context.Context) error { _, err := f.List(ctx, 1); return err },
		"ended":  func(ctx context.Context) error { _, err := f.Ended(ctx, time.Now()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			if err := call(context.Background()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrOver) {
				t.Errorf("%v, want ErrUnavailable", err)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("it took %v to find out", took)
			}
		})
	}
}

// Who asks first after the connection broke opens it for everybody, and may hang up meanwhile: the others are answered all the same.
func TestRedis_first_one_hangs_up(t *testing.T) {
	t.Parallel()
	url := servertest.RedisURL(t)
	line, through := servertest.NewProxy(t, url)
	o, err := rueidis.ParseURL(through)
	if err != nil {
		t.Fatal(err)
	}
	o.PipelineMultiplex = -1 // one connection for all
	dialled := make(chan struct{}, 100)
	o.DisableCache, o.ForceSingleClient, o.DisableRetry, o.ConnWriteTimeout = true, true, true, patience
	o.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
		dialled <- struct{}{}
		return d.DialContext(ctx, "tcp", addr)
	}
	client, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	k := session.NewRedis(client, servertest.RedisPrefix(t, url), sessiontest.Policy, patience)
	ask := func(ctx context.Context) error {
		_, err := k.Ended(ctx, time.Now())
		return err
	}
	if err := ask(context.Background()); err != nil {
		t.Fatal(err)
	}
	for len(dialled) > 0 {
		<-dialled
	}
	line.Hold()
	line.Cut()
	ctx, hangUp := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for ask(ctx) != nil && ctx.Err() == nil {
			continue // until it finds out that the connection broke
		}
	})
	<-dialled
	for range 20 {
		all.Go(func() {
			if err := ask(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	hangUp()
	line.Mend(t)
	all.Wait()
}

// deafRedis is a client whose server takes every byte and answers to nothing but the greeting.
func deafRedis(t *testing.T) rueidis.Client {
	t.Helper()
	var connected atomic.Bool
	url, err := rueidis.ParseURL(os.Getenv("PARLEY_TEST_REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	url.DisableCache, url.ForceSingleClient, url.DisableRetry, url.ConnWriteTimeout = true, true, true, time.Second
	url.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
		c, err := d.DialContext(ctx, "tcp", addr)
		return &deafConn{Conn: c, deaf: &connected}, err
	}
	client, err := rueidis.NewClient(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	connected.Store(true)
	return client
}

// deafConn stops passing on what is written as soon as it is told to.
type deafConn struct {
	net.Conn
	deaf *atomic.Bool
}

func (c *deafConn) Write(b []byte) (int, error) {
	if c.deaf.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}
