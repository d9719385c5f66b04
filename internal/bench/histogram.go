package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in steps of at most 3 %, from a microsecond to hours. Many may add to it at once.
type histogram struct {
	counts [steps * magnitudes]atomic.Int64
}

const (
	stepBits   = 6
	steps      = 1 << stepBits
	magnitudes = 40
)

func slot(d time.Duration) int {
	n := uint64(max(d, 0)) >> 10 // about microseconds
	if n < steps {
		return int(n)
	}
	magnitude := bits.Len64(n) - stepBits
	return min(magnitude*steps+int(n>>magnitude), steps*magnitudes-1)
}

// middle is the duration that stands for a slot.
func middle(s int) time.Duration {
	if s < steps {
		return time.Duration(s<<10 + 512)
	}
	magnitude := s / steps
	return time.Duration((uint64(s%steps)<<magnitude + 1<<(magnitude-1)) << 10)
}

func (h *histogram) add(d time.Duration) { h.counts[slot(d)].Add(1) }

// Quantiles are in milliseconds. Count says of how many.
type Quantiles struct {
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Count int64   `json:"count"`
}

// quantiles looks at several histograms as one.
func quantiles(all ...*histogram) Quantiles {
	var sums [steps * magnitudes]int64
	var q Quantiles
	for _, h := range all {
		for i := range h.counts {
			n := h.counts[i].Load()
			sums[i] += n
			q.Count += n
		}
	}
	if q.Count == 0 {
		return q
	}
	at := func(share float64) float64 {
		rank := int64(share*float64(q.Count-1)) + 1
		for i, n := range sums {
			if rank -= n; rank <= 0 {
				return float64(middle(i)) / float64(time.Millisecond)
			}
		}
		return 0
	}
	q.P50, q.P95, q.P99, q.Max = at(0.50), at(0.95), at(0.99), at(1)
	return q
}

func (h *histogram) sum() (n int64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}
