package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
)

// timeFormat is the one form of times in logs: UTC, milliseconds, always as long, so lines sort as text.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// NewLogger returns a logger that writes lines of the given format, "json" or otherwise text, from level on. It adds
// the request id of the context and hides values whose key says that they are secret (see redact).
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: replace}
	var h slog.Handler = slog.NewTextHandler(w, options)
	if format == "json" {
		h = slog.NewJSONHandler(w, options)
	}
	return slog.New(&requestHandler{root: h, current: h})
}

func replace(groups []string, a slog.Attr) slog.Attr {
	a = redact(groups, a)
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(timeFormat))
	}
	return a
}

type requestIDKey struct{}

// WithRequestID returns a context whose log lines carry id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id that WithRequestID put into ctx, or nothing.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// requestHandler adds request_id to each record at the top level, where a search finds it whatever the code that
// logs has grouped. slog can add an attribute at the top only before the first group is opened, so what follows
// the first group is remembered and repeated for records that need it.
type requestHandler struct {
	root    slog.Handler // before the first group
	current slog.Handler // root with all steps applied
	steps   []func(slog.Handler) slog.Handler
}

func (h *requestHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.current.Enabled(ctx, level)
}

func (h *requestHandler) Handle(ctx context.Context, record slog.Record) error {
	id := RequestID(ctx)
	if id == "" {
		return h.current.Handle(ctx, record)
	}
	attr := slog.String("request_id", id)
	if len(h.steps) == 0 {
		record = record.Clone() // the caller's may share its memory with another copy
		record.AddAttrs(attr)
		return h.current.Handle(ctx, record)
	}
	handler := h.root.WithAttrs([]slog.Attr{attr})
	for _, step := range h.steps {
		handler = step(handler)
	}
	return handler.Handle(ctx, record)
}

func (h *requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.steps) == 0 {
		root := h.root.WithAttrs(attrs)
		return &requestHandler{root: root, current: root}
	}
	return h.then(func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

func (h *requestHandler) WithGroup(name string) slog.Handler {
	return h.then(func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

func (h *requestHandler) then(step func(slog.Handler) slog.Handler) slog.Handler {
	// Clipped, so that two loggers made from this one do not write into the same array.
	return &requestHandler{root: h.root, current: step(h.current), steps: append(slices.Clip(h.steps), step)}
}
