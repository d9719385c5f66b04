package lease_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/lease"
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
			t.Fatalf("%q was not logged %d times", text, times)
		}
	}
}

// keeper is one node's, with what it was told to send away.
type keeper struct {
	*lease.Keeper
	log      *lines
	registry *prometheus.Registry
	mu       sync.Mutex
	evicted  []string
	changed  []int64
}

func newKeeper(t *testing.T, rule lease.Rule, table lease.Table) *keeper {
	t.Helper()
	k := &keeper{log: &lines{new: make(chan struct{}, 1)}, registry: prometheus.NewRegistry()}
	m, err := lease.NewMetrics(k.registry)
	if err != nil {
		t.Fatal(err)
	}
	k.Keeper = lease.NewKeeper(lease.Config{
		Rule: rule, Table: table, Clock: time.Now, Metrics: m, Logger: slog.New(slog.NewTextHandler(k.log, nil)),
		Evicted: func(leases []lease.Lease) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.evicted = append(k.evicted, ids(leases)...)
		},
		Changed: func(owner int64) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.changed = append(k.changed, owner)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { k.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return k
}

func (k *keeper) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := k.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func (k *keeper) want(t *testing.T, owner int64, id string, want bool) {
	t.Helper()
	if got := k.Take(t.Context(), owner, id); got != want {
		t.Errorf("take %s: %v, want %v", id, got, want)
	}
}

const (
	away = "Redis is away"
	back = "Redis is back"
)

// Redis goes away and comes back: the cap holds all the time, here alone and then together again, with what was taken meanwhile.
func TestKeeper_redis_away(t *testing.T) {
	t.Parallel()
	rule, target := lease.Rule{Cap: 2}, servertest.RedisURL(t)
	line, through := servertest.NewProxy(t, target)
	prefix := servertest.RedisPrefix(t, target)
	table := lease.NewRedis(lease.RedisConfig{
		Client: servertest.Dial(t, target), Prefix: prefix, Rule: rule, Life: life, Timeout: servertest.Patience,
	})
	one := newKeeper(t, rule, table)
	two := newKeeper(t, rule, lease.NewRedis(lease.RedisConfig{
		Client: servertest.Dial(t, through), Prefix: prefix, Rule: rule, Life: life, Timeout: servertest.Patience,
	}))
	t.Cleanup(func() { one.Close(context.Background()); two.Close(context.Background()) })
	owner, other := newOwner(t), newOwner(t)
	one.want(t, owner, "1", true)
	two.want(t, owner, "2", true)
	two.want(t, owner, "3", false)

	line.Refuse()
	two.want(t, owner, "4", true) // it has one here, and knows of no other
	two.want(t, owner, "5", false)
	two.Drop(t.Context(), owner, "2")
	two.want(t, owner, "6", true)
	two.want(t, other, "1", true)
	if held, sure := two.Held(t.Context(), []int64{owner, other, 0}); sure || fmt.Sprint(held) != "[true true false]" {
		t.Errorf("alone: held %v, sure %v", held, sure)
	}
	if two.metric(t, "parley_lease_redis_away") != 1 || two.metric(t, "parley_lease_local_total") != 4 || two.metric(t, "parley_lease_refused_total") != 2 {
		t.Error("the outage is not in the metrics")
	}

	line.Mend(t)
	two.log.await(t, back, 1)
	if held, sure := one.Held(t.Context(), []int64{owner, other, 0}); !sure || fmt.Sprint(held) != "[true true false]" {
		t.Errorf("together again: held %v, sure %v", held, sure)
	}
	one.want(t, owner, "7", false)
	one.Drop(t.Context(), owner, "1")
	one.want(t, owner, "8", false) // 4 and 6 count here too; and 2, which nobody could take back, until it lapses
	if two.metric(t, "parley_lease_redis_away") != 0 || two.log.count(away) != 1 {
		t.Error("not back, or said more than once")
	}
}

// A Redis that lost its data knows everybody again after the next renewal.
func TestKeeper_redis_forgets(t *testing.T) {
	t.Parallel()
	each(t, lease.Rule{Cap: 2}, func(t *testing.T, b bench) {
		k, owner := newKeeper(t, lease.Rule{Cap: 2}, b), newOwner(t)
		k.want(t, owner, "1", true)
		k.want(t, owner, "2", true)
		b.clock.Add(life)
		if held := b.held(t, owner); held[0] {
			t.Fatal("the table has forgotten nothing")
		}
		k.Renew(t.Context())
		k.want(t, owner, "3", false)
		k.Drop(t.Context(), owner, "1")
		k.Drop(t.Context(), owner, "1")
		k.want(t, owner, "3", true)
		k.Close(t.Context())
		if held := b.held(t, owner); held[0] {
			t.Error("something is held after the end")
		}
		k.want(t, owner, "4", false)
	})
}

// Those who made room are told wherever they are, and nothing of them stays behind.
func TestKeeper_evicts(t *testing.T) {
	t.Parallel()
	rule := lease.Rule{Cap: 2, Evict: true}
	each(t, rule, func(t *testing.T, b bench) {
		one, two, owner := newKeeper(t, rule, b), newKeeper(t, rule, b), newOwner(t)
		one.want(t, owner, "1", true)
		two.want(t, owner, "2", true)
		two.want(t, owner, "3", true)
		if fmt.Sprint(two.evicted) != "[1]" || two.metric(t, "parley_lease_evicted_total") != 1 {
			t.Errorf("evicted %v, want 1", two.evicted)
		}
		one.Renew(t.Context()) // the news has not reached it
		if fmt.Sprint(one.evicted) != "[1]" || one.Here(owner) {
			t.Errorf("the other node found out about %v; still here: %v", one.evicted, one.Here(owner))
		}
		if fmt.Sprint(one.changed, two.changed) != fmt.Sprint([]int64{owner, owner}, []int64{owner}) {
			t.Errorf("told of changes %v and %v", one.changed, two.changed)
		}
	})
}
