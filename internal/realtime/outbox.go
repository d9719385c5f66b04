package realtime

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// outbox coalesces: it gathers the events of each channel while the channel's previous publication is on its way. A channel has one publication on
// its way at a time and so keeps its order; some channels go at once, so that a large room does not hold up small ones.
type outbox struct {
	publish func(channel string, data []byte)
	missed  func() []byte // what listeners of a channel are told of which events were dropped; nil tells nothing
	done    sync.WaitGroup
	events  prometheus.Counter
	batches prometheus.Counter
	dropped prometheus.Counter

	mu       sync.Mutex
	wake     *sync.Cond
	queued   int
	channels map[string]*outboxChannel // those with something to send or on its way
	ready    []*outboxChannel          // those with something to send and nothing on its way, the longest waiting first
	owed     map[string]struct{}       // channels of which events were dropped, and whose listeners do not know
	stopped  bool
}

type outboxChannel struct {
	name   string
	events [][]byte
	busy   bool // a publication is on its way
	ready  bool // it is among those; one that is busy as well is passed over there
}

const (
	outboxWorkers = 16
	// maxQueued bounds the events that wait.
	maxQueued = 1 << 18
	// maxBatchBytes bounds one publication, so that a frame stays small enough for slow links.
	maxBatchBytes = 32 << 10
)

func newOutbox(publish func(string, []byte), reg prometheus.Registerer) (*outbox, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Subsystem: "outbox", Name: name, Help: help})
	}
	o := &outbox{
		publish: publish, channels: map[string]*outboxChannel{}, owed: map[string]struct{}{},
		events:  counter("events_total", "Events queued for publication."),
		batches: counter("publications_total", "Publications sent; fewer than events when rooms are busy."),
		dropped: counter("dropped_total", "Events dropped because too many were waiting. Their listeners were told."),
	}
	for _, c := range []prometheus.Collector{o.events, o.batches, o.dropped} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	o.wake = sync.NewCond(&o.mu)
	return o, nil
}

func (o *outbox) start() {
	for range outboxWorkers {
		o.done.Go(o.run)
	}
}

// stop returns when everything queued is published. What is put afterwards is dropped.
func (o *outbox) stop() {
	o.mu.Lock()
	o.stopped = true
	o.mu.Unlock()
	o.wake.Broadcast()
	o.done.Wait()
}

func (o *outbox) put(channel string, event []byte) {
	o.events.Inc()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped || o.queued >= maxQueued {
		o.dropped.Inc()
		o.owe(channel)
		return
	}
	c := o.channel(channel)
	c.events = append(c.events, event)
	o.queued++
	o.line(c)
}

// channel returns the account of one, which exists while it has something to send or on its way.
func (o *outbox) channel(name string) *outboxChannel {
	c := o.channels[name]
	if c == nil {
		c = &outboxChannel{name: name}
		o.channels[name] = c
	}
	return c
}

// line puts a channel behind the others that wait, unless it waits already or will when what is on its way has arrived.
func (o *outbox) line(c *outboxChannel) {
	if !c.busy && !c.ready {
		c.ready = true
		o.ready = append(o.ready, c)
		o.wake.Signal()
	}
}

// mostOwed bounds what is remembered of channels of which something was dropped. They are told of as soon as there is room.
const mostOwed = maxQueued

func (o *outbox) owe(channel string) {
	if len(o.owed) < mostOwed {
		o.owed[channel] = struct{}{}
	}
}

func (o *outbox) run() {
	for {
		c, events := o.next()
		switch {
		case c == nil:
			return
		case events != nil:
			o.batches.Inc()
			o.publish(c.name, array(events))
		case o.missed != nil:
			o.batches.Inc()
			o.publish(c.name, o.missed())
		}
		o.sent(c)
	}
}

// next waits for the channel that has waited longest and takes some of its events; nil after stop when nothing is left. A channel that is on its way
// is its own worker's until sent. One without events is one whose listeners are to be told that they have missed something.
func (o *outbox) next() (*outboxChannel, [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if c := o.nextOwed(); c != nil {
			c.busy = true
			return c, nil
		}
		for len(o.ready) > 0 {
			c := o.ready[0]
			o.ready[0] = nil
			o.ready = o.ready[1:]
			c.ready = false
			if !c.busy {
				c.busy = true
				return c, o.take(c)
			}
		}
		if o.stopped {
			return nil, nil
		}
		o.wake.Wait()
	}
}

// nextOwed returns a channel whose listeners can be told now. That waits until there is room again: told in the middle of the flood, they would miss
// what comes after it.
func (o *outbox) nextOwed() *outboxChannel {
	if o.queued > maxQueued/2 {
		return nil
	}
	for name := range o.owed {
		if c := o.channel(name); !c.busy {
			delete(o.owed, name)
			return c
		}
	}
	return nil
}

// take takes as many of a channel's events as one publication may have.
func (o *outbox) take(c *outboxChannel) [][]byte {
	n, size := 0, 2
	for n < len(c.events) && (n == 0 || size+len(c.events[n]) < maxBatchBytes) {
		size += len(c.events[n]) + 1
		n++
	}
	events := c.events[:n:n]
	c.events = c.events[n:]
	o.queued -= n
	return events
}

// sent is the end of a publication's way.
func (o *outbox) sent(c *outboxChannel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c.busy = false
	if len(c.events) > 0 {
		o.line(c)
		return
	}
	delete(o.channels, c.name)
}

// array is the events as one JSON array.
func array(events [][]byte) []byte {
	size := 2
	for _, e := range events {
		size += len(e) + 1
	}
	data := append(make([]byte, 0, size), '[')
	for i, e := range events {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, e...)
	}
	return append(data, ']')
}
