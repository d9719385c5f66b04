package realtime

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
)

// drain is what a node knows of its own end.
type drain struct {
	begun atomic.Bool
	sent  *prometheus.CounterVec
}

func newDrain(reg prometheus.Registerer) (*drain, error) {
	d := &drain{sent: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "parley", Subsystem: "drain", Name: "sockets_total",
		Help: "Sockets that a stopping node sent away: with nothing left to do, or cut off in the middle of a command when the time was up.",
	}, []string{"outcome"})}
	d.sent.WithLabelValues(drainFinished)
	d.sent.WithLabelValues(drainCut)
	return d, reg.Register(d.sent)
}

const (
	drainFinished = "finished"
	drainCut      = "cut"
)

// Drained is how a drain went.
type Drained struct {
	Sockets int // that were sent away
	Cut     int // of them in the middle of a command, because the time was up
}

// Drain sends every connection away with a code that makes clients connect again, one after the other over spread: a thousand clients that
// come back at once are a load that the other nodes feel. A command that runs is finished and answered first; one that comes after that is
// the next node's. It returns when all are gone, or when the context ends, which sends the rest away at once. New connections are refused
// from the beginning. Events are still delivered to those who wait for their turn.
func (n *Node) Drain(ctx context.Context, spread time.Duration) Drained {
	n.drain.begun.Store(true)
	// In no order: connections of one age, or of one person, do not go together.
	clients := slices.Collect(maps.Values(n.node.Hub().Connections()))
	var cut atomic.Int64
	spreadOut(ctx, len(clients), spread, func(i int) {
		outcome := drainFinished
		if !workOf(clients[i].Context()).finish(ctx) { //nolint:contextcheck // the connection's context names its work; the drain's bounds it
			outcome = drainCut
			cut.Add(1)
		}
		n.drain.sent.WithLabelValues(outcome).Inc()
		clients[i].Disconnect(centrifuge.DisconnectShutdown)
	})
	return Drained{Sockets: len(clients), Cut: int(cut.Load())}
}

// drainStep is how finely a drain is spread: who goes within one step goes together.
const drainStep = 20 * time.Millisecond

// spreadOut calls f for 0 to n-1, evenly over a time, the first at once, and returns when every call has. After the context has ended, what
// is left is called without a pause. It counts steps and asks no clock: a timer for each call would add up the delays of all of them.
func spreadOut(ctx context.Context, n int, over time.Duration, f func(i int)) {
	var calls sync.WaitGroup
	defer calls.Wait()
	steps := max(1, int(over/drainStep))
	tick := time.NewTicker(drainStep)
	defer tick.Stop()
	for i, step := 0, 0; i < n; i++ {
		for ; ctx.Err() == nil && i*steps > step*n; step++ { // not yet the turn of i
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		calls.Go(func() { f(i) })
	}
}

// work counts what one connection is doing, so that it is not sent away before it has been answered.
type work struct {
	mu      sync.Mutex
	running int
	leaving bool
	idle    chan struct{} // closed when the last command of a leaving connection has ended
}

type workKey struct{}

func withWork(ctx context.Context) context.Context {
	return context.WithValue(ctx, workKey{}, &work{idle: make(chan struct{})})
}

func workOf(ctx context.Context) *work {
	w, _ := ctx.Value(workKey{}).(*work)
	return w
}

// begin says whether a command may still run; if so, end must follow when it has been answered.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving {
		return false
	}
	w.running++
	return true
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	if w.leaving && w.running == 0 {
		close(w.idle)
	}
}

// finish lets nothing new begin and waits for what runs. It returns false when the context ended before that.
func (w *work) finish(ctx context.Context) bool {
	w.mu.Lock()
	idle := w.running == 0
	w.leaving = true
	w.mu.Unlock()
	if idle {
		return true
	}
	select {
	case <-w.idle:
		return true
	case <-ctx.Done():
		return false
	}
}
