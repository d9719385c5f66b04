package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// logged returns what write logs, as text and as the tree of its one JSON line.
func logged(t *testing.T, write func(*slog.Logger)) (string, map[string]any) {
	t.Helper()
	var b bytes.Buffer
	write(NewLogger(&b, slog.LevelInfo, "json"))
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, b.String())
	}
	return b.String(), line
}

// attr takes keys that the linter would rightly refuse in the server.
func attr(key string, value any) slog.Attr { return slog.Any(key, value) }

func TestNewLogger(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 5, 4, 5, 678999e3, time.FixedZone("CET", 2*3600))
	write := func(format string) string {
		var b bytes.Buffer
		h := NewLogger(&b, slog.LevelInfo, format).Handler()
		record := slog.NewRecord(at, slog.LevelInfo, "started", 0)
		record.AddAttrs(slog.Time("expires", at), slog.Int("port", 8080))
		if err := h.Handle(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const wantJSON = `{"time":"2026-01-02T03:04:05.678Z","level":"INFO","msg":"started","expires":"2026-01-02T03:04:05.678Z","port":8080}` + "\n"
	const wantText = "time=2026-01-02T03:04:05.678Z level=INFO msg=started expires=2026-01-02T03:04:05.678Z port=8080\n"
	if got := write("json"); got != wantJSON {
		t.Errorf("json: %s", got)
	}
	if got := write("text"); got != wantText {
		t.Errorf("text: %s", got)
	}
}

func TestNewLogger_level(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	logger := NewLogger(&b, slog.LevelWarn, "text").With(slog.String("a", "b")).WithGroup("g")
	logger.InfoContext(t.Context(), "quiet")
	if b.Len() != 0 || logger.Enabled(t.Context(), slog.LevelInfo) {
		t.Errorf("logged %q below its level", b.String())
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	if got := RequestID(t.Context()); got != "" {
		t.Errorf("RequestID without one = %q", got)
	}
	if got := RequestID(WithRequestID(WithRequestID(t.Context(), "outer"), "inner")); got != "inner" {
		t.Errorf("RequestID = %q; want inner", got)
	}
}

func TestNewLogger_adds_request_id(t *testing.T) {
	t.Parallel()
	ctx := WithRequestID(t.Context(), "r1")
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // the case is about what the context holds
		make func(*slog.Logger) *slog.Logger
		want string
	}{
		"plain":      {ctx, func(l *slog.Logger) *slog.Logger { return l }, `{"a":1,"request_id":"r1"}`},
		"without":    {t.Context(), func(l *slog.Logger) *slog.Logger { return l.With(attr("b", 2)).WithGroup("g") }, `{"b":2,"g":{"a":1}}`},
		"attributes": {ctx, func(l *slog.Logger) *slog.Logger { return l.With(attr("b", 2)) }, `{"a":1,"b":2,"request_id":"r1"}`},
		"group":      {ctx, func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") }, `{"g":{"a":1},"request_id":"r1"}`},
		"nested_groups": {ctx, func(l *slog.Logger) *slog.Logger {
			return l.With(attr("b", 2)).WithGroup("g").With(attr("c", 3)).WithGroup("h")
		}, `{"b":2,"g":{"c":3,"h":{"a":1}},"request_id":"r1"}`},
		"empty_group": {ctx, func(l *slog.Logger) *slog.Logger { return l.WithGroup("") }, `{"a":1,"request_id":"r1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, line := logged(t, func(l *slog.Logger) { tt.make(l).InfoContext(tt.ctx, "x", slog.Int("a", 1)) })
			delete(line, "time")
			delete(line, "level")
			delete(line, "msg")
			if got, err := json.Marshal(line); err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// Two loggers made from one share its steps; appending to them in place would mix up their attributes.
func TestNewLogger_children_do_not_mix(t *testing.T) {
	t.Parallel()
	ctx := WithRequestID(t.Context(), "r1")
	text, _ := logged(t, func(l *slog.Logger) {
		parent := l.WithGroup("g").With(attr("a", 1)).With(attr("b", 2))
		first, second := parent.With(attr("child", "first")), parent.With(attr("child", "second"))
		_ = second
		first.InfoContext(ctx, "x")
	})
	if !strings.Contains(text, "first") || strings.Contains(text, "second") {
		t.Errorf("the first child logged %s", text)
	}
}

// A record may go to several handlers; adding to it in place would show in the others.
func TestNewLogger_leaves_the_record_alone(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	h := NewLogger(&b, slog.LevelInfo, "json").Handler()
	record := slog.NewRecord(time.Time{}, slog.LevelInfo, "x", 0)
	for range 10 { // more than a record keeps in place
		record.AddAttrs(slog.Int("a", 1))
	}
	for range 2 {
		if err := h.Handle(WithRequestID(t.Context(), "r1"), record); err != nil {
			t.Fatal(err)
		}
	}
	first, second, _ := strings.Cut(b.String(), "\n")
	if first+"\n" != second {
		t.Errorf("one record logged as\n%s\nand then as\n%s", first, second)
	}
}

type account struct {
	ID       int64
	Name     string
	Password string
	Sessions []session `json:"sessions"`
}

type session struct {
	RefreshToken string `json:"refresh_token"`
}

func TestNewLogger_redacts(t *testing.T) {
	t.Parallel()
	const leak = "s3cr3t"
	dsn, err := url.Parse("postgres://parley:" + leak + "@db/parley")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		attr slog.Attr
		keep string
	}{
		"password":        {slog.String("password", leak), "[redacted]"},
		"new_password":    {slog.String("new_password", leak), "[redacted]"},
		"camel_case":      {attr("newPassword", leak), "[redacted]"},
		"token":           {slog.String("token", leak), "[redacted]"},
		"refresh_token":   {slog.String("refresh_token", leak), "[redacted]"},
		"authorization":   {attr("Authorization", "Bearer "+leak), "[redacted]"},
		"cookie":          {slog.String("cookie", leak), "[redacted]"},
		"set_cookie":      {attr("Set-Cookie", leak), "[redacted]"},
		"client_secret":   {slog.String("client_secret", leak), "[redacted]"},
		"signing_keys":    {slog.Any("signing_keys", []string{leak}), "[redacted]"},
		"api_key":         {attr("X-Api-Key", leak), "[redacted]"},
		"bytes":           {slog.Any("token", []byte(leak)), "[redacted]"},
		"error_under_key": {slog.Any("token", errors.New(leak)), "[redacted]"},
		"group":           {slog.Group("request", slog.String("cookie", leak), slog.String("path", "/kept")), "/kept"},
		"secret_group":    {slog.Group("credentials", slog.String("value", leak)), "[redacted]"},
		"headers":         {slog.Any("headers", http.Header{"Cookie": {leak}, "Accept": {"kept"}}), "kept"},
		"map":             {slog.Any("fields", map[string]any{"token": leak, "id": int64(9007199254740993)}), "9007199254740993"},
		"structure":       {slog.Any("account", account{ID: 9007199254740993, Name: "kept", Password: leak, Sessions: []session{{leak}}}), "9007199254740993"},
		"pointer":         {slog.Any("account", &account{Name: "kept", Password: leak}), "kept"},
		"list":            {slog.Any("accounts", []account{{Name: "kept", Password: leak}}), "kept"},
		"url":             {slog.Any("database", dsn), "postgres://parley:xxxxx@db/parley"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := logged(t, func(l *slog.Logger) { l.InfoContext(t.Context(), "x", tt.attr) })
			if strings.Contains(text, leak) || strings.Contains(text, "czNjcjN0") || !strings.Contains(text, tt.keep) {
				t.Errorf("logged %s", text)
			}
			text, _ = logged(t, func(l *slog.Logger) { l.With(tt.attr).WithGroup("g").InfoContext(t.Context(), "x", slog.Int("a", 1)) })
			if strings.Contains(text, leak) || !strings.Contains(text, tt.keep) {
				t.Errorf("logged as a fixed attribute %s", text)
			}
		})
	}
}

func TestNewLogger_keeps_what_is_harmless(t *testing.T) {
	t.Parallel()
	var none *account
	var nowhere *url.URL
	text, line := logged(t, func(l *slog.Logger) {
		l.InfoContext(t.Context(), "the password was wrong", slog.Any("error", errors.New("token expired")),
			slog.Any("none", none), slog.Any("nothing", nil), slog.Any("nowhere", nowhere),
			slog.Duration("took", time.Second), slog.Any("odd", map[string]any{"f": func() {}}))
	})
	if line["msg"] != "the password was wrong" || line["error"] != "token expired" || line["none"] != nil {
		t.Errorf("logged %s", text)
	}
}
