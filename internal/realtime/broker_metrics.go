package realtime

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// brokerMetrics say how well this node reaches the others.
type brokerMetrics struct {
	linked, peers                                  prometheus.Gauge
	breaks, failed, local, received, dropped, lost prometheus.Counter
}

func newBrokerMetrics(reg prometheus.Registerer) (*brokerMetrics, error) {
	const namespace, subsystem = "parley", "realtime_broker"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	m := &brokerMetrics{
		linked: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "linked", Help: "1 while this node is linked to the others through Redis.",
		}),
		peers: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "nodes", Help: "Other nodes that this one hears.",
		}),
		breaks:   counter("breaks_total", "Links to Redis that were lost."),
		failed:   counter("failed_total", "Publications that Redis did not take. Clients of other nodes catch up by revision."),
		local:    counter("local_total", "Publications delivered to this node's listeners without Redis."),
		received: counter("received_total", "Publications that came through Redis."),
		dropped:  counter("dropped_total", "Publications and messages dropped because too many were waiting. Clients catch up by revision."),
		lost:     counter("nodes_lost_total", "Other nodes that ended without a goodbye. Those connected here were told to look for what was missed."),
	}
	for _, c := range []prometheus.Collector{m.linked, m.peers, m.breaks, m.failed, m.local, m.received, m.dropped, m.lost} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// useBroker makes this node one of several, if it is.
func (n *Node) useBroker() error {
	if n.config.Broker.Redis == nil {
		return nil
	}
	metrics, err := newBrokerMetrics(n.config.Registry)
	if err != nil {
		return fmt.Errorf("register the broker's metrics: %w", err)
	}
	n.broker = newBroker(n.config.Broker, n.node.ID(), metrics, n.config.Logger)
	n.broker.deliver = n.fanout.deliver
	n.broker.missed, n.broker.linked = n.handlers.Missed, n.handlers.Rejoined
	n.node.SetBroker(n.broker)
	return nil
}
