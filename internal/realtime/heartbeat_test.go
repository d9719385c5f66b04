package realtime

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/gobwas/ws"
)

// swallower stands between a client and the server. After freeze it takes bytes from both and passes none on, as a network does in which one end
// has gone.
type swallower struct {
	net.Listener
	frozen atomic.Bool
}

func newSwallower(t *testing.T, to string) *swallower {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &swallower{Listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				return
			}
			t.Cleanup(func() { _, _ = client.Close(), server.Close() })
			go s.pass(client, server)
			go s.pass(server, client)
		}
	}()
	return s
}

// pass never closes the other end: nobody tells it.
func (s *swallower) pass(from io.Reader, to io.Writer) {
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if !s.frozen.Load() {
			_, _ = to.Write(b[:n])
		}
	}
}

// listens reads and answers pings until the connection ends.
func (l *line) listens() {
	_ = l.SetDeadline(time.Time{})
	for {
		f, err := readFrame(l.in)
		if err != nil {
			return
		}
		if string(f.Payload) == "{}" {
			_ = ws.WriteFrame(l, ws.MaskFrame(ws.NewTextFrame([]byte("{}"))))
		}
	}
}

// Of a connection whose other end has gone without a word, neither side keeps anything: the server gives its place to others, the SDK connects
// anew. One whose other end answers stays.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.Ping, c.Pong = 6*time.Second, 5*time.Second // time enough for those who answer, on any machine
	n := startNode(t, c)
	neighbour := n.join(t, 2, "")
	go neighbour.listens()
	between := newSwallower(t, n.server.Listener.Addr().String())
	sdk := centrifuge.NewJsonClient("ws://"+between.Addr().String(), centrifuge.Config{
		Token: "1", MaxServerPingDelay: 5 * time.Second, HandshakeTimeout: 5 * time.Second, MaxReconnectDelay: time.Second,
	})
	t.Cleanup(sdk.Close)
	connecting, connected := make(chan centrifuge.ConnectingEvent, 10), make(chan struct{}, 10)
	sdk.OnConnecting(func(e centrifuge.ConnectingEvent) { connecting <- e })
	sdk.OnConnected(func(centrifuge.ConnectedEvent) { connected <- struct{}{} })
	if err := sdk.Connect(); err != nil {
		t.Fatal(err)
	}
	<-connecting
	<-connected
	between.frozen.Store(true)
	if e := <-connecting; e.Reason != "no ping" {
		t.Errorf("the SDK connects anew because of %d %s, want no ping", e.Code, e.Reason)
	}
	until(t, "the end of the half-open connection", func() bool { return n.ends(3012) >= 1 && n.Connections() == 1 })
	between.frozen.Store(false)
	<-connected
	until(t, "the neighbour's socket and the new one", func() bool { return n.count("known") == 2 })
}

// A client's own pings are answered too, whatever is in them.
func TestPong(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "")
	for _, payload := range []string{"", "x", string(make([]byte, 125))} {
		l.frame(ws.NewPingFrame([]byte(payload)))
		f, err := readFrame(l.in)
		if err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != payload {
			t.Errorf("%+v, %v, want a pong with %d bytes", f.Header, err, len(payload))
		}
	}
	l.frame(ws.NewPongFrame([]byte("nobody asked")))
	l.send(`{"id":3,"rpc":{"method":"echo","data":3}}`)
	l.want(`"id":3`)
}

// Pings are spread, and never later than the setting says.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.Ping, c.Pong = 25*time.Second, 10*time.Second
	seen := map[time.Duration]bool{}
	for range 200 {
		h := c.heartbeat()
		if h.PingInterval > c.Ping || h.PingInterval < c.Ping*9/10 || h.PongTimeout != c.Pong {
			t.Fatalf("%+v", h)
		}
		seen[h.PingInterval.Round(500*time.Millisecond)] = true
	}
	if len(seen) < 4 {
		t.Errorf("intervals %v, want them spread", seen)
	}
	c.Ping = time.Second
	if h := c.heartbeat(); h.PingInterval != time.Second {
		t.Errorf("%v; the client would be told 0 seconds", h.PingInterval)
	}
}
