package lease_test

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/lease"
	"parley/internal/servertest"
)

// clock is a time that only moves when it is told to.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) Now() time.Time      { return time.UnixMilli(c.ms.Load()) }
func (c *clock) Add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// life is long, because Redis lets whole keys expire by its own clock meanwhile.
const life = time.Hour

// bench is a Table under test, its clock, and an owner nobody else has.
type bench struct {
	lease.Table
	clock *clock
}

func newOwner(tb testing.TB) int64 {
	tb.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<53))
	if err != nil {
		tb.Fatal(err)
	}
	return n.Int64()
}

// each runs a test on both implementations, each of which has to keep what Table promises.
func each(t *testing.T, rule lease.Rule, test func(t *testing.T, b bench)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		test(t, bench{lease.NewMemory(rule, life, c.Now), c})
	})
	servertest.EachRedis(t, func(t *testing.T, url string) {
		c := newClock()
		test(t, bench{newRedis(t, url, rule, c), c})
	})
}

func newRedis(tb testing.TB, url string, rule lease.Rule, c *clock) *lease.Redis {
	tb.Helper()
	config := lease.RedisConfig{
		Client: servertest.Dial(tb, url), Prefix: servertest.RedisPrefix(tb, url), Rule: rule, Life: life, Timeout: servertest.Patience,
	}
	if c != nil {
		config.Clock = c.Now
	}
	return lease.NewRedis(config)
}

func (b bench) lease(owner int64, id string) lease.Lease {
	return lease.Lease{Owner: owner, ID: id, Since: b.clock.Now()}
}

func (b bench) take(t *testing.T, owner int64, id string) (bool, []string) {
	t.Helper()
	taken, evicted, err := b.Take(t.Context(), b.lease(owner, id))
	if err != nil {
		t.Fatal(err)
	}
	return taken, ids(evicted)
}

func (b bench) held(t *testing.T, owners ...int64) []bool {
	t.Helper()
	held, err := b.Held(t.Context(), owners)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func ids(leases []lease.Lease) []string {
	var list []string
	for _, l := range leases {
		list = append(list, l.ID)
	}
	return list
}

func TestTable_refuses_the_newest(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 2}, func(t *testing.T, b bench) {
		owner, other := newOwner(t), newOwner(t)
		for i, want := range []bool{true, true, false, false} {
			if taken, evicted := b.take(t, owner, fmt.Sprint(i)); taken != want || evicted != nil {
				t.Errorf("lease %d: taken %v, evicted %v; want %v", i, taken, evicted, want)
			}
		}
		if taken, _ := b.take(t, owner, "0"); !taken {
			t.Error("one that is held was not taken again")
		}
		if taken, _ := b.take(t, other, "0"); !taken {
			t.Error("somebody else was refused")
		}
		if err := b.Drop(t.Context(), []lease.Lease{b.lease(owner, "0")}); err != nil {
			t.Fatal(err)
		}
		if taken, _ := b.take(t, owner, "4"); !taken {
			t.Error("no room after a drop")
		}
		if taken, _ := b.take(t, owner, "5"); taken {
			t.Error("one drop made room for two")
		}
	})
}

func TestTable_evicts_the_oldest(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 2, Evict: true}, func(t *testing.T, b bench) {
		owner := newOwner(t)
		first := b.lease(owner, "z")
		for i, id := range []string{"z", "y", "x", "w"} { // names in the other order than ages
			taken, evicted := b.take(t, owner, id)
			want := "[]"
			if i >= 2 {
				want = fmt.Sprintf("[%s]", []string{"z", "y"}[i-2])
			}
			if !taken || fmt.Sprint(evicted) != want {
				t.Errorf("%s: taken %v, evicted %v, want %s", id, taken, evicted, want)
			}
			b.clock.Add(time.Second)
		}
		// The node of z has not heard of it: z is taken again, and found to be the oldest.
		evicted, err := b.Renew(t.Context(), []lease.Lease{first})
		if err != nil || fmt.Sprint(ids(evicted)) != "[z]" {
			t.Errorf("a renewal of an evicted one evicts %v, %v; want itself", ids(evicted), err)
		}
	})
}

func TestTable_leases_lapse(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 2}, func(t *testing.T, b bench) {
		owner := newOwner(t)
		kept := b.lease(owner, "kept")
		b.take(t, owner, "kept")
		b.take(t, owner, "crashed")
		b.clock.Add(life - time.Millisecond)
		if _, err := b.Renew(t.Context(), []lease.Lease{kept}); err != nil {
			t.Fatal(err)
		}
		if taken, _ := b.take(t, owner, "early"); taken {
			t.Error("one lapsed before its time")
		}
		b.clock.Add(time.Millisecond)
		if taken, _ := b.take(t, owner, "late"); !taken {
			t.Error("one did not lapse in time")
		}
		if taken, _ := b.take(t, owner, "later"); taken {
			t.Error("a renewed one lapsed")
		}
		b.clock.Add(life)
		if held := b.held(t, owner, newOwner(t)); held[0] || held[1] {
			t.Errorf("after everything lapsed: held %v", held)
		}
	})
}

// A Redis that lost everything, or was away, is told again by those who hold something.
func TestTable_takes_again_what_was_forgotten(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 2}, func(t *testing.T, b bench) {
		a, c := newOwner(t), newOwner(t)
		all := []lease.Lease{b.lease(a, "1"), b.lease(c, "1"), b.lease(a, "2"), b.lease(a, "3")}
		if evicted, err := b.Renew(t.Context(), all); err != nil || evicted != nil {
			t.Errorf("evicted %v, %v; want nobody sent away", ids(evicted), err)
		}
		if held := b.held(t, c, newOwner(t), a); !slices.Equal(held, []bool{true, false, true}) {
			t.Errorf("held %v", held)
		}
		if taken, _ := b.take(t, a, "4"); taken {
			t.Error("those beyond the cap do not count")
		}
		if err := b.Drop(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		if err := b.Drop(t.Context(), all); err != nil {
			t.Errorf("dropping twice: %v", err)
		}
		if held := b.held(t, a, c); held[0] || held[1] {
			t.Errorf("held %v after everything was dropped", held)
		}
	})
}

func TestTable_no_cap(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Evict: true}, func(t *testing.T, b bench) {
		owner := newOwner(t)
		var all []lease.Lease
		for i := range 50 {
			all = append(all, b.lease(owner, fmt.Sprint(i)))
			if taken, evicted := b.take(t, owner, fmt.Sprint(i)); !taken || evicted != nil {
				t.Fatalf("lease %d: taken %v, evicted %v", i, taken, evicted)
			}
		}
		if evicted, err := b.Renew(t.Context(), all); err != nil || evicted != nil {
			t.Errorf("evicted %v, %v", ids(evicted), err)
		}
	})
}

// However many come at once, no more than the cap get in.
func TestTable_a_stampede(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 10}, func(t *testing.T, b bench) {
		owner := newOwner(t)
		var in atomic.Int64
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				if taken, _, err := b.Take(t.Context(), b.lease(owner, fmt.Sprint(i))); err != nil {
					t.Error(err)
				} else if taken {
					in.Add(1)
				}
			})
		}
		wg.Wait()
		if n := in.Load(); n != 10 {
			t.Errorf("%d got in, want 10", n)
		}
	})
}

// More owners than fit into one round.
func TestTable_many_owners(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 1}, func(t *testing.T, b bench) {
		first := newOwner(t)
		var all []lease.Lease
		var owners []int64
		for i := range int64(1300) {
			all, owners = append(all, b.lease(first+i, "1")), append(owners, first+i)
		}
		if _, err := b.Renew(t.Context(), all[1:]); err != nil {
			t.Fatal(err)
		}
		for i, held := range b.held(t, owners...) {
			if held != (i > 0) {
				t.Errorf("owner %d: held %v", i, held)
			}
		}
		if err := b.Drop(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		if held := b.held(t, owners...); slices.Contains(held, true) {
			t.Error("some are held after all were dropped")
		}
	})
}
