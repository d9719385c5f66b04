package realtime

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/centrifugal/centrifuge-go"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func yes() bool { return true }
func no() bool  { return false }

// only is the transport of the one connection that the node has.
func (n *testNode) only(tb testing.TB) *transport {
	tb.Helper()
	n.sockets.mu.Lock()
	defer n.sockets.mu.Unlock()
	for t := range n.sockets.open {
		return t
	}
	tb.Fatal("nobody is connected")
	return nil
}

// echo proves that nothing was on the way before it.
func (l *line) echo(id int) {
	l.tb.Helper()
	l.send(fmt.Sprintf(`{"id":%d,"rpc":{"method":"echo","data":0}}`, id))
	l.want(fmt.Sprintf(`{"id":%d,"rpc"`, id))
}

// What comes while a subscription is being confirmed waits for that, and then comes in order, before what is published later.
func TestFanoutHoldsUntilConfirmed(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "")
	at := n.only(t)
	n.fanout.hold(at, "room:1")
	n.publish("room:1", []byte("1"))
	n.publish("room:1", []byte("2"))
	l.echo(3)
	n.fanout.settle(at, "room:1", yes)
	n.publish("room:1", []byte("3"))
	for i := 1; i <= 3; i++ {
		l.want(fmt.Sprintf(`{"push":{"channel":"room:1","pub":{"data":%d}}}`, i))
	}
	n.fanout.hold(at, "room:2")
	n.publish("room:2", []byte(`"of a room that refused them"`))
	n.fanout.settle(at, "room:2", no)
	n.publish("room:2", []byte(`"later"`))
	l.echo(4)
}

// What waits for a confirmation is bounded like everything that waits for one connection.
func TestFanoutBoundsWhatIsHeld(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "")
	n.fanout.hold(n.only(t), "room:1")
	for range n.config.QueueBytes/1000 + 1 {
		n.publish("room:1", event(1))
	}
	if code := l.closed(); code != 3008 {
		t.Errorf("closed with %d, want 3008", code)
	}
}

// busy publishes to room:1 without a pause, but no faster than a neighbour reads, until the function that it returns is called.
func (n *testNode) busy(tb testing.TB, event func(i int) []byte) (quiet func(), begun *atomic.Int64) {
	tb.Helper()
	neighbour := n.join(tb, 1000, "room:1")
	begun = new(atomic.Int64)
	var stop atomic.Bool
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for i := 1; !stop.Load(); i++ {
			begun.Store(int64(i))
			n.publish("room:1", event(i))
			neighbour.next()
		}
	})
	return func() {
		stop.Store(true)
		publishing.Wait()
	}, begun
}

// Whoever subscribes while the room is busy hears everything from the reply on, nothing before it, nothing twice and nothing out of order.
func TestFanoutSubscribingLosesNothing(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.QueueBytes = 64 << 20
	n := startNode(t, c)
	quiet, begun := n.busy(t, func(i int) []byte { return fmt.Append(nil, i) })
	defer quiet()
	for user := range 30 {
		l := n.join(t, user+1, "room:1")
		known := int(begun.Load()) // what comes after this must arrive
		first := 0
		for i := range 20 {
			var said struct {
				Push struct{ Pub struct{ Data int } }
			}
			if err := json.Unmarshal([]byte(l.next()), &said); err != nil {
				t.Fatal(err)
			}
			got := said.Push.Pub.Data
			if i == 0 {
				first = got
			}
			if got != first+i || first > known+1 {
				t.Fatalf("publication %d, want %d; the first was %d when %d had begun", got, first+i, first, known)
			}
		}
		_ = l.Close()
	}
}

// Somebody who was removed hears nothing that is published after the removal has returned, whoever else removes them at the same time, and is told
// of it before anything of a subscription after it.
func TestFanoutRemovalRacesPublishing(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.QueueBytes = 64 << 20
	n := startNode(t, c, func(h *Handlers) { h.Expelled = func(int64, string) {} })
	quiet, _ := n.busy(t, func(int) []byte { return []byte(`"for members"`) })
	defer quiet()
	l := n.join(t, 1, "")
	const rounds = 50
	for round := range rounds {
		l.send(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"room:1"}}`, round+2))
		l.want(fmt.Sprintf(`"id":%d,"subscribe"`, round+2))
		var removing sync.WaitGroup
		for range 2 {
			removing.Go(func() {
				n.Unsubscribe(1, "room:1")
				n.publish("room:1", []byte(`"secret"`))
			})
		}
		for said := l.next(); !strings.Contains(said, `"unsubscribe":{"code":2000`); said = l.next() {
			if !strings.Contains(said, "for members") {
				t.Fatalf("round %d: %.300s", round, said)
			}
		}
		removing.Wait()
	}
	l.echo(rounds + 2)
}

// A removal that finds another one under way does not return before that has taken effect.
func TestFanoutRemovalWaitsForAnother(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig(), func(h *Handlers) { h.Expelled = func(int64, string) {} })
	l := n.join(t, 1, "room:1")
	client := n.only(t).client
	s := n.fanout.shard("room:1")
	s.mu.Lock() // the first removal stops here, when the library has forgotten the subscription already
	var first sync.WaitGroup
	first.Go(func() { n.Unsubscribe(1, "room:1") })
	until(t, "the first removal", func() bool { return !client.IsSubscribed("room:1") })
	second := make(chan struct{})
	go func() {
		n.Unsubscribe(1, "room:1")
		close(second)
	}()
	select {
	case <-second:
		t.Error("a removal returned before it had taken effect")
	case <-time.After(50 * time.Millisecond): // a second that is late is as good as one that waits
	}
	s.mu.Unlock()
	first.Wait()
	<-second
	l.want(`"unsubscribe":{"code":2000`)
	l.echo(3)
}

// Every member of a room that is walked in several steps hears everything in order, in whichever encoding; the counters know of each.
func TestFanoutLargeRoom(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	const members, last = 2*walkStep + 10, 50
	lines := make([]*line, members)
	for i := range lines {
		lines[i] = n.join(t, i+1, "room:1")
	}
	client := sdk.NewProtobufClient(n.url(), sdk.Config{Token: "1000"})
	t.Cleanup(client.Close)
	sub, err := client.NewSubscription("room:1")
	if err != nil {
		t.Fatal(err)
	}
	on, heard := make(chan struct{}), make(chan string, 2*last)
	sub.OnSubscribed(func(sdk.SubscribedEvent) { close(on) })
	sub.OnPublication(func(e sdk.PublicationEvent) { heard <- string(e.Data) })
	if err := sub.Subscribe(); err != nil {
		t.Fatal(err)
	}
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	<-on
	for i := 1; i <= last; i += 2 {
		n.fanout.deliver("room:1", fmt.Append(nil, i), fmt.Append(nil, i+1)) // in one frame
	}
	for _, l := range lines {
		for i := 1; i <= last; i++ {
			l.want(fmt.Sprintf(`{"push":{"channel":"room:1","pub":{"data":%d}}}`, i))
		}
	}
	for i := 1; i <= last; i++ {
		if got := <-heard; got != fmt.Sprint(i) {
			t.Fatalf("in Protobuf: %s, want %d", got, i)
		}
	}
	if got := testutil.ToFloat64(n.sent.publications.count); got != (members+1)*last {
		t.Errorf("%v publications were counted, want %d", got, (members+1)*last)
	}
}

// Members come and go while a room is walked over; in the end nothing of them is left.
func TestFanoutForgets(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	var stop atomic.Bool
	var walking, coming sync.WaitGroup
	for _, room := range []string{"room:1", "room:2"} {
		walking.Go(func() {
			for !stop.Load() {
				n.publish(room, []byte(`"hello"`))
			}
		})
	}
	c := testConfig()
	c.QueueBytes = 1 << 30
	for i := range 50 {
		coming.Go(func() {
			at := newTransport(&tape{}, nil, i%2 == 0, &c, c.heartbeat())
			for round := range 50 {
				n.fanout.hold(at, "room:1")
				n.fanout.hold(at, "room:2")
				n.fanout.settle(at, "room:1", yes)
				n.fanout.settle(at, "room:2", func() bool { return round%3 > 0 })
				n.fanout.settle(at, "room:1", no)
			}
			n.fanout.settle(at, "room:1", yes)
			n.fanout.forget(at)
			if len(at.listens) > 0 {
				t.Errorf("%d subscriptions of one that is gone", len(at.listens))
			}
		})
	}
	coming.Wait()
	stop.Store(true)
	walking.Wait()
	for i := range n.fanout.shards {
		if left := n.fanout.shards[i].audiences; len(left) > 0 {
			t.Errorf("audiences without anybody: %v", left)
		}
	}
}

// Those who leave during a walk and those who come keep their places straight: everybody else is served once.
func TestFanoutChangesDuringAWalk(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	c := testConfig()
	var at []*transport
	enter := func() {
		one := newTransport(&tape{}, nil, false, &c, c.heartbeat())
		n.fanout.settle(one, "room:1", yes)
		at = append(at, one)
	}
	for range 10 {
		enter()
	}
	s := n.fanout.shard("room:1")
	a, seen := s.begin("room:1")
	n.fanout.settle(at[3], "room:1", no)
	n.fanout.settle(at[9], "room:1", no)
	enter()
	if len(seen) != 10 || seen[3] == nil || seen[3].hand([]byte("x")) {
		t.Error("somebody who left during a walk was served by it")
	}
	s.end("room:1", a)
	n.fanout.settle(at[0], "room:1", no)
	n.fanout.settle(at[10], "room:1", no)
	if len(a.members) != 7 {
		t.Fatalf("%d members, want 7", len(a.members))
	}
	for i, m := range a.members {
		if m.at != i || m.state != memberLive {
			t.Errorf("the member at %d has place %d and state %d", i, m.at, m.state)
		}
	}
}

// A subscription and its end are counted with the library's own counters, whose names and labels are those of the version that was tried.
func TestSentCounters(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig(), func(h *Handlers) { h.Expelled = func(int64, string) {} })
	l := n.join(t, 1, "room:1")
	// A connection's commands run one after the other. Behind the answer to this one, the subscription holds nothing back any more, and so nothing
	// overtakes what is published.
	l.send(`{"id":3,"rpc":{"method":"echo","data":3}}`)
	l.want(`"id":3`)
	n.publish("room:1", []byte(`"x"`))
	n.Send(1, n.only(t).client.ID(), []byte(`"y"`))
	n.Unsubscribe(1, "room:1")
	l.want(`{"push":{"channel":"room:1","pub":{"data":"x"}}}`)
	l.want(`{"push":{"message":{"data":"y"}}}`)
	l.want(`{"push":{"channel":"room:1","unsubscribe":{"code":2000,"reason":"not a member any more"}}}`)
	families, err := n.config.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		if name, ok := strings.CutPrefix(f.GetName(), "parley_realtime_transport_messages_sent"); ok {
			for _, m := range f.GetMetric() {
				for _, label := range m.GetLabel() {
					if label.GetName() == "frame_type" {
						got[label.GetValue()] += fmt.Sprintf("%s %v ", name, m.GetCounter().GetValue())
					}
				}
			}
		}
	}
	for kind, want := range map[string]string{
		"push_publication": " 1 _size 48 ", "push_message": " 1 _size 33 ", "push_unsubscribe": " 1 _size 90 ",
	} {
		if got[kind] != want {
			t.Errorf("%s: %q, want %q", kind, got[kind], want)
		}
	}
}
