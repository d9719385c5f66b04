package realtime

import (
	"hash/maphash"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// outbox coalesces: it gathers the events of each channel while the channel's previous publication is on its way.
type outbox struct {
	publish func(channel string, data []byte)
	missed  func() []byte // what listeners of a channel are told of which events were dropped; nil tells nothing
	lanes   []*outboxLane
	seed    maphash.Seed
	done    sync.WaitGroup
	events  prometheus.Counter
	batches prometheus.Counter
	dropped prometheus.Counter
	failed  prometheus.Counter
}

// outboxLane publishes the channels that hash to it, one publication at a time, so that a channel keeps its order.
type outboxLane struct {
	mu      sync.Mutex
	wake    *sync.Cond
	queued  int
	order   []string            // channels with something to send, the longest waiting first
	pending map[string][][]byte // their events
	owed    map[string]struct{} // channels of which events were dropped, and whose listeners do not know
	stopped bool
}

const (
	outboxLanes = 4
	// maxQueued bounds the events that wait in one lane.
	maxQueued = 1 << 16
	// maxBatchBytes bounds one publication, so that a frame stays small enough for slow links.
	maxBatchBytes = 32 << 10
)

func newOutbox(publish func(string, []byte), reg prometheus.Registerer) (*outbox, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Subsystem: "outbox", Name: name, Help: help})
	}
	o := &outbox{
		publish: publish, seed: maphash.MakeSeed(),
		events:  counter("events_total", "Events queued for publication."),
		batches: counter("publications_total", "Publications sent; fewer than events when rooms are busy."),
		dropped: counter("dropped_total", "Events dropped because too many were waiting. Their listeners were told."),
		failed:  counter("failed_total", "Publications that the broker refused. Clients catch up by revision."),
	}
	for _, c := range []prometheus.Collector{o.events, o.batches, o.dropped, o.failed} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	for range outboxLanes {
		l := &outboxLane{pending: map[string][][]byte{}, owed: map[string]struct{}{}}
		l.wake = sync.NewCond(&l.mu)
		o.lanes = append(o.lanes, l)
	}
	return o, nil
}

func (o *outbox) start() {
	for _, l := range o.lanes {
		o.done.Go(func() { o.run(l) })
	}
}

// stop returns when everything queued is published. What is put afterwards is dropped.
func (o *outbox) stop() {
	for _, l := range o.lanes {
		l.mu.Lock()
		l.stopped = true
		l.mu.Unlock()
		l.wake.Signal()
	}
	o.done.Wait()
}

func (o *outbox) put(channel string, event []byte) {
	o.events.Inc()
	l := o.lanes[maphash.String(o.seed, channel)%outboxLanes]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || l.queued >= maxQueued {
		o.dropped.Inc()
		l.owe(channel)
		return
	}
	if len(l.pending[channel]) == 0 {
		l.order = append(l.order, channel)
	}
	l.pending[channel] = append(l.pending[channel], event)
	l.queued++
	l.wake.Signal()
}

func (o *outbox) run(l *outboxLane) {
	for {
		channel, data, ok := l.next()
		if !ok {
			return
		}
		if data == nil {
			if o.missed == nil {
				continue
			}
			data = o.missed()
		}
		o.batches.Inc()
		o.publish(channel, data)
	}
}

// mostOwed bounds what is remembered of channels of which something was dropped. They are told of as soon as there is room.
const mostOwed = maxQueued

func (l *outboxLane) owe(channel string) {
	if len(l.owed) < mostOwed {
		l.owed[channel] = struct{}{}
	}
}

// next waits for the channel that has waited longest and returns its events as one JSON array; !ok after stop when nothing is left. A channel
// without data is one whose listeners are to be told that they have missed something. That waits until there is room again: told in the middle
// of the flood, they would miss what comes after it.
func (l *outboxLane) next() (channel string, data []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.order) == 0 && len(l.owed) == 0 {
		if l.stopped {
			return "", nil, false
		}
		l.wake.Wait()
	}
	if len(l.order) == 0 || l.queued <= maxQueued/2 {
		for channel := range l.owed {
			delete(l.owed, channel)
			return channel, nil, true
		}
	}
	channel, l.order = l.order[0], l.order[1:]
	events := l.pending[channel]
	n, size := 0, 2
	for n < len(events) && (n == 0 || size+len(events[n]) < maxBatchBytes) {
		size += len(events[n]) + 1
		n++
	}
	data = append(make([]byte, 0, size), '[')
	for i, e := range events[:n] {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, e...)
	}
	l.queued -= n
	if n < len(events) {
		l.pending[channel] = events[n:]
		l.order = append(l.order, channel)
	} else {
		delete(l.pending, channel)
	}
	return channel, append(data, ']'), true
}
