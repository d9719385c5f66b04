package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/realtime"
)

func (a *App) registerDrain(registry prometheus.Registerer) error {
	a.draining = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "parley", Subsystem: "drain", Name: "active", Help: "1 while the node gives its traffic to others before it stops.",
	})
	return registry.Register(a.draining)
}

// Stop takes the server down in order: not ready, no new connections, requests and sockets end, the database closes. When the context ends,
// what is left is cut off. It may be called twice.
func (a *App) Stop(ctx context.Context) error {
	a.stopOnce.Do(func() { a.stopErr = a.stop(ctx) })
	return a.stopErr
}

func (a *App) stop(ctx context.Context) error {
	var errs []error
	if a.public != nil {
		errs = append(errs, a.drain(ctx))
	} else if a.publicAt != nil {
		errs = append(errs, a.publicAt.Close())
	}
	if a.ops != nil {
		errs = append(errs, a.ops.Shutdown(ctx)) // the last to go: operators see how the rest went
	} else if a.opsAt != nil {
		errs = append(errs, a.opsAt.Close())
	}
	if a.stopBackground != nil {
		a.stopBackground()
	}
	a.background.Wait()
	if a.people != nil {
		a.people.Close(ctx)
	}
	if a.closeBudgets != nil {
		a.closeBudgets()
	}
	if a.redis != nil {
		a.redis.Close()
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

// drain gives the node's people to the other nodes. After "not ready" a load balancer needs a moment until it knows; a connection that it
// opens meanwhile is served. Then nothing new comes in, and requests end while sockets are sent away one after the other.
func (a *App) drain(ctx context.Context) error {
	started := a.clock()
	a.health.SetDraining(true)
	a.draining.Set(1)
	spread := a.config.DrainSpread()
	a.log.InfoContext(ctx, "draining", slog.Int("sockets", a.node.Connections()), slog.Duration("pause", a.config.Drain.Pause),
		slog.Duration("spread", spread))
	wait(ctx, a.config.Drain.Pause)

	var ends sync.WaitGroup
	var requests error
	ends.Go(func() {
		if requests = a.public.Shutdown(ctx); requests != nil {
			requests = fmt.Errorf("requests were cut off after PARLEY_HTTP_SHUTDOWN_GRACE: %w", errors.Join(requests, a.public.Close()))
		}
	})
	var sockets realtime.Drained
	ends.Go(func() { sockets = a.node.Drain(ctx, spread) })
	ends.Wait()

	if requests != nil || sockets.Cut > 0 {
		a.node.Owe()
	}
	// Whatever was posted is in the outbox by now, and goes to the other nodes before this one leaves.
	err := errors.Join(requests, a.node.Shutdown(ctx))
	a.log.InfoContext(ctx, "drained", slog.Duration("took", a.clock().Sub(started)), slog.Int("sockets", sockets.Sockets),
		slog.Int("sockets_cut", sockets.Cut), slog.Bool("requests_cut", requests != nil))
	return err
}

func wait(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
