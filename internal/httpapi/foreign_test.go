package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/oidc/oidctest"
	"parley/internal/parleytest"
)

// attempt is what it takes to ask for an operation properly, so that only who asks can be what is wrong with it.
type attempt struct {
	body  any
	query string
	// everybody says that whoever is in the room may; else only its owner may.
	everybody bool
	// fine is a refusal that the rightful person gets all the same.
	fine string
	// shown says that strangers may know that there is such a thing.
	shown bool
}

// attempts has every operation that names something of somebody's, or that only those who manage the server may ask for.
var attempts = map[string]attempt{
	"GET /api/v1/rooms/{room_id}":                          {everybody: true},
	"PATCH /api/v1/rooms/{room_id}":                        {body: object{"topic": "mine now"}},
	"DELETE /api/v1/rooms/{room_id}":                       {},
	"POST /api/v1/rooms/{room_id}/join":                    {everybody: true},
	"POST /api/v1/rooms/{room_id}/leave":                   {everybody: true},
	"GET /api/v1/rooms/{room_id}/members":                  {everybody: true},
	"POST /api/v1/rooms/{room_id}/members":                 {body: object{"username": "stranger"}, everybody: true},
	"DELETE /api/v1/rooms/{room_id}/members/{user_id}":     {},
	"PUT /api/v1/rooms/{room_id}/read":                     {body: object{"number": 1}, everybody: true},
	"GET /api/v1/rooms/{room_id}/messages":                 {everybody: true},
	"POST /api/v1/rooms/{room_id}/messages":                {body: object{"body": "listen to me", "client_key": "k"}, everybody: true},
	"PATCH /api/v1/rooms/{room_id}/messages/{number}":      {body: object{"body": "I never said that"}},
	"DELETE /api/v1/rooms/{room_id}/messages/{number}":     {},
	"GET /api/v1/rooms/{room_id}/changes":                  {query: "?since=0", everybody: true},
	"DELETE /api/v1/me/sessions/{session_id}":              {},
	"PATCH /api/v1/me/passkeys/{passkey_id}":               {body: object{"name": "mine now"}},
	"DELETE /api/v1/me/passkeys/{passkey_id}":              {},
	"DELETE /api/v1/me/identities/{identity_id}":           {fine: "last_way_in"},
	"DELETE /api/v1/me/notices/{notice_id}":                {},
	"GET /api/v1/admin/people":                             {shown: true},
	"PATCH /api/v1/admin/people/{user_id}":                 {body: object{"role": "admin"}},
	"DELETE /api/v1/admin/people/{user_id}":                {fine: "still_active"},
	"POST /api/v1/admin/people/{user_id}/reset-two-factor": {fine: "two_factor_off"},
	"GET /api/v1/admin/invites":                            {shown: true},
	"POST /api/v1/admin/invites":                           {body: object{"role": "member", "expires_in": 3600, "max_uses": 1}, shown: true},
	"DELETE /api/v1/admin/invites/{invite_id}":             {},
}

// none are names of nothing.
var none = strings.NewReplacer(
	"{room_id}", "987654", "{number}", "987654", "{user_id}", "987654", "{passkey_id}", "987654", "{identity_id}", "987654", "{notice_id}", "987654",
	"{invite_id}", "987654", "{session_id}", strings.Repeat("A", 26),
)

// belongings makes one of everything that can be named, all of it somebody's, and returns its names. The rightful person is the one to whom they belong.
func belongings(t *testing.T, s *parleytest.Server, p *oidctest.Provider, host *parleytest.Person, n int) (rightful *parleytest.Person, room contract.ID, names *strings.Replacer) {
	t.Helper()
	p.Change(func(p *oidctest.Provider) { p.Person["sub"] = fmt.Sprint("owner-", n) })
	rightful = vouched(t, s, p)
	den := rightful.CreateRoom(fmt.Sprint("den ", n), contract.RoomKindPrivate)
	rightful.Post(den.ID, "between us", "first")
	addPasskey(t, s, rightful, "phone")
	back, cookie := goes(t, s, p)
	elsewhere := s.Anonymous(t)
	elsewhere.Cookie = refreshCookie(comes(t, s, back, cookie))
	elsewhere.Renew()
	var session string
	for _, open := range rightful.Sessions() {
		if !open.Current {
			session = string(open.ID)
		}
	}
	var ways contract.WaysIn
	rightful.Do(http.MethodGet, "/api/v1/me/identities", nil).Want(http.StatusOK).Decode(&ways)
	notices := elsewhere.Notices() // of the passkey, which was added by the other session
	invite := host.Invite(object{"note": fmt.Sprint("for ", n)})
	if session == "" || len(ways.Items) == 0 || len(notices) == 0 {
		t.Fatalf("there is nothing to take: session %q, identities %v, notices %v", session, ways.Items, notices)
	}
	return elsewhere, den.ID, strings.NewReplacer(
		"{room_id}", number(den.ID), "{number}", "1", "{user_id}", number(rightful.Me.ID), "{passkey_id}", number(passkeys(rightful)[0].ID),
		"{identity_id}", number(ways.Items[0].ID), "{notice_id}", number(notices[0].ID), "{invite_id}", number(invite.Invite.ID), "{session_id}", session,
	)
}

// Whoever knows the name of what is somebody else's can do nothing with it, and is told the same as of what is not there. That holds for every
// operation of the contract that names something, also for those that are yet to be written.
func TestForeignNames(t *testing.T) {
	t.Parallel()
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		host, stranger := s.SignUp(t, "host"), s.SignUp(t, "stranger")
		walked := 0
		for n, r := range routes(t) {
			what := r.method + " " + r.template
			manages := strings.HasPrefix(r.path, "/api/v1/admin/")
			if r.open || !manages && !parameter.MatchString(r.template) {
				continue
			}
			a, listed := attempts[what]
			if !listed {
				t.Errorf("%s is in no list: say here how it is asked for properly, and who may", what)
				continue
			}
			walked++
			rightful, room, names := belongings(t, s, p, host, n)
			path := names.Replace(r.template) + a.query
			if left := parameter.FindString(path); left != "" {
				t.Fatalf("%s: nothing is made that %s could name", what, left)
			}
			real := stranger.Do(r.method, path, a.body)
			missing := stranger.Do(r.method, none.Replace(r.template)+a.query, a.body)
			wantLocked(t, what+" of somebody else", real)
			if told, nothing := toldBy(t, real), toldBy(t, missing); !a.shown && told != nothing {
				t.Errorf("%s tells a stranger that there is such a thing:\n%s\n%s", what, told, nothing)
			}
			s.Anonymous(t).Do(r.method, path, a.body).WantProblem(http.StatusUnauthorized, "unauthenticated")
			if strings.Contains(r.template, "{room_id}") {
				guest := s.SignUp(t, fmt.Sprint("guest", n))
				rightful.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/members", room), object{"username": guest.Me.Username}).Want(http.StatusOK)
				as := guest.Do(r.method, path, a.body)
				switch {
				case a.everybody && as.Status >= http.StatusBadRequest:
					t.Errorf("%s of somebody in the room: %d\n%s", what, as.Status, as.Body)
				case !a.everybody:
					as.WantProblem(http.StatusForbidden, "forbidden")
				}
			}
			if manages {
				rightful = host
			}
			if got := rightful.Do(r.method, path, a.body); got.Status >= http.StatusBadRequest && (a.fine == "" || !strings.Contains(string(got.Body), `"`+a.fine+`"`)) {
				t.Errorf("%s of whose it is: %d\n%s", what, got.Status, got.Body)
			}
		}
		if walked != len(attempts) {
			t.Errorf("%d of %d attempts were made: the others are no operations any more", walked, len(attempts))
		}
	})
}

// wantLocked demands an answer that gives nothing away.
func wantLocked(t *testing.T, what string, r *parleytest.Response) {
	t.Helper()
	if r.Status != http.StatusForbidden && r.Status != http.StatusNotFound || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d\n%s", what, r.Status, r.Body)
	}
}

// toldBy is what an answer says, without what differs between any two.
func toldBy(t *testing.T, r *parleytest.Response) string {
	t.Helper()
	var p contract.Problem
	r.Decode(&p)
	return fmt.Sprint(p.Status, " ", p.Code, " ", p.Detail.Value, " ", p.Errors)
}

// What a body says beyond the contract is nobody's word: it makes nobody an owner, and gives nothing another author, number, time or address.
func TestInput_more_than_asked(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		host := s.SignUp(t, "host")
		more := func(body object) object {
			for name, value := range map[string]any{
				"id": 4242, "user_id": host.Me.ID, "author_id": host.Me.ID, "created_by": host.Me.ID, "is_admin": true, "admin": true, "owner": true,
				"server_role": "owner", "deactivated_at": "2020-01-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z", "email_confirmed": true,
				"password_hash": "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "number": 77, "revision": 77, "last_number": 77,
				"__proto__": object{"role": "owner"}, "constructor": object{"prototype": object{"role": "owner"}},
			} {
				if _, asked := body[name]; !asked {
					body[name] = value
				}
			}
			return body
		}
		nobody := s.Anonymous(t)
		var session contract.Session
		nobody.Do(http.MethodPost, "/api/v1/auth/signup", more(object{"username": "theo", "password": parleytest.Password, "role": "owner"})).
			Want(http.StatusCreated).Decode(&session)
		theo := s.SignIn(t, "theo")
		if me := theo.Me; me.Role != contract.ServerRoleMember || me.ID == 4242 || me.ID == host.Me.ID || time.Time(me.CreatedAt).Year() == 2020 || me.Email.IsSet() {
			t.Errorf("signed up as %+v", me)
		}
		var room contract.Room
		theo.Do(http.MethodPost, "/api/v1/rooms", more(object{"name": "den", "kind": "private"})).Want(http.StatusCreated).Decode(&room)
		if room.ID == 4242 || room.LastNumber != 0 || room.Revision != 0 {
			t.Errorf("made %+v", room)
		}
		var posted contract.Message
		theo.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID), more(object{"body": "hello", "client_key": "k"})).
			Want(http.StatusCreated).Decode(&posted)
		if posted.AuthorID != theo.Me.ID || posted.Number != 1 || time.Time(posted.CreatedAt).Year() == 2020 {
			t.Errorf("posted %+v", posted)
		}
		theo.Do(http.MethodPost, "/api/v1/me/password", more(object{"current_password": parleytest.Password, "new_password": "another fine passphrase"})).
			Want(http.StatusNoContent)
		s.SignIn(t, "host") // whose password is the old one
		host.Do(http.MethodPatch, fmt.Sprintf("/api/v1/admin/people/%d", theo.Me.ID), more(object{"role": "member", "username": "root", "email": "x@y.org"})).
			Want(http.StatusOK)
		var me contract.Me
		theo.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK).Decode(&me)
		if me.Username != "theo" || me.Email.IsSet() || me.PendingEmail.IsSet() {
			t.Errorf("became %+v", me)
		}
	})
}
