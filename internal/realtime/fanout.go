package realtime

import (
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/centrifugal/centrifuge"
)

// fanout knows which connections of this node listen to which channel, and hands them what is published. The library keeps the same account and
// says who is subscribed; its way to the members, a queue and a timer for each, is for transports that wait, and ours never does.
//
// What a member may rely on: publications of a channel come in their order, all of them from the moment that the subscription was confirmed on
// the wire, none before that, and none after follow has returned when the subscription has ended.
type fanout struct {
	seed   maphash.Seed
	shards [fanoutShards]fanoutShard
	sent   *sentCounters
}

// fanoutShards are so many that those who come and go seldom wait for each other.
const fanoutShards = 64

// A shard's lock is taken before a transport's, and never held while somebody is written to but for what was held back.
type fanoutShard struct {
	mu        sync.Mutex
	audiences map[string]*audience
}

// audience are a channel's members, in no order. Who walks over them does so without the lock: while there is a walk, new ones are appended behind
// what it sees, and those who leave stay in their places, marked as gone.
type audience struct {
	members []*member
	walks   int
	gone    int // members that have left and are still in their places
}

// member is one connection's subscription to one channel. Its place is the shard's, what is held the transport's, and its state is changed under both
// locks.
type member struct {
	transport *transport
	channel   string
	at        int // its place in the audience
	state     memberState
	held      []byte // frames that wait for the confirmation
}

type memberState uint8

const (
	memberHeld memberState = iota // not confirmed yet: what comes waits
	memberLive
	memberGone
)

func newFanout(sent *sentCounters) *fanout {
	f := &fanout{seed: maphash.MakeSeed(), sent: sent}
	for i := range f.shards {
		f.shards[i].audiences = map[string]*audience{}
	}
	return f
}

func (f *fanout) shard(channel string) *fanoutShard {
	return &f.shards[maphash.String(f.seed, channel)%fanoutShards]
}

// hold is called before a subscription is confirmed: from here on nothing is lost. Either follow or forget comes after it.
func (f *fanout) hold(t *transport, channel string) {
	s := f.shard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.member(channel) == nil {
		s.add(t, channel)
	}
}

// follow makes the index what the library says at this moment about one subscription. It is called after each change of it, so the last call leaves
// what is true; and because the library is asked under the lock, nothing that ended can come back.
func (f *fanout) follow(c *centrifuge.Client, channel string) {
	if t, ours := c.Transport().(*transport); ours {
		f.settle(t, channel, func() bool { return c.IsSubscribed(channel) })
	}
}

func (f *fanout) settle(t *transport, channel string, isSubscribed func() bool) {
	s := f.shard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	subscribed := isSubscribed()
	t.writing.Lock()
	defer t.writing.Unlock()
	m := t.member(channel)
	switch {
	case !subscribed && m != nil:
		s.remove(m)
	case subscribed && m == nil:
		s.add(t, channel).state = memberLive
	case subscribed && m.state == memberHeld:
		m.state = memberLive
		if held := m.held; held != nil {
			m.held = nil
			t.give(held)
		}
	}
}

// forget is the end of a connection, or of its attempt to be one.
func (f *fanout) forget(t *transport) {
	t.writing.Lock()
	members := slices.Clone(t.listens)
	t.writing.Unlock()
	for _, m := range members {
		s := f.shard(m.channel)
		s.mu.Lock()
		t.writing.Lock()
		if m.state != memberGone {
			s.remove(m)
		}
		t.writing.Unlock()
		s.mu.Unlock()
	}
}

// add and remove are called with both locks.
func (s *fanoutShard) add(t *transport, channel string) *member {
	a := s.audiences[channel]
	if a == nil {
		a = &audience{}
		s.audiences[channel] = a
	}
	m := &member{transport: t, channel: channel, at: len(a.members)}
	a.members = append(a.members, m)
	t.listens = append(t.listens, m)
	return m
}

func (s *fanoutShard) remove(m *member) {
	m.state, m.held = memberGone, nil
	i := slices.Index(m.transport.listens, m)
	m.transport.listens = slices.Delete(m.transport.listens, i, i+1)
	a := s.audiences[m.channel]
	if a.walks > 0 {
		a.gone++
		return
	}
	last := len(a.members) - 1
	moved := a.members[last]
	a.members[m.at], moved.at = moved, m.at
	a.members[last] = nil
	a.members = a.members[:last]
	s.tidy(m.channel, a)
}

// member finds one of the transport's subscriptions. They are few.
func (t *transport) member(channel string) *member {
	for _, m := range t.listens {
		if m.channel == channel {
			return m
		}
	}
	return nil
}

// begin is the start of a walk over the members, end its end.
func (s *fanoutShard) begin(channel string) (*audience, []*member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.audiences[channel]
	if a == nil {
		return nil, nil
	}
	a.walks++
	return a, a.members
}

func (s *fanoutShard) end(channel string, a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.walks--
	if a.walks > 0 || a.gone == 0 {
		return
	}
	// The state is the transport's, but nobody who is gone comes back, and whoever becomes so now waits for this lock.
	a.members = slices.DeleteFunc(a.members, func(m *member) bool { return m.state == memberGone })
	for i, m := range a.members {
		m.at = i
	}
	a.gone = 0
	s.tidy(channel, a)
}

// tidy lets go of what an audience does not need any more.
func (s *fanoutShard) tidy(channel string, a *audience) {
	switch {
	case len(a.members) == 0:
		delete(s.audiences, channel)
	case cap(a.members) > 64 && cap(a.members) > 4*len(a.members):
		a.members = slices.Clone(a.members)
	}
}

// deliver hands publications to everybody who listens to a channel, as one frame, and returns when each has them or has them waiting. Calls for one
// channel must follow each other.
func (f *fanout) deliver(channel string, publications ...[]byte) {
	s := f.shard(channel)
	a, members := s.begin(channel)
	if a == nil {
		return
	}
	defer s.end(channel, a)
	p := &push{channel: channel, publications: publications}
	steps := (len(members) + walkStep - 1) / walkStep
	var next atomic.Int64
	walk := func() {
		for {
			from := int(next.Add(walkStep)) - walkStep
			if from >= len(members) {
				return
			}
			p.handTo(members[from:min(from+walkStep, len(members))], f.sent)
			runtime.Gosched() // a large room's walk is long, and others wait
		}
	}
	var helpers sync.WaitGroup
	for range min(steps, runtime.GOMAXPROCS(0)) - 1 {
		helpers.Go(walk)
	}
	walk()
	helpers.Wait()
}

// walkStep is how many members are served before somebody else may run, and from how many on a walk uses another processor.
const walkStep = 64
