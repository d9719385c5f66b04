package realtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/gobwas/ws"
)

// Refusal is why a request does not become a socket.
type Refusal struct {
	Reason     string
	RetryAfter time.Duration // 0: it is no use
}

// Reasons of a Refusal.
const (
	RefusedAddress   = "address"   // its address has as many sockets as it may have
	RefusedPending   = "pending"   // its address has as many that have not said who they are
	RefusedOrigin    = "origin"    // it comes from a page of another site
	RefusedHandshake = "handshake" // it asks for no WebSocket, or in a way that this server does not know
	RefusedStopping  = "stopping"  // the node stops
)

const (
	subprotocolJSON     = "centrifuge-json"
	subprotocolProtobuf = "centrifuge-protobuf"
	upgradeTimeout      = 5 * time.Second
	retryStopping       = time.Second // another node may be there
	retryAddress        = 30 * time.Second
)

// ServeHTTP upgrades a request to a socket.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(reason string, after time.Duration) {
		n.sockets.refused.WithLabelValues(reason).Inc()
		n.handlers.Refuse(w, r, Refusal{Reason: reason, RetryAfter: after})
	}
	if !asksForSocket(r) {
		refuse(RefusedHandshake, 0)
		return
	}
	if !n.config.CheckOrigin(r) {
		refuse(RefusedOrigin, 0)
		return
	}
	where := addressOf(r)
	switch reason := n.sockets.take(where); reason {
	case "":
	case RefusedPending:
		refuse(reason, n.config.ConnectTimeout)
		return
	case RefusedStopping:
		refuse(reason, retryStopping)
		return
	default:
		refuse(reason, retryAddress)
		return
	}
	t, err := n.upgrade(w, r)
	if err != nil {
		n.sockets.release(where, false)
		n.config.Logger.DebugContext(r.Context(), "socket not opened", slog.Any("error", err))
		return
	}
	t.where = where
	n.sockets.enter(t)
	// The request's own goroutine has a deep stack, and holds on to the request.
	go n.serve(context.WithoutCancel(r.Context()), t)
}

// asksForSocket says whether the upgrade can succeed. The library checks the same, but only after the connection was taken from the server, when
// no proper answer can be given any more.
func asksForSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor >= 1 && r.Host != "" &&
		strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && hasToken(r.Header.Values("Connection"), "upgrade") &&
		r.Header.Get("Sec-Websocket-Version") == "13" && len(r.Header.Get("Sec-Websocket-Key")) == 24
}

func hasToken(lines []string, token string) bool {
	for part := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}

// addressOf is whom a socket counts for: an IPv4 address, or an IPv6 network of 64 bits, which any client has to itself.
func addressOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a := at.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	return netip.PrefixFrom(a, 64).Masked().Addr()
}

func (n *Node) upgrade(w http.ResponseWriter, r *http.Request) (*transport, error) {
	u := ws.HTTPUpgrader{Timeout: upgradeTimeout, Protocol: func(p string) bool { return p == subprotocolJSON || p == subprotocolProtobuf }}
	conn, both, shake, err := u.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			err = errors.Join(err, conn.Close())
		}
		return nil, err
	}
	if c, ok := conn.(*net.TCPConn); ok && n.config.KernelBytes > 0 {
		// Otherwise the kernel keeps megabytes for somebody who does not read, before anything waits here and is counted.
		err = errors.Join(c.SetWriteBuffer(n.config.KernelBytes), c.SetReadBuffer(n.config.KernelBytes))
	}
	buffered, peekErr := both.Peek(both.Reader.Buffered())
	if err = errors.Join(err, peekErr); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	query := r.URL.Query() // some SDKs ask in this way
	protobuf := shake.Protocol == subprotocolProtobuf || query.Get("format") == "protobuf" || query.Get("cf_protocol") == "protobuf"
	return newTransport(conn, buffered, protobuf, &n.config, n.config.heartbeat()), nil
}

// serve is a socket's reading side, for as long as it is open.
func (n *Node) serve(ctx context.Context, t *transport) {
	defer n.sockets.leave(t)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, leave, err := centrifuge.NewClient(ctx, n.node, t)
	if err != nil {
		n.config.Logger.ErrorContext(ctx, "socket not served", slog.Any("error", err))
		_ = t.cut(false)
		return
	}
	t.writing.Lock()
	t.client = client
	t.writing.Unlock()
	defer n.fanout.forget(t)
	err = t.listen(client)
	var fault *Close
	switch {
	case errors.As(err, &fault):
		t.refuse(fault)
		_ = leave() // it never fails
		t.discard()
	case err == nil: // the library is closing, or about to: the code is its own
		t.drain()
	}
	_ = t.cut(false) // first: the library would wait for a write that is stuck
	_ = leave()
}

// listen hands what comes in to the library, one message after the other, until the connection ends; nil when the library wants no more of it.
func (t *transport) listen(client *centrifuge.Client) error {
	for {
		m, err := t.next()
		if err != nil {
			return err
		}
		m.client = client
		// Not here: a stack grows with the deepest call and is kept, and this goroutine lives as long as the connection. Its own commands are
		// waited for, so they run one after the other.
		go m.handle(t.limits)
		proceed := <-m.done
		m.free()
		if !proceed {
			return nil
		}
	}
}

func (m *message) handle(limits *Config) {
	proceed := false
	defer func() {
		if cause := recover(); cause != nil { // one bad command is no reason for everybody else's connection to end
			limits.Logger.Error("panic", slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
			m.client.Disconnect(centrifuge.DisconnectServerError)
		}
		m.done <- proceed
	}()
	m.reader.Reset(m.body)
	proceed = centrifuge.HandleReadFrame(m.client, &m.reader, int64(limits.FrameBytes))
}

// drain reads until the other end has agreed to the end, or for a while. A connection that is closed with something unread is reset, and what was
// sent last, which is why it was closed, would be lost.
func (t *transport) drain() {
	t.writing.Lock()
	t.bound()
	t.writing.Unlock()
	for {
		m, err := t.next()
		var fault *Close
		if errors.As(err, &fault) {
			t.discard()
		}
		if err != nil {
			return
		}
		m.free()
	}
}

// discard is drain without looking for frames.
func (t *transport) discard() {
	t.writing.Lock()
	t.bound()
	t.writing.Unlock()
	_, _ = io.Copy(io.Discard, t) // it ends, and how does not matter
}
