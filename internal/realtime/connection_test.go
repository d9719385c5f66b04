package realtime_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/realtime"
)

// newNode serves a node with handlers that let everybody in, changed by change.
func newNode(t *testing.T, change func(c *realtime.Config, h *realtime.Handlers)) (url string, node *realtime.Node) {
	t.Helper()
	h := realtime.Handlers{
		Authenticate: func(_ context.Context, token string) (realtime.Peer, error) {
			return realtime.Peer{User: 7, Session: token, Expires: time.Now().Add(time.Hour)}, nil
		},
		Admit:     func(context.Context, realtime.Peer, string) error { return nil },
		Subscribe: func(context.Context, realtime.Peer, string) error { return nil },
		Command:   func(context.Context, realtime.Peer, string, []byte) ([]byte, error) { return []byte("{}"), nil },
		Revoked:   func(int64, []string) {},
		Ended:     func(realtime.Peer) bool { return false },
		Open:      func(context.Context, realtime.Peer) error { return nil },
		Closed:    func(realtime.Peer) {},
		Told:      func([]byte) {},
		Expelled:  func(int64, string) {},
		Missed:    func() []byte { return nil },
		Rejoined:  func() {},
	}
	c := realtime.Config{
		FrameBytes: 1 << 16, QueueBytes: 1 << 20, Ping: time.Minute, Pong: 10 * time.Second, ConnectTimeout: time.Minute, CommandTimeout: time.Minute,
		WriteTimeout: time.Minute, CheckOrigin: func(*http.Request) bool { return true },
		MembershipLife: time.Hour, MaxRooms: 10, Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Clock: time.Now,
	}
	change(&c, &h)
	node, err := realtime.New(c, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(node)
	t.Cleanup(func() {
		if err := node.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http"), node
}

func connect(t *testing.T, url, session string) net.Conn {
	t.Helper()
	conn, _, _, err := ws.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := wsutil.WriteClientText(conn, fmt.Appendf(nil, `{"id":1,"connect":{"token":%q}}`, session)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// receive waits for what a handler was given.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// A connection that is closed while Open is still thinking never comes about, and Closed is told all the same.
func TestClosed_is_told_of_a_connection_that_never_came_about(t *testing.T) {
	t.Parallel()
	opening, release, closed := make(chan realtime.Peer, 1), make(chan struct{}), make(chan realtime.Peer, 2)
	url, _ := newNode(t, func(c *realtime.Config, h *realtime.Handlers) {
		c.ConnectTimeout = 5 * time.Second // to get as far as Open
		h.Open = func(_ context.Context, p realtime.Peer) error {
			opening <- p
			<-release
			return nil
		}
		h.Closed = func(p realtime.Peer) { closed <- p }
	})
	conn := connect(t, url, "one")
	p := receive(t, opening)
	for { // until it took too long
		if _, err := wsutil.ReadServerText(conn); err != nil {
			break
		}
	}
	close(release)
	if got := receive(t, closed); got != p || p.Connection == "" {
		t.Errorf("closed %+v, want %+v", got, p)
	}
}

func TestClosed_is_told_of_every_end(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, conn net.Conn, node *realtime.Node, p realtime.Peer){
		"hung up": func(_ *testing.T, conn net.Conn, _ *realtime.Node, _ realtime.Peer) { _ = conn.Close() },
		"revoked": func(_ *testing.T, _ net.Conn, node *realtime.Node, _ realtime.Peer) { node.Revoke(7, "one") },
		"dismissed": func(_ *testing.T, _ net.Conn, node *realtime.Node, p realtime.Peer) {
			node.Dismiss(7, &realtime.Close{Code: 4999, Reason: "test"}, p.Connection)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan realtime.Peer, 2)
			url, node := newNode(t, func(_ *realtime.Config, h *realtime.Handlers) {
				h.Closed = func(p realtime.Peer) { closed <- p }
			})
			conn := connect(t, url, "one")
			reply, err := wsutil.ReadServerText(conn)
			if err != nil || !strings.Contains(string(reply), `"client"`) {
				t.Fatalf("%s, %v", reply, err)
			}
			_, id, _ := strings.Cut(string(reply), `"client":"`)
			id, _, _ = strings.Cut(id, `"`)
			node.Send(7, id, []byte(`["for you"]`))
			if push, err := wsutil.ReadServerText(conn); err != nil || !strings.Contains(string(push), `["for you"]`) {
				t.Errorf("%s, %v", push, err)
			}
			end(t, conn, node, realtime.Peer{Connection: id})
			if got := receive(t, closed); got.Connection != id {
				t.Errorf("closed %+v, want %s", got, id)
			}
		})
	}
}
