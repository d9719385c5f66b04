package limit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/limit"
)

func newGate(t *testing.T, places int, wait time.Duration) *limit.Gate {
	t.Helper()
	g, err := limit.NewGate("test_gate", places, wait, time.Now, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// However many come, no more than its places are inside, and everybody who can wait for their turn gets it.
func TestGate_bounds_those_inside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places, crowd = 3, 100
		g := newGate(t, places, time.Minute)
		var inside, most atomic.Int64
		var all sync.WaitGroup
		for range crowd {
			all.Go(func() {
				leave, _, entered := g.Enter(t.Context(), 1)
				if !entered {
					t.Error("somebody was refused")
					return
				}
				defer leave()
				now := inside.Add(1)
				for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
				}
				time.Sleep(time.Second)
				inside.Add(-1)
			})
		}
		all.Wait()
		if most.Load() != places {
			t.Errorf("%d were inside at once, want %d", most.Load(), places)
		}
	})
}

// Whoever gets no place in time is told to come back, not all at the same time.
func TestGate_refuses_with_jitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, time.Second)
		leave, _, _ := g.Enter(t.Context(), 1)
		defer leave()
		times := map[time.Duration]bool{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 64 + 10 { // the last find too many waiting
			all.Go(func() {
				_, after, entered := g.Enter(t.Context(), 1)
				if entered || after < time.Second || after > 3*time.Second {
					t.Errorf("entered %t, retry after %s", entered, after)
				}
				mu.Lock()
				defer mu.Unlock()
				times[after] = true
			})
		}
		all.Wait()
		if len(times) < 70 {
			t.Errorf("only %d different times", len(times))
		}
	})
}

func TestGate_gives_up_with_its_caller(t *testing.T) {
	t.Parallel()
	g := newGate(t, 1, time.Hour)
	leave, _, _ := g.Enter(t.Context(), 1)
	defer leave()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, entered := g.Enter(ctx, 1); entered {
		t.Error("entered a full gate")
	}
}

func TestGate_lifted(t *testing.T) {
	t.Parallel()
	g := newGate(t, 0, time.Second)
	for range 1000 {
		if _, _, entered := g.Enter(t.Context(), 1); !entered {
			t.Fatal("refused by a gate without a bound")
		}
	}
}

// Some do not keep to the time that they were told, and ask for several things at once. Somebody who does gets in all the same, and soon.
func TestGate_is_fair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rude, each, inside = 40, 5, 100 * time.Millisecond
		g := newGate(t, 1, time.Second)
		ctx, end := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for who := range rude {
			for range each {
				all.Go(func() {
					for ctx.Err() == nil {
						if leave, _, entered := g.Enter(ctx, int64(who+1)); entered {
							time.Sleep(inside)
							leave()
						}
						time.Sleep(50 * time.Millisecond)
					}
				})
			}
		}
		time.Sleep(10 * time.Second)
		for time := range 8 {
			visits := visit(t, g)
			if visits > 5 { // all who came before are inside within four seconds
				t.Errorf("time %d: sent away %d times", time, visits-1)
			}
		}
		end()
		all.Wait()
	})
}

// visit comes to a gate until it lets one in, always when told, and returns how often that was.
func visit(t *testing.T, g *limit.Gate) (visits int) {
	t.Helper()
	for {
		visits++
		leave, after, entered := g.Enter(t.Context(), 1000)
		if entered {
			leave()
			return visits
		}
		time.Sleep(after)
	}
}
