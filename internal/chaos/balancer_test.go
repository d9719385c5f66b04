package chaos

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// balancer is what stands between people and nodes, and the network it stands in. It takes any node that accepts a connection, asks nobody
// whether they are well, and can be told to treat some of its lines badly.
type balancer struct {
	listener net.Listener
	nodes    []string
	running  sync.WaitGroup

	mu    sync.Mutex
	rng   *rand.Rand
	lines map[*line]struct{}
	next  int
}

// line is one connection through the balancer.
type line struct {
	near, far net.Conn

	mu       sync.Mutex
	held     chan struct{} // closed when bytes may go on
	vanished bool
}

func newBalancer(tb testing.TB, seed uint64) *balancer {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	b := &balancer{listener: l, rng: rand.New(rand.NewPCG(seed, 2)), lines: map[*line]struct{}{}}
	tb.Cleanup(func() {
		_ = l.Close()
		b.mend()
		for _, line := range b.some(1) {
			line.close()
		}
		b.running.Wait()
	})
	return b
}

// serve begins to lead to nodes.
func (b *balancer) serve(nodes []string) {
	b.nodes = nodes
	b.running.Go(func() {
		for {
			near, err := b.listener.Accept()
			if err != nil {
				return
			}
			b.running.Go(func() { b.connect(near) })
		}
	})
}

func (b *balancer) addr() string { return b.listener.Addr().String() }

// connect takes the nodes in turn, the next one when one refuses.
func (b *balancer) connect(near net.Conn) {
	b.mu.Lock()
	b.next++
	first := b.next
	b.mu.Unlock()
	for i := range b.nodes {
		far, err := net.DialTimeout("tcp", b.nodes[(first+i)%len(b.nodes)], time.Second)
		if err != nil {
			continue
		}
		b.carry(&line{near: near, far: far, held: closed})
		return
	}
	_ = near.Close()
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (b *balancer) carry(l *line) {
	b.mu.Lock()
	b.lines[l] = struct{}{}
	b.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.pump(l.far, l.near) })
	both.Go(func() { l.pump(l.near, l.far) })
	both.Wait()
	l.close()
	b.mu.Lock()
	delete(b.lines, l)
	b.mu.Unlock()
}

// pump carries bytes one way. What was read before a line was held goes on when it is let go, though the end it came from may have left: that is
// how a request arrives after its sender has given it up and sent another.
func (l *line) pump(to, from net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		held := l.held
		l.mu.Unlock()
		<-held
		l.mu.Lock()
		vanished := l.vanished
		l.mu.Unlock()
		switch {
		case vanished && err != nil:
			_ = from.Close() // and the other end is not told
			return
		case vanished:
			continue
		case n > 0:
			_, werr := to.Write(buf[:n])
			if err == nil {
				err = werr
			}
		}
		if err != nil {
			l.close()
			return
		}
	}
}

func (l *line) close() {
	_ = l.near.Close()
	_ = l.far.Close()
}

// some picks a share of the lines.
func (b *balancer) some(share float64) []*line {
	b.mu.Lock()
	defer b.mu.Unlock()
	var picked []*line
	for l := range b.lines {
		if b.rng.Float64() < share {
			picked = append(picked, l)
		}
	}
	return picked
}

func (b *balancer) cut(share float64) {
	for _, l := range b.some(share) {
		l.close()
	}
}

func (b *balancer) hold(share float64) {
	for _, l := range b.some(share) {
		l.mu.Lock()
		if l.held == closed {
			l.held = make(chan struct{})
		}
		l.mu.Unlock()
	}
}

func (b *balancer) vanish(share float64) {
	for _, l := range b.some(share) {
		l.mu.Lock()
		l.vanished = true
		l.mu.Unlock()
	}
}

// mend lets what is held go on. What has vanished stays so: its ends have to find out for themselves.
func (b *balancer) mend() {
	for _, l := range b.some(1) {
		l.mu.Lock()
		if l.held != closed {
			close(l.held)
			l.held = closed
		}
		l.mu.Unlock()
	}
}
