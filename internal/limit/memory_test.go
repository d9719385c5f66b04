package limit

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func (t *table) size() (n int) {
	for i := range t.shards {
		n += len(t.shards[i].times)
	}
	return n
}

func newMemory(t testing.TB, most int, now func() time.Time) *Memory {
	t.Helper()
	m, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return NewMemory(now, most, m)
}

// What has run out is gone without anybody tidying up: the memory holds a few times of what is in use.
func TestMemory_forgets_what_is_over(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	m := newMemory(t, 1<<20, func() time.Time { return now })
	most := 0
	for i := range 200_000 {
		now = now.Add(time.Millisecond)
		m.Allow(t.Context(), Key{What: "x", ID: fmt.Sprint(i), Rate: Rate{Count: 1, Per: time.Second}})
		if i%100 == 0 {
			most = max(most, m.budgets.size())
		}
	}
	// 1,000 are alive at any time; a shard starts to sweep at 64 entries.
	if limit := 2 * max(shards*smallShard, 2*1000); most > limit {
		t.Errorf("%d budgets were kept, want at most %d", most, limit)
	}
}

// A flood of keys does not grow the memory, and does not push out somebody who is at the limit.
func TestMemory_is_bounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	m := newMemory(t, shards*100, func() time.Time { return now })
	busy := Key{What: "x", ID: "busy", Rate: Rate{Count: 10, Per: 10 * time.Hour}}
	for range 10 {
		m.Allow(t.Context(), busy)
	}
	for i := range 50_000 {
		now = now.Add(time.Microsecond)
		m.Allow(t.Context(), Key{What: "x", ID: fmt.Sprint(i), Rate: busy.Rate})
		m.Remember(t.Context(), "mark", fmt.Sprint(i), time.Hour)
	}
	if n := m.budgets.size(); n > shards*100 {
		t.Errorf("%d budgets, want at most %d", n, shards*100)
	}
	if n := m.marks.size(); n > shards*100 {
		t.Errorf("%d marks, want at most %d", n, shards*100)
	}
	if m.Allow(t.Context(), busy).Allowed {
		t.Error("the flood pushed out a used-up budget")
	}
}

func BenchmarkMemory(b *testing.B) {
	for _, keys := range []int{1, 3} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			m := newMemory(b, 1<<20, time.Now)
			list := make([]Key, keys)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				for k := range list {
					list[k] = Key{What: "post", ID: ids[(i+k*37)%len(ids)], Rate: Rate{Count: 1 << 30, Per: time.Hour}}
				}
				i++
				m.Allow(b.Context(), list...)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		m := newMemory(b, 1<<20, time.Now)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				m.Allow(b.Context(), Key{What: "post", ID: ids[i%len(ids)], Rate: Rate{Count: 1 << 30, Per: time.Hour}})
			}
		})
	})
	b.Run("flood", func(b *testing.B) { // every key is new and the memory is full
		m := newMemory(b, 1<<16, time.Now)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			m.Allow(b.Context(), Key{What: "sign_in", ID: fmt.Sprint(i), Rate: Rate{Count: 5, Per: 15 * time.Minute}})
		}
	})
}

var ids = func() (list [1000]string) {
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	return list
}()
