package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// measure are the arguments of a load so small that a test can wait for it. The server that the bench starts is this test binary too.
func measure(more ...string) []string {
	return append([]string{
		"bench", "--connections=6", "--rooms=2", "--members=3", "--senders=4", "--duration=300ms", "--warmup=50ms", "--json",
	}, more...)
}

type benchReport struct {
	Schema int
	Server struct {
		Own      bool
		Database string
		Nodes    int
	}
	Load       map[string]any
	Posts      int
	PostsRate  float64 `json:"posts_per_second"`
	Deliveries int
	Rate       float64 `json:"deliveries_per_second"`
	Latency    map[string]struct {
		P50, P95, P99 float64
		Count         int
	} `json:"latency_ms"`
	Ledger     map[string]int
	Reconnects struct {
		Count  int
		Healed struct{ Count int } `json:"healed_ms"`
	}
	Refusals    map[string]int
	Cost        map[string]float64
	Interrupted bool
	Faults      []string
}

// reported reads the JSON that a bench printed.
func (p *process) reported(t *testing.T) (r benchReport) {
	t.Helper()
	said := p.said()
	from, to := strings.Index(said, "{"), strings.LastIndex(said, "}")
	if from < 0 {
		t.Fatalf("no JSON in:\n%s", said)
	}
	if err := json.Unmarshal([]byte(said[from:to+1]), &r); err != nil {
		t.Fatalf("%v in:\n%s", err, said)
	}
	return r
}

func TestBench_server_of_its_own(t *testing.T) {
	t.Parallel()
	places := t.TempDir()
	for _, via := range []string{"http", "socket", "both"} {
		p := start(t, []string{"TMPDIR=" + places}, measure("--rate=0", "--via="+via, "--set="+asParley)...)
		p.exits(t, 0)
		r := p.reported(t)
		if r.Schema != 1 || !r.Server.Own || r.Server.Database != "sqlite" || r.Server.Nodes != 1 || r.Load["connections"] != 6.0 {
			t.Errorf("%s: not what was asked for: %+v", via, r)
		}
		if r.Posts < 4 || r.Deliveries != 3*r.Posts || r.PostsRate <= 0 || r.Rate <= 0 {
			t.Errorf("%s: %d posts and %d deliveries, of which each post has three", via, r.Posts, r.Deliveries)
		}
		for what, n := range map[string]int{"acknowledged": r.Posts, "received": r.Deliveries, "last_receiver": r.Posts} {
			if l := r.Latency[what]; l.Count != n || l.P50 <= 0 || l.P95 < l.P50 || l.P99 < l.P95 {
				t.Errorf("%s: %s: %+v, want %d of them", via, what, l, n)
			}
		}
		for _, what := range []string{"lost", "doubled", "out_of_order", "altered"} {
			if n, there := r.Ledger[what]; !there || n != 0 {
				t.Errorf("%s: %d %s", via, n, what)
			}
		}
	}
	left, err := os.ReadDir(places)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// At a rate there are as many posts as should be, and no more.
func TestBench_rate(t *testing.T) {
	t.Parallel()
	p := start(t, nil, measure("--rate=40", "--duration=500ms", "--set="+asParley)...)
	p.exits(t, 0)
	if r := p.reported(t); r.Posts < 19 || r.Posts > 21 {
		t.Errorf("%d posts in half a second at 40 a second", r.Posts)
	}
}

// Everybody whose socket is cut comes back and has read what was said meanwhile.
func TestBench_cut(t *testing.T) {
	t.Parallel()
	p := start(t, nil, measure("--rate=40", "--duration=500ms", "--cut-after=100ms", "--via=both", "--set="+asParley)...)
	p.exits(t, 0)
	if r := p.reported(t); r.Reconnects.Count != 6 || r.Reconnects.Healed.Count != 6 {
		t.Errorf("%+v, want 6 back", r.Reconnects)
	}
}
