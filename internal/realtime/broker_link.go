package realtime

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// link is one connection over which this node hears the others, from its first subscription until anything about it fails. It is never repaired:
// a new one subscribes to everything, which is the one way to know what is listened to.
type link struct {
	broker *broker
	conn   rueidis.DedicatedClient
	seed   maphash.Seed
	lanes  []chan publication
	tells  chan tell
	served sync.WaitGroup

	mu    sync.Mutex
	ended bool

	once   sync.Once
	failed chan error
}

const (
	linkLanes = 8
	// laneLength is how many publications may wait for one lane. What does not fit is dropped, and its listeners are told.
	laneLength = 1024
	// subscribeAtOnce bounds one command that subscribes.
	subscribeAtOnce = 500
	shortestPause   = 50 * time.Millisecond
	longestPause    = time.Second
	// steadyRounds is after how many a link is a good one: one that keeps failing is made anew ever more slowly.
	steadyRounds = 10
	// servedLife is when what proves that a server is the right one goes away by itself.
	servedLife = time.Minute
)

var (
	errNoEcho = errors.New("what was published did not come back")
	errEnded  = errors.New("the connection ended")
)

// run keeps this node linked until ctx ends.
func (b *broker) run(ctx context.Context) {
	pause := shortestPause
	for first := true; ; first = false {
		rounds, err := b.serve(ctx, !first)
		b.metrics.linked.Set(0)
		if ctx.Err() != nil {
			return
		}
		if rounds > 0 {
			b.metrics.breaks.Inc()
			b.log.WarnContext(ctx, "no link to the other nodes; serving this node's own", slog.Any("error", err))
		}
		if rounds > steadyRounds {
			pause = shortestPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			pause = min(2*pause, longestPause)
		}
	}
}

// serve is the life of one link; rounds says how long it lasted.
func (b *broker) serve(ctx context.Context, again bool) (rounds int, err error) {
	conn, release := b.config.Redis.Dedicate()
	l := &link{broker: b, conn: conn, seed: maphash.MakeSeed(), tells: make(chan tell, laneLength), failed: make(chan error, 1)}
	b.mu.Lock()
	b.coming = l
	b.mu.Unlock()
	l.start()
	closed := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: l.arrive})
	if err = l.enter(ctx); err == nil {
		b.metrics.linked.Set(1)
		b.once.Do(func() { close(b.entered) })
		if again {
			b.log.InfoContext(ctx, "linked to the other nodes again")
			b.done.Go(b.rejoin)
		}
		rounds, err = l.watch(ctx, closed)
	}
	l.end()
	b.flush()
	// A Redis that does not answer delays this by some seconds, and nobody has to wait for it.
	b.done.Go(func() {
		conn.Close()
		release()
	})
	return rounds, err
}

// rejoin makes good for what was said while this node did not hear it.
func (b *broker) rejoin() {
	if b.linked != nil {
		b.linked()
	}
	b.mu.Lock()
	people := b.people()
	b.mu.Unlock()
	b.tellHere(people)
}

// people are the channels through which everybody who is connected here is reached.
func (b *broker) people() []string {
	var list []string
	for c := range b.wanted {
		if strings.HasPrefix(c, userPrefix) {
			list = append(list, c)
		}
	}
	return list
}

func (l *link) start() {
	for range linkLanes {
		lane := make(chan publication, laneLength)
		l.lanes = append(l.lanes, lane)
		l.served.Go(func() { l.carry(lane) })
	}
	l.served.Go(func() {
		for t := range l.tells {
			if err := l.broker.control.HandleControl(t.data); err != nil {
				l.broker.log.Error("message from another node not understood", slog.Any("error", err))
			}
			close(t.handled)
		}
	})
}

// carry delivers what comes to a lane until that is closed.
func (l *link) carry(lane <-chan publication) {
	for p := range lane {
		groups, after := gather(p, lane)
		for _, g := range groups {
			l.broker.deliver(g.channel, g.publications...)
		}
		if after != nil {
			<-after
		}
	}
}

// group is what is delivered to one channel at once.
type group struct {
	channel      string
	publications [][]byte
}

// gather takes what waits in a lane already, up to the next that is no publication: what piled up costs the members one frame.
func gather(p publication, lane <-chan publication) (groups []group, after <-chan struct{}) {
	for size := 0; ; {
		if p.after != nil {
			return groups, p.after
		}
		i := slices.IndexFunc(groups, func(g group) bool { return g.channel == p.channel })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{channel: p.channel})
		}
		groups[i].publications = append(groups[i].publications, p.data)
		if size += len(p.data); size >= maxBatchBytes {
			return groups, nil
		}
		select {
		case next, open := <-lane:
			if !open {
				return groups, nil
			}
			p = next
		default:
			return groups, nil
		}
	}
}

// end returns when everything that arrived is delivered. Nothing arrives afterwards.
func (l *link) end() {
	l.mu.Lock()
	l.ended = true
	for _, lane := range l.lanes {
		close(lane)
	}
	close(l.tells)
	l.mu.Unlock()
	l.served.Wait()
}

// fail gives the link up. Only the first reason counts.
func (l *link) fail(err error) { l.once.Do(func() { l.failed <- err }) }

// enter subscribes to everything and then makes this the link.
func (l *link) enter(ctx context.Context) error {
	b := l.broker
	if err := l.primary(ctx); err != nil {
		return err
	}
	if err := l.do(ctx, l.conn.B().Subscribe().Channel(b.name("control", ""), b.name("control", b.node), b.beat(), b.everybody(), b.alive()).Build()); err != nil {
		return err
	}
	for {
		b.mu.Lock()
		var next []string
		for c, confirmed := range b.wanted {
			if !confirmed && len(next) < subscribeAtOnce {
				next = append(next, c)
			}
		}
		if len(next) == 0 {
			b.link = l
			b.peers.again(b.age)
		}
		b.mu.Unlock()
		if len(next) == 0 {
			return nil
		}
		if err := l.subscribe(ctx, next); err != nil {
			return err
		}
	}
}

// subscribe asks Redis for channels and notes that it agreed. Those that nobody wants any more are given back.
func (l *link) subscribe(ctx context.Context, channels []string) error {
	b := l.broker
	if err := l.do(ctx, l.conn.B().Subscribe().Channel(b.channels(channels)...).Build()); err != nil {
		return err
	}
	var unwanted []string
	b.mu.Lock()
	if b.link == l || b.coming == l { // else the next one begins from nothing
		for _, c := range channels {
			if _, wanted := b.wanted[c]; wanted {
				b.wanted[c] = true
			} else {
				unwanted = append(unwanted, c)
			}
		}
	}
	b.mu.Unlock()
	return l.unsubscribe(ctx, unwanted)
}

func (l *link) unsubscribe(ctx context.Context, channels []string) error {
	if len(channels) == 0 {
		return nil
	}
	return l.do(ctx, l.conn.B().Unsubscribe().Channel(l.broker.channels(channels)...).Build())
}

func (l *link) do(ctx context.Context, command rueidis.Completed) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	return l.conn.Do(ctx, command).Error()
}

// primary returns an error unless this link leads to the server where the other nodes are: after a failover a server may be back as somebody's replica,
// with every connection as it was. It writes, because a replica would let one read. Other refusals, such as of a server whose memory is full, are not the
// link's.
func (l *link) primary(ctx context.Context) error {
	err := l.do(ctx, l.conn.B().Set().Key(l.broker.name("served", "")).Value("1").Px(servedLife).Build())
	if answer, ok := rueidis.IsRedisErr(err); ok {
		if _, moved := answer.IsMoved(); !moved && !strings.HasPrefix(answer.Error(), "READONLY") {
			return nil
		}
	}
	return err
}

// arrive takes what Redis says. It must not block: the connection waits for it.
func (l *link) arrive(m rueidis.PubSubMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	b := l.broker
	channel, isPublication := strings.CutPrefix(m.Channel, b.channel(""))
	switch {
	case isPublication && len(m.Message) >= headLength:
		l.take(channel, m.Message)
	case m.Channel == b.beat() && len(m.Message) >= headLength:
		b.await(m.Message)
	case m.Channel == b.alive():
		if b.hearPeer(m.Message) {
			l.served.Go(func() { _ = b.sayAlive(context.Background()) }) // said again with the next tick
		}
	case m.Channel == b.everybody():
		b.mu.Lock()
		b.allHere = true
		b.mu.Unlock()
	default:
		l.hear([]byte(m.Message))
	}
}

// hear queues a control message. No publication that came later is delivered before it is handled: after a removal, whoever was removed gets
// nothing of the room.
func (l *link) hear(data []byte) {
	handled := make(chan struct{})
	select {
	case l.tells <- tell{data, handled}:
	default:
		l.broker.metrics.dropped.Inc()
		return
	}
	for _, lane := range l.lanes {
		select {
		case lane <- publication{after: handled}:
		default: // what comes next does not fit either
		}
	}
}

// take queues a publication. One of this node's own is still awaited, or was delivered before.
func (l *link) take(channel, message string) {
	b := l.broker
	if message[:len(b.self)] == string(b.self[:]) && !b.await(message) {
		return
	}
	b.metrics.received.Inc()
	select {
	case l.lanes[maphash.String(l.seed, channel)%linkLanes] <- publication{channel: channel, data: []byte(message[headLength:])}:
	default:
		b.metrics.dropped.Inc()
		b.mu.Lock()
		b.behind[channel] = struct{}{} // of the channels somebody here listens to: no more than these
		b.mu.Unlock()
	}
}

// await ends the wait for a publication of this node's own, and reports whether it was waited for.
func (b *broker) await(message string) bool {
	number := binary.BigEndian.Uint64([]byte(message[len(b.self):headLength]))
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.awaited[number]
	delete(b.awaited, number)
	return known
}

// watch returns when the link fails. Until then it proves from time to time that what is sent comes back, and sends what was left.
func (l *link) watch(ctx context.Context, closed <-chan error) (rounds int, err error) {
	ticks := time.NewTicker(brokerTick)
	defer ticks.Stop()
	for {
		rounds++
		if err := l.primary(ctx); err != nil {
			return rounds, err
		}
		if err := l.broker.tick(ctx); err != nil {
			return rounds, err
		}
		select {
		case <-ctx.Done():
			return rounds, ctx.Err()
		case err := <-closed:
			return rounds, cmp.Or(err, errEnded)
		case err := <-l.failed:
			return rounds, err
		case <-ticks.C:
		}
	}
}

// tick is one round of a link's upkeep.
func (b *broker) tick(ctx context.Context) error {
	b.mu.Lock()
	b.age++
	for _, a := range b.awaited {
		if b.age-a.since > overdueTicks {
			b.mu.Unlock()
			return errNoEcho
		}
	}
	b.last++
	number := b.last
	b.awaited[number] = awaited{since: b.age}
	behind := slices.Sorted(maps.Keys(b.behind))
	if b.allHere {
		behind = b.people()
	}
	clear(b.behind)
	b.allHere = false
	lost := b.peers.countLost(b.age)
	b.mu.Unlock()
	b.tellHere(behind)
	if lost > 0 {
		b.lose(ctx, lost)
	}
	if err := b.resend(ctx); err != nil {
		return err
	}
	if err := b.sayAlive(ctx); err != nil {
		return err
	}
	return b.send(ctx, b.beat(), b.frame(number, nil))
}

// resend sends the control messages that were kept, and tells the listeners on other nodes where they have missed something. What fails is left
// for the next link.
func (b *broker) resend(ctx context.Context) (err error) {
	b.mu.Lock()
	tells, unsent, toAll := b.tells, b.unsent, b.toAll
	b.tells, b.unsent, b.toAll = nil, map[string]struct{}{}, false
	b.mu.Unlock()
	for _, tell := range tells {
		if err == nil {
			err = b.send(ctx, b.name("control", ""), string(tell))
		}
		if err != nil {
			b.keep(tell)
		}
	}
	if toAll && err == nil {
		err = b.send(ctx, b.everybody(), "")
	}
	if toAll && err != nil {
		b.mu.Lock()
		b.toAll = true
		b.mu.Unlock()
	}
	if b.missed == nil || len(unsent) == 0 {
		return err
	}
	notice := b.frame(0, b.missed()) // no publication has number 0: those here have had everything
	for channel := range unsent {
		if err == nil {
			err = b.send(ctx, b.channel(channel), notice)
		}
		if err != nil {
			b.leave(channel)
		}
	}
	return err
}

func (b *broker) beat() string { return b.name("beat", b.node) }

func (b *broker) everybody() string { return b.name("missed", "") }

func (b *broker) channels(names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = b.channel(n)
	}
	return list
}
