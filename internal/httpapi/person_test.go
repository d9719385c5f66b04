package httpapi_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/store"
)

func number(id contract.ID) string { return strconv.FormatInt(int64(id), 10) }

func onEngine(name string) parleytest.Option { return parleytest.On(store.Dialect(name)) }

func TestDeactivate(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		maya := s.SignUp(t, "maya")
		theo := s.SignUp(t, "theo")
		phone := s.SignIn(t, "theo")
		hall := maya.CreateRoom("hall", contract.RoomKindPublic)
		theo.Join(hall.ID)
		theo.Post(hall.ID, "I was here", "k")
		socket, start := phone.Connect(), time.Now()
		maya.Govern(theo.Me.ID, map[string]any{"deactivated": true}).Want(http.StatusOK)

		for _, p := range []*parleytest.Person{theo, phone} {
			p.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
			p.Refresh("").WantProblem(401, "session_over")
		}
		if e := socket.Ended(); e.Code != 3550 {
			t.Errorf("the socket ended with %d %s", e.Code, e.Reason)
		}
		if took := time.Since(start); took > toldWithin {
			t.Errorf("they went on for %v", took)
		}
		logIn := func(password string) *parleytest.Response {
			return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "theo", "password": password})
		}
		logIn(parleytest.Password).WantProblem(403, "account_deactivated")
		logIn("some other password").WantProblem(401, "bad_credentials") // nothing is told to who does not know the password

		// What they said stays, with their name; nobody brings them anywhere.
		var users contract.UserList
		maya.Do(http.MethodGet, "/api/v1/users?ids="+number(theo.Me.ID), nil).Want(http.StatusOK).Decode(&users)
		if len(users.Items) != 1 || users.Items[0].DisplayName != "theo" || !users.Items[0].Deactivated.Value {
			t.Errorf("others see %+v", users.Items)
		}
		if page := maya.History(hall.ID, ""); len(page.Items) != 1 || page.Items[0].AuthorID != theo.Me.ID {
			t.Errorf("the room has %+v", page.Items)
		}
		var members contract.MemberPage
		maya.Do(http.MethodGet, "/api/v1/rooms/"+number(hall.ID)+"/members", nil).Want(http.StatusOK).Decode(&members)
		if len(members.Items) != 2 || !members.Items[1].User.Deactivated.Value {
			t.Errorf("the members are %+v", members.Items)
		}
		den := maya.CreateRoom("den", contract.RoomKindPrivate)
		maya.Do(http.MethodPost, "/api/v1/rooms/"+number(den.ID)+"/members", map[string]string{"username": "theo"}).
			WantProblem(409, "user_deactivated", "username")

		var person contract.Person
		maya.Govern(theo.Me.ID, map[string]any{"deactivated": false}).Want(http.StatusOK).Decode(&person)
		if person.DeactivatedAt.Set {
			t.Errorf("reactivated: %+v", person)
		}
		s.SignIn(t, "theo").Post(hall.ID, "I am back", "k2")
	})
}

func TestUpdatePerson_who_may(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		owner, admin, other, member := s.SignUp(t, "owner1"), s.SignUp(t, "admin1"), s.SignUp(t, "admin2"), s.SignUp(t, "member")
		for _, p := range []*parleytest.Person{admin, other} {
			owner.Govern(p.Me.ID, map[string]any{"role": "admin"}).Want(http.StatusOK)
		}
		for _, no := range []struct {
			name   string
			who    *parleytest.Person
			whom   *parleytest.Person
			what   map[string]any
			status int
			code   string
		}{
			{"a member changes somebody", member, other, map[string]any{"deactivated": true}, 403, "forbidden"},
			{"a member lifts themselves", member, member, map[string]any{"role": "owner"}, 403, "forbidden"},
			{"an admin lifts themselves", admin, admin, map[string]any{"role": "owner"}, 403, "forbidden"},
			{"an admin makes an admin", admin, member, map[string]any{"role": "admin"}, 403, "forbidden"},
			{"an admin takes an admin's role", admin, other, map[string]any{"role": "member"}, 403, "forbidden"},
			{"an admin removes the owner", admin, owner, map[string]any{"deactivated": true}, 403, "forbidden"},
			{"an admin removes an admin", admin, other, map[string]any{"deactivated": true}, 403, "forbidden"},
			{"an admin removes themselves", admin, admin, map[string]any{"deactivated": true}, 403, "forbidden"},
			{"the owner removes themselves", owner, owner, map[string]any{"deactivated": true}, 403, "forbidden"},
			{"the last owner steps down", owner, owner, map[string]any{"role": "member"}, 409, "last_owner"},
			{"both at once, half of it wrong", admin, member, map[string]any{"role": "admin", "deactivated": true}, 403, "forbidden"},
		} {
			t.Run(no.name, func(t *testing.T) {
				no.who.Govern(no.whom.Me.ID, no.what).WantProblem(no.status, no.code)
			})
		}
		s.Anonymous(t).Govern(member.Me.ID, map[string]any{"role": "admin"}).WantProblem(401, "unauthenticated")

		admin.Govern(member.Me.ID, map[string]any{"deactivated": true}).Want(http.StatusOK)
		admin.Govern(member.Me.ID, map[string]any{"deactivated": false}).Want(http.StatusOK)
		other.Govern(other.Me.ID, map[string]any{"role": "member"}).Want(http.StatusOK) // whoever has a role may lay it down
		owner.Govern(admin.Me.ID, map[string]any{"role": "owner"}).Want(http.StatusOK)
		owner.Govern(owner.Me.ID, map[string]any{"role": "member"}).Want(http.StatusOK) // there is another
		owner.Govern(admin.Me.ID, map[string]any{"role": "member"}).WantProblem(403, "forbidden")
	})
}

func TestListPeople(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		for _, name := range []string{"theo", "Ada", "thea_x"} {
			s.SignUp(t, name)
		}
		list := func(query string) (names string) {
			var page contract.PersonPage
			maya.Do(http.MethodGet, "/api/v1/admin/people?"+query, nil).Want(http.StatusOK).Decode(&page)
			for _, p := range page.Items {
				names += string(p.Username) + " "
			}
			if page.HasMore {
				names += "…"
			}
			return names
		}
		for query, want := range map[string]string{
			"": "Ada maya thea_x theo ", "query=THE": "thea_x theo ", "query=_": "thea_x ", "query=%25": "", "limit=2": "Ada maya …",
			"limit=2&after=maya": "thea_x theo ", "query=the&limit=1": "thea_x …",
		} {
			if got := list(query); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
	})
}

// An account that never said anything can be deleted, with whatever hung on it; one that did stays, deactivated.
func TestDeletePerson(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		maya, theo, ines := s.SignUp(t, "maya"), s.SignUp(t, "theo"), s.SignUp(t, "ines")
		hall := maya.CreateRoom("hall", contract.RoomKindPublic)
		theo.Join(hall.ID)
		ines.Join(hall.ID)
		ines.Post(hall.ID, "I was here", "k")
		remove := func(p *parleytest.Person, id contract.ID) *parleytest.Response {
			return p.Do(http.MethodDelete, "/api/v1/admin/people/"+number(id), nil)
		}
		remove(theo, ines.Me.ID).WantProblem(403, "forbidden")
		remove(maya, 999999).WantProblem(404, "user_not_found")
		remove(maya, maya.Me.ID).WantProblem(409, "still_active")
		remove(maya, theo.Me.ID).WantProblem(409, "still_active")
		for _, p := range []*parleytest.Person{theo, ines} {
			maya.Govern(p.Me.ID, map[string]any{"deactivated": true}).Want(http.StatusOK)
		}
		remove(maya, ines.Me.ID).WantProblem(409, "account_in_use")
		remove(maya, theo.Me.ID).Want(http.StatusNoContent)
		remove(maya, theo.Me.ID).WantProblem(404, "user_not_found")

		var room contract.Room
		maya.Do(http.MethodGet, "/api/v1/rooms/"+number(hall.ID), nil).Want(http.StatusOK).Decode(&room)
		if room.MemberCount != 2 {
			t.Errorf("the room has %d members, want Maya and Inês", room.MemberCount)
		}
		theo.Refresh("").WantProblem(401, "session_over")
		if again := s.SignUp(t, "theo"); again.Me.ID == theo.Me.ID {
			t.Error("the name is free, and the identifier is given a second time")
		}
	})
}
