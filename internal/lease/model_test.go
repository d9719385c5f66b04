package lease_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/internal/lease"
)

// The model is the rule in its shortest form: a list of who is held until when, oldest first. Whatever happens in whatever order, a Table
// answers as the list does.
func TestTable_model(t *testing.T) {
	t.Parallel()
	for _, rule := range []lease.Rule{{Cap: 3}, {Cap: 3, Evict: true}} {
		t.Run(fmt.Sprintf("%+v", rule), func(t *testing.T) {
			t.Parallel()
			each(t, rule, func(t *testing.T, b bench) {
				rapid.Check(t, func(r *rapid.T) { history(r, b, rule, newOwner(t)) })
			})
		})
	}
}

type heldLease struct {
	lease.Lease
	until time.Time
}

func history(r *rapid.T, b bench, rule lease.Rule, owner int64) {
	ctx := context.Background()
	var list []heldLease
	known := map[string]lease.Lease{}
	live := func() []heldLease {
		now := b.clock.Now()
		list = slices.DeleteFunc(list, func(h heldLease) bool { return !now.Before(h.until) })
		return list
	}
	put := func(l lease.Lease) {
		list = append(slices.DeleteFunc(live(), func(h heldLease) bool { return h.ID == l.ID }), heldLease{l, b.clock.Now().Add(life)})
		slices.SortStableFunc(list, func(a, b heldLease) int { return a.Since.Compare(b.Since) })
	}
	evict := func(n int) []string {
		var gone []string
		for ; n > 0; n-- {
			gone, list = append(gone, list[0].ID), list[1:]
		}
		return gone
	}
	draw := func(r *rapid.T) lease.Lease {
		id := fmt.Sprint(rapid.IntRange(0, 6).Draw(r, "id"))
		l, ok := known[id]
		if !ok {
			b.clock.Add(time.Millisecond) // no two are of one age
			l = b.lease(owner, id)
			known[id] = l
		}
		return l
	}
	check := func(what string, err error, got []lease.Lease, want []string) {
		if err != nil || !slices.Equal(ids(got), want) {
			r.Fatalf("%s: evicted %v, %v; want %v", what, ids(got), err, want)
		}
	}
	r.Repeat(map[string]func(*rapid.T){
		"time": func(r *rapid.T) { b.clock.Add(time.Duration(rapid.IntRange(1, 45).Draw(r, "minutes")) * time.Minute) },
		"take": func(r *rapid.T) {
			l := draw(r)
			taken, evicted, err := b.Take(ctx, l)
			others := slices.DeleteFunc(slices.Clone(live()), func(h heldLease) bool { return h.ID == l.ID })
			if len(others) < rule.Cap || rule.Evict || len(others) < len(list) {
				n := 0
				if rule.Evict {
					n = max(0, len(others)+1-rule.Cap)
				}
				list = others
				check("take", err, evicted, evict(n))
				put(l)
			} else {
				check("take", err, evicted, nil)
			}
			if want := slices.ContainsFunc(live(), func(h heldLease) bool { return h.ID == l.ID }); taken != want {
				r.Fatalf("taken %v, want %v", taken, want)
			}
		},
		"renew": func(r *rapid.T) {
			l, m := draw(r), draw(r)
			evicted, err := b.Renew(ctx, []lease.Lease{l, m})
			live()
			put(l)
			put(m)
			n := 0
			if rule.Evict {
				n = max(0, len(list)-rule.Cap)
			}
			check("renew", err, evicted, evict(n))
		},
		"drop": func(r *rapid.T) {
			l := draw(r)
			if err := b.Drop(ctx, []lease.Lease{l}); err != nil {
				r.Fatal(err)
			}
			list = slices.DeleteFunc(live(), func(h heldLease) bool { return h.ID == l.ID })
		},
		"": func(r *rapid.T) {
			held, err := b.Held(ctx, []int64{owner})
			if err != nil || held[0] != (len(live()) > 0) {
				r.Fatalf("held %v, %v; the model has %d", held, err, len(list))
			}
		},
	})
}

// The mutants fail on purpose: without this each would leave a file in testdata that says how, and the next run would begin with it. Set
// before any test runs, because the tests read it side by side.
var _ = flag.Set("rapid.nofailfile", "true")

// Mutants are Tables that break the promise in one place each. The model has to catch every one of them, or it proves nothing.
func TestTable_model_catches_mutants(t *testing.T) {
	t.Parallel()
	refuse, evict := lease.Rule{Cap: 3}, lease.Rule{Cap: 3, Evict: true}
	for name, m := range map[string]struct {
		rule lease.Rule
		mutant
	}{
		"one too many":                {refuse, mutant{cap: 4}},
		"one too few":                 {evict, mutant{cap: 2}},
		"never lapses":                {refuse, mutant{cap: 3, life: 1000 * life}},
		"lapses early":                {refuse, mutant{cap: 3, life: life - time.Minute}},
		"does not drop":               {refuse, mutant{cap: 3, keeps: true}},
		"renews only what is held":    {refuse, mutant{cap: 3, forgets: true}},
		"refuses instead of evicts":   {evict, mutant{cap: 3, refuses: true}},
		"does not say whom it evicts": {evict, mutant{cap: 3, silent: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			m.Memory = lease.NewMemory(lease.Rule{Cap: m.cap, Evict: m.rule.Evict && !m.refuses}, cmp.Or(m.life, life), c.Now)
			if !caught(func(r *rapid.T) { history(r, bench{&m.mutant, c}, m.rule, newOwner(t)) }) {
				t.Error("the model does not see it")
			}
		})
	}
}

type mutant struct {
	*lease.Memory
	cap                             int
	life                            time.Duration
	keeps, forgets, refuses, silent bool
}

func (m *mutant) Take(ctx context.Context, l lease.Lease) (bool, []lease.Lease, error) {
	taken, evicted, err := m.Memory.Take(ctx, l)
	if m.silent {
		evicted = nil
	}
	return taken, evicted, err
}

func (m *mutant) Renew(ctx context.Context, leases []lease.Lease) ([]lease.Lease, error) {
	if held, err := m.Held(ctx, []int64{leases[0].Owner}); m.forgets && (err != nil || !held[0]) {
		return nil, err
	}
	return m.Memory.Renew(ctx, leases)
}

func (m *mutant) Drop(ctx context.Context, leases []lease.Lease) error {
	if m.keeps {
		return nil
	}
	return m.Memory.Drop(ctx, leases)
}

// caught reports whether a property fails. Histories are random, and of those of the mutant that is hardest to catch, "lapses early", one in thirty
// shows it: a hundred miss it once in thirty times. So it goes on until one does; nobody waits for the end of that but for a mutant that the model
// does not see.
func caught(property func(*rapid.T)) bool {
	const rounds = 100
	found := false
	for range rounds {
		var wg sync.WaitGroup
		wg.Go(func() { // on a goroutine of its own, because failing ends it
			rapid.Check(&verdict{}, func(r *rapid.T) {
				if found { // what it is reduced to, nobody reads
					return
				}
				defer func() { found = r.Failed() }()
				property(r)
			})
		})
		wg.Wait()
		if found {
			return true
		}
	}
	return false
}

// verdict is a test that only notes whether it failed.
type verdict struct {
	mu     sync.Mutex
	failed bool
}

func (*verdict) Helper()                 {}
func (*verdict) Name() string            { return "mutant" }
func (*verdict) Logf(string, ...any)     {}
func (*verdict) Log(...any)              {}
func (*verdict) Skipf(string, ...any)    { runtime.Goexit() }
func (*verdict) Skip(...any)             { runtime.Goexit() }
func (*verdict) SkipNow()                { runtime.Goexit() }
func (v *verdict) Errorf(string, ...any) { v.Fail() }
func (v *verdict) Error(...any)          { v.Fail() }
func (v *verdict) Fatalf(string, ...any) { v.FailNow() }
func (v *verdict) Fatal(...any)          { v.FailNow() }

func (v *verdict) FailNow() {
	v.Fail()
	runtime.Goexit()
}

func (v *verdict) Fail() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failed = true
}

func (v *verdict) Failed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failed
}
