package limit

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Gate bounds how many do something costly at the same time. Whoever finds it full waits a little for a place, in order; whoever gets none in that
// time, or finds too many waiting, is told when to come back: each another time, or they would all be back at once.
type Gate struct {
	places   chan struct{} // nil: the gate is always open
	wait     time.Duration
	waiting  atomic.Int64
	outcomes *prometheus.CounterVec
}

// waitersAPlace bounds those who wait. More would not get in within their time.
const waitersAPlace = 64

// NewGate makes a gate for so many at once, 0 for no bound, whose metrics begin with name.
func NewGate(name string, places int, wait time.Duration, reg prometheus.Registerer) (*Gate, error) {
	g := &Gate{wait: wait, outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: name + "_total", Help: "How many came to the gate, and whether they got in at once, after a wait, or not.",
	}, []string{"outcome"})}
	if places > 0 {
		g.places = make(chan struct{}, places)
	}
	inside := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: name + "_inside", Help: "How many are inside the gate.",
	}, func() float64 { return float64(len(g.places)) })
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: name + "_waiting", Help: "How many wait at the gate.",
	}, func() float64 { return float64(g.waiting.Load()) })
	for _, c := range []prometheus.Collector{g.outcomes, inside, waiting} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Enter waits for a place. When entered, leave must be called once; otherwise retryAfter says when to come back.
func (g *Gate) Enter(ctx context.Context) (leave func(), retryAfter time.Duration, entered bool) {
	if g.places == nil {
		return func() {}, 0, true
	}
	select {
	case g.places <- struct{}{}:
		return g.in("at_once")
	default:
	}
	if g.waiting.Add(1) > int64(waitersAPlace*cap(g.places)) {
		g.waiting.Add(-1)
		return g.refused()
	}
	defer g.waiting.Add(-1)
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return g.in("waited")
	case <-timer.C:
	case <-ctx.Done():
	}
	return g.refused()
}

func (g *Gate) in(outcome string) (leave func(), retryAfter time.Duration, entered bool) {
	g.outcomes.WithLabelValues(outcome).Inc()
	return func() { <-g.places }, 0, true
}

func (g *Gate) refused() (leave func(), retryAfter time.Duration, entered bool) {
	g.outcomes.WithLabelValues("refused").Inc()
	return nil, g.wait + rand.N(2*g.wait+1), false //nolint:gosec // when to come back is no secret
}
