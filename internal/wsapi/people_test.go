package wsapi_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
)

// tryToConnect opens a bare socket and returns the code that it is closed with, 0 when it stays.
func tryToConnect(t *testing.T, s *parleytest.Server, p *parleytest.Person) (net.Conn, ws.StatusCode) {
	t.Helper()
	conn := dial(t, s, nil, nil)
	send(t, conn, fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, p.Token))
	for {
		header, err := ws.ReadHeader(conn)
		if err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, min(header.Length, 1<<16))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatal(err)
		}
		if header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(payload)
			return nil, code
		}
		if strings.Contains(string(payload), `"client"`) {
			return conn, 0
		}
	}
}

func wantConnected(t *testing.T, s *parleytest.Server, p *parleytest.Person, want ws.StatusCode) net.Conn {
	t.Helper()
	conn, code := tryToConnect(t, s, p)
	if code != want {
		t.Fatalf("closed with %d, want %d", code, want)
	}
	return conn
}

// untilConnected tries until there is room: the end of another connection takes the server a moment to see.
func untilConnected(t *testing.T, s *parleytest.Server, p *parleytest.Person) {
	t.Helper()
	servertest.Eventually(t, func() error {
		if _, code := tryToConnect(t, s, p); code != 0 {
			return fmt.Errorf("closed with %d", code)
		}
		return nil
	})
}

func TestConnectionCap_refuses_the_newest(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_PER_USER=2"))
	maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
	first := wantConnected(t, s, maya, 0)
	second := maya.Connect()
	wantConnected(t, s, maya, 4540)
	wantConnected(t, s, theo, 0)
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	second.Subscribe(room.ID)
	if m := second.Post(room.ID, "still here", "m1"); m.Number != 1 {
		t.Errorf("%+v", m)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	untilConnected(t, s, maya)
	wantConnected(t, s, maya, 4540)
	text := metrics(t, s)
	if !strings.Contains(text, "parley_lease_held 3\n") || strings.Contains(text, "parley_lease_refused_total 0\n") {
		t.Error("the metrics do not tell of it")
	}
}

func TestConnectionCap_closes_the_oldest(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_PER_USER=2", "PARLEY_SOCKET_PER_USER_POLICY=close-oldest"))
	maya := s.SignUp(t, "maya")
	first, second := wantConnected(t, s, maya, 0), wantConnected(t, s, maya, 0)
	wantConnected(t, s, maya, 0)
	if code := closed(t, first); code != 4541 {
		t.Errorf("the oldest was closed with %d, want 4541", code)
	}
	wantConnected(t, s, maya, 0)
	if code := closed(t, second); code != 4541 {
		t.Errorf("the next oldest was closed with %d, want 4541", code)
	}
	if text := metrics(t, s); !strings.Contains(text, "parley_lease_evicted_total 2\n") || !strings.Contains(text, "parley_lease_held 2\n") {
		t.Error("the metrics do not tell of it")
	}
}

func TestConnectionCap_can_be_lifted(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_PER_USER=off"))
	maya := s.SignUp(t, "maya")
	for range 30 {
		wantConnected(t, s, maya, 0)
	}
}

// Whoever is connected to one node counts on the other.
func TestConnectionCap_across_nodes(t *testing.T) {
	t.Parallel()
	nodes := parleytest.Nodes(t, 2, nil, parleytest.With("PARLEY_SOCKET_PER_USER=2"))
	one, two := nodes[0], nodes[1]
	maya := one.SignUp(t, "maya")
	first := wantConnected(t, one, maya, 0)
	wantConnected(t, two, maya, 0)
	wantConnected(t, one, maya, 4540)
	wantConnected(t, two, maya, 4540)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	untilConnected(t, two, maya)
}

// The oldest is closed wherever it is.
func TestConnectionCap_across_nodes_closes_the_oldest(t *testing.T) {
	t.Parallel()
	nodes := parleytest.Nodes(t, 2, nil, parleytest.With("PARLEY_SOCKET_PER_USER=2", "PARLEY_SOCKET_PER_USER_POLICY=close-oldest"))
	maya := nodes[0].SignUp(t, "maya")
	first, second := wantConnected(t, nodes[0], maya, 0), wantConnected(t, nodes[1], maya, 0)
	wantConnected(t, nodes[1], maya, 0)
	if code := closed(t, first); code != 4541 {
		t.Errorf("the oldest was closed with %d, want 4541", code)
	}
	wantConnected(t, nodes[0], maya, 0)
	if code := closed(t, second); code != 4541 {
		t.Errorf("the next oldest was closed with %d, want 4541", code)
	}
}
