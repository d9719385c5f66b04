package oidc

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what providers are asked and how it goes.
type metrics struct {
	requests *prometheus.CounterVec
	flows    *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_oidc_requests_total", Help: "Requests to OpenID Connect providers, by provider and outcome (answered, failed).",
		}, []string{"provider", "outcome"}),
		flows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_oidc_flows_total",
			Help: "Codes of OpenID Connect providers that were traded, by provider and outcome (proven, refused, untrusted, unavailable).",
		}, []string{"provider", "outcome"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.flows} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of OpenID Connect: %w", err)
		}
	}
	return m, nil
}
