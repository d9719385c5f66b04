package telemetry

import (
	"runtime"
	"testing"
)

func TestNewRegistry(t *testing.T) {
	t.Parallel()
	NewRegistry() // a second one must not collide with the first
	families, err := NewRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, family := range families {
		found[family.GetName()] = true
		if family.GetName() != "parley_build_info" {
			continue
		}
		metric := family.GetMetric()[0]
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		if metric.GetGauge().GetValue() != 1 || labels["go_version"] != runtime.Version() || labels["version"] == "" || labels["revision"] == "" {
			t.Errorf("parley_build_info %v = %v", labels, metric.GetGauge().GetValue())
		}
	}
	for _, name := range []string{"parley_build_info", "go_goroutines", "process_open_fds"} {
		if !found[name] && (name != "process_open_fds" || runtime.GOOS == "linux") {
			t.Errorf("%s is missing", name)
		}
	}
}
