package app

import (
	"net"
	"net/http"
	"sync"
)

// unusedConns are the connections of a server on which nothing was asked yet. Browsers open such ones ahead of need, and a server that
// shuts down would wait five seconds for a first request on them.
type unusedConns struct {
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	stopped bool
}

// watch makes the server's Shutdown close the connections that were never used.
func (u *unusedConns) watch(s *http.Server) {
	u.open = map[net.Conn]struct{}{}
	s.ConnState = u.changed
	s.RegisterOnShutdown(u.close)
}

func (u *unusedConns) changed(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.open, c)
		return
	}
	u.open[c] = struct{}{}
	if u.stopped {
		_ = c.Close() // nobody has asked anything on it
	}
}

func (u *unusedConns) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = true
	for c := range u.open {
		_ = c.Close() // as above
	}
}
