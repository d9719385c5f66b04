package wsapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge-go"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// refusal is the answer to a request that did not become a socket.
type refusal struct {
	status int
	header http.Header
	body   []byte
}

// knock asks for a socket and returns the answer when it is a refusal; nil when it became one, which stays open until the test ends.
func knock(t *testing.T, s *parleytest.Server, header map[string]string) *refusal {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/api/v1/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &refusal{resp.StatusCode, resp.Header, body}
}

func wantRefusal(t *testing.T, resp *refusal, status int, code string) {
	t.Helper()
	if resp == nil {
		t.Fatalf("became a socket, want %d %s", status, code)
	}
	var p contract.Problem
	if resp.status != status || resp.header.Get("Content-Type") != "application/problem+json" || p.UnmarshalJSON(resp.body) != nil ||
		p.Status != status || p.Code != code {
		t.Errorf("status %d: %s, want %d %s", resp.status, resp.body, status, code)
	}
	after, err := strconv.Atoi(resp.header.Get("Retry-After"))
	if retry := status == http.StatusTooManyRequests; retry != (err == nil) || retry && (after < 1 || p.RetryAfterMs.Value < 1) {
		t.Errorf("Retry-After %q with status %d", resp.header.Get("Retry-After"), status)
	}
}

// One address has so many sockets and no more, whoever is behind it; what a trusted proxy says is the address.
func TestSocketsOfAnAddress(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_PER_ADDRESS=3", "PARLEY_SOCKET_PENDING_PER_ADDRESS=2", "PARLEY_TRUSTED_PROXIES=127.0.0.0/8"))
	maya := s.SignUp(t, "maya")
	elsewhere := map[string]string{"X-Forwarded-For": "192.0.2.7"}

	first := maya.Connect() // has said who she is, so she is not one of the two
	for range 2 {
		if resp := knock(t, s, nil); resp != nil {
			t.Fatalf("refused with %d", resp.status)
		}
	}
	wantRefusal(t, knock(t, s, nil), 429, "too_many_sockets")
	for range 2 {
		if resp := knock(t, s, elsewhere); resp != nil {
			t.Fatalf("another address: refused with %d", resp.status)
		}
	}
	wantRefusal(t, knock(t, s, elsewhere), 429, "too_many_pending_sockets")
	if resp := knock(t, s, map[string]string{"X-Forwarded-For": "2001:db8::1"}); resp != nil {
		t.Fatalf("a third address: refused with %d", resp.status)
	}
	if resp := knock(t, s, map[string]string{"X-Forwarded-For": "2001:db8::2"}); resp != nil {
		t.Fatalf("its second socket: refused with %d", resp.status)
	}
	wantRefusal(t, knock(t, s, map[string]string{"X-Forwarded-For": "2001:db8::3"}), 429, "too_many_pending_sockets") // the same /64
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	first.Post(room.ID, "still here", "m1")

	text := metrics(t, s)
	for reason, n := range map[string]int{"address": 1, "pending": 2} {
		if line := fmt.Sprintf("parley_realtime_sockets_refused_total{reason=%q} %d\n", reason, n); !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	for state, n := range map[string]int{"known": 1, "pending": 6} {
		if line := fmt.Sprintf("parley_realtime_sockets{state=%q} %d\n", state, n); !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

// A place is free again when its socket has ended, and the SDKs take it by themselves.
func TestSocketsOfAnAddress_come_free(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_PER_ADDRESS=1", "PARLEY_SOCKET_PENDING_PER_ADDRESS=off"))
	maya := s.SignUp(t, "maya")
	first := maya.Connect()
	second := centrifuge.NewJsonClient(s.Socket, centrifuge.Config{Token: maya.Token})
	t.Cleanup(second.Close)
	connected := make(chan struct{})
	second.OnConnected(func(centrifuge.ConnectedEvent) { close(connected) })
	if err := second.Connect(); err == nil { // it tells how the first try went, and goes on trying
		t.Error("not refused")
	}
	first.Client.Close()
	<-connected
}

// What asks for no socket, or from another site's page, is told so before the connection is taken over.
func TestSocketRefusals(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	for name, tt := range map[string]struct {
		header map[string]string
		status int
		code   string
	}{
		"another site":    {map[string]string{"Origin": "https://evil.example"}, 403, "cross_origin"},
		"no key":          {map[string]string{"Sec-WebSocket-Key": ""}, 400, "bad_handshake"},
		"an old version":  {map[string]string{"Sec-WebSocket-Version": "8"}, 400, "bad_handshake"},
		"another upgrade": {map[string]string{"Upgrade": "h2c"}, 400, "bad_handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, knock(t, s, tt.header), tt.status, tt.code)
		})
	}
}
