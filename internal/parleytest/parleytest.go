// Package parleytest boots whole servers for tests, on port 0 and with a real database, and talks to them as people do: over HTTP and
// over the socket with the official Go SDK. It knows the contract and nothing of what is behind it.
package parleytest

import (
	"cmp"
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/internal/app"
	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/mail/mailtest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Server is a running server of a test.
type Server struct {
	*app.App
	URL    string // http://host:port
	Socket string // ws://host:port/api/v1/socket
	Log    *Log
	// RedisPrefix is what the server's keys in Redis begin with.
	RedisPrefix string
	// Config are the settings it runs with.
	Config config.Config
	tb     testing.TB
}

type options struct {
	engine   store.Dialect
	database string
	environ  []string
	clock    chat.Clock
	web      fs.FS
	redis    bool
	prefix   string
}

// Option changes how a server is started.
type Option func(*options)

// On chooses the engine; SQLite without it.
func On(engine store.Dialect) Option { return func(o *options) { o.engine = engine } }

// At uses the database at a place, such as one that another server has left.
func At(place string) Option { return func(o *options) { o.database = place } }

// With adds settings, as NAME=value.
func With(settings ...string) Option {
	return func(o *options) { o.environ = append(o.environ, settings...) }
}

// OnRedis keeps sessions in the Redis that PARLEY_TEST_REDIS_URL names, under keys of the test's own. Without one the test is skipped, loudly,
// and where CI=true it fails.
func OnRedis() Option { return func(o *options) { o.redis = true } }

// RedisPrefix has servers share what they keep in Redis.
func RedisPrefix(prefix string) Option { return func(o *options) { o.prefix = prefix } }

// Mail has mails sent to a server of the test's own.
func Mail(m *mailtest.Server) Option {
	return With("PARLEY_SMTP_URL="+m.URL(), "PARLEY_MAIL_FROM=Parley <parley@chat.example.org>")
}

// Clock injects the time.
func Clock(c chat.Clock) Option { return func(o *options) { o.clock = c } }

// Web serves other files than a one-line page as the web client.
func Web(files fs.FS) Option { return func(o *options) { o.web = files } }

// Each runs a test on a server of each engine.
func Each(t *testing.T, test func(t *testing.T, s *Server), list ...Option) {
	t.Helper()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, Start(t, append([]Option{On(engine)}, list...)...))
		})
	}
}

// Start boots a server. It stops with the test, which fails when the server does not stop cleanly.
func Start(tb testing.TB, list ...Option) *Server {
	tb.Helper()
	o := options{engine: store.SQLite, web: fstest.MapFS{
		"index.html": {Data: []byte(`<!doctype html><html lang="en" data-theme="system"><title>Parley</title></html>`)},
	}}
	for _, option := range list {
		option(&o)
	}
	log, c := &Log{}, o.config(tb)
	a, err := app.Start(context.Background(), app.Options{
		Config: c, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Web: o.web, Clock: o.clock,
		RedisTimeout: o.redisTimeout(),
	})
	if err != nil {
		tb.Fatalf("start the server: %v\n%s", err, log)
	}
	s := &Server{App: a, URL: "http://" + a.Addr(), Socket: "ws://" + a.Addr() + "/api/v1/socket", Log: log, RedisPrefix: c.RedisPrefix, Config: c, tb: tb}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			tb.Errorf("stop the server: %v", err)
		}
		if tb.Failed() {
			tb.Logf("the server's log:\n%s", log)
		}
	})
	return s
}

// redisTimeout is long for a Redis that stays, which many tests keep busy at once. One behind a network that a test has made fail is given up as soon
// as a real server does.
func (o *options) redisTimeout() time.Duration {
	if slices.ContainsFunc(o.environ, func(setting string) bool { return strings.HasPrefix(setting, "PARLEY_REDIS_URL=") }) {
		return 0
	}
	return patience
}

// config reads the settings as a real server does, over defaults that suit a test: any port, its own data, cheap password hashes, no rate
// limits.
func (o *options) config(tb testing.TB) config.Config {
	tb.Helper()
	dir := tb.TempDir()
	environ := []string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=127.0.0.1:0", "PARLEY_AUTH_ARGON2_MEMORY_KIB=64",
		"PARLEY_DATA_DIR=" + dir,
	}
	place := o.database
	if place == "" && o.engine == store.Postgres {
		place = storetest.URL(tb, store.Postgres)
	}
	if strings.HasPrefix(place, "postgres") {
		environ = append(environ, "PARLEY_DATABASE_URL="+place)
	} else if place != "" {
		environ = append(environ, "PARLEY_DATA_DIR="+filepath.Dir(place))
	}
	environ = append(environ, config.WithoutLimits()...)
	if o.redis {
		url := servertest.RedisURL(tb)
		o.prefix = cmp.Or(o.prefix, "test-"+rand.Text())
		tb.Cleanup(func() { servertest.Forget(tb, url, o.prefix) })
		environ = append(environ, "PARLEY_REDIS_URL="+url, "PARLEY_REDIS_PREFIX="+o.prefix)
	}
	c, err := config.Load(append(environ, o.environ...))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
