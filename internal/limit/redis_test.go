package limit_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/limit"
	"parley/internal/servertest"
)

// lines keeps a log and tells of each line.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
	new chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.buf.Write(p)
	select {
	case l.new <- struct{}{}:
	default:
	}
	return n, err
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// await waits until a text was logged so often.
func (l *lines) await(t *testing.T, text string, times int) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for l.count(text) < times {
		select {
		case <-l.new:
		case <-limit.C:
			t.Fatalf("%q was not logged %d times:\n%s", text, times, l.buf.String())
		}
	}
}

// outage is a limiter whose line to Redis is in the test's hands.
type outage struct {
	*limit.Redis
	wire     *servertest.Proxy
	log      *lines
	registry *prometheus.Registry
}

func newOutage(t *testing.T, cutFromTheStart bool, timeout time.Duration) *outage {
	t.Helper()
	wire, through := servertest.NewProxy(t, servertest.RedisURL(t))
	o := &outage{wire: wire, log: &lines{new: make(chan struct{}, 1)}, registry: prometheus.NewRegistry()}
	m, err := limit.NewMetrics(o.registry)
	if err != nil {
		t.Fatal(err)
	}
	client := servertest.DialWithin(t, through, timeout)
	if cutFromTheStart {
		o.wire.Refuse()
	}
	o.Redis = limit.NewRedis(t.Context(), limit.RedisConfig{
		Client: client, Prefix: servertest.RedisPrefix(t, servertest.RedisURL(t)), Local: limit.NewMemory(time.Now, 1000, m), Metrics: m, Logger: slog.New(slog.NewTextHandler(o.log, nil)),
		Timeout: timeout,
	})
	t.Cleanup(o.Close)
	return o
}

func (o *outage) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := o.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

const (
	away = "Redis is away"
	back = "Redis is back"
)

// Redis goes away and comes back: limits hold all the time, here alone and then together again.
func TestRedis_away(t *testing.T) {
	t.Parallel()
	o := newOutage(t, false, servertest.Patience)
	ctx, k := t.Context(), limit.Key{What: "test", ID: rand.Text(), Rate: limit.Rate{Count: 2, Per: 2 * time.Hour}}
	useUp := func(where string) {
		t.Helper()
		for i := range 2 {
			if !o.Allow(ctx, k).Allowed {
				t.Errorf("%s: refused at %d", where, i)
			}
		}
		if d := o.Allow(ctx, k); d.Allowed || d.RetryAfter > time.Hour {
			t.Errorf("%s: %+v beyond the limit", where, d)
		}
	}
	useUp("together")
	o.Remember(ctx, "place", k.ID, time.Hour)
	o.wire.Refuse()
	useUp("alone") // with a budget of its own
	if !o.Known(ctx, "place", k.ID) {
		t.Error("this node forgot what it has seen itself")
	}
	o.Refund(ctx, k)
	if !o.Allow(ctx, k).Allowed {
		t.Error("alone, nothing is given back")
	}
	if o.metric(t, "parley_limit_redis_away") != 1 || o.metric(t, "parley_limit_local_total") != 4 || o.metric(t, "parley_limit_refused_total") != 2 {
		t.Error("the outage is not in the metrics")
	}
	o.wire.Mend(t)
	o.log.await(t, back, 1)
	if d := o.Allow(ctx, k); d.Allowed {
		t.Error("what was used up before the outage is free after it")
	}
	other := limit.Key{What: "test", ID: rand.Text(), Rate: k.Rate}
	if !o.Allow(ctx, other).Allowed || o.metric(t, "parley_limit_local_total") != 4 || o.metric(t, "parley_limit_redis_away") != 0 {
		t.Error("not back at Redis")
	}
	if n := o.log.count(away); n != 1 {
		t.Errorf("the outage was logged %d times, want once", n)
	}
	o.wire.Refuse()
	o.Allow(ctx, k)
	o.log.await(t, away, 2)
}

// A server starts without Redis, and finds it later.
func TestRedis_away_at_start(t *testing.T) {
	t.Parallel()
	o := newOutage(t, true, servertest.Patience)
	k := limit.Key{What: "test", ID: rand.Text(), Rate: limit.Rate{Count: 1, Per: time.Hour}}
	if !o.Allow(t.Context(), k).Allowed || o.Allow(t.Context(), k).Allowed {
		t.Error("alone, the limit does not hold")
	}
	o.wire.Mend(t)
	o.log.await(t, back, 1)
	if !o.Allow(t.Context(), k).Allowed || o.Allow(t.Context(), k).Allowed {
		t.Error("together, the limit does not hold")
	}
}

// A Redis that answers nothing costs the first who ask the timeout, and nobody after them.
func TestRedis_silent(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second
	o := newOutage(t, false, timeout)
	k := limit.Key{What: "test", ID: rand.Text(), Rate: limit.Rate{Count: 1000, Per: time.Hour}}
	o.Allow(t.Context(), k)
	before := o.metric(t, "parley_limit_local_total")
	o.wire.Hold()
	defer o.wire.Mend(t)
	started := time.Now()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { o.Allow(t.Context(), k) })
	}
	wg.Wait()
	for range 100 {
		o.Allow(t.Context(), k)
	}
	if took := time.Since(started); took > 15*timeout { // one after the other, the first alone would take longer
		t.Errorf("120 decisions took %s", took)
	}
	if n := o.metric(t, "parley_limit_local_total") - before; n != 120 {
		t.Errorf("%v decisions were made alone, want 120", n)
	}
	o.log.await(t, away, 1)
}

func BenchmarkRedis(b *testing.B) {
	url := servertest.RedisURL(b)
	for _, keys := range []int{1, 3} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			r := newRedis(b, url, nil)
			list := make([]limit.Key, keys)
			for i := range list {
				list[i] = limit.Key{What: "bench", ID: rand.Text(), Rate: limit.Rate{Count: 1 << 20, Per: time.Hour}}
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Allow(b.Context(), list...)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		r := newRedis(b, url, nil)
		k := limit.Key{What: "bench", ID: rand.Text(), Rate: limit.Rate{Count: 1 << 20, Per: time.Hour}}
		b.SetParallelism(16)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r.Allow(b.Context(), k)
			}
		})
	})
}
