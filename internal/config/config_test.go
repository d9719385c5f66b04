package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	goodSeed  = "hVx8qHT3aRz1mJd0K9uYw2sBnLcE5gIoP7fDvX4tQ6k"
	otherSeed = "Zk3pW9cR_uT1yJ-nH5bVxA8sD2fG7qLmE4oI6wK0zXc"
)

// production is the least that production starts with; each case adds to it or changes it.
func production(changes ...string) []string {
	return append([]string{
		"PARLEY_ENV=production",
		"PARLEY_PUBLIC_URL=https://chat.example.org",
		"PARLEY_DATABASE_URL=postgres://parley:fXq81LmT0w@db.internal/parley",
		"PARLEY_REDIS_URL=redis://:fXq81LmT0w@redis.internal:6379/0",
		"PARLEY_CORS_ORIGINS=none",
		"PARLEY_AUTH_SIGNING_KEYS=2026:" + goodSeed,
	}, changes...)
}

func load(t *testing.T, environ []string) Config {
	t.Helper()
	c, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// faulty returns the settings that Load complains about, with their problem and fix.
func faulty(t *testing.T, environ []string) map[string]string {
	t.Helper()
	_, err := Load(environ)
	if err == nil {
		return nil
	}
	var faults *Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Load: %T", err)
	}
	told := map[string]string{}
	for _, fault := range faults.List {
		if fault.Problem == "" || fault.Fix == "" {
			t.Errorf("%+v does not say what to do", fault)
		}
		if told[fault.Setting] != "" {
			t.Errorf("%s is told twice", fault.Setting)
		}
		told[fault.Setting] = fault.Problem + "; " + fault.Fix
	}
	return told
}

func TestLoad_nothing_set(t *testing.T) {
	t.Parallel()
	c := load(t, nil)
	if c.PublicURL.String() != "http://127.0.0.1:8080" {
		t.Errorf("PublicURL %s", c.PublicURL)
	}
	c.PublicURL, c.effective = nil, nil
	want := Config{
		Env: Development, HTTPAddr: "127.0.0.1:8080", OpsAddr: "127.0.0.1:9090", DataDir: "data", SignUp: "open",
		Database: Database{Engine: SQLite, Path: filepath.Join("data", "parley.db")}, DatabaseWait: 30 * time.Second,
		RedisPrefix: "parley", CatchUpReads: 32, Nodes: 1, DevAutomigrate: true, Log: Log{Level: slog.LevelInfo, Format: "text"},
		HTTP: HTTP{
			BodyBytes: 1 << 20, HeaderBytes: 16 << 10, HeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
			WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, ShutdownGrace: 20 * time.Second,
		},
		Drain: Drain{Spread: 10 * time.Second},
		Socket: Socket{
			FrameBytes: 65536, QueueBytes: 1 << 20, Ping: 25 * time.Second, PongTimeout: 10 * time.Second,
			ConnectTimeout: 5 * time.Second, MembershipLife: 5 * time.Minute, PerUser: 10, PerUserPolicy: RefuseNewest, TypingSigns: 8, TypingListeners: 1000,
			Rooms:       5000,
			KernelBytes: 128 << 10, WriteTimeout: 5 * time.Second, PerAddress: 200, PendingPerAddress: 100,
		},
		Auth: Auth{
			AccessTTL: 15 * time.Minute, RefreshIdle: 14 * 24 * time.Hour, RefreshAbsolute: 90 * 24 * time.Hour, ReauthenticateAfter: 10 * time.Minute,
			Argon2: Argon2{MemoryKiB: 47104, Time: 1, Parallelism: 1},
		},
		OIDC: OIDC{SignUp: OIDCSignUpPolicy},
		Mail: Mail{Folder: true, Alerts: true},
		Limits: map[string]Rate{
			"oidc":    {120, 10 * time.Minute},
			"sign_in": {5, 15 * time.Minute}, "sign_in_account": {50, 15 * time.Minute}, "sign_in_network": {100, time.Hour}, "second_factor": {20, 24 * time.Hour},
			"sign_up": {30, time.Hour}, "refresh": {1200, 10 * time.Minute}, "challenge": {300, 10 * time.Minute}, "csp_report": {60, time.Minute}, "post": {60, 30 * time.Second}, "write": {120, time.Minute},
			"read": {600, time.Minute}, "search": {60, time.Minute}, "typing": {60, time.Minute}, "read_mark": {240, time.Minute},
			"connect": {600, time.Minute}, "subscribe": {10_000, time.Minute}, "command": {600, time.Minute}, "socket_refusals": {100, time.Minute},
			"socket_closures": {3, 10 * time.Minute}, "presence_watch": {60, time.Minute}, "reset": {20, time.Hour}, "link": {60, 10 * time.Minute},
			"mail": {5, time.Hour}, "mail_address": {5, time.Hour},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %#v\nwant %#v", c, want)
	}
}

func TestLoad_production(t *testing.T) {
	t.Parallel()
	c := load(t, production("PARLEY_NODES=3", "PARLEY_OPS_ADDR=off", "PARLEY_AUTH_SIGNING_KEYS=2026:"+goodSeed+", 2025:"+otherSeed))
	if c.Env != Production || c.DevAutomigrate || c.Log.Format != "json" || c.OpsAddr != "" || c.Redis.Memory() ||
		c.Database.Engine != Postgres || c.SignUp != "invite" || !c.SetupLink || len(c.CORSOrigins) != 0 || len(c.Warnings) != 0 {
		t.Errorf("got %+v\nwarnings %q", c, c.Warnings)
	}
	if want := []string{"2026:" + goodSeed, "2025:" + otherSeed}; !slices.Equal(c.SigningKeys, want) {
		t.Errorf("SigningKeys %q", c.SigningKeys)
	}
}

// What would be cut off by the end of the grace is a fault; with one node nothing is spread.
func TestLoad_drain_fits_into_the_grace(t *testing.T) {
	t.Parallel()
	if told := faulty(t, production("PARLEY_NODES=2", "PARLEY_HTTP_SHUTDOWN_GRACE=15s", "PARLEY_DRAIN_PAUSE=5s")); len(told) != 1 ||
		!strings.Contains(told["PARLEY_DRAIN_SPREAD"], "PARLEY_HTTP_SHUTDOWN_GRACE") {
		t.Errorf("faults %v", told)
	}
	c := load(t, production("PARLEY_NODES=2", "PARLEY_HTTP_SHUTDOWN_GRACE=16s", "PARLEY_DRAIN_PAUSE=5s"))
	if c.DrainSpread() != 10*time.Second {
		t.Errorf("two nodes: %s", c.DrainSpread())
	}
	if c = load(t, production("PARLEY_NODES=1", "PARLEY_HTTP_SHUTDOWN_GRACE=0s")); c.DrainSpread() != 0 {
		t.Errorf("one node: %s", c.DrainSpread())
	}
}

// Every entry of the table must put its text somewhere: an entry wired to another's field would show here.
func TestLoad_every_setting_arrives(t *testing.T) {
	t.Parallel()
	environ := []string{
		"PARLEY_HTTP_ADDR=:1", "PARLEY_OPS_ADDR=[::1]:2", "PARLEY_PUBLIC_URL=https://Chat.Example.org:443/",
		"PARLEY_DATA_DIR=/srv/parley/", "PARLEY_DATABASE_URL=postgresql://u@/p?host=/run/pg", "PARLEY_DATABASE_WAIT=0s",
		"PARLEY_REDIS_URL=rediss://r/2?master_set=m&addr=s:26379", "PARLEY_REDIS_PREFIX=a.b", "PARLEY_CATCH_UP_READS=33", "PARLEY_NODES=4", "PARLEY_AUTH_SIGNING_KEYS=k:" + goodSeed,
		"PARLEY_AUTH_ENCRYPTION_KEYS=e:" + otherSeed, "PARLEY_CORS_ORIGINS=https://A.example, http://b.example:8080", "PARLEY_ALLOW_INSECURE_HTTP=true",
		"PARLEY_DEV_AUTOMIGRATE=false", "PARLEY_LOG_LEVEL=WARN", "PARLEY_LOG_FORMAT=json",
		"PARLEY_HTTP_BODY_BYTES=2MiB", "PARLEY_HTTP_HEADER_BYTES=8192", "PARLEY_HTTP_HEADER_TIMEOUT=1s",
		"PARLEY_HTTP_READ_TIMEOUT=2s", "PARLEY_HTTP_WRITE_TIMEOUT=3s", "PARLEY_HTTP_IDLE_TIMEOUT=4s",
		"PARLEY_HTTP_SHUTDOWN_GRACE=5s", "PARLEY_DRAIN_PAUSE=1s", "PARLEY_DRAIN_SPREAD=3s", "PARLEY_SOCKET_FRAME_BYTES=2KiB", "PARLEY_SOCKET_QUEUE_BYTES=3KiB",
		"PARLEY_SOCKET_PING=6s", "PARLEY_SOCKET_PONG_TIMEOUT=5s", "PARLEY_SOCKET_CONNECT_TIMEOUT=7s", "PARLEY_SOCKET_MEMBERSHIP_LIFE=21s",
		"PARLEY_SOCKET_WRITE_TIMEOUT=8s", "PARLEY_SOCKET_KERNEL_BYTES=off", "PARLEY_SOCKET_PER_ADDRESS=9", "PARLEY_SOCKET_PENDING_PER_ADDRESS=off",
		"PARLEY_SOCKET_PER_USER=8", "PARLEY_SOCKET_PER_USER_POLICY=close-oldest", "PARLEY_TYPING_SIGNS=9", "PARLEY_TYPING_LISTENERS=off",
		"PARLEY_SOCKET_ROOMS=off",
		"PARLEY_AUTH_ACCESS_TTL=8m", "PARLEY_AUTH_REFRESH_IDLE=9m", "PARLEY_AUTH_REFRESH_ABSOLUTE=10m", "PARLEY_AUTH_REAUTHENTICATE_AFTER=11m",
		"PARLEY_AUTH_ARGON2_MEMORY_KIB=64", "PARLEY_AUTH_ARGON2_TIME=2", "PARLEY_AUTH_ARGON2_PARALLELISM=3",
		"PARLEY_TRUSTED_PROXIES=10.1.2.3/8, ::1,192.0.2.7", "PARLEY_SIGN_UP=closed", "PARLEY_SETUP_LINK=true", "PARLEY_OIDC_PROVIDERS=none", "PARLEY_OIDC_SIGN_UP=never",
		"PARLEY_SMTP_URL=smtp://u%40x:p%2Fw@[::1]?starttls=off", "PARLEY_MAIL_FROM=Parley <parley@x.org>", "PARLEY_MAIL_ALERTS=false",
	}
	limits := map[string]Rate{}
	for i, what := range []string{
		"sign_in", "sign_in_account", "sign_in_network", "sign_up", "refresh", "challenge", "csp_report", "post", "write", "read", "search", "typing", "read_mark",
		"subscribe", "presence_watch", "command", "socket_refusals", "oidc", "reset", "link", "mail", "mail_address", "connect", "second_factor",
	} {
		environ = append(environ, fmt.Sprintf("PARLEY_LIMIT_%s=%d/1h30m", strings.ToUpper(what), 7+i))
		limits[what] = Rate{7 + i, 90 * time.Minute}
	}
	environ = append(environ, "PARLEY_LIMIT_SOCKET_CLOSURES=off")
	limits["socket_closures"] = Rate{}
	if len(environ)+1 != len(Settings()) {
		t.Errorf("%d of %d settings are covered here", len(environ)+1, len(Settings()))
	}
	c := load(t, environ)
	if c.PublicURL.String() != "https://chat.example.org" {
		t.Errorf("PublicURL %s", c.PublicURL)
	}
	for _, e := range c.effective {
		if e.name != "PARLEY_ENV" && e.origin != fromEnv {
			t.Errorf("%s comes from %s", e.name, e.origin)
		}
	}
	c.PublicURL, c.effective = nil, nil
	want := Config{
		Env: Development, HTTPAddr: ":1", OpsAddr: "[::1]:2", DataDir: "/srv/parley", SignUp: "closed", SetupLink: true,
		Database: Database{Engine: Postgres, URL: "postgresql://u@/p?host=/run/pg"}, Redis: Redis{URL: "rediss://r/2?master_set=m&addr=s:26379"}, RedisPrefix: "a.b", CatchUpReads: 33,
		Nodes: 4, SigningKeys: []string{"k:" + goodSeed}, EncryptionKeys: []string{"e:" + otherSeed}, CORSOrigins: []string{"https://a.example", "http://b.example:8080"},
		AllowInsecureHTTP: true, Log: Log{Level: slog.LevelWarn, Format: "json"},
		HTTP: HTTP{
			BodyBytes: 2 << 20, HeaderBytes: 8192, HeaderTimeout: time.Second, ReadTimeout: 2 * time.Second,
			WriteTimeout: 3 * time.Second, IdleTimeout: 4 * time.Second, ShutdownGrace: 5 * time.Second,
		},
		Drain: Drain{Pause: time.Second, Spread: 3 * time.Second},
		Socket: Socket{
			FrameBytes: 2048, QueueBytes: 3072, Ping: 6 * time.Second, PongTimeout: 5 * time.Second,
			ConnectTimeout: 7 * time.Second, MembershipLife: 21 * time.Second, WriteTimeout: 8 * time.Second, PerAddress: 9, PerUser: 8, PerUserPolicy: CloseOldest, TypingSigns: 9,
		},
		Auth: Auth{
			AccessTTL: 8 * time.Minute, RefreshIdle: 9 * time.Minute, RefreshAbsolute: 10 * time.Minute, ReauthenticateAfter: 11 * time.Minute,
			Argon2: Argon2{MemoryKiB: 64, Time: 2, Parallelism: 3},
		},
		OIDC: OIDC{SignUp: OIDCSignUpNever},
		Mail: Mail{
			Host: "::1", Port: 587, User: "u@x", Password: "p/w", Open: true, From: &mail.Address{Name: "Parley", Address: "parley@x.org"},
		},
		Limits: limits,
		TrustedProxies: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.7/32"),
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %#v\nwant %#v", c, want)
	}
}

func TestLoad_tells_all_faults_at_once(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"PARLEY_ENV=production", "PARLEY_HTTP_ADR=:1", "PARLEY_HTTP_READ_TIMEOUT=soon"})
	var faults *Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Load: %v", err)
	}
	var names []string
	for _, fault := range faults.List {
		names = append(names, fault.Setting)
	}
	want := []string{
		"PARLEY_AUTH_SIGNING_KEYS", "PARLEY_CORS_ORIGINS", "PARLEY_DATABASE_URL", "PARLEY_HTTP_ADR",
		"PARLEY_HTTP_READ_TIMEOUT", "PARLEY_PUBLIC_URL", "PARLEY_REDIS_URL",
	}
	if !slices.Equal(names, want) {
		t.Errorf("faults %v; want %v", names, want)
	}
	text := err.Error()
	for _, part := range []string{
		"7 settings are faulty\n",
		"\n  PARLEY_HTTP_ADR: there is no such setting; did you mean PARLEY_HTTP_ADDR?\n",
		"PARLEY_DATABASE_URL: production needs it; set it or PARLEY_DATABASE_URL_FILE: sqlite",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
	if _, err := Load([]string{"PARLEY_NODES=0"}); !strings.HasPrefix(err.Error(), "1 setting is faulty\n") {
		t.Errorf("one fault: %v", err)
	}
}

func TestLoad_refuses_in_any_environment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ setting, value, says string }{
		{"PARLEY_ENV", "prod", "development or production"},
		{"PARLEY_ENV", "Production", "development or production"},
		{"PARLEY_HTTP_ADDR", "8080", "host:port"},
		{"PARLEY_HTTP_ADDR", "localhost:http", "host:port"},
		{"PARLEY_HTTP_ADDR", "127.0.0.1:65536", "host:port"},
		{"PARLEY_HTTP_ADDR", "http://127.0.0.1:80", "host:port"},
		{"PARLEY_OPS_ADDR", "none", "or off"},
		{"PARLEY_OPS_ADDR", "127.0.0.1:8080", "PARLEY_HTTP_ADDR too"},
		{"PARLEY_PUBLIC_URL", "chat.example.org", "https://"},
		{"PARLEY_PUBLIC_URL", "ftp://chat.example.org", "https://"},
		{"PARLEY_PUBLIC_URL", "https://", "https://"},
		{"PARLEY_PUBLIC_URL", "https:chat.example.org", "https://"},
		{"PARLEY_PUBLIC_URL", "https://chat.example.org/chat", "path"},
		{"PARLEY_PUBLIC_URL", "https://u:p@chat.example.org", "password"},
		{"PARLEY_PUBLIC_URL", "https://chat.example.org?", "query"},
		{"PARLEY_PUBLIC_URL", "https://chat.example.org#", "fragment"},
		{"PARLEY_PUBLIC_URL", "https://chat.example.org:", "port"},
		{"PARLEY_PUBLIC_URL", "https://chat.example.org:99999", "port"},
		{"PARLEY_PUBLIC_URL", "https://bücher.example", "xn--"},
		{"PARLEY_PUBLIC_URL", "https://*.example.org", "host"},
		{"PARLEY_CORS_ORIGINS", "https://a.example/", "slash"},
		{"PARLEY_CORS_ORIGINS", "https://a.example,null", "entry 2"},
		{"PARLEY_CORS_ORIGINS", "https://a.example,", "entry 2"},
		{"PARLEY_CORS_ORIGINS", "*,https://a.example", "entry 1"},
		{"PARLEY_CORS_ORIGINS", "none,https://a.example", "entry 1"},
		{"PARLEY_CORS_ORIGINS", "https://*.example.org", "entry 1"},
		{"PARLEY_DATA_DIR", "a\x00b", "NUL"},
		{"PARLEY_DATABASE_URL", "mysql://h/d", "sqlite or postgres"},
		{"PARLEY_DATABASE_URL", "host=db password=pw", "sqlite or postgres"},
		{"PARLEY_DATABASE_URL", "postgres://h", "names no database"},
		{"PARLEY_DATABASE_URL", "postgres://h/", "names no database"},
		{"PARLEY_DATABASE_WAIT", "-1s", "duration"},
		{"PARLEY_DATABASE_WAIT", "30", "such as 30s"},
		{"PARLEY_REDIS_URL", "localhost:6379", "redis://"},
		{"PARLEY_REDIS_URL", "redis://", "redis://"},
		{"PARLEY_REDIS_URL", "redis://h/main", "number"},
		{"PARLEY_REDIS_PREFIX", strings.Repeat("a", 101), "1 to 100"},
		{"PARLEY_REDIS_PREFIX", "a b", "letters"},
		{"PARLEY_REDIS_PREFIX", "{a}", "letters"},
		{"PARLEY_SMTP_URL", "mail.example.org:587", "smtp://"},
		{"PARLEY_SMTP_URL", "https://mail.example.org", "smtp://"},
		{"PARLEY_SMTP_URL", "smtp://", "smtp://"},
		{"PARLEY_SMTP_URL", "smtp://u:p/w@mail.example.org", "smtp://"},
		{"PARLEY_SMTP_URL", "smtp://mail.example.org/x", "%2F"},
		{"PARLEY_SMTP_URL", "smtp://mail.example.org:0", "65535"},
		{"PARLEY_SMTP_URL", "smtp://mail.example.org?tls=off", "starttls"},
		{"PARLEY_SMTP_URL", "smtp://mail.example.org?starttls=never", "starttls"},
		{"PARLEY_SMTP_URL", "smtps://mail.example.org?starttls=off", "starttls"},
		{"PARLEY_MAIL_FROM", "Parley", "not an address"},
		{"PARLEY_MAIL_FROM", "a@x.org, b@x.org", "not an address"},
		{"PARLEY_NODES", "0", "from 1"},
		{"PARLEY_NODES", "two", "from 1"},
		{"PARLEY_LOG_LEVEL", "verbose", "debug or info"},
		{"PARLEY_LOG_FORMAT", "yaml", "text or json"},
		{"PARLEY_DEV_AUTOMIGRATE", "yes", "true or false"},
		{"PARLEY_HTTP_BODY_BYTES", "1MB", "MiB"},
		{"PARLEY_HTTP_BODY_BYTES", "-1", "size"},
		{"PARLEY_HTTP_BODY_BYTES", "1.5MiB", "size"},
		{"PARLEY_HTTP_BODY_BYTES", "17179869185GiB", "size"}, // 1GiB once 64 bits have overflowed
		{"PARLEY_HTTP_HEADER_TIMEOUT", "20s", "PARLEY_HTTP_READ_TIMEOUT"},
		{"PARLEY_SOCKET_PONG_TIMEOUT", "25s", "PARLEY_SOCKET_PING"},
		{"PARLEY_SOCKET_FRAME_BYTES", "2MiB", "PARLEY_SOCKET_QUEUE_BYTES"},
		{"PARLEY_DRAIN_PAUSE", "20s", "PARLEY_HTTP_SHUTDOWN_GRACE"},
		{"PARLEY_DRAIN_SPREAD", "-1s", "duration"},
		{"PARLEY_LIMIT_POST", "5", "5/15m"},
		{"PARLEY_LIMIT_POST", "0/1m", "off"},
		{"PARLEY_LIMIT_POST", "1000001/1m", "count"},
		{"PARLEY_LIMIT_POST", "5/", "duration"},
		{"PARLEY_LIMIT_POST", "5/10ms", "duration"},
		{"PARLEY_LIMIT_POST", "5/25h", "duration"},
		{"PARLEY_LIMIT_POSTS", "5/1m", "PARLEY_LIMIT_POST?"},
		{"PARLEY_TRUSTED_PROXIES", "10.0.0.0/33", "network"},
		{"PARLEY_TRUSTED_PROXIES", "proxy.internal", "network"},
		{"PARLEY_TRUSTED_PROXIES", "10.0.0.0/8,", "network"},
		{"PARLEY_TRUSTED_PROXIES", "0.0.0.0/0", "everybody"},
		{"PARLEY_TRUSTED_PROXIES", "::/0", "everybody"},
		{"PARLEY_AUTH_ACCESS_TTL", "0", "duration"},
		{"PARLEY_AUTH_REFRESH_IDLE", "2161h", "PARLEY_AUTH_REFRESH_ABSOLUTE"},
		{"PARLEY_AUTH_ARGON2_MEMORY_KIB", "4294967296", "number"},
		{"PARLEY_AUTH_ARGON2_TIME", "0", "number"},
		{"PARLEY_AUTH_ARGON2_PARALLELISM", "256", "number"},
		{"PARLEY_AUTH_SIGNING_KEYS", goodSeed, "entry 1"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + goodSeed + ",", "entry 2"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a/b:" + goodSeed, "key id"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + goodSeed + "=", "32 bytes"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + goodSeed + ",a:" + otherSeed, "repeats"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + goodSeed + ",b:" + goodSeed, "repeats"},
		{"PARLEY_AUTH_ENCRYPTION_KEYS", "a:" + goodSeed + "=", "32 bytes"},
	} {
		t.Run(tt.setting+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			told := faulty(t, []string{tt.setting + "=" + tt.value})
			if len(told) != 1 || !strings.Contains(told[tt.setting], tt.says) {
				t.Errorf("faults %v; want one of %s with %q", told, tt.setting, tt.says)
			}
		})
	}
}

func TestLoad_refuses_in_production(t *testing.T) {
	t.Parallel()
	zero := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, tt := range []struct{ setting, value, says string }{
		{"PARLEY_PUBLIC_URL", "", "needs it"},
		{"PARLEY_PUBLIC_URL", "http://chat.example.org", "PARLEY_ALLOW_INSECURE_HTTP"},
		{"PARLEY_CORS_ORIGINS", "", "needs it"},
		{"PARLEY_CORS_ORIGINS", "*", "every page"},
		{"PARLEY_DATABASE_URL", "", "needs it"},
		{"PARLEY_DATABASE_URL", "postgres://parley:parley@db/parley", "well-known"},
		{"PARLEY_DATABASE_URL", "postgres://app:ChangeMe@db/parley", "well-known"},
		{"PARLEY_DATABASE_URL", "postgres://ann:ann@db/parley", "well-known"},
		{"PARLEY_DATABASE_URL", "postgres://db/parley?password=postgres", "well-known"},
		{"PARLEY_REDIS_URL", "", "needs it"},
		{"PARLEY_REDIS_URL", "redis://:redis@redis:6379", "well-known"},
		{"PARLEY_AUTH_SIGNING_KEYS", "", "needs it"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + zero, "few bytes"},
		{"PARLEY_AUTH_ENCRYPTION_KEYS", "a:" + zero, "few bytes"},
		{"PARLEY_AUTH_ENCRYPTION_KEYS", "a:" + goodSeed, "a seed of PARLEY_AUTH_SIGNING_KEYS"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:" + goodSeed + ",b:" + zero, "entry 2"},
		{"PARLEY_AUTH_SIGNING_KEYS", "a:nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "published example"},
		{"PARLEY_DEV_AUTOMIGRATE", "true", "parley migrate up"},
		{"PARLEY_SMTP_URL", "folder", "nobody would get"},
		{"PARLEY_AUTH_ARGON2_MEMORY_KIB", "7000", "too cheap"},
		{"PARLEY_AUTH_ARGON2_MEMORY_KIB", "19456", "too cheap"},
	} {
		t.Run(tt.setting+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			told := faulty(t, production(tt.setting+"="+tt.value))
			if len(told) != 1 || !strings.Contains(told[tt.setting], tt.says) {
				t.Errorf("faults %v; want one of %s with %q", told, tt.setting, tt.says)
			}
			if tt.value == "" {
				return
			}
			if told := faulty(t, []string{tt.setting + "=" + tt.value}); told != nil {
				t.Errorf("development refuses it too: %v", told)
			}
		})
	}
}

func TestLoad_accepts_in_production(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		changes []string
		warns   string
	}{
		{"insecure_http_when_said", []string{"PARLEY_PUBLIC_URL=http://192.168.0.2", "PARLEY_ALLOW_INSECURE_HTTP=true"}, "PARLEY_PUBLIC_URL"},
		{"embedded_choices_when_said", []string{"PARLEY_DATABASE_URL=sqlite", "PARLEY_REDIS_URL=memory"}, ""},
		{"no_password_at_all", []string{"PARLEY_DATABASE_URL=postgres:///parley?host=/run/postgresql", "PARLEY_REDIS_URL=redis://redis"}, ""},
		{"mail", []string{"PARLEY_SMTP_URL=smtp://u:x9@mail.example.org", "PARLEY_MAIL_FROM=parley@example.org"}, ""},
		{"mail_on_this_machine", []string{"PARLEY_SMTP_URL=smtp://localhost:25?starttls=off", "PARLEY_MAIL_FROM=parley@example.org"}, ""},
		{"mail_in_the_open", []string{"PARLEY_SMTP_URL=smtp://mail.example.org?starttls=off", "PARLEY_MAIL_FROM=parley@example.org"}, "PARLEY_SMTP_URL"},
		{"ops_on_every_interface", []string{"PARLEY_OPS_ADDR=:9090"}, "PARLEY_OPS_ADDR"},
		{"ops_on_localhost", []string{"PARLEY_OPS_ADDR=localhost:9090"}, ""},
		{"no_limit_on_guessing", []string{"PARLEY_LIMIT_SIGN_IN_ACCOUNT=off"}, "PARLEY_LIMIT_SIGN_IN_ACCOUNT"},
		{"no_limit_on_posting", []string{"PARLEY_LIMIT_POST=off"}, ""},
		{"a_proxy", []string{"PARLEY_TRUSTED_PROXIES=fc00::/7,172.16.0.0/12"}, ""},
		{"half_the_internet_as_a_proxy", []string{"PARLEY_TRUSTED_PROXIES=0.0.0.0/1"}, "PARLEY_TRUSTED_PROXIES"},
		{"equal_hash_cost", []string{"PARLEY_AUTH_ARGON2_MEMORY_KIB=19456", "PARLEY_AUTH_ARGON2_TIME=2"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := load(t, production(tt.changes...))
			if text := strings.Join(c.Warnings, "\n"); (tt.warns == "") != (text == "") || !strings.HasPrefix(text, tt.warns) {
				t.Errorf("warnings %q; want of %q", c.Warnings, tt.warns)
			}
		})
	}
}

func TestLoad_several_nodes_need_shared_stores(t *testing.T) {
	t.Parallel()
	told := faulty(t, []string{"PARLEY_NODES=2"})
	if len(told) != 2 || told["PARLEY_REDIS_URL"] == "" || told["PARLEY_DATABASE_URL"] == "" {
		t.Errorf("faults %v", told)
	}
	// A consequence of a fault is not a fault of its own.
	told = faulty(t, []string{"PARLEY_NODES=2", "PARLEY_REDIS_URL_FILE=/none", "PARLEY_DATABASE_URL=postgres://h/d"})
	if len(told) != 1 || told["PARLEY_REDIS_URL_FILE"] == "" {
		t.Errorf("faults %v", told)
	}
	told = faulty(t, []string{"PARLEY_NODES=2", "PARLEY_REDIS_URL=nonsense", "PARLEY_DATABASE_URL=postgres://h/d"})
	if len(told) != 1 || !strings.Contains(told["PARLEY_REDIS_URL"], "neither memory") {
		t.Errorf("faults %v", told)
	}
}

func TestLoad_unknown_settings(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"PARLEY_HTTP_ADDRESS":          "did you mean PARLEY_HTTP_ADDR?",
		"PARLEY_DATABSE_URL":           "did you mean PARLEY_DATABASE_URL?",
		"PARLEY_DATABASE_URL_FIEL":     "did you mean PARLEY_DATABASE_URL_FILE?",
		"PARLEY_CORS_ORIGIN":           "did you mean PARLEY_CORS_ORIGINS?",
		"PARLEY_LOGLEVEL":              "did you mean PARLEY_LOG_LEVEL?",
		"PARLEY_AUTH_SIGNING_KEY":      "did you mean PARLEY_AUTH_SIGNING_KEYS?",
		"PARLEY_PUBLIC_URL_FILE":       "only secrets are read from files",
		"PARLEY_SOMETHING_ELSE_WHOLLY": "remove it",
		"PARLEY_":                      "remove it",
	} {
		told := faulty(t, []string{name + "=1"})
		if len(told) != 1 || !strings.Contains(told[name], says) {
			t.Errorf("%s: %v; want %q", name, told, says)
		}
	}
	load(t, []string{"PARLEY_TEST_POSTGRES_URL=x", "PATH=/bin", "parley_env=x", "XPARLEY_ENV=x", "odd"})
}

func TestLoad_empty_counts_as_not_given(t *testing.T) {
	t.Parallel()
	c := load(t, []string{"PARLEY_HTTP_ADDR=", "PARLEY_AUTH_SIGNING_KEYS=", "PARLEY_AUTH_SIGNING_KEYS_FILE="})
	if c.HTTPAddr != "127.0.0.1:8080" || len(c.SigningKeys) != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestLoad_last_of_a_repeated_variable_counts(t *testing.T) {
	t.Parallel()
	if c := load(t, []string{"PARLEY_NODES=x", "PARLEY_NODES=1"}); c.Nodes != 1 {
		t.Errorf("Nodes %d", c.Nodes)
	}
}

func TestLoad_public_url_follows_the_listener(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		":8090": "http://localhost:8090", "0.0.0.0:80": "http://localhost", "[::]:8090": "http://localhost:8090",
		"[::1]:8090": "http://[::1]:8090", "chat.local:8090": "http://chat.local:8090", "127.0.0.1:0": "http://127.0.0.1:0",
	} {
		if c := load(t, []string{"PARLEY_HTTP_ADDR=" + listen}); c.PublicURL.String() != want {
			t.Errorf("%s: %s; want %s", listen, c.PublicURL, want)
		}
	}
	if told := faulty(t, []string{"PARLEY_HTTP_ADDR=nonsense"}); len(told) != 1 {
		t.Errorf("faults %v; want only the listener's", told)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range Settings() {
		if seen[s.Name] || !strings.HasPrefix(s.Name, prefix) || strings.HasPrefix(s.Name, testPrefix) ||
			strings.HasSuffix(s.Name, fileSuffix) || !strings.HasSuffix(s.Description, ".") {
			t.Errorf("%+v", s)
		}
		seen[s.Name] = true
	}
	// The documented defaults are the ones that hold: saying them changes nothing.
	for _, said := range [][]string{nil, {"PARLEY_ENV=production"}} {
		environ := said
		for _, s := range Settings() {
			value := s.Default
			if said != nil && s.Production != "" {
				value = s.Production
			}
			if s.Name != "PARLEY_ENV" && !s.Required {
				environ = append(environ, s.Name+"="+value)
			}
		}
		got, _ := Load(environ)
		want, _ := Load(said)
		got.effective, want.effective = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %#v\nwant %#v", said, got, want)
		}
	}
}

// Whatever is in the environment, Load answers with a Config or with faults that name variables.
func TestLoad_property_any_text(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	rapid.Check(t, func(t *rapid.T) {
		environ := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom(names).Draw(t, "name") + "=" + rapid.String().Draw(t, "value")
		}), 0, 8).Draw(t, "environ")
		c, err := Load(environ)
		_ = c.String()
		var faults *Faults
		if err != nil && (!errors.As(err, &faults) || len(faults.List) == 0) {
			t.Fatalf("Load: %v", err)
		}
		if err == nil && (c.PublicURL == nil || c.HTTPAddr == "" || c.Nodes < 1) {
			t.Fatalf("Load: %+v", c)
		}
	})
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "", 3}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "bc", 1}, {"FIEL", "FILE", 1}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d; want %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("distance(%q, %q) = %d; want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

// Mails are from somebody, who has to be said: a sender that is made up is taken for spam.
func TestLoad_mail_needs_a_sender(t *testing.T) {
	t.Parallel()
	told := faulty(t, []string{"PARLEY_SMTP_URL=smtps://mail.example.org"})
	if len(told) != 1 || !strings.Contains(told["PARLEY_MAIL_FROM"], "Parley <parley@example.org>") {
		t.Errorf("faults %v", told)
	}
	c := load(t, []string{"PARLEY_SMTP_URL=smtps://mail.example.org", "PARLEY_MAIL_FROM=parley@example.org"})
	if c.Mail.Port != 465 || !c.Mail.TLS || c.Mail.Open || c.Mail.Off() {
		t.Errorf("got %+v", c.Mail)
	}
	if c = load(t, []string{"PARLEY_SMTP_URL=off"}); !c.Mail.Off() {
		t.Error("off is not off")
	}
	if c = load(t, production()); !c.Mail.Off() {
		t.Error("production sends mail although nothing was said")
	}
}
