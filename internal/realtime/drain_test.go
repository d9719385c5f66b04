package realtime

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// spread runs spreadOut in a bubble, whose clock stands still while anybody works, and returns when each call came.
func spread(ctx context.Context, n int, over time.Duration) []time.Duration {
	started := time.Now()
	var mu sync.Mutex
	at := make([]time.Duration, n)
	spreadOut(ctx, n, over, func(i int) {
		mu.Lock()
		defer mu.Unlock()
		at[i] = time.Since(started)
	})
	return at
}

func TestSpreadOut(t *testing.T) {
	t.Parallel()
	t.Run("evenly", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			at := spread(t.Context(), 1000, 10*time.Second)
			for i, when := range at {
				if want := time.Duration(i) * 10 * time.Millisecond; when < want || when >= want+drainStep {
					t.Fatalf("number %d went after %s, want %s", i, when, want)
				}
			}
		})
	})
	t.Run("few", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			if at := spread(t.Context(), 2, 10*time.Second); !slices.Equal(at, []time.Duration{0, 5 * time.Second}) {
				t.Errorf("two went after %s", at)
			}
			if at := spread(t.Context(), 0, 10*time.Second); len(at) != 0 {
				t.Errorf("nobody went after %s", at)
			}
		})
	})
	t.Run("at_once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			if at := spread(t.Context(), 1000, 0); slices.Max(at) > drainStep {
				t.Errorf("the last went after %s", slices.Max(at))
			}
		})
	})
	t.Run("the_rest_when_the_time_is_up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			at := spread(ctx, 100, 10*time.Second)
			if at[29] >= 3*time.Second || at[31] != 3*time.Second || at[99] != 3*time.Second {
				t.Errorf("they went after %s", at)
			}
		})
	})
}

func TestWork(t *testing.T) {
	t.Parallel()
	t.Run("is_waited_for", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := workOf(withWork(t.Context()))
			for range 2 {
				if !w.begin() {
					t.Fatal("a connection that is not leaving takes no command")
				}
			}
			finished := false
			go func() { finished = w.finish(t.Context()) }()
			synctest.Wait()
			if w.begin() {
				t.Error("a leaving connection takes a command")
			}
			w.end()
			synctest.Wait()
			if finished {
				t.Error("finished with a command running")
			}
			w.end()
			synctest.Wait()
			if !finished {
				t.Error("not finished with nothing running")
			}
		})
	})
	t.Run("but_not_for_ever", func(t *testing.T) {
		t.Parallel()
		w := workOf(withWork(t.Context()))
		w.begin()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if w.finish(ctx) {
			t.Error("finished with a command running")
		}
		w.end()
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if !workOf(withWork(t.Context())).finish(t.Context()) {
			t.Error("not finished with nothing running")
		}
	})
}
