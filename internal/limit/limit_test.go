package limit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"parley/internal/limit"
	"parley/internal/servertest"
)

// clock is a time that only moves when it is told to. It has no monotonic part, so it can also be set back.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time      { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Add(d time.Duration) { c.nanos.Add(int64(d)) }
func metrics(t testing.TB) *limit.Metrics {
	t.Helper()
	m, err := limit.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// setup is one implementation under test: its clock, and names nobody else uses.
type setup struct {
	limit.Limiter
	clock *clock
	space string
}

func (s setup) key(id string, count int, per time.Duration) limit.Key {
	return limit.Key{What: "test", ID: s.space + id, Rate: limit.Rate{Count: count, Per: per}}
}

func newRedis(t testing.TB, url string, now func() time.Time) *limit.Redis {
	t.Helper()
	m := metrics(t)
	local := now
	if local == nil {
		local = time.Now
	}
	r := limit.NewRedis(t.Context(), limit.RedisConfig{
		Client: servertest.Dial(t, url), Prefix: servertest.RedisPrefix(t, url), Local: limit.NewMemory(local, 1000, m), Metrics: m,
		Logger: slog.New(slog.DiscardHandler), Clock: now, Timeout: servertest.Patience,
	})
	t.Cleanup(r.Close)
	return r
}

// each runs a test on both implementations. Rates in it are in hours, because Redis lets keys expire by its own clock meanwhile.
func each(t *testing.T, test func(t *testing.T, s setup)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		test(t, setup{limit.NewMemory(c.Now, 1<<16, metrics(t)), c, rand.Text()})
	})
	servertest.EachRedis(t, func(t *testing.T, url string) {
		c := newClock()
		test(t, setup{newRedis(t, url, c.Now), c, rand.Text()})
	})
}

func want(t *testing.T, what string, got limit.Decision, wait time.Duration) {
	t.Helper()
	if got.Allowed != (wait == 0) || got.RetryAfter != wait || (got.Limited == "") != (wait == 0) {
		t.Fatalf("%s: %+v, want a wait of %s", what, got, wait)
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		ctx, k := t.Context(), s.key("a", 3, 3*time.Hour)
		for i := range 3 {
			want(t, fmt.Sprint("at once ", i), s.Allow(ctx, k), 0)
		}
		want(t, "one too many", s.Allow(ctx, k), time.Hour)
		want(t, "a refusal costs nothing", s.Allow(ctx, k), time.Hour)
		want(t, "somebody else", s.Allow(ctx, s.key("b", 3, 3*time.Hour)), 0)
		other := k
		other.What = "other"
		want(t, "something else", s.Allow(ctx, other), 0)
		s.clock.Add(30 * time.Minute)
		want(t, "too soon", s.Allow(ctx, k), 30*time.Minute)
		s.clock.Add(30 * time.Minute)
		want(t, "after the wait", s.Allow(ctx, k), 0)
		want(t, "and only once", s.Allow(ctx, k), time.Hour)
		s.clock.Add(1000 * time.Hour)
		for i := range 3 {
			want(t, fmt.Sprint("rest saves no more than Count ", i), s.Allow(ctx, k), 0)
		}
		want(t, "after a long rest", s.Allow(ctx, k), time.Hour)
	})
}

func TestAllow_costs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		ctx, k := t.Context(), s.key("a", 10, 10*time.Hour)
		k.Cost = 4
		want(t, "4 of 10", s.Allow(ctx, k), 0)
		want(t, "8 of 10", s.Allow(ctx, k), 0)
		want(t, "12 of 10", s.Allow(ctx, k), 2*time.Hour)
		k.Cost = 2
		want(t, "10 of 10", s.Allow(ctx, k), 0)
		k.Cost = 99
		want(t, "more than ever fits waits for a whole budget", s.Allow(ctx, k), 10*time.Hour)
		s.clock.Add(10 * time.Hour)
		want(t, "and then passes", s.Allow(ctx, k), 0)
	})
}

func TestAllow_several_keys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		ctx := t.Context()
		narrow, wide := s.key("narrow", 1, time.Hour), s.key("wide", 2, 10*time.Hour)
		narrow.What, wide.What = "narrow", "wide"
		want(t, "both have room", s.Allow(ctx, narrow, wide), 0)
		if d := s.Allow(ctx, narrow, wide); d.Allowed || d.Limited != "narrow" || d.RetryAfter != time.Hour {
			t.Errorf("%+v, want narrow's refusal", d)
		}
		want(t, "wide was not charged for narrow's refusal", s.Allow(ctx, wide), 0)
		if d := s.Allow(ctx, narrow, wide); d.Limited != "wide" || d.RetryAfter != 5*time.Hour {
			t.Errorf("%+v, want the longest wait", d)
		}
		want(t, "no key", s.Allow(ctx), 0)
		want(t, "no rate", s.Allow(ctx, limit.Key{What: "test", ID: "x"}), 0)
		twice := s.key("twice", 2, 2*time.Hour)
		want(t, "a key given twice", s.Allow(ctx, twice, twice), 0)
		want(t, "was charged once", s.Allow(ctx, twice), 0)
		want(t, "and is used up now", s.Allow(ctx, twice), time.Hour)
		many := make([]limit.Key, 20)
		for i := range many {
			many[i] = s.key(fmt.Sprint("many", i), 1, time.Hour)
		}
		want(t, "many keys", s.Allow(ctx, many...), 0)
		want(t, "all of them", s.Allow(ctx, many...), time.Hour)
		want(t, "a giant id", s.Allow(ctx, s.key(strings.Repeat("x", 1<<20)+"\x00\xff", 1, time.Hour)), 0)
	})
}

func TestRefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		ctx, a, b := t.Context(), s.key("a", 2, 2*time.Hour), s.key("b", 1, time.Hour)
		s.Refund(ctx, a) // nothing was charged: nothing is saved up
		want(t, "first", s.Allow(ctx, a, b), 0)
		s.Refund(ctx, a, b)
		want(t, "given back", s.Allow(ctx, a, b), 0)
		want(t, "second", s.Allow(ctx, a), 0)
		want(t, "used up", s.Allow(ctx, a), time.Hour)
		s.Refund(ctx, a)
		want(t, "one given back", s.Allow(ctx, a), 0)
		want(t, "and no more", s.Allow(ctx, a), time.Hour)
		s.clock.Add(5 * time.Hour)
		s.Refund(ctx, a, a, limit.Key{What: "test", ID: "x"})
		want(t, "a late refund", s.Allow(ctx, a), 0)
		want(t, "is worth nothing", s.Allow(ctx, a), 0)
		want(t, "beyond a full budget", s.Allow(ctx, a), time.Hour)
	})
}

func TestRemember(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		ctx := t.Context()
		if s.Known(ctx, "place", s.space) {
			t.Error("known before it was remembered")
		}
		s.Remember(ctx, "place", s.space, time.Hour)
		if !s.Known(ctx, "place", s.space) {
			t.Error("forgotten")
		}
		if s.Known(ctx, "other", s.space) || s.Known(ctx, "place", s.space+"x") {
			t.Error("something else is known too")
		}
	})
	t.Run("ends in memory", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		m := limit.NewMemory(c.Now, 100, metrics(t))
		m.Remember(t.Context(), "place", "x", time.Hour)
		c.Add(time.Hour)
		if m.Known(t.Context(), "place", "x") {
			t.Error("known after its time")
		}
	})
}

// Whatever the clock does, nobody waits longer than Per from then on.
func TestAllow_clock_steps(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]time.Duration{
		"an hour back": -time.Hour, "a bit back": -5 * time.Minute, "a day ahead": 24 * time.Hour, "years back": -30 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s setup) {
				ctx, k := t.Context(), s.key("a", 5, 15*time.Minute)
				useUp := func() {
					t.Helper()
					for range 5 {
						s.Allow(ctx, k)
					}
					if s.Allow(ctx, k).Allowed {
						t.Fatal("not used up")
					}
				}
				useUp()
				s.clock.Add(step)
				if d := s.Allow(ctx, k); d.RetryAfter > 15*time.Minute {
					t.Errorf("locked out for %s", d.RetryAfter)
				}
				s.clock.Add(15 * time.Minute)
				want(t, "after Per", s.Allow(ctx, k), 0)
				useUp()
				s.clock.Add(-step) // and the correction
				if d := s.Allow(ctx, k); d.RetryAfter > 15*time.Minute {
					t.Errorf("locked out for %s by the correction", d.RetryAfter)
				}
				s.clock.Add(15 * time.Minute)
				want(t, "after Per again", s.Allow(ctx, k), 0)
			})
		})
	}
}

// However many ask at once, no more than Count pass.
func TestAllow_concurrently(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		a, b := s.key("a", 50, 50*time.Hour), s.key("b", 100, 100*time.Hour)
		var passed atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				keys := []limit.Key{a, b}
				if i%2 == 1 { // in another order: two calls must not wait for each other
					keys = []limit.Key{b, a}
				}
				for range 25 {
					if s.Allow(context.Background(), keys...).Allowed {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if n := passed.Load(); n != 50 {
			t.Errorf("%d passed, want 50", n)
		}
		b.Cost = 50
		want(t, "b has exactly the rest", s.Allow(t.Context(), b), 0)
	})
}

// model is the limiter said another way: a debt that time pays off. It keeps no TAT.
type model struct {
	debt map[string]time.Duration
}

func (m *model) pass(d time.Duration) {
	for k, debt := range m.debt {
		m.debt[k] = max(0, debt-d)
	}
}

func (m *model) allow(keys []limit.Key, each func(limit.Key) time.Duration) time.Duration {
	var wait time.Duration
	for _, k := range keys {
		wait = max(wait, m.debt[k.ID]+each(k)-k.Rate.Per)
	}
	if wait <= 0 {
		for _, k := range keys {
			m.debt[k.ID] += each(k)
		}
	}
	return max(0, wait)
}

func TestAllow_is_the_model(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s setup) {
		rapid.Check(t, func(rt *rapid.T) {
			space := rand.Text()
			var keys []limit.Key
			for i := range rapid.IntRange(1, 3).Draw(rt, "keys") {
				count := rapid.IntRange(1, 6).Draw(rt, "count")
				hours := rapid.IntRange(1, 90).Draw(rt, "hours")
				keys = append(keys, s.key(fmt.Sprint(space, i), count, time.Duration(count*hours)*time.Hour))
			}
			m := model{debt: map[string]time.Duration{}}
			cost := func(k limit.Key) time.Duration {
				return time.Duration(min(max(k.Cost, 1), k.Rate.Count)) * (k.Rate.Per / time.Duration(k.Rate.Count))
			}
			for range rapid.IntRange(1, 30).Draw(rt, "steps") {
				asked := rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, len(keys), func(k limit.Key) string { return k.ID }).Draw(rt, "asked")
				for i := range asked {
					asked[i].Cost = rapid.IntRange(0, 7).Draw(rt, "cost")
				}
				switch rapid.IntRange(0, 3).Draw(rt, "do") {
				case 0:
					d := time.Duration(rapid.IntRange(1, 300).Draw(rt, "wait")) * time.Hour
					s.clock.Add(d)
					m.pass(d)
				case 1:
					s.Refund(t.Context(), asked...)
					for _, k := range asked {
						m.debt[k.ID] = max(0, m.debt[k.ID]-cost(k))
					}
				default:
					got, wait := s.Allow(t.Context(), asked...), m.allow(asked, cost)
					if got.Allowed != (wait == 0) || got.RetryAfter != wait {
						rt.Fatalf("%v: %+v, the model waits %s", asked, got, wait)
					}
				}
			}
		})
	})
}
