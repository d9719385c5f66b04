package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// step is one accident: when it happens after the beginning, to which node where that matters, for how long, and to how much of the lines.
type step struct {
	At, For  time.Duration
	Accident string
	Node     int
	Share    float64
}

func (s step) String() string {
	text := fmt.Sprintf("%6.1fs  %-16s for %s", s.At.Seconds(), s.Accident, s.For)
	switch {
	case slices.Contains(toNodes, s.Accident):
		text += fmt.Sprintf("  node %d", s.Node)
	case slices.Contains(toLines, s.Accident):
		text += fmt.Sprintf("  %.0f %% of the lines", 100*s.Share)
	}
	return text
}

// What happens to a node, to the servers that all nodes share, and to the lines between people and nodes.
const (
	killNode     = "kill a node"    // kill -9, and start it again
	stopNode     = "stop a node"    // SIGTERM: it drains; and start it again
	pauseNode    = "pause a node"   // SIGSTOP and SIGCONT: it is there and does nothing
	restartRedis = "restart Redis"  // killed, and started with its data
	emptyRedis   = "empty Redis"    // killed, and started without
	restartPG    = "crash Postgres" // immediate shutdown: it recovers from its log
	cutLines     = "cut lines"      // the connections end
	holdLines    = "hold lines"     // bytes stay on the way and arrive late
	vanishLines  = "vanish"         // both ends wait for each other, and nobody tells them
)

var (
	toNodes   = []string{killNode, stopNode, pauseNode}
	toServers = []string{restartRedis, emptyRedis, restartPG}
	toLines   = []string{cutLines, holdLines, vanishLines}
)

// schedule makes the accidents of a run from its seed: the same seed makes the same ones. Those of nodes come one after the other, and so do those of
// servers and of lines, each beside the others. Each kind comes once before any comes again. unit is what pauses and lengths are measured in.
func schedule(seed uint64, nodes int, length, unit time.Duration) []step {
	rng := rand.New(rand.NewPCG(seed, 1))
	between := func(low, high float64) time.Duration {
		return time.Duration((low + (high-low)*rng.Float64()) * float64(unit)).Round(10 * time.Millisecond)
	}
	var steps []step
	track := func(kinds []string, pause func() time.Duration, make func(*step)) {
		var bag []string
		for at := pause(); at < length; at += pause() {
			if len(bag) == 0 {
				bag = slices.Clone(kinds)
				rng.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
			}
			s := step{At: at, Accident: bag[0]}
			bag = bag[1:]
			make(&s)
			steps = append(steps, s)
			at += s.For
		}
	}
	track(toNodes, func() time.Duration { return between(1, 3) }, func(s *step) {
		s.Node, s.For = rng.IntN(nodes), between(0.2, 1.5)
		if s.Accident == pauseNode {
			s.For *= 2
		}
	})
	track(toServers, func() time.Duration { return between(1, 4) }, func(s *step) { s.For = between(0.2, 1.5) })
	track(toLines, func() time.Duration { return between(0.5, 2) }, func(s *step) {
		s.For, s.Share = between(0.5, 2), 0.1+0.4*rng.Float64()
		if rng.IntN(4) == 0 {
			s.Share = 1
		}
	})
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.At - b.At) })
	return steps
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	steps := schedule(7, 3, time.Minute, time.Second)
	if again := schedule(7, 3, time.Minute, time.Second); !slices.Equal(steps, again) {
		t.Error("the same seed made another schedule")
	}
	if other := schedule(8, 3, time.Minute, time.Second); slices.Equal(steps, other) {
		t.Error("another seed made the same schedule")
	}
	for _, kind := range slices.Concat(toNodes, toServers, toLines) {
		if !slices.ContainsFunc(steps, func(s step) bool { return s.Accident == kind }) {
			t.Errorf("in a minute nobody would %s", kind)
		}
	}
}
