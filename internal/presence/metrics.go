package presence

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what a Board does.
type Metrics struct {
	watchers, watched                  prometheus.Gauge
	sent, sentPeople, told, toldPeople prometheus.Counter
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Subsystem: "presence", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "parley", Subsystem: "presence", Name: name, Help: help})
	}
	m := &Metrics{
		watchers:   gauge("watchers", "Connections of this node that watch somebody."),
		watched:    gauge("watched", "People whom some connection of this node watches."),
		sent:       counter("sent_total", "Messages about presence sent to connections."),
		sentPeople: counter("sent_changes_total", "Changes in those messages."),
		told:       counter("told_total", "Messages about presence from this node to the others."),
		toldPeople: counter("told_changes_total", "Changes in those messages."),
	}
	for _, c := range []prometheus.Collector{m.watchers, m.watched, m.sent, m.sentPeople, m.told, m.toldPeople} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of presence: %w", err)
		}
	}
	return m, nil
}
