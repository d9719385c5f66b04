package wsapi_test

import (
	"fmt"
	"testing"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// pair is one Parley of two nodes, with maya at the first and tomas at the second, both members of a room.
type pair struct {
	here, there *parleytest.Server
	maya, tomas *parleytest.Person
	room        contract.ID
}

func newPair(t *testing.T, kind contract.RoomKind, each func(int) []parleytest.Option) *pair {
	t.Helper()
	nodes := parleytest.Nodes(t, 2, each)
	p := &pair{here: nodes[0], there: nodes[1]}
	p.maya = p.here.SignUp(t, "maya")
	p.tomas = p.there.SignUp(t, "tomas")
	p.room = p.maya.CreateRoom("Releases", kind).ID
	p.maya.Do("POST", fmt.Sprintf("/api/v1/rooms/%d/members", p.room), map[string]string{"username": "tomas"})
	return p
}

func posted(t *testing.T, e contract.Event) contract.Message {
	t.Helper()
	if e.Type != contract.MessagePostedEventEvent {
		t.Fatalf("event %s, want a message: %+v", e.Type, e)
	}
	return e.MessagePostedEvent.Data.Message
}

// What is said at one node reaches the members at every node, in the order of the room, and once.
func TestNodes_deliver_to_each_other(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPrivate, nil)
	maya, tomas := p.maya.Connect(), p.tomas.Connect()
	maya.Subscribe(p.room)
	tomas.Subscribe(p.room)
	const most = 40
	for i := range most {
		if i%2 == 0 {
			maya.Post(p.room, fmt.Sprint(i), fmt.Sprint("m", i))
		} else {
			p.tomas.Post(p.room, fmt.Sprint(i), fmt.Sprint("t", i))
		}
	}
	for _, s := range []*parleytest.Socket{maya, tomas} {
		for i := range most {
			if m := posted(t, s.Next()); int(m.Number) != i+1 {
				t.Fatalf("message %d came when %d was next", m.Number, i+1)
			}
		}
	}
	if _, err := tomas.Call("typing.start", map[string]any{"room_id": p.room}); err != nil {
		t.Fatal(err)
	}
	if e := maya.Next(); e.Type != contract.TypingStartedEventEvent {
		t.Errorf("event %s, want typing", e.Type)
	}
	tomas.Next()
	maya.Quiet()
	tomas.Quiet()
}
