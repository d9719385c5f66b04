package limit

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Gate bounds how many do something costly at the same time. Whoever finds it full waits a little for a place; whoever gets none in that time, or
// finds too many waiting, is told when to come back: each another time, or they would all be back at once.
//
// It is fair by who asks. The first question of everybody comes before the second of anybody, and among these whoever was sent away and comes
// back when told stands where they stood when they first came: ahead of all who came later, however often those try. So who keeps to the time gets
// in within some rounds, and who does not gains nothing.
type Gate struct {
	mu      sync.Mutex
	most    int // 0: always open
	inside  int
	queue   []*waiter // the next first
	waiting map[int64]int
	away    map[int64]turn // who was sent away
	swept   time.Time

	wait     time.Duration
	clock    func() time.Time
	outcomes *prometheus.CounterVec
}

type waiter struct {
	who   int64
	rank  int       // how many of theirs were waiting before it
	since time.Time // when they first came
	ready chan bool // whether there is a place
}

// turn is when somebody who was sent away first came, and when they were told to come back.
type turn struct{ since, due time.Time }

const (
	// waitersAPlace bounds those who wait. More would not get in within their time.
	waitersAPlace = 64
	// turnsKept is how many waits a turn is kept for who does not come back for it.
	turnsKept = 15
)

// NewGate makes a gate for so many at once, 0 for no bound, whose metrics begin with name.
func NewGate(name string, places int, wait time.Duration, clock func() time.Time, reg prometheus.Registerer) (*Gate, error) {
	g := &Gate{
		most: places, waiting: map[int64]int{}, away: map[int64]turn{}, wait: wait, clock: clock,
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name + "_total", Help: "How many came to the gate, and whether they got in at once, after a wait, or not.",
		}, []string{"outcome"}),
	}
	count := func(f func() int) func() float64 {
		return func() float64 {
			g.mu.Lock()
			defer g.mu.Unlock()
			return float64(f())
		}
	}
	inside := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: name + "_inside", Help: "How many are inside the gate.",
	}, count(func() int { return g.inside }))
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: name + "_waiting", Help: "How many wait at the gate.",
	}, count(func() int { return len(g.queue) }))
	for _, c := range []prometheus.Collector{g.outcomes, inside, waiting} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Enter waits for a place. When entered, leave must be called once; otherwise retryAfter says when to come back.
func (g *Gate) Enter(ctx context.Context, who int64) (leave func(), retryAfter time.Duration, entered bool) {
	if g.most == 0 {
		return func() {}, 0, true
	}
	g.mu.Lock()
	since := g.turnOf(who)
	if g.inside < g.most {
		g.inside++
		delete(g.away, who)
		g.mu.Unlock()
		return g.in("at_once")
	}
	w := &waiter{who: who, rank: g.waiting[who], since: since, ready: make(chan bool, 1)}
	g.line(w)
	g.mu.Unlock()

	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case got := <-w.ready:
		if got {
			return g.in("waited")
		}
		return g.refused(w)
	case <-timer.C:
	case <-ctx.Done():
	}
	if g.giveUp(w) {
		return g.refused(w)
	}
	if got := <-w.ready; got { // in the same moment
		return g.in("waited")
	}
	return g.refused(w)
}

// turnOf is since when somebody has been waiting for their turn: since now, unless they were sent away and come back when told.
func (g *Gate) turnOf(who int64) time.Time {
	now := g.clock()
	if t, known := g.away[who]; known && !now.Before(t.due) {
		return t.since
	}
	return now
}

func before(a, b *waiter) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.since.Compare(b.since)) }

// line puts a waiter where they belong. When the line is too long, the last of it goes.
func (g *Gate) line(w *waiter) {
	at, _ := slices.BinarySearchFunc(g.queue, w, func(o, w *waiter) int {
		return cmp.Or(before(o, w), -1) // behind their equals
	})
	g.queue = slices.Insert(g.queue, at, w)
	g.waiting[w.who]++
	if len(g.queue) > waitersAPlace*g.most {
		last := g.queue[len(g.queue)-1]
		g.remove(len(g.queue) - 1)
		last.ready <- false
	}
}

func (g *Gate) remove(at int) {
	w := g.queue[at]
	g.queue = slices.Delete(g.queue, at, at+1)
	if g.waiting[w.who]--; g.waiting[w.who] == 0 {
		delete(g.waiting, w.who)
	}
}

// giveUp takes a waiter out of the line and reports whether they were in it.
func (g *Gate) giveUp(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.queue, w)
	if at >= 0 {
		g.remove(at)
	}
	return at >= 0
}

// leave gives a place to the next in line.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.inside--
		return
	}
	next := g.queue[0]
	g.remove(0)
	delete(g.away, next.who)
	next.ready <- true
}

func (g *Gate) in(outcome string) (leave func(), retryAfter time.Duration, entered bool) {
	g.outcomes.WithLabelValues(outcome).Inc()
	return g.leave, 0, true
}

func (g *Gate) refused(w *waiter) (leave func(), retryAfter time.Duration, entered bool) {
	g.outcomes.WithLabelValues("refused").Inc()
	after := g.wait + rand.N(2*g.wait+1) //nolint:gosec // when to come back is no secret
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	t, known := g.away[w.who]
	if !known || w.since.Before(t.since) {
		t.since = w.since
	}
	if due := now.Add(after); !known || !now.Before(t.due) { // who is sent away again before their time keeps it
		t.due = due
	}
	g.away[w.who] = t
	g.sweep(now)
	return nil, after, false
}

// sweep forgets those who did not come back.
func (g *Gate) sweep(now time.Time) {
	if now.Sub(g.swept) < g.wait {
		return
	}
	g.swept = now
	for who, t := range g.away {
		if now.Sub(t.due) > turnsKept*g.wait {
			delete(g.away, who)
		}
	}
}
