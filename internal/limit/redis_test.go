package limit_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/limit"
)

// wire is a TCP proxy that can be cut, and can go silent while connections stay up.
type wire struct {
	to     string
	l      net.Listener
	mu     sync.Mutex
	conns  map[net.Conn]bool
	refuse bool
	silent chan struct{} // closed: bytes flow
	all    sync.WaitGroup
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{to: to, l: l, conns: map[net.Conn]bool{}, silent: make(chan struct{})}
	close(w.silent)
	w.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.all.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
		w.all.Wait()
	})
	return w
}

func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = client.Close()
		return
	}
	w.mu.Lock()
	w.conns[client], w.conns[server] = true, true
	if w.refuse {
		_, _ = client.Close(), server.Close()
	}
	w.mu.Unlock()
	copying := sync.WaitGroup{}
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		copying.Go(func() {
			buf := make([]byte, 4096)
			for {
				n, err := pair[1].Read(buf)
				w.mu.Lock()
				flow := w.silent
				w.mu.Unlock()
				<-flow
				if n > 0 {
					_, _ = pair[0].Write(buf[:n])
				}
				if err != nil {
					_, _ = pair[0].Close(), pair[1].Close()
					return
				}
			}
		})
	}
	copying.Wait()
}

// cut ends every connection and refuses new ones.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = true
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = false
}

func (w *wire) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = make(chan struct{})
}

func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.silent)
}

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
	wire     *wire
	log      *lines
	registry *prometheus.Registry
}

func newOutage(t *testing.T, cutFromTheStart bool) *outage {
	t.Helper()
	u, err := url.Parse(redisURL(t))
	if err != nil {
		t.Fatal(err)
	}
	o := &outage{wire: newWire(t, u.Host), log: &lines{new: make(chan struct{}, 1)}, registry: prometheus.NewRegistry()}
	m, err := limit.NewMetrics(o.registry)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = o.wire.l.Addr().String()
	client := dial(t, u.String())
	if cutFromTheStart {
		o.wire.cut()
	}
	o.Redis = limit.NewRedis(t.Context(), limit.RedisConfig{
		Client: client, Prefix: "parley-test", Local: limit.NewMemory(time.Now, 1000, m), Metrics: m, Logger: slog.New(slog.NewTextHandler(o.log, nil)),
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
	o := newOutage(t, false)
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
	o.wire.cut()
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
	o.wire.mend()
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
	o.wire.cut()
	o.Allow(ctx, k)
	o.log.await(t, away, 2)
}

// A server starts without Redis, and finds it later.
func TestRedis_away_at_start(t *testing.T) {
	t.Parallel()
	o := newOutage(t, true)
	k := limit.Key{What: "test", ID: rand.Text(), Rate: limit.Rate{Count: 1, Per: time.Hour}}
	if !o.Allow(t.Context(), k).Allowed || o.Allow(t.Context(), k).Allowed {
		t.Error("alone, the limit does not hold")
	}
	o.wire.mend()
	o.log.await(t, back, 1)
	if !o.Allow(t.Context(), k).Allowed || o.Allow(t.Context(), k).Allowed {
		t.Error("together, the limit does not hold")
	}
}

// A Redis that answers nothing costs the first who ask a second, and nobody after them.
func TestRedis_silent(t *testing.T) {
	t.Parallel()
	o := newOutage(t, false)
	k := limit.Key{What: "test", ID: rand.Text(), Rate: limit.Rate{Count: 1000, Per: time.Hour}}
	o.Allow(t.Context(), k)
	o.wire.pause()
	defer o.wire.resume()
	started := time.Now()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { o.Allow(t.Context(), k) })
	}
	wg.Wait()
	for range 100 {
		o.Allow(t.Context(), k)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("120 decisions took %s", took)
	}
	if n := o.metric(t, "parley_limit_local_total"); n != 120 {
		t.Errorf("%v decisions were made alone, want 120", n)
	}
	o.log.await(t, away, 1)
}

func BenchmarkRedis(b *testing.B) {
	url := redisURL(b)
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
