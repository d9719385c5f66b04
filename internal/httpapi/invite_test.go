package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

const invitesOnly = "PARLEY_SIGN_UP=invite"

func join(t *testing.T, s *parleytest.Server, username, token string) *parleytest.Response {
	t.Helper()
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/signup",
		map[string]string{"username": username, "password": parleytest.Password, "invite": token})
}

func lookAt(t *testing.T, s *parleytest.Server, token string) *parleytest.Response {
	t.Helper()
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/invite", map[string]string{"token": token})
}

func TestInvite(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := parleytest.Start(t, onEngine(engine), parleytest.With(invitesOnly), parleytest.Clock(c.now))
			maya := s.SignUp(t, "maya")
			if maya.Me.Role != contract.ServerRoleOwner {
				t.Fatalf("the first account is %s", maya.Me.Role)
			}
			hall := maya.CreateRoom("hall", contract.RoomKindPublic)
			socket := maya.Connect()
			socket.Subscribe(hall.ID)

			made := maya.Invite(map[string]any{"role": "admin", "max_uses": 2, "room_id": hall.ID, "note": " for the team "})
			if i := made.Invite; i.State != "active" || i.Note != "for the team" || i.RoomName.Value != "hall" || i.CreatedBy.Value.ID != maya.Me.ID {
				t.Errorf("the invite is %+v", i)
			}
			if len(made.Token) != 22 { // 128 bits
				t.Errorf("the token is %q", made.Token)
			}
			var invitation contract.Invitation
			lookAt(t, s, made.Token).Want(http.StatusOK).Decode(&invitation)
			if invitation.InvitedBy.Value != "maya" || invitation.Room.Value != "hall" || invitation.Role != "admin" {
				t.Errorf("the guest sees %+v", invitation)
			}

			var session contract.Session
			join(t, s, "theo", made.Token).Want(http.StatusCreated).Decode(&session)
			if session.User.Role != contract.ServerRoleAdmin {
				t.Errorf("theo is %s", session.User.Role)
			}
			if e := socket.Next(); e.Type != contract.MemberJoinedEventEvent {
				t.Errorf("the room is told %s", e.Type)
			}
			join(t, s, "Theo", made.Token).WantProblem(409, "username_taken", "username")
			join(t, s, "ada", made.Token).Want(http.StatusCreated)
			join(t, s, "bea", made.Token).WantProblem(410, "invite_spent")
			lookAt(t, s, made.Token).WantProblem(410, "invite_spent")

			revoked, short := maya.Invite(nil), maya.Invite(nil)
			path := fmt.Sprintf("/api/v1/admin/invites/%d", revoked.Invite.ID)
			maya.Do(http.MethodDelete, path, nil).Want(http.StatusNoContent)
			maya.Do(http.MethodDelete, path, nil).Want(http.StatusNoContent)
			join(t, s, "bea", revoked.Token).WantProblem(410, "invite_revoked")
			c.advance(time.Hour)
			maya.Renew()
			join(t, s, "bea", short.Token).WantProblem(410, "invite_expired")
			join(t, s, "bea", "").WantProblem(403, "invite_needed")
			join(t, s, "bea", "AAAAAAAAAAAAAAAAAAAAAA").WantProblem(404, "invite_not_found")

			var states []string
			for _, i := range maya.Invites() {
				states = append(states, fmt.Sprintf("%s %d/%d", i.State, i.Uses, i.MaxUses))
			}
			if got := strings.Join(states, ", "); got != "expired 0/1, revoked 0/1, spent 2/2" {
				t.Errorf("the list says %s", got)
			}
			if strings.Contains(s.Log.String(), made.Token) {
				t.Error("the secret is in the log")
			}
		})
	}
}

func TestInvite_who_may(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		theo := s.SignUp(t, "theo")
		ada := s.SignUp(t, "ada")
		maya.Govern(theo.Me.ID, map[string]any{"role": "admin"}).Want(http.StatusOK)
		in := func(role string) map[string]any {
			return map[string]any{"role": role, "expires_in": 3600, "max_uses": 1}
		}
		create := func(p *parleytest.Person, body any) *parleytest.Response {
			return p.Do(http.MethodPost, "/api/v1/admin/invites", body)
		}
		create(theo, in("admin")).WantProblem(403, "forbidden")
		create(ada, in("member")).WantProblem(403, "forbidden")
		create(maya, in("owner")).WantProblem(400, "invalid", "role")
		create(s.Anonymous(t), in("member")).WantProblem(401, "unauthenticated")
		ada.Do(http.MethodGet, "/api/v1/admin/invites", nil).WantProblem(403, "forbidden")
		ada.Do(http.MethodGet, "/api/v1/admin/people", nil).WantProblem(403, "forbidden")

		// A private room is a secret, also of the owner who is not in it.
		den := ada.CreateRoom("den", contract.RoomKindPrivate)
		body := in("member")
		body["room_id"] = den.ID
		create(maya, body).WantProblem(404, "room_not_found")
		theirs := theo.CreateRoom("theirs", contract.RoomKindPrivate)
		theo.Invite(map[string]any{"room_id": theirs.ID})
		if i := maya.Invites()[0]; i.RoomName.Set || i.RoomID.Value != theirs.ID {
			t.Errorf("who is not in the room sees %+v", i)
		}
		if i := theo.Invites()[0]; i.RoomName.Value != "theirs" {
			t.Errorf("who is in the room sees %+v", i)
		}

		admins := maya.Invite(map[string]any{"role": "admin"})
		theo.Do(http.MethodDelete, fmt.Sprintf("/api/v1/admin/invites/%d", admins.Invite.ID), nil).WantProblem(403, "forbidden")
		ada.Do(http.MethodDelete, fmt.Sprintf("/api/v1/admin/invites/%d", admins.Invite.ID), nil).WantProblem(403, "forbidden")
		maya.Do(http.MethodDelete, "/api/v1/admin/invites/999999", nil).WantProblem(404, "invite_not_found")
	})
}

// Every field of every endpoint with what does not belong there: a clear no, and nothing is made.
func TestInvite_bad_input(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		ada := s.SignUp(t, "ada")
		giant := strings.Repeat("x", 500_000)
		person := fmt.Sprintf("/api/v1/admin/people/%d", ada.Me.ID)
		for _, bad := range []struct {
			name, method, path, body string
			status                   int
			code                     string
			fields                   []string
		}{
			{"role missing", "POST", "/api/v1/admin/invites", `{"expires_in":60,"max_uses":1}`, 400, "invalid", []string{"role"}},
			{"role unknown", "POST", "/api/v1/admin/invites", `{"role":"king","expires_in":60,"max_uses":1}`, 400, "invalid", []string{"role"}},
			{"role a number", "POST", "/api/v1/admin/invites", `{"role":1,"expires_in":60,"max_uses":1}`, 400, "invalid", []string{"role"}},
			{"expiry too short", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":59,"max_uses":1}`, 400, "invalid", []string{"expires_in"}},
			{"expiry too long", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":31536001,"max_uses":1}`, 400, "invalid", []string{"expires_in"}},
			{"expiry beyond 64 bits", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":99999999999999999999,"max_uses":1}`, 400, "invalid", []string{"expires_in"}},
			{"expiry a fraction", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60.5,"max_uses":1}`, 400, "invalid", []string{"expires_in"}},
			{"no uses", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":0}`, 400, "invalid", []string{"max_uses"}},
			{"fewer than none", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":-1}`, 400, "invalid", []string{"max_uses"}},
			{"too many uses", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":10001}`, 400, "invalid", []string{"max_uses"}},
			{"uses a text", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":"1"}`, 400, "invalid", []string{"max_uses"}},
			{"room 0", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"room_id":0}`, 400, "invalid", []string{"room_id"}},
			{"no such room", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"room_id":424242}`, 404, "room_not_found", nil},
			{"note a list", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"note":[]}`, 400, "invalid", []string{"note"}},
			{"note of 81", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"note":"` + giant[:81] + `"}`, 400, "invalid", []string{"note"}},
			{"note a giant", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"note":"` + giant + `"}`, 400, "invalid", []string{"note"}},
			{"note with NUL", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"note":"a\u0000b"}`, 400, "invalid", []string{"note"}},
			{"note not UTF-8", "POST", "/api/v1/admin/invites", "{\"role\":\"member\",\"expires_in\":60,\"max_uses\":1,\"note\":\"a\xff\"}", 400, "invalid", []string{"note"}},
			{"note that turns round", "POST", "/api/v1/admin/invites", `{"role":"member","expires_in":60,"max_uses":1,"note":"a\u202eb"}`, 400, "invalid", []string{"note"}},
			{"no JSON", "POST", "/api/v1/admin/invites", `{`, 400, "malformed", nil},
			{"a list", "POST", "/api/v1/admin/invites", `[]`, 400, "malformed", nil},
			{"before nonsense", "GET", "/api/v1/admin/invites?before=x", "", 400, "invalid", []string{"before"}},
			{"before 0", "GET", "/api/v1/admin/invites?before=0", "", 400, "invalid", []string{"before"}},
			{"limit 0", "GET", "/api/v1/admin/invites?limit=0", "", 400, "invalid", []string{"limit"}},
			{"limit 201", "GET", "/api/v1/admin/invites?limit=201", "", 400, "invalid", []string{"limit"}},
			{"id nonsense", "DELETE", "/api/v1/admin/invites/x", "", 404, "invite_not_found", []string{"invite_id"}},
			{"id beyond 53 bits", "DELETE", "/api/v1/admin/invites/9007199254740992", "", 404, "invite_not_found", []string{"invite_id"}},

			{"token missing", "POST", "/api/v1/auth/invite", `{}`, 400, "invalid", []string{"token"}},
			{"token a number", "POST", "/api/v1/auth/invite", `{"token":1}`, 400, "invalid", []string{"token"}},
			{"token empty", "POST", "/api/v1/auth/invite", `{"token":""}`, 404, "invite_not_found", nil},
			{"token a giant", "POST", "/api/v1/auth/invite", `{"token":"` + giant + `"}`, 404, "invite_not_found", nil},
			{"token with NUL", "POST", "/api/v1/auth/invite", `{"token":"\u0000"}`, 404, "invite_not_found", nil},
			{"token not UTF-8", "POST", "/api/v1/auth/invite", "{\"token\":\"\xff\"}", 404, "invite_not_found", nil},
			{"invite a number", "POST", "/api/v1/auth/signup", `{"username":"eve","password":"correct horse battery","invite":1}`, 400, "invalid", []string{"invite"}},
			{"invite a giant", "POST", "/api/v1/auth/signup", `{"username":"eve","password":"correct horse battery","invite":"` + giant + `"}`, 404, "invite_not_found", nil},
			{"invite with NUL", "POST", "/api/v1/auth/signup", `{"username":"eve","password":"correct horse battery","invite":"\u0000"}`, 404, "invite_not_found", nil},

			{"nothing to change", "PATCH", person, `{}`, 400, "invalid", []string{""}},
			{"role unknown", "PATCH", person, `{"role":"king"}`, 400, "invalid", []string{"role"}},
			{"role null", "PATCH", person, `{"role":null}`, 400, "invalid", []string{"role"}},
			{"deactivated a text", "PATCH", person, `{"deactivated":"yes"}`, 400, "invalid", []string{"deactivated"}},
			{"nobody", "PATCH", "/api/v1/admin/people/424242", `{"role":"admin"}`, 404, "user_not_found", nil},
			{"person nonsense", "PATCH", "/api/v1/admin/people/x", `{"role":"admin"}`, 404, "user_not_found", []string{"user_id"}},
			{"query with NUL", "GET", "/api/v1/admin/people?query=%00", "", 400, "invalid", []string{"query"}},
			{"query not UTF-8", "GET", "/api/v1/admin/people?query=%ff", "", 400, "invalid", []string{"query"}},
			{"query too long", "GET", "/api/v1/admin/people?query=" + giant[:81], "", 400, "invalid", []string{"query"}},
			{"after with NUL", "GET", "/api/v1/admin/people?after=%00", "", 400, "invalid", []string{"after"}},
			{"people limit 201", "GET", "/api/v1/admin/people?limit=201", "", 400, "invalid", []string{"limit"}},
		} {
			t.Run(bad.method+" "+bad.name, func(t *testing.T) {
				var body any
				if bad.body != "" {
					body = bad.body
				}
				maya.Do(bad.method, bad.path, body).WantProblem(bad.status, bad.code, bad.fields...)
			})
		}
		if list := maya.Invites(); len(list) != 0 {
			t.Errorf("something was made: %+v", list)
		}
	})
}

// Guesses at links take from the budget of new accounts; looking at a link that is good does not.
func TestInvite_limit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_SIGN_UP=3/1h"))
	made := s.SignUp(t, "maya").Invite(nil)
	for range 5 {
		lookAt(t, s, made.Token).Want(http.StatusOK)
	}
	for range 2 {
		lookAt(t, s, "guess").WantProblem(404, "invite_not_found")
	}
	wantRateLimited(t, lookAt(t, s, "guess"))
}

// A server that nobody has an account on yet belongs to whoever has the link that it printed, and to nobody else.
func TestSetupLink(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		var o contract.AuthOptions
		s.Anonymous(t).Do(http.MethodGet, "/api/v1/auth/options", nil).Want(http.StatusOK).Decode(&o)
		if o.SignUp != "invite" || !o.FirstAccount {
			t.Errorf("an empty server offers %+v", o)
		}
		join(t, s, "eve", "").WantProblem(403, "setup_link_needed")
		_, token, found := strings.Cut(s.SetupLink(), "/join#")
		if !found {
			t.Fatalf("the link is %q", s.SetupLink())
		}
		if strings.Contains(s.Log.String(), token) {
			t.Error("the secret is in the log")
		}
		var session contract.Session
		join(t, s, "maya", token).Want(http.StatusCreated).Decode(&session)
		if session.User.Role != contract.ServerRoleOwner {
			t.Errorf("maya is %s", session.User.Role)
		}
		join(t, s, "eve", token).WantProblem(410, "invite_spent")
		join(t, s, "eve", "").WantProblem(403, "sign_up_closed")
	}, parleytest.With("PARLEY_SETUP_LINK=true", "PARLEY_SIGN_UP=closed"))
}
