package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/limit"
)

// mostBudgets bounds the memory of the limiter to some 80 MB, with marks; a network and an account are a budget each.
const mostBudgets = 1 << 20

// makeBudgets makes the rate limits: shared through Redis where there is one.
func (a *App) makeBudgets(ctx context.Context, registry prometheus.Registerer) error {
	metrics, err := limit.NewMetrics(registry)
	if err != nil {
		return err
	}
	a.budgets.Rates = limit.Rates{}
	for what, rate := range a.config.Limits {
		a.budgets.Rates[what] = limit.Rate(rate)
	}
	local := limit.NewMemory(a.clock, mostBudgets, metrics)
	if a.redis == nil {
		a.budgets.Limiter = local
		return nil
	}
	shared := limit.NewRedis(ctx, limit.RedisConfig{
		Client: a.redis, Prefix: a.config.RedisPrefix, Local: local, Metrics: metrics, Logger: a.log, Timeout: a.redisTimeout,
	})
	a.budgets.Limiter, a.closeBudgets = shared, shared.Close
	return nil
}
