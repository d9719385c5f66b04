package app

import (
	"context"
	"log/slog"
	"sync"

	"parley/internal/ops"
)

// newHealth lists what has to answer for this node to be sent requests. The schema is one of them: when a newer version changes it in a way
// that this binary cannot live with, the node says so and gets no more traffic, instead of failing request by request.
func (a *App) newHealth() *ops.Health {
	return ops.NewHealth([]ops.Check{
		a.watched(ops.Check{Name: "db", Probe: a.store.Ping}),
		a.watched(ops.Check{Name: "schema", Probe: a.store.CheckSchema}),
		a.watched(a.redisCheck()),
		a.watched(a.nodesCheck()),
	}, a.clock)
}

// nodesCheck asks whether this node hears the others; alone it has none.
func (a *App) nodesCheck() ops.Check {
	check := ops.Check{Name: "nodes"}
	if a.redis != nil {
		check.Probe = func(context.Context) error { return a.node.Linked() }
	}
	return check
}

// watched logs when a check begins to fail, with the cause that the public answer leaves out, and when it is fine again: twice for an outage,
// however often somebody asks meanwhile.
func (a *App) watched(check ops.Check) ops.Check {
	probe := check.Probe
	if probe == nil {
		return check
	}
	var mu sync.Mutex
	failing := false
	check.Probe = func(ctx context.Context) error {
		err := probe(ctx)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil && !failing:
			a.log.WarnContext(ctx, "a health check fails", slog.String("check", check.Name), slog.Any("error", err))
		case err == nil && failing:
			a.log.InfoContext(ctx, "a health check is fine again", slog.String("check", check.Name))
		}
		failing = err != nil
		return err
	}
	return check
}
