package app_test

import (
	"context"
	"net"
	"testing"

	"parley/internal/parleytest"
)

// A browser opens connections ahead of need. A server that stops closes them instead of waiting for what will never be asked: the read
// below ends because the server hung up, which it does before Stop returns.
func TestStopClosesUnusedConnections(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	var d net.Dialer
	conn, err := d.DialContext(context.Background(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s.SignUp(t, "maya") // whoever comes later is served, so the connection was accepted
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the server said something on a connection on which nothing was asked")
	}
}
