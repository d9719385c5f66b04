package chaos

import (
	"strings"
	"testing"
	"time"
)

// An upgrade, as an operator does it: one node after the other is asked to stop, ends well and is started again, while everybody talks. Nothing
// is lost, nothing is there twice, and no post was answered with a failure of the server's.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	r := newRun(t, size{nodes: 2, members: 30, rooms: 5, roomsEach: 2, every: 200 * time.Millisecond})
	r.roll(2, time.Second)
	r.account()
	if n := len(r.cluster.said("msg=drained")); n != 4 {
		t.Errorf("%d drains are in the logs, want 4", n)
	}
	for _, line := range r.cluster.said("msg=drained") {
		if !strings.Contains(line, "sockets_cut=0") || !strings.Contains(line, "requests_cut=false") {
			t.Errorf("somebody was cut off: %s", line)
		}
	}
	for what, n := range r.count.refusals {
		if strings.HasPrefix(what, "5") {
			t.Errorf("%d times somebody was answered %s", n, what)
		}
	}
}

// roll stops and starts one node after the other.
func (r *run) roll(rounds int, between time.Duration) {
	r.tb.Helper()
	for range rounds {
		for i, n := range r.cluster.nodes {
			pause(r.ctx, between) // of talk, on both nodes
			n.stop(25 * time.Second)
			if code := n.exit(); code != 0 {
				r.tb.Errorf("node %d ended with %d", i, code)
			}
			n.start()
			n.ready()
			r.done["restart of a node"]++
		}
	}
}
