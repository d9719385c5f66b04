package telemetry

import (
	"context"
	"io"
	"log/slog"
	"testing"
)

func BenchmarkLogger(b *testing.B) {
	sink := io.Discard // formatting is what is measured; slog's own discarding handler would skip it
	ctx := WithRequestID(context.Background(), "01J8ZQ4N7V")
	for _, bench := range []struct {
		name   string
		logger *slog.Logger
	}{
		{"plain slog", slog.New(slog.NewJSONHandler(sink, nil))},
		{"ours", NewLogger(sink, slog.LevelInfo, "json")},
		{"ours in a group", NewLogger(sink, slog.LevelInfo, "json").WithGroup("http")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.logger.InfoContext(ctx, "request", slog.String("method", "GET"), slog.String("route", "/api/v1/rooms"), slog.Int("status", 200), slog.Float64("duration_ms", 1.25))
			}
		})
	}
}
