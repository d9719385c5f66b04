package main

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is everybody who listens to the room.
type crowd struct {
	room      *room
	listeners []*listener
	readers   sync.WaitGroup
	epoch     time.Time
	phase     atomic.Pointer[phase]
	last      int64 // the newest message acknowledged in the phases so far
	// truth holds for every number the post that the first listener heard under it. All others must have heard the same.
	truth []atomic.Uint64
	// recent publications, by how many came before them in their phase.
	recent [256]atomic.Pointer[publication]
}

// publication is what one listener has already read. A server sends all of them the same bytes, so the others only compare: a
// hundred listeners that all parsed would cost more than the server they measure. Bytes that differ are parsed.
type publication struct {
	raw    []byte
	events []event
}

func newCrowd(r *room, posts int) *crowd {
	return &crowd{room: r, epoch: time.Now(), truth: make([]atomic.Uint64, posts+1)}
}

// now is the time since the crowd came together.
func (c *crowd) now() time.Duration { return time.Since(c.epoch) }

func (c *crowd) recall(index int, raw []byte) ([]event, bool) {
	p := c.recent[index%len(c.recent)].Load()
	if p == nil || !bytes.Equal(p.raw, raw) {
		return nil, false
	}
	return p.events, true
}

func (c *crowd) remember(index int, raw []byte, events []event) {
	c.recent[index%len(c.recent)].Store(&publication{bytes.Clone(raw), events})
}

// begin turns everybody's attention to the next phase. Nothing may be on its way.
func (c *crowd) begin(p *phase) {
	c.phase.Store(p)
	for _, l := range c.listeners {
		l.mu.Lock()
		l.heard = 0
		l.mu.Unlock()
	}
}

// take enters a publication into the listener's tally.
func (l *listener) take(events []event, now time.Duration) {
	l.heard++
	l.tally.publications++
	l.tally.last = now
	p := l.crowd.phase.Load()
	for _, e := range events {
		fresh := l.tally.take(e.number)
		if !e.faithful || !l.crowd.agree(e) {
			l.tally.altered++
			continue
		}
		if fresh && p != nil && e.post.phase == p.index {
			p.reached(e.post, now)
		}
	}
}

// agree says whether this number stood for this post with everybody so far.
func (c *crowd) agree(e event) bool {
	if e.number < 1 || e.number >= int64(len(c.truth)) {
		return false
	}
	t := &c.truth[e.number]
	return t.CompareAndSwap(0, e.post.packed()) || t.Load() == e.post.packed()
}

// sum adds up all tallies as if last were the newest message.
func (c *crowd) sum(last int64) (s sums, newest time.Duration) {
	for _, l := range c.listeners {
		l.mu.Lock()
		s.add(&l.tally, last)
		newest = max(newest, l.tally.last)
		l.mu.Unlock()
	}
	return s, newest
}

// complete says whether everybody who is still there has heard everything up to last.
func (c *crowd) complete(last int64) bool {
	for _, l := range c.listeners {
		select {
		case <-l.ended:
			continue
		default:
		}
		l.mu.Lock()
		lost := l.tally.lost(last)
		l.mu.Unlock()
		if lost > 0 {
			return false
		}
	}
	return true
}

// gather lets everybody listen.
func (c *crowd) gather(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, gatherPatience)
	defer cancel()
	c.listeners = make([]*listener, len(c.room.people))
	return each(len(c.listeners), settlers, func(i int) (err error) {
		c.listeners[i], err = c.listen(ctx, address, c.room.people[i].token)
		return err
	})
}

// gatherPatience is for all of them.
const gatherPatience = 30 * time.Second

// hangUp ends every socket.
func (c *crowd) hangUp() {
	for _, l := range c.listeners {
		if l != nil {
			_ = l.conn.Close()
		}
	}
}

// close hangs up and waits until nobody reads any more.
func (c *crowd) close() {
	c.hangUp()
	c.readers.Wait()
}
