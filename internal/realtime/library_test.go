package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"
	sdk "github.com/centrifugal/centrifuge-go"
)

// What we rely on in the centrifuge library and what its documentation does not promise. These tests talk to a node over a real socket. When
// one fails after an upgrade, either the library changed or our idea of it was wrong; read its changelog before the version here is raised.
func TestLibrary_version(t *testing.T) {
	t.Parallel()
	const tested = "github.com/centrifugal/centrifuge v0.40.1\n"
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(mod, []byte(tested)) {
		t.Errorf("go.mod does not have %s", tested)
	}
}

// The connect reply tells the client what heartbeat to expect, and the server's own channel is on without being asked for.
func TestLibrary_connect(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.Ping = time.Second
	n := startNode(t, c)
	l := dial(t, n.url())
	l.send(`{"id":1,"connect":{"token":"7"}}`)
	said := l.next()
	for _, part := range []string{`"ping":1`, `"pong":true`, `"user:7"`, `"expires":true`} {
		if !strings.Contains(said, part) {
			t.Errorf("the connect reply lacks %s: %s", part, said)
		}
	}
	n.Publish(UserChannel(7), []byte(`"mine"`))
	l.want(`"channel":"user:7","pub":{"data":["mine"]}`)
}

// A ping is an empty object, and so is its answer. Whoever does not answer is sent away with a code that makes SDKs come back.
func TestLibrary_ping(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ping, pong time.Duration // the library takes only a pong that is the shorter
		answers    bool
	}{
		"answered":     {8 * time.Second, 7 * time.Second, true},
		"not answered": {600 * time.Millisecond, 550 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testConfig()
			c.Ping, c.Pong = tt.ping, tt.pong
			n := startNode(t, c)
			l := n.join(t, 1, "")
			ping := func() {
				t.Helper()
				f, err := readFrame(l.in)
				if err != nil || string(f.Payload) != "{}" {
					t.Fatalf("%q, %v, want a ping", f.Payload, err)
				}
			}
			ping()
			if tt.answers {
				l.send("{}")
				ping() // which comes later than who has not answered is sent away
				return
			}
			if code := l.closed(); code != 3012 {
				t.Errorf("closed with %d, want 3012", code)
			}
			until(t, "its end", func() bool { return n.ends(3012) == 1 && n.count("known") == 0 })
		})
	}
}

// Publications reach a connection in the order in which Publish returned, replies in the order of the commands, several of either in one frame
// when they pile up, with a line break between them.
func TestLibrary_order(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "room:1")
	const each = 300
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for i := range each {
			n.publish("room:1", fmt.Append(nil, i))
		}
	})
	for i := range each {
		l.send(fmt.Sprintf(`{"id":%d,"rpc":{"method":"echo","data":%d}}`, i+3, i))
	}
	published, replied := 0, 0
	for published+replied < 2*each {
		var said struct {
			ID   int
			Push struct{ Pub struct{ Data int } }
			RPC  struct{ Data int }
		}
		if err := json.Unmarshal([]byte(l.next()), &said); err != nil {
			t.Fatal(err)
		}
		if said.ID != 0 {
			if said.ID != replied+3 || said.RPC.Data != replied {
				t.Fatalf("reply %+v, want that to command %d", said, replied+3)
			}
			replied++
			continue
		}
		if said.Push.Pub.Data != published {
			t.Fatalf("publication %d, want %d", said.Push.Pub.Data, published)
		}
		published++
	}
	publishing.Wait()
}

// A subscription whose time is up is asked about again, with nothing for the client to do; refused, it ends, and SDKs do not try again.
func TestLibrary_subscription_expires(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.MembershipLife, c.RecheckEvery = 8*time.Second, 50*time.Millisecond
	var asked, banned atomic.Int32
	n := startNode(t, c, func(h *Handlers) {
		h.Subscribe = func(context.Context, Peer, string) error {
			asked.Add(1)
			if banned.Load() == 1 {
				return &Error{Code: 403, Message: "no"}
			}
			return nil
		}
	})
	l := n.join(t, 1, "room:1")
	until(t, "a second question", func() bool { return asked.Load() >= 2 })
	n.publish("room:1", []byte(`"a member still"`))
	l.want(`a member still`)
	banned.Store(1)
	l.want(`{"push":{"channel":"room:1","unsubscribe":{"code":2000`)
	n.publish("room:1", []byte(`"not for them"`))
	l.send(`{"id":3,"rpc":{"method":"echo","data":3}}`)
	l.want(`"id":3`)
}

// The codes with which the library ends connections, besides those that TestBadFrames, TestSlowReader and TestLibrary_ping show.
func TestLibrary_close_codes(t *testing.T) {
	t.Parallel()
	t.Run("says nothing", func(t *testing.T) {
		t.Parallel()
		c := testConfig()
		c.ConnectTimeout = 20 * time.Millisecond
		n := startNode(t, c)
		if code := dial(t, n.url()).closed(); code != 3502 {
			t.Errorf("closed with %d, want 3502", code)
		}
		until(t, "its end", func() bool { return n.count("pending") == 0 && n.ends(3502) == 1 })
	})
	t.Run("a command before connect", func(t *testing.T) {
		t.Parallel()
		n := startNode(t, testConfig())
		l := dial(t, n.url())
		l.send(`{"id":1,"rpc":{"method":"echo"}}`)
		if code := l.closed(); code != 3501 {
			t.Errorf("closed with %d, want 3501", code)
		}
	})
	t.Run("a code of ours", func(t *testing.T) {
		t.Parallel()
		n := startNode(t, testConfig(), func(h *Handlers) {
			h.Admit = func(context.Context, Peer, string) error { return &Close{Code: 4029, Reason: "too much"} }
		})
		l := n.join(t, 1, "")
		l.send(`{"id":3,"rpc":{"method":"echo"}}`)
		if code := l.closed(); code != 4029 {
			t.Errorf("closed with %d, want 4029", code)
		}
	})
	t.Run("shutdown", func(t *testing.T) {
		t.Parallel()
		n := startNode(t, testConfig())
		known, pending := n.join(t, 1, ""), dial(t, n.url())
		ended := make(chan error, 1)
		go func() { ended <- n.Shutdown(context.Background()) }()
		for name, l := range map[string]*line{"known": known, "pending": pending} {
			if code := l.closed(); code != 3001 {
				t.Errorf("%s: closed with %d, want 3001", name, code)
			}
		}
		if err := <-ended; err != nil || n.count("known")+n.count("pending") != 0 {
			t.Errorf("after Shutdown: %v, %v sockets", err, n.count("known")+n.count("pending"))
		}
	})
}

// A close that comes while a command runs does not wait for it, and what was queued before goes out first.
func TestLibrary_close_during_a_command(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 7, "room:1")
	l.send(`{"id":3,"rpc":{"method":"wait"}}`)
	<-n.waits
	l.beforeEnd = func() { close(n.letGo) }
	n.publish("room:1", []byte(`"last words"`))
	n.Revoke(7, "7")
	l.want("last words")
	if code := l.closed(); code != CodeSessionEnded {
		t.Errorf("closed with %d, want %d", code, CodeSessionEnded)
	}
}

// Too many subscriptions are refused and the connection stays.
func TestLibrary_channel_limit(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.MaxRooms = 2
	n := startNode(t, c)
	l := n.join(t, 1, "room:1")
	l.send(`{"id":3,"subscribe":{"channel":"room:2"}}`)
	l.want(`"id":3,"subscribe"`)
	l.send(`{"id":4,"subscribe":{"channel":"room:3"}}`)
	l.want(`"id":4,"error":{"code":106`)
	l.send(`{"id":5,"rpc":{"method":"echo","data":5}}`)
	l.want(`"id":5,"rpc"`)
}

// The library takes no limit for a limit of its own, which is 128.
func TestLibrary_no_channel_limit(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.MaxRooms = 0
	n := startNode(t, c)
	l := n.join(t, 1, "room:1")
	for room := 2; room < 200; room++ {
		l.send(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"room:%d"}}`, room, room))
		l.want(fmt.Sprintf(`"id":%d,"subscribe"`, room))
	}
}

// The official SDK, in both encodings: some of its kind speak only Protobuf.
func TestLibrary_sdk(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]func(string, sdk.Config) *sdk.Client{"JSON": sdk.NewJsonClient, "Protobuf": sdk.NewProtobufClient} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, testConfig())
			client := dial(n.url(), sdk.Config{Token: "1"})
			t.Cleanup(client.Close)
			sub, err := client.NewSubscription("room:1")
			if err != nil {
				t.Fatal(err)
			}
			on, heard := make(chan struct{}), make(chan string, 100)
			sub.OnSubscribed(func(sdk.SubscribedEvent) { close(on) })
			sub.OnPublication(func(e sdk.PublicationEvent) { heard <- string(e.Data) })
			if err := sub.Subscribe(); err != nil {
				t.Fatal(err)
			}
			if err := client.Connect(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-on:
			case <-time.After(patience):
				t.Fatal("not subscribed in time")
			}
			for i := range 50 {
				n.publish("room:1", fmt.Append(nil, i))
			}
			for i := range 50 {
				if got := <-heard; got != fmt.Sprint(i) {
					t.Fatalf("heard %s, want %d", got, i)
				}
			}
			reply, err := client.RPC(context.Background(), "echo", []byte(`"hello"`))
			if err != nil || string(reply.Data) != `"hello"` {
				t.Errorf("reply %q, %v", reply.Data, err)
			}
		})
	}
}

var _ centrifuge.Transport = (*transport)(nil)
