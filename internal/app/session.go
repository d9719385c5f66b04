package app

import (
	"context"
	"log/slog"
	"time"

	"parley/internal/auth"
	"parley/internal/config"
	"parley/internal/session"
)

// sessionPolicy is how long sessions live. That one ended is remembered for as long as an access token of it may still be shown, on any
// node's clock.
func sessionPolicy(c config.Auth) session.Policy {
	return session.Policy{
		Idle: c.RefreshIdle, Absolute: c.RefreshAbsolute, Grace: session.DefaultGrace, PerUser: session.DefaultPerUser,
		Remember: c.AccessTTL + auth.Skew + time.Minute,
	}
}

const (
	sweepEvery = time.Hour
	// catchUpEvery is how long a session may live on at a node that the news of its end did not reach.
	catchUpEvery = 15 * time.Second
)

// sweepSessions removes what is kept of sessions that are over: it can no longer be used.
func (a *App) sweepSessions(ctx context.Context) {
	every(ctx, sweepEvery, func() {
		if n, err := a.service.Sessions.Sweep(ctx); err != nil {
			a.log.WarnContext(ctx, "sessions not swept", slog.Any("error", err))
		} else if n > 0 {
			a.log.DebugContext(ctx, "sessions swept", slog.Int64("sessions", n))
		}
	})
}

// catchUpWithSessions makes good for messages between nodes that were lost.
func (a *App) catchUpWithSessions(ctx context.Context) {
	every(ctx, catchUpEvery, func() {
		if err := a.service.Sessions.CatchUp(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "ended sessions not asked for", slog.Any("error", err))
		}
	})
}

func every(ctx context.Context, pause time.Duration, f func()) {
	t := time.NewTicker(pause)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f()
		}
	}
}
