package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"parley/internal/auth"
	"parley/internal/chat"
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

// untilThere does what the start cannot go on without, again while what it needs is away: a database or Redis that was there a moment ago may be
// slow for longer than one answer may take, and a node that gave up by that would be started again only to ask the same.
func untilThere(ctx context.Context, most time.Duration, log *slog.Logger, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, max(most, redisTimeout))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do(ctx)
		if !errors.Is(err, chat.ErrUnavailable) {
			return err
		}
		log.WarnContext(ctx, "what the start needs is away; trying again", slog.Duration("in", pause), slog.Any("error", err))
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
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
