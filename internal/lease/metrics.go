package lease

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what a Keeper does.
type Metrics struct {
	held                    prometheus.Gauge
	away                    prometheus.Gauge
	refused, evicted, local prometheus.Counter
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Subsystem: "lease", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "parley", Subsystem: "lease", Name: name, Help: help})
	}
	m := &Metrics{
		held:    gauge("held", "Connections of people that this node holds a lease for."),
		away:    gauge("redis_away", "1 while this node counts connections alone because Redis is away."),
		refused: counter("refused_total", "Connections refused because the person had as many as the cap allows."),
		evicted: counter("evicted_total", "Connections closed to make room for a newer one of the same person."),
		local:   counter("local_total", "Connections that this node counted alone because Redis was away."),
	}
	for _, c := range []prometheus.Collector{m.held, m.away, m.refused, m.evicted, m.local} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of leases: %w", err)
		}
	}
	return m, nil
}
