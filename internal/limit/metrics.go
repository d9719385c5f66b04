package limit

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what limiters do.
type Metrics struct {
	refused *prometheus.CounterVec
	local   prometheus.Counter
	evicted prometheus.Counter
	away    prometheus.Gauge
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_limit_refused_total", Help: "Requests and commands that a rate limit refused, by limit.",
		}, []string{"what"}),
		local: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "parley_limit_local_total", Help: "Decisions that this node made alone because Redis was away.",
		}),
		evicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "parley_limit_evicted_total", Help: "Budgets forgotten early because the memory for them was full.",
		}),
		away: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "parley_limit_redis_away", Help: "1 while this node limits alone because Redis is away.",
		}),
	}
	for _, c := range []prometheus.Collector{m.refused, m.local, m.evicted, m.away} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the limiter's metrics: %w", err)
		}
	}
	return m, nil
}
