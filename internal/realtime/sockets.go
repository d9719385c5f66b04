package realtime

import (
	"context"
	"net/netip"
	"strconv"
	"sync"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
)

// sockets are all that are open on this node, and counts them by address: whoever opens them without end should not take the place of everybody
// else. The library knows only those who have said who they are.
type sockets struct {
	limits *Config

	mu        sync.Mutex
	open      map[*transport]struct{}
	addresses map[netip.Addr]places
	closing   bool
	running   sync.WaitGroup

	states  *prometheus.GaugeVec
	closes  *prometheus.CounterVec
	refused *prometheus.CounterVec
}

// places are how many sockets an address has, and how many of them have not said who they are.
type places struct{ open, pending int }

func newSockets(limits *Config) (*sockets, error) {
	s := &sockets{
		limits: limits, open: map[*transport]struct{}{}, addresses: map[netip.Addr]places{},
		states: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "parley_realtime_sockets", Help: "Open sockets: known have said who they are, pending not yet.",
		}, []string{"state"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_realtime_socket_closes_total",
			Help: "Sockets that ended: by the server or the client, and with which code; by nobody when the line broke.",
		}, []string{"by", "code"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_realtime_sockets_refused_total", Help: "Requests for a socket that were refused before the upgrade.",
		}, []string{"reason"}),
	}
	for _, c := range []prometheus.Collector{s.states, s.closes, s.refused} {
		if err := limits.Registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, reason := range []string{RefusedAddress, RefusedPending, RefusedOrigin, RefusedHandshake, RefusedStopping} {
		s.refused.WithLabelValues(reason)
	}
	return s, nil
}

// take takes a place for a socket of an address, or says why there is none. A place is given back by release.
func (s *sockets) take(where netip.Addr) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.addresses[where]
	switch {
	case s.closing:
		return RefusedStopping
	case s.limits.PerAddress > 0 && p.open >= s.limits.PerAddress:
		return RefusedAddress
	case s.limits.PendingPerAddress > 0 && p.pending >= s.limits.PendingPerAddress:
		return RefusedPending
	}
	s.addresses[where] = places{p.open + 1, p.pending + 1}
	s.states.WithLabelValues("pending").Inc()
	s.running.Add(1)
	return ""
}

// enter puts the socket into its place.
func (s *sockets) enter(t *transport) {
	s.mu.Lock()
	s.open[t] = struct{}{}
	closing := s.closing
	s.mu.Unlock()
	if closing {
		_ = t.Close(centrifuge.DisconnectShutdown) // what it returns, the reading side gets too
	}
}

// identified notes that somebody said who they are.
func (s *sockets) identified(t *transport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.open[t]; !open || t.known {
		return
	}
	t.known = true
	p := s.addresses[t.where]
	s.addresses[t.where] = places{p.open, p.pending - 1}
	s.states.WithLabelValues("pending").Dec()
	s.states.WithLabelValues("known").Inc()
}

// leave counts how a socket ended and gives its place back.
func (s *sockets) leave(t *transport) {
	t.writing.Lock()
	t.note(byNobody, 0) // unless somebody said why
	end := t.ended
	t.writing.Unlock()
	s.closes.WithLabelValues(end.by, end.label()).Inc()
	s.mu.Lock()
	delete(s.open, t)
	s.mu.Unlock()
	s.release(t.where, t.known)
}

func (s *sockets) release(where netip.Addr, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.addresses[where]
	p.open--
	state := "known"
	if !known {
		p.pending--
		state = "pending"
	}
	s.states.WithLabelValues(state).Dec()
	if s.addresses[where] = p; p.open == 0 {
		delete(s.addresses, where)
	}
	s.running.Done()
}

// label is the code as metrics have it. What clients may send is bounded, or they could make metrics without end.
func (e ending) label() string {
	if e.by == byNobody || e.by == byClient && e.code > 1001 {
		return "other"
	}
	return strconv.Itoa(int(e.code))
}

// close sends everybody away and waits until the last is gone; when ctx ends, it cuts them off.
func (s *sockets) close(ctx context.Context) {
	for _, t := range s.stop() {
		_ = t.Close(centrifuge.DisconnectShutdown) // as in enter
	}
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return
	case <-ctx.Done():
	}
	for _, t := range s.stop() {
		_ = t.cut(true) // its reading side ends by that
	}
	<-gone
}

// stop lets nobody in any more and returns who is there.
func (s *sockets) stop() []*transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	all := make([]*transport, 0, len(s.open))
	for t := range s.open {
		all = append(all, t)
	}
	return all
}
