package bench

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
)

// recent are publications that one listener has read already. A server sends all members of a room the same bytes, so the others only compare: a
// thousand listeners that all parsed would cost more than the server they measure. Bytes that differ are parsed.
type recent struct {
	seed maphash.Seed
	ring [1 << 10]atomic.Pointer[publication]
}

type publication struct {
	raw    []byte
	events []event
}

func (r *recent) at(raw []byte) *atomic.Pointer[publication] {
	return &r.ring[maphash.Bytes(r.seed, raw)%uint64(len(r.ring))]
}

func (r *recent) recall(raw []byte) ([]event, bool) {
	p := r.at(raw).Load()
	if p == nil || !bytes.Equal(p.raw, raw) {
		return nil, false
	}
	return p.events, true
}

func (r *recent) remember(raw []byte, events []event) {
	r.at(raw).Store(&publication{bytes.Clone(raw), events})
}

// atomicMax only rises.
type atomicMax struct{ atomic.Int64 }

func (a *atomicMax) raise(to int64) {
	for {
		old := a.Load()
		if to <= old || a.CompareAndSwap(old, to) {
			return
		}
	}
}

type atomicPost = atomic.Uint64

// agrees says whether this number stood for this post with everybody so far.
func (r *room) agrees(e event) bool {
	t := r.truth.at(e.number)
	return t != nil && (t.CompareAndSwap(0, e.post.packed()) || t.Load() == e.post.packed())
}
