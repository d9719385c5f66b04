package wsapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// What was stored may never have been told: the node that stored it ended in between. When its author asks for the same again, everybody hears
// of it, as it is by then and under its own revision, so that nobody counts it twice.
func TestAskedAgain_is_told_again(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, tomas := s.SignUp(t, "maya"), s.SignUp(t, "tomas")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic).ID
		tomas.Join(room)
		askAgain(t, maya, tomas, tomas, room)
	})
}

// The retry may come to another node than the first try.
func TestNodes_asked_again_is_told_again(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	askAgain(t, p.maya, p.there.As(t, p.maya), p.tomas, p.room)
}

func askAgain(t *testing.T, first, again, reader *parleytest.Person, room contract.ID) {
	t.Helper()
	if again == reader { // one node
		again = first
	}
	said := first.Post(room, "hello", "key") // nobody listens yet, as if nobody had been told
	listener := reader.Connect()
	listener.Subscribe(room)
	path := fmt.Sprintf("/api/v1/rooms/%d/messages", room)
	repeated := func() contract.Event {
		t.Helper()
		again.Do(http.MethodPost, path, map[string]string{"body": "hello", "client_key": "key"}).Want(http.StatusOK)
		e := listener.Next()
		for e.Type == contract.MemberJoinedEventEvent {
			e = listener.Next()
		}
		return e
	}
	if e := repeated(); e.Type != contract.MessagePostedEventEvent || e.MessagePostedEvent.Revision != said.Revision {
		t.Errorf("the post: %+v", e)
	}
	one := fmt.Sprintf("%s/%d", path, said.Number)
	edit := func(who *parleytest.Person) {
		t.Helper()
		who.Do(http.MethodPatch, one, map[string]string{"body": "hello you"}).Want(http.StatusOK)
		if e := listener.Next(); e.Type != contract.MessageEditedEventEvent || e.MessageEditedEvent.Revision != said.Revision+1 {
			t.Errorf("the edit: %+v", e)
		}
	}
	edit(first)
	edit(again)
	if e := repeated(); e.Type != contract.MessageEditedEventEvent || e.MessageEditedEvent.Data.Message.Body != "hello you" {
		t.Errorf("the post, edited by then: %+v", e)
	}
	for _, who := range []*parleytest.Person{first, again} {
		who.Do(http.MethodDelete, one, nil)
		if e := listener.Next(); e.Type != contract.MessageDeletedEventEvent || e.MessageDeletedEvent.Revision != said.Revision+2 {
			t.Errorf("the deletion: %+v", e)
		}
	}
	if e := repeated(); e.Type != contract.MessageDeletedEventEvent {
		t.Errorf("the post, deleted by then: %+v", e)
	}
	for range 2 {
		reader.Do(http.MethodPut, fmt.Sprintf("/api/v1/rooms/%d/read", room), map[string]int{"number": 1}).Want(http.StatusOK)
		if e := listener.Next(); e.Type != contract.ReadMarkedEventEvent {
			t.Errorf("the read mark: %+v", e)
		}
	}
}

// The database stored it, the answer was lost, and the author goes home: everybody hears of it all the same, and in a room where nobody says another word.
func TestDoubt_is_resolved_without_a_retry(t *testing.T) {
	t.Parallel()
	proxy, place := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
	s := parleytest.Start(t, parleytest.At(place))
	maya := s.SignUp(t, "maya")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic).ID
	path := fmt.Sprintf("/api/v1/rooms/%d/messages", room)
	for _, key := range []string{"edited", "deleted"} {
		maya.Post(room, key, key)
	}
	listener := maya.Connect()
	listener.Subscribe(room)
	lost := ""
	for try := 0; lost == ""; try++ {
		body := fmt.Sprint("lost-answer-", try)
		proxy.HoldReplies()
		maya.Do(http.MethodPost, path, map[string]string{"body": body, "client_key": body}).Want(http.StatusServiceUnavailable)
		proxy.Mend(t)
		if hasStored(t, maya, path, body) {
			lost = body
			continue
		}
		if try == 10 {
			t.Fatal("nothing was stored")
		}
		warm := fmt.Sprint("warm-", try) // the connection is a new one
		servertest.Eventually(t, func() error {
			if r := maya.Do(http.MethodPost, path, map[string]string{"body": warm, "client_key": warm}); r.Status >= 300 {
				return fmt.Errorf("post: %d", r.Status)
			}
			return nil
		})
	}
	m := next(t, listener)
	for strings.HasPrefix(m.Body, "warm-") {
		m = next(t, listener)
	}
	if m.Body != lost {
		t.Errorf("heard %q, want %q", m.Body, lost)
	}
	// A reply to a transaction's first statement that does not come is no commit: these are lost, and nobody is told of anything.
	proxy.HoldReplies()
	maya.Do(http.MethodPatch, path+"/1", map[string]string{"body": "never stored"}).Want(http.StatusServiceUnavailable)
	proxy.Mend(t)
	servertest.Eventually(t, func() error {
		if r := maya.Do(http.MethodDelete, path+"/2", nil); r.Status >= 300 {
			return fmt.Errorf("delete: %d", r.Status)
		}
		return nil
	})
	if e := listener.Next(); e.Type != contract.MessageDeletedEventEvent {
		t.Errorf("heard %+v", e)
	}
}

// hasStored says whether a message got as far as the database. On a connection that has rested, or that has not seen the statement yet, another question
// goes before it: then what was lost is the answer to that one.
func hasStored(t *testing.T, who *parleytest.Person, path, body string) bool {
	t.Helper()
	var history string
	servertest.Eventually(t, func() error {
		r := who.Do(http.MethodGet, path, nil)
		if r.Status != http.StatusOK {
			return fmt.Errorf("history: %d", r.Status)
		}
		history = string(r.Body)
		return nil
	})
	return strings.Contains(history, fmt.Sprintf("%q", body))
}
