package servertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a network in front of a server that can fail in every way a network does. It starts in order.
type Proxy struct {
	target string
	addr   string

	mu       sync.Mutex
	listener net.Listener // nil: connections are refused
	conns    map[net.Conn]struct{}
	requests valve // to the server
	replies  valve // back
	running  sync.WaitGroup
}

// valve lets bytes of one direction pass while open is closed.
type valve struct{ open chan struct{} }

// NewProxy puts a network in front of the server of a URL and returns it with the URL that leads through it. It ends with the test.
func NewProxy(tb testing.TB, server string) (*Proxy, string) {
	tb.Helper()
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	p := ProxyTo(tb, u.Host)
	u.Host = p.addr
	return p, u.String()
}

// ProxyTo puts a network in front of the server at an address.
func ProxyTo(tb testing.TB, target string) *Proxy {
	tb.Helper()
	p := &Proxy{target: target, addr: fmt.Sprintf("127.0.0.1:%d", FreePort(tb)), conns: map[net.Conn]struct{}{}}
	p.requests.set(true)
	p.replies.set(true)
	p.listen(tb)
	tb.Cleanup(func() {
		p.Refuse()
		p.running.Wait()
	})
	return p
}

// Addr is where the network begins.
func (p *Proxy) Addr() string { return p.addr }

func (p *Proxy) listen(tb testing.TB) {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return
	}
	var c net.ListenConfig
	l, err := c.Listen(context.Background(), "tcp", p.addr)
	if err != nil {
		tb.Fatal(err)
	}
	p.listener = l
	p.running.Go(func() { p.accept(l) })
}

// Mend puts everything in order: new connections are let through, and what was held goes on.
func (p *Proxy) Mend(tb testing.TB) {
	tb.Helper()
	p.hold(true, true)
	p.listen(tb)
}

// Cut breaks the connections there are, as a server does that is killed. New ones are let through.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// Refuse breaks the connections there are and refuses new ones, as a machine does on which no server runs.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Cut()
	p.hold(true, true) // nobody waits for bytes that go nowhere
}

// Hold keeps every connection open, accepts new ones, and lets nothing through, as a network does that drops packets.
func (p *Proxy) Hold() { p.hold(false, false) }

// HoldReplies lets the server get everything and the client nothing: what was asked is done, and nobody learns of it.
func (p *Proxy) HoldReplies() { p.hold(true, false) }

func (p *Proxy) hold(requests, replies bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests.set(requests)
	p.replies.set(replies)
}

// set opens or shuts a valve. Whoever waits at one that was replaced is let through when it is opened, by the channel it knows.
func (v *valve) set(open bool) {
	if v.open == nil {
		v.open = make(chan struct{})
	}
	select {
	case <-v.open:
		if !open {
			v.open = make(chan struct{})
		}
	default:
		if open {
			close(v.open)
		}
	}
}

func (p *Proxy) accept(l net.Listener) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refused := p.listener != l // since it was accepted
		if !refused {
			p.conns[from] = struct{}{}
		}
		p.mu.Unlock()
		if refused {
			_ = from.Close()
			continue
		}
		p.running.Go(func() { p.connect(from) })
	}
}

func (p *Proxy) connect(from net.Conn) {
	var d net.Dialer
	to, err := d.DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	if _, there := p.conns[from]; there {
		p.conns[to] = struct{}{}
	} else { // it was cut meanwhile
		_ = to.Close()
	}
	p.mu.Unlock()
	ended := make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { p.pump(to, from, &p.requests, ended) })
	p.pump(from, to, &p.replies, ended)
	close(ended)
	both.Wait()
	p.mu.Lock()
	delete(p.conns, from)
	delete(p.conns, to)
	p.mu.Unlock()
}

// pump carries bytes until one end closes, and then closes the other.
func (p *Proxy) pump(to io.WriteCloser, from io.ReadCloser, v *valve, ended <-chan struct{}) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		open := v.open
		p.mu.Unlock()
		select {
		case <-open:
		case <-ended:
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
