package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/parleytest"
)

var (
	described = regexp.MustCompile(`fqName: "(parley_[a-z_]+)"`)
	written   = regexp.MustCompile(`\bparley_[a-z_]+`)
	// The socket library's own; nobody should build upon them.
	foreign = regexp.MustCompile(`^parley_realtime_(node|client|transport|map_broker|shared_poll|broker_redis|broker_publish)_`)
)

// What an operator reads about metrics exists, and what exists they can read about.
func TestMetrics_are_documented(t *testing.T) {
	t.Parallel()
	exist := map[string]bool{}
	for _, s := range []*parleytest.Server{parleytest.Start(t), parleytest.Start(t, parleytest.OnRedis())} {
		metrics := make(chan *prometheus.Desc)
		go func() {
			s.App.Registry().Describe(metrics)
			close(metrics)
		}()
		for d := range metrics {
			if m := described.FindStringSubmatch(d.String()); m != nil {
				exist[m[1]] = true
			}
		}
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Watching it\n")
	section, _, _ = strings.Cut(section, "\n## ")
	known := map[string]bool{}
	for _, name := range written.FindAllString(section, -1) {
		known[name] = true
		if !exist[name] && name != "parley_realtime_" {
			t.Errorf("docs/operations.md names %s, which does not exist", name)
		}
	}
	for name := range exist {
		if !known[name] && !foreign.MatchString(name) {
			t.Errorf("%s is not in docs/operations.md", name)
		}
	}
}
