package wsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

func typed(t *testing.T, socket *parleytest.Socket, room contract.ID) {
	t.Helper()
	if _, err := socket.Call("typing.start", map[string]any{"room_id": room}); err != nil {
		t.Error(err)
	}
}

// heardTyping counts the signs of typing that come before a message.
func heardTyping(t *testing.T, listener *parleytest.Socket) int {
	t.Helper()
	for n := 0; ; {
		switch e := listener.Next(); e.Type {
		case contract.TypingStartedEventEvent:
			n++
		case contract.MessagePostedEventEvent:
			return n
		}
	}
}

// However many type in a room, it is told of some; another room is not the worse for it.
func TestTyping_is_bounded_in_a_busy_room(t *testing.T) {
	t.Parallel()
	clock := newHands()
	s := parleytest.Start(t, parleytest.With("PARLEY_TYPING_SIGNS=3"), parleytest.Clock(clock.now), longLived())
	maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
	room, other := maya.CreateRoom("Releases", contract.RoomKindPublic), maya.CreateRoom("Random", contract.RoomKindPublic)
	theo.Join(room.ID)
	theo.Join(other.ID)
	listener := maya.Connect()
	listener.Subscribe(room.ID)
	listener.Subscribe(other.ID)
	typist := theo.Connect()
	for round := range 2 {
		for range 10 {
			typed(t, typist, room.ID)
		}
		typist.Post(room.ID, "done", fmt.Sprint("a", round))
		if n := heardTyping(t, listener); n != 3 {
			t.Errorf("round %d: %d signs of ten, want 3", round, n)
		}
		typed(t, typist, other.ID)
		typist.Post(other.ID, "done", fmt.Sprint("b", round))
		if n := heardTyping(t, listener); n != 1 {
			t.Errorf("round %d: %d signs in the other room, want 1", round, n)
		}
		clock.forward(3 * time.Second)
	}
	if !strings.Contains(metrics(t, s), `parley_typing_dropped_total{why="busy"} 14`) {
		t.Error("what was dropped is not counted")
	}
}

func TestTyping_is_not_told_to_a_crowd(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_TYPING_LISTENERS=2"))
	maya := s.SignUp(t, "maya")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	first, second := maya.Connect(), maya.Connect()
	first.Subscribe(room.ID)
	second.Subscribe(room.ID)
	typed(t, first, room.ID)
	first.Post(room.ID, "two listen", "m1")
	if n := heardTyping(t, second); n != 1 {
		t.Errorf("two listeners were told %d times, want once", n)
	}
	maya.Connect().Subscribe(room.ID)
	typed(t, first, room.ID)
	first.Post(room.ID, "three listen", "m2")
	if n := heardTyping(t, second); n != 0 {
		t.Errorf("a crowd was told %d times", n)
	}
	if !strings.Contains(metrics(t, s), `parley_typing_dropped_total{why="crowd"} 1`) {
		t.Error("what was dropped is not counted")
	}
}

// Typing crosses nodes, and nothing of it is in history or in what changed.
func TestTyping_across_nodes(t *testing.T) {
	t.Parallel()
	nodes := parleytest.Nodes(t, 2, nil)
	maya, theo := nodes[0].SignUp(t, "maya"), nodes[1].SignUp(t, "theo")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	theo.Join(room.ID)
	listener, typist := maya.Connect(), theo.Connect()
	listener.Subscribe(room.ID)
	typed(t, typist, room.ID)
	e := afterJoining(listener)
	if e.Type != contract.TypingStartedEventEvent || e.TypingStartedEvent.Data.UserID != theo.Me.ID {
		t.Errorf("%+v, want theo typing", e)
	}
	if c := maya.Changes(room.ID, 0, ""); len(c.Items) != 0 || c.Revision != 0 {
		t.Errorf("typing left something behind: %+v", c)
	}
}
