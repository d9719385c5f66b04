package realtime

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/rueidis"
)

// broker carries publications and control messages between nodes through Redis, each at most once.
//
// While the node is linked to Redis, what it publishes comes back to its own listeners through Redis too, so that the listeners of a channel see
// one order on every node. While it is not, listeners here are served directly; what the others did not get is remembered, and they are told to
// look at the database when the link is back. A publication is delivered here exactly once, whichever way: its number is awaited until it comes
// back or until the link is given up, and what comes back unawaited was delivered before.
//
// Nothing here returns an error for Redis being away: a subscription is accepted and made when it can be.
type broker struct {
	config  BrokerConfig
	log     *slog.Logger
	self    [8]byte
	metrics *brokerMetrics
	missed  func() []byte                                // what listeners are told when they may have missed something; nil tells nothing
	linked  func()                                       // called when this node hears the others again
	deliver func(channel string, publications ...[]byte) // hands them to this node's listeners, in their order, and returns when that is done

	control centrifuge.ControlEventHandler
	node    string // the library's name of this node

	// order is held shared while this node's listeners are served directly or a publication gets its number, and exclusively while what was
	// awaited is delivered: nothing overtakes that.
	order sync.RWMutex

	mu      sync.Mutex
	link    *link           // nil while there is none
	coming  *link           // the one that is being made
	wanted  map[string]bool // the channels that somebody here listens to, and whether Redis has confirmed it
	awaited map[uint64]awaited
	last    uint64
	age     uint64              // ticks of the link
	unsent  map[string]struct{} // channels with publications that other nodes may not have got
	toAll   bool                // there were too many of these to remember
	tells   [][]byte            // control messages that could not be sent
	behind  map[string]struct{} // channels of which something was dropped here
	allHere bool                // another node does not know which of these channels it owes something
	peers   peers
	owes    bool // this node must not say goodbye

	once    sync.Once
	entered chan struct{} // closed by the first link
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// BrokerConfig is how nodes reach each other.
type BrokerConfig struct {
	Redis  rueidis.Client // nil: this node is alone
	Prefix string         // of every channel in Redis
}

type publication struct {
	channel string // empty for a beat
	data    []byte
	after   <-chan struct{} // set for what is no publication: nothing behind it goes on before this is closed
}

type tell struct {
	data    []byte
	handled chan<- struct{}
}

type awaited struct {
	publication
	since uint64
}

const (
	// brokerTimeout bounds every command. A publication whose echo is overdue for as long counts as lost.
	brokerTimeout = time.Second
	// brokerTick is how often the link is tried and what was left is sent.
	brokerTick = brokerTimeout / 2
	// overdueTicks is when a publication that has not come back means that the link is dead.
	overdueTicks = 3
	// mostUnsent bounds what is remembered of an outage. Beyond it every listener of every node is told.
	mostUnsent = 10_000
	mostTells  = 1000
	// headLength is what a publication in Redis begins with: the node and its number there.
	headLength = 16
)

func newBroker(c BrokerConfig, node string, metrics *brokerMetrics, log *slog.Logger) *broker {
	b := &broker{
		config: c, log: log, metrics: metrics, node: node, wanted: map[string]bool{}, awaited: map[uint64]awaited{},
		unsent: map[string]struct{}{}, behind: map[string]struct{}{}, entered: make(chan struct{}), peers: newPeers(),
	}
	_, _ = rand.Read(b.self[:]) // never fails
	return b
}

// RegisterControlEventHandler is called before RegisterBrokerEventHandler.
func (b *broker) RegisterControlEventHandler(h centrifuge.ControlEventHandler) error {
	b.control = h
	return nil
}

// RegisterBrokerEventHandler begins to link this node to the others and gives that a moment. A node starts, and serves, without them too.
func (b *broker) RegisterBrokerEventHandler(centrifuge.BrokerEventHandler) error {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.done.Go(func() { b.run(ctx) })
	timer := time.NewTimer(brokerTimeout)
	defer timer.Stop()
	select {
	case <-b.entered:
	case <-timer.C:
	}
	return nil
}

// Close ends the link and waits for everything that serves it.
func (b *broker) Close(ctx context.Context) error {
	if b.stop != nil {
		b.leaveWell(context.WithoutCancel(ctx)) // a drain that took too long may still say goodbye
		b.stop()
	}
	b.done.Wait()
	return nil
}

// publish sends data to the listeners of a channel on every node. Calls for one channel must follow each other.
func (b *broker) publish(channel string, data []byte) {
	l, number := b.register(channel, data)
	if l == nil {
		return
	}
	if err := b.send(context.Background(), b.channel(channel), b.frame(number, data)); err != nil {
		b.metrics.failed.Inc()
		b.leave(channel)
		l.fail(err) // which delivers it here, after those before it
	}
}

// Publish is for what the library itself would publish, which is nothing.
func (b *broker) Publish(channel string, data []byte, _ centrifuge.PublishOptions) (centrifuge.PublishResult, error) {
	b.publish(channel, data)
	return centrifuge.PublishResult{}, nil
}

// register gives a publication its number when there is a link to send it over, and otherwise serves this node's listeners.
func (b *broker) register(channel string, data []byte) (*link, uint64) {
	b.order.RLock()
	defer b.order.RUnlock()
	b.mu.Lock()
	l := b.link
	confirmed, wanted := b.wanted[channel]
	b.last++
	number := b.last
	if l != nil && confirmed {
		b.awaited[number] = awaited{publication{channel: channel, data: data}, b.age}
	}
	if l == nil {
		b.leaveLocked(channel)
	}
	b.mu.Unlock()
	if l == nil {
		b.metrics.local.Inc()
	}
	if wanted && (l == nil || !confirmed) {
		b.deliver(channel, data)
	}
	return l, number
}

// leave remembers that other nodes may not have got a publication.
func (b *broker) leave(channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leaveLocked(channel)
}

func (b *broker) leaveLocked(channel string) {
	if len(b.unsent) < mostUnsent {
		b.unsent[channel] = struct{}{}
		return
	}
	b.toAll = true
}

// tellHere tells this node's listeners of some channels that they may have missed something.
func (b *broker) tellHere(channels []string) {
	if b.missed == nil {
		return
	}
	data := b.missed()
	for _, c := range channels {
		b.deliver(c, data)
	}
}

// Subscribe makes this node listen to channels. When Redis is away, it will.
func (b *broker) Subscribe(channels ...string) error {
	b.mu.Lock()
	for _, c := range channels {
		b.wanted[c] = false
	}
	l := b.link
	b.mu.Unlock()
	if l != nil {
		if err := l.subscribe(context.Background(), channels); err != nil {
			l.fail(err)
		}
	}
	return nil
}

// Unsubscribe makes this node stop listening to channels.
func (b *broker) Unsubscribe(channels ...string) error {
	b.mu.Lock()
	for _, c := range channels {
		delete(b.wanted, c)
	}
	l := b.link
	b.mu.Unlock()
	if l != nil {
		if err := l.unsubscribe(context.Background(), channels); err != nil {
			l.fail(err)
		}
	}
	return nil
}

// PublishControl sends a message to the other nodes, or to one. What cannot be sent is kept until it can, the oldest being dropped when there is
// too much: a session that ended has to end everywhere.
func (b *broker) PublishControl(data []byte, node, _ string) error {
	b.mu.Lock()
	l := b.link
	b.mu.Unlock()
	channel := b.name("control", node)
	if node == "" && l == nil {
		b.keep(data)
		return nil
	}
	err := b.send(context.Background(), channel, string(data))
	if err != nil && l != nil {
		l.fail(err)
	}
	if err != nil && node == "" {
		b.keep(data)
		return nil
	}
	return err
}

func (b *broker) keep(tell []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tells = append(b.tells, tell)
	if n := len(b.tells) - mostTells; n > 0 {
		b.tells = slices.Delete(b.tells, 0, n)
	}
}

// PublishJoin and the others below belong to features of the library that Parley does without.
func (b *broker) PublishJoin(string, *centrifuge.ClientInfo) error { return nil }

// PublishLeave does nothing.
func (b *broker) PublishLeave(string, *centrifuge.ClientInfo) error { return nil }

// History is empty: the database has it.
func (b *broker) History(string, centrifuge.HistoryOptions) ([]*centrifuge.Publication, centrifuge.StreamPosition, error) {
	return nil, centrifuge.StreamPosition{}, nil
}

// RemoveHistory does nothing.
func (b *broker) RemoveHistory(string) error { return nil }

func (b *broker) send(ctx context.Context, channel, message string) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	// As a key, so that in a cluster it goes where the links are: the library sends what has no key to any server, be it one that is dead.
	return b.config.Redis.Do(ctx, b.config.Redis.B().Arbitrary("PUBLISH").Keys(channel).Args(message).Build()).Error()
}

func (b *broker) frame(number uint64, data []byte) string {
	f := make([]byte, 0, headLength+len(data))
	f = append(f, b.self[:]...)
	f = binary.BigEndian.AppendUint64(f, number)
	return string(append(f, data...))
}

// name makes a channel. In a cluster all of them belong to one server, by the tag in braces, and every node listens and speaks there: so a room has one
// order, and what was said after a removal comes after it, as with a Redis that stands alone.
func (b *broker) name(kind, what string) string {
	return b.config.Prefix + ":{nodes}:" + kind + ":" + what
}

func (b *broker) channel(name string) string { return b.name("to", name) }

// flush ends a link: what it owed this node's listeners is delivered directly, in its order, before anything that is published later.
func (b *broker) flush() {
	b.order.Lock()
	defer b.order.Unlock()
	b.mu.Lock()
	b.link, b.coming = nil, nil
	owed := b.awaited
	b.awaited = map[uint64]awaited{}
	for c := range b.wanted {
		b.wanted[c] = false
	}
	b.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(owed)) {
		if p := owed[number]; p.channel != "" {
			b.metrics.local.Inc()
			b.deliver(p.channel, p.data)
		}
	}
}

var errNotLinked = errors.New("not linked to the other nodes")

// Linked returns an error while this node does not hear the others.
func (n *Node) Linked() error {
	if n.broker == nil {
		return nil
	}
	n.broker.mu.Lock()
	defer n.broker.mu.Unlock()
	if n.broker.link == nil {
		return errNotLinked
	}
	return nil
}
