package parleytest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Line is a TCP connection to a service that a test can cut: it passes bytes on until Cut, and again after Mend.
type Line struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	cut      bool
	open     map[net.Conn]bool
	done     sync.WaitGroup
}

// NewLine leads from a port of its own to target.
func NewLine(tb testing.TB, target string) *Line {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l := &Line{listener: listener, target: target, open: map[net.Conn]bool{}}
	l.done.Go(l.accept)
	tb.Cleanup(func() {
		_ = listener.Close()
		l.Cut()
		l.done.Wait()
	})
	return l
}

// Addr is where the line begins.
func (l *Line) Addr() string { return l.listener.Addr().String() }

// Cut ends every connection and lets no new one through.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.open {
		_ = c.Close()
	}
}

// Mend lets connections through again.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

func (l *Line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		if !l.add(near) {
			_ = near.Close()
			continue
		}
		far, err := net.Dial("tcp", l.target) //nolint:noctx // a test's line; closing the listener ends it
		if err != nil || !l.add(far) {
			_ = near.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
			l.done.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				l.remove(pair[0])
			})
		}
	}
}

func (l *Line) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut {
		l.open[c] = true
	}
	return !l.cut
}

func (l *Line) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	_ = c.Close()
}
