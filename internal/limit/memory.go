package limit

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"
	"time"
)

// Memory keeps budgets in this process.
type Memory struct {
	clock   func() time.Time
	start   time.Time
	seed    maphash.Seed
	budgets table
	marks   table
	metrics *Metrics
}

var _ Limiter = (*Memory)(nil)

const (
	// shards is 32 because the set of locks that a call needs is then one word, which also gives the order to take them in.
	shards = 32
	// sweepEvery bounds how often a full shard is looked through.
	sweepEvery = int64(time.Second / time.Microsecond)
	// evictionSample is how many budgets are looked at for the one to forget.
	evictionSample = 16
	smallShard     = 64
)

// NewMemory makes a limiter that keeps at most about most budgets, and as many marks; each takes some 40 bytes.
func NewMemory(clock func() time.Time, most int, m *Metrics) *Memory {
	limit := max(most/shards, 1)
	return &Memory{
		clock: clock, start: clock(), seed: maphash.MakeSeed(), metrics: m,
		budgets: table{most: limit}, marks: table{most: limit},
	}
}

// now is microseconds since the start. Sub uses the monotonic clock where the times have it, so that a machine's clock that is set does not matter.
func (m *Memory) now() int64 { return m.clock().Sub(m.start).Microseconds() }

// hash is what is kept of a key. The seed is secret and new in each process, so nobody can look for two keys that share a budget.
func (m *Memory) hash(what, id string) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	_, _ = h.WriteString(what) // never fails
	_ = h.WriteByte(0)
	_, _ = h.WriteString(id)
	return h.Sum64()
}

// Allow implements Limiter.
func (m *Memory) Allow(_ context.Context, keys ...Key) Decision {
	d := m.charge(1, keys)
	if !d.Allowed {
		m.metrics.refused.WithLabelValues(d.Limited).Inc()
	}
	return d
}

// Refund implements Limiter.
func (m *Memory) Refund(_ context.Context, keys ...Key) { m.charge(-1, keys) }

// charged is a key on its way through charge.
type charged struct {
	hash       uint64
	step, full int64
	next       int64
	what       string
}

func (m *Memory) charge(sign int64, keys []Key) Decision {
	var buffer [8]charged // on the stack for all that the doors ask
	list := buffer[:0]
	var locks uint32
	for _, k := range keys {
		if k.Rate.Off() {
			continue
		}
		step, full := k.cell()
		c := charged{hash: m.hash(k.What, k.ID), step: sign * step, full: full, what: k.What}
		locks |= 1 << (c.hash % shards)
		list = append(list, c)
	}
	m.budgets.lock(locks)
	defer m.budgets.unlock(locks)
	now := m.now()
	var longest int64
	limited := ""
	for i := range list {
		c := &list[i]
		var wait int64
		c.next, wait = charge(m.budgets.find(c.hash, now), now, c.step, c.full)
		if wait > longest {
			longest, limited = wait, c.what
		}
	}
	if longest > 0 {
		return refused(limited, longest)
	}
	evicted := 0
	for _, c := range list {
		evicted += m.budgets.put(c.hash, c.next, now)
	}
	if evicted > 0 {
		m.metrics.evicted.Add(float64(evicted))
	}
	return Decision{Allowed: true}
}

// Remember implements Limiter.
func (m *Memory) Remember(_ context.Context, what, id string, life time.Duration) {
	h := m.hash(what, id)
	m.marks.lock(1 << (h % shards))
	defer m.marks.unlock(1 << (h % shards))
	now := m.now()
	m.marks.put(h, now+life.Microseconds(), now)
}

// Known implements Limiter.
func (m *Memory) Known(_ context.Context, what, id string) bool {
	h := m.hash(what, id)
	m.marks.lock(1 << (h % shards))
	defer m.marks.unlock(1 << (h % shards))
	now := m.now()
	return m.marks.find(h, now) > now
}

// table maps hashes to times. A time that has passed means the same as none.
type table struct {
	most   int // in a shard
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	times   map[uint64]int64
	sweepAt int   // how many entries make a look through it worth while
	swept   int64 // when that was done last
}

func (t *table) lock(set uint32) {
	for ; set != 0; set &= set - 1 {
		t.shards[bits.TrailingZeros32(set)].mu.Lock()
	}
}

func (t *table) unlock(set uint32) {
	for ; set != 0; set &= set - 1 {
		t.shards[bits.TrailingZeros32(set)].mu.Unlock()
	}
}

// find returns a time, now when there is none. The shard is locked.
func (t *table) find(hash uint64, now int64) int64 {
	if at, found := t.shards[hash%shards].times[hash]; found {
		return at
	}
	return now
}

// put keeps a time and returns how many others had to go early. The shard is locked.
func (t *table) put(hash uint64, at, now int64) (evicted int) {
	s := &t.shards[hash%shards]
	if at <= now {
		delete(s.times, hash)
		return 0
	}
	if s.times == nil {
		s.times, s.sweepAt = map[uint64]int64{}, min(smallShard, t.most)
	}
	if _, found := s.times[hash]; !found {
		evicted = s.makeRoom(now, t.most)
	}
	s.times[hash] = at
	return evicted
}

// makeRoom sweeps when the shard has doubled since the last time, which costs each insertion a constant share, and when it is full. A full shard
// with nothing to sweep forgets one entry for each new one.
func (s *shard) makeRoom(now int64, most int) (evicted int) {
	n := len(s.times)
	if n < s.sweepAt {
		return 0
	}
	if n < most || now-s.swept >= sweepEvery || now < s.swept {
		for hash, at := range s.times {
			if at <= now {
				delete(s.times, hash)
			}
		}
		s.swept, s.sweepAt = now, min(max(smallShard, 2*len(s.times)), most)
	}
	if len(s.times) < most {
		return 0
	}
	s.evict()
	return 1
}

// evict forgets, of some entries, the one that would be forgotten soonest: what is closest to its limit stays.
func (s *shard) evict() {
	var victim uint64
	var soonest int64
	seen := 0
	for hash, at := range s.times {
		if seen == 0 || at < soonest {
			victim, soonest = hash, at
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(s.times, victim)
}
