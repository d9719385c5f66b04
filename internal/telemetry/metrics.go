package telemetry

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry that already tells about the Go runtime, the process and the build. It is a new
// one each time, unlike Prometheus' global, so that two servers can live in one test process.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newBuildInfo(),
	)
	return registry
}

// newBuildInfo is the usual gauge that is always 1 and tells the build in its labels, to be joined with the others.
func newBuildInfo() prometheus.Collector {
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "go_version": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["go_version"] = info.GoVersion
		if info.Main.Version != "" {
			labels["version"] = info.Main.Version
		}
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels["revision"] = setting.Value
			}
		}
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "parley_build_info",
		Help:        "Always 1; the labels tell which build runs.",
		ConstLabels: labels,
	})
	gauge.Set(1)
	return gauge
}
