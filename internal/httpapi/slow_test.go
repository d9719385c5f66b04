package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley/internal/parleytest"
)

// slowly opens a connection, says a part of a request and then nothing more; the channel is closed when the server has hung up.
func slowly(t *testing.T, s *parleytest.Server, said string) <-chan struct{} {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, said); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		if _, err := io.Copy(io.Discard, conn); err == nil || errors.Is(err, syscall.ECONNRESET) {
			close(gone)
		}
	}()
	return gone
}

// Whoever keeps connections open by sending slowly (slowloris) holds nothing for longer than the timeouts say, and others are served meanwhile.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	const attackers = 200
	body := fmt.Sprintf("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", 1<<10)
	for name, said := range map[string]string{
		"nothing":          "",
		"half a header":    "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"half a body":      body,
		"one request only": "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Whoever is honest comes on a connection of their own for each request, and is never so slow.
			s := parleytest.Start(t, parleytest.With(
				"PARLEY_HTTP_HEADER_TIMEOUT=5s", "PARLEY_HTTP_READ_TIMEOUT=10s", "PARLEY_HTTP_IDLE_TIMEOUT=5s"))
			s.SignUp(t, "maya", "Connection", "close")
			hungUp := make([]<-chan struct{}, attackers)
			for i := range hungUp {
				hungUp[i] = slowly(t, s, said)
			}
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() { s.SignIn(t, "maya", "Connection", "close") })
			}
			all.Wait()
			deadline := time.After(time.Minute)
			for i, gone := range hungUp {
				select {
				case <-gone:
				case <-deadline:
					t.Fatalf("connection %d of %d is still open", i, attackers)
				}
			}
			s.SignIn(t, "maya", "Connection", "close")
		})
	}
}

// A header that is too large is refused before it is read to its end.
func TestGiantHeader(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_HTTP_HEADER_BYTES=4KiB"))
	r := s.Anonymous(t).Do(http.MethodGet, "/health/live", nil, "X-Giant", strings.Repeat("x", 64<<10))
	if r.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", r.Status)
	}
	s.Anonymous(t).Do(http.MethodGet, "/health/live", nil).Want(200)
}
