package app

import "github.com/prometheus/client_golang/prometheus"

// Registry has every metric, also those that have nothing to show yet and are therefore not in /metrics.
func (a *App) Registry() *prometheus.Registry { return a.registry }

// UntilThere is what the start waits with.
var UntilThere = untilThere
