package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

func TestRooms(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo, ines := s.SignUp(t, "maya"), s.SignUp(t, "theo"), s.SignUp(t, "ines")
		var releases contract.Room
		maya.Do(http.MethodPost, "/api/v1/rooms", map[string]string{"name": "  Releases ", "kind": "public", "topic": "What ships"}, "Idempotency-Key", "one").
			Want(http.StatusCreated).Decode(&releases)
		if releases.Name != "Releases" || releases.Topic != "What ships" || releases.Role.Value != contract.RoleOwner || releases.MemberCount != 1 {
			t.Errorf("created %+v", releases)
		}
		var again contract.Room
		maya.Do(http.MethodPost, "/api/v1/rooms", map[string]string{"name": "Releases", "kind": "public"}, "Idempotency-Key", "one").Want(http.StatusOK).Decode(&again)
		if again.ID != releases.ID {
			t.Errorf("a retry made room %d beside %d", again.ID, releases.ID)
		}
		theo.Do(http.MethodPost, "/api/v1/rooms", map[string]string{"name": "RELEASES", "kind": "public"}).WantProblem(409, "room_name_taken", "name")
		founders := maya.CreateRoom("Founders", contract.RoomKindPrivate)
		for name, tt := range map[string]struct {
			body   any
			fields []string
		}{
			"no name":     {map[string]string{"name": " ", "kind": "public"}, []string{"name"}},
			"a line":      {map[string]string{"name": "a\nb", "kind": "public"}, []string{"name"}},
			"bidi":        {map[string]string{"name": "a\u202eb", "kind": "public"}, []string{"name"}},
			"long":        {map[string]string{"name": strings.Repeat("x", 81), "kind": "public", "topic": strings.Repeat("x", 251)}, []string{"name", "topic"}},
			"a kind":      {map[string]string{"name": "x", "kind": "secret"}, []string{"kind"}},
			"wrong types": {`{"name":[],"kind":"public"}`, []string{"name"}},
		} {
			t.Run(name, func(t *testing.T) {
				maya.Do(http.MethodPost, "/api/v1/rooms", tt.body).WantProblem(400, "invalid", tt.fields...)
			})
		}

		room := fmt.Sprintf("/api/v1/rooms/%d", releases.ID)
		secret := fmt.Sprintf("/api/v1/rooms/%d", founders.ID)
		var page contract.RoomPage
		theo.Do(http.MethodGet, "/api/v1/rooms/browse?query=REL", nil).Want(200).Decode(&page)
		if len(page.Items) != 1 || page.Items[0].ID != releases.ID || page.Items[0].Role.IsSet() {
			t.Errorf("browse: %+v", page)
		}
		// A private room answers a stranger exactly like one that does not exist.
		for _, call := range [][2]string{
			{http.MethodGet, ""},
			{http.MethodPost, "/join"},
			{http.MethodPost, "/leave"},
			{http.MethodGet, "/members"},
			{http.MethodGet, "/messages"},
			{http.MethodGet, "/changes?since=0"},
			{http.MethodDelete, "/messages/1"},
		} {
			path, query, _ := strings.Cut(call[1], "?")
			real := theo.Do(call[0], secret+path+"?"+query, nil).WantProblem(404, "room_not_found")
			none := theo.Do(call[0], "/api/v1/rooms/987654"+path+"?"+query, nil).WantProblem(404, "room_not_found")
			if real.Detail != none.Detail {
				t.Errorf("%s %s tells a private room from none", call[0], call[1])
			}
		}
		theo.Do(http.MethodGet, room+"/members", nil).WantProblem(403, "not_a_member")
		theo.Do(http.MethodPatch, room, map[string]string{"topic": "x"}).WantProblem(403, "not_a_member")

		maya.Post(releases.ID, "before", "k1")
		joined := theo.Join(releases.ID)
		if joined.Role.Value != contract.RoleMember || joined.LastReadNumber.Value != 1 || joined.MemberCount != 2 {
			t.Errorf("joined %+v", joined)
		}
		if twice := theo.Join(releases.ID); twice.MemberCount != 2 {
			t.Errorf("joined twice: %+v", twice)
		}
		theo.Do(http.MethodPatch, room, map[string]string{"topic": "x"}).WantProblem(403, "forbidden")
		theo.Do(http.MethodPost, room+"/members", map[string]string{"username": "ines"}).WantProblem(403, "forbidden")
		var updated contract.Room
		maya.Do(http.MethodPatch, room, map[string]string{"topic": "What ships, when"}).Want(200).Decode(&updated)
		if updated.Topic != "What ships, when" || updated.Name != "Releases" || updated.Revision != 2 {
			t.Errorf("updated %+v", updated)
		}
		maya.Do(http.MethodPatch, room, `{}`).WantProblem(400, "invalid", "")

		var member contract.Member
		maya.Do(http.MethodPost, secret+"/members", map[string]string{"username": "INES"}).Want(200).Decode(&member)
		if member.User.ID != ines.Me.ID || member.Role != contract.RoleMember {
			t.Errorf("member %+v", member)
		}
		maya.Do(http.MethodPost, secret+"/members", map[string]string{"username": "nobody-here"}).WantProblem(404, "user_not_found", "username")
		var members contract.MemberPage
		ines.Do(http.MethodGet, secret+"/members?limit=1", nil).Want(200).Decode(&members)
		if len(members.Items) != 1 || !members.HasMore || members.Items[0].User.ID != maya.Me.ID {
			t.Errorf("first member: %+v", members)
		}
		ines.Do(http.MethodDelete, fmt.Sprintf("%s/members/%d", secret, maya.Me.ID), nil).WantProblem(403, "forbidden")
		maya.Do(http.MethodDelete, fmt.Sprintf("%s/members/%d", secret, ines.Me.ID), nil).Want(204)
		ines.Do(http.MethodGet, secret, nil).WantProblem(404, "room_not_found")

		maya.Post(releases.ID, "after", "k2")
		if rooms := theo.Rooms(); len(rooms) != 1 || rooms[0].LastNumber != 2 || rooms[0].LastReadNumber.Value != 1 {
			t.Errorf("theo's rooms: %+v", rooms)
		}
		var mark contract.ReadMark
		theo.Do(http.MethodPut, room+"/read", map[string]int{"number": 2}).Want(200).Decode(&mark)
		if mark.LastReadNumber != 2 {
			t.Errorf("mark %+v", mark)
		}
		theo.Do(http.MethodPut, room+"/read", map[string]int{"number": 1}).Want(200).Decode(&mark)
		if mark.LastReadNumber != 2 {
			t.Errorf("the mark went back to %d", mark.LastReadNumber)
		}
		theo.Do(http.MethodPut, room+"/read", map[string]int{"number": -1}).WantProblem(400, "invalid", "number")
		ines.Do(http.MethodPut, room+"/read", map[string]int{"number": 1}).WantProblem(403, "not_a_member")
		theo.Do(http.MethodPost, room+"/leave", nil).Want(204)
		theo.Do(http.MethodPost, room+"/leave", nil).Want(204)
		if rooms := theo.Rooms(); len(rooms) != 0 {
			t.Errorf("theo is still in %+v", rooms)
		}

		var users contract.UserList
		theo.Do(http.MethodGet, fmt.Sprintf("/api/v1/users?ids=%d,%d,999999", ines.Me.ID, maya.Me.ID), nil).Want(200).Decode(&users)
		if len(users.Items) != 2 {
			t.Errorf("users %+v", users)
		}
		theo.Do(http.MethodGet, "/api/v1/users", nil).WantProblem(400, "invalid", "ids")
		theo.Do(http.MethodGet, "/api/v1/users?ids=x", nil).WantProblem(400, "invalid", "ids")
	})
}

// A deleted room is gone with everything in it, for everybody, whoever deleted it; others may not.
func TestDeleteRoom(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		host, maya, theo := s.SignUp(t, "host"), s.SignUp(t, "maya"), s.SignUp(t, "theo")
		remove := func(p *parleytest.Person, id contract.ID) *parleytest.Response {
			return p.Do(http.MethodDelete, fmt.Sprintf("/api/v1/rooms/%d", id), nil)
		}
		hall, den := maya.CreateRoom("hall", contract.RoomKindPublic), maya.CreateRoom("den", contract.RoomKindPrivate)
		theo.Join(hall.ID)
		for i := range 3 {
			theo.Post(hall.ID, "a message", fmt.Sprintf("k%d", i))
		}
		maya.Post(den.ID, "a secret", "k")
		remove(theo, hall.ID).WantProblem(403, "forbidden")
		remove(theo, den.ID).WantProblem(404, "room_not_found")
		remove(theo, 999999).WantProblem(404, "room_not_found")

		socket := theo.Connect()
		socket.Subscribe(hall.ID)
		remove(maya, hall.ID).Want(http.StatusNoContent)
		if e := socket.Next(); e.Type != contract.RoomDeletedEventEvent || e.RoomDeletedEvent.RoomID != hall.ID {
			t.Errorf("the members were told %+v", e)
		}
		remove(host, den.ID).Want(http.StatusNoContent) // not a member, and manages the server
		for _, p := range []*parleytest.Person{maya, theo, host} {
			if rooms := p.Rooms(); len(rooms) != 0 {
				t.Errorf("%s still has %+v", p.Me.Username, rooms)
			}
			p.Do(http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/messages", hall.ID), nil).WantProblem(404, "room_not_found")
		}
		theo.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", hall.ID), map[string]string{"body": "hello?", "client_key": "k9"}).
			WantProblem(404, "room_not_found")
		remove(maya, hall.ID).WantProblem(404, "room_not_found")
		maya.CreateRoom("hall", contract.RoomKindPublic) // the name is free
	})
}
