package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// site is where a browser on this machine opens a server of a test: passkeys are for names, not for addresses.
func site(s *parleytest.Server) string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }

func asked(t *testing.T, r *parleytest.Response) contract.PasskeyChallenge {
	t.Helper()
	var c contract.PasskeyChallenge
	r.Want(200).Decode(&c)
	return c
}

// addPasskey gives somebody who has just signed in a passkey.
func addPasskey(t *testing.T, s *parleytest.Server, p *parleytest.Person, name string) *parleytest.Authenticator {
	t.Helper()
	a := parleytest.NewAuthenticator(t, site(s), "localhost")
	c := asked(t, with(p, "me/passkeys/begin", nil))
	with(p, "me/passkeys/finish", object{"ticket": c.Ticket, "name": name, "credential": a.Create(c.Options)}).Want(201)
	return a
}

func passkeySignIn(t *testing.T, s *parleytest.Server, a *parleytest.Authenticator) *parleytest.Response {
	t.Helper()
	nobody := s.Anonymous(t)
	c := asked(t, with(nobody, "auth/passkeys/begin", nil))
	return with(nobody, "auth/passkeys/finish", object{"ticket": c.Ticket, "credential": a.Get(c.Options)})
}

func passkeys(p *parleytest.Person) []contract.Passkey {
	var list contract.PasskeyList
	p.Do(http.MethodGet, "/api/v1/me/passkeys", nil).Want(200).Decode(&list)
	return list.Items
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		enrol(t, maya, c)
		phone := addPasskey(t, s, maya, " Phone ")
		key := addPasskey(t, s, maya, "Key")
		list := passkeys(maya)
		if len(list) != 2 || list[0].Name != "Phone" || list[0].UsedAt.Set || list[0].Synced || list[1].Name != "Key" {
			t.Fatalf("passkeys %+v", list)
		}

		// It is the whole sign-in, also where the password would ask for a code.
		var session contract.Session
		r := passkeySignIn(t, s, phone).Want(200)
		r.Decode(&session)
		if session.User != maya.Me || !strings.Contains(r.Header.Get("Set-Cookie"), "HttpOnly") {
			t.Errorf("signed in %+v, cookie %q", session.User, r.Header.Get("Set-Cookie"))
		}
		if used := passkeys(maya)[0].UsedAt; !used.Set {
			t.Error("no last use")
		}
		if ch := challenged(t, s, "maya"); !slices.Contains(ch.Methods, "passkey") {
			t.Errorf("methods %v", ch.Methods)
		}

		path := func(p contract.Passkey) string { return fmt.Sprintf("/api/v1/me/passkeys/%d", p.ID) }
		maya.Do(http.MethodPatch, path(list[0]), object{"name": "Téléphone"}).Want(204)
		for _, bad := range []string{"", "  ", strings.Repeat("x", 65), "a\nb", "a\u202eb", "a\x00b"} {
			maya.Do(http.MethodPatch, path(list[0]), object{"name": bad}).WantProblem(400, "invalid", "name")
		}
		theo.Do(http.MethodPatch, path(list[0]), object{"name": "Mine"}).WantProblem(404, "passkey_not_found")
		theo.Do(http.MethodDelete, path(list[0]), nil).WantProblem(404, "passkey_not_found")
		maya.Do(http.MethodDelete, "/api/v1/me/passkeys/9999999", nil).WantProblem(404, "passkey_not_found")
		maya.Do(http.MethodDelete, "/api/v1/me/passkeys/x", nil).WantProblem(404, "passkey_not_found", "passkey_id")
		maya.Do(http.MethodDelete, path(list[1]), nil).Want(204)
		if got := passkeys(maya); len(got) != 1 || got[0].Name != "Téléphone" {
			t.Errorf("passkeys %+v", got)
		}
		passkeySignIn(t, s, key).WantProblem(401, "bad_passkey")
		passkeySignIn(t, s, phone).Want(200)
	})
}

// The session that adds a passkey does not see the notice of it, and every other does.
func TestPasskey_is_told(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		other := s.SignIn(t, "maya")
		addPasskey(t, s, maya, "Phone")
		maya.Do(http.MethodDelete, fmt.Sprintf("/api/v1/me/passkeys/%d", passkeys(maya)[0].ID), nil).Want(204)
		if got := fmt.Sprint(kinds(other)); got != "[passkey.removed passkey.added]" {
			t.Errorf("told %v", got)
		}
		if got := kinds(maya); len(got) != 0 {
			t.Errorf("the session that did it is told %v", got)
		}
	})
}

func TestPasskey_registration_refuses(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		begin := func(p *parleytest.Person) contract.PasskeyChallenge {
			return asked(t, with(p, "me/passkeys/begin", nil))
		}
		add := func(p *parleytest.Person, ticket string, credential any) *parleytest.Response {
			return with(p, "me/passkeys/finish", object{"ticket": ticket, "name": "Phone", "credential": credential})
		}
		honest := func() *parleytest.Authenticator { return parleytest.NewAuthenticator(t, site(s), "localhost") }
		for name, change := range map[string]func(*parleytest.Authenticator){
			"another site":         func(a *parleytest.Authenticator) { a.Origin = "https://parley.example" },
			"another port":         func(a *parleytest.Authenticator) { a.Origin = "http://localhost:1" },
			"a longer name":        func(a *parleytest.Authenticator) { a.Origin += ".example.org" },
			"a passkey of another": func(a *parleytest.Authenticator) { a.RP = "parley.example" },
			"nobody verified":      func(a *parleytest.Authenticator) { a.Verified = false },
		} {
			a, c := honest(), begin(maya)
			change(a)
			if r := add(maya, c.Ticket, a.Create(c.Options)); r.Status != 400 {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			} else {
				r.WantProblem(400, "passkey_refused", "credential")
			}
		}
		a, first, second := honest(), begin(maya), begin(maya)
		add(maya, second.Ticket, a.Create(first.Options)).WantProblem(400, "passkey_refused", "credential") // another challenge
		add(maya, second.Ticket, a.Create(second.Options)).WantProblem(400, "ticket_over")                  // spent by that
		add(theo, first.Ticket, a.Create(first.Options)).WantProblem(400, "ticket_over")                    // somebody else's, and still theirs:
		add(maya, first.Ticket, a.Create(first.Options)).Want(201)
		add(maya, first.Ticket, a.Create(first.Options)).WantProblem(400, "ticket_over") // replayed
		again := begin(theo)
		add(theo, again.Ticket, a.Create(again.Options)).WantProblem(409, "passkey_known")
		forSignIn := asked(t, with(maya, "auth/passkeys/begin", nil))
		add(maya, forSignIn.Ticket, a.Create(forSignIn.Options)).WantProblem(400, "ticket_over")

		for _, bad := range []any{
			nil, 5, "x",
			[]int{1},
			object{},
			object{"id": 7},
			object{"id": "x", "rawId": "!!", "type": "public-key", "response": object{}},
			object{"id": strings.Repeat("A", 400_000), "rawId": strings.Repeat("A", 400_000), "type": "public-key", "response": object{"clientDataJSON": "e30", "attestationObject": "oA"}},
			object{"id": "\x00", "rawId": "\x00", "type": "\x00", "response": object{"clientDataJSON": "\x00", "attestationObject": "\x00"}},
		} {
			add(maya, begin(maya).Ticket, bad).WantProblem(400, "passkey_refused", "credential")
		}
		add(maya, begin(maya).Ticket, strings.Repeat("x", 2<<20)).WantProblem(413, "body_too_large")
		for _, ticket := range []string{"", "x", "\x00", strings.Repeat("a", 100_000)} {
			add(maya, ticket, object{}).WantProblem(400, "ticket_over")
		}
		with(maya, "me/passkeys/finish", `{}`).WantProblem(400, "invalid", "ticket", "name", "credential")
		with(maya, "me/passkeys/finish", object{"ticket": "x", "name": "", "credential": 1}).WantProblem(400, "invalid", "name")
		if n := len(passkeys(maya)); n != 1 {
			t.Errorf("%d passkeys, want the honest one", n)
		}
		for range 19 {
			addPasskey(t, s, maya, "More")
		}
		with(maya, "me/passkeys/begin", nil).WantProblem(409, "too_many_passkeys")
	})
}

func TestPasskey_sign_in_refuses(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		phone := addPasskey(t, s, maya, "Phone")
		theos := addPasskey(t, s, theo, "Phone")
		for name, change := range map[string]func(*parleytest.Authenticator){
			"another site":         func(a *parleytest.Authenticator) { a.Origin = "https://parley.example" },
			"a passkey of another": func(a *parleytest.Authenticator) { a.RP = "parley.example" },
			"nobody verified":      func(a *parleytest.Authenticator) { a.Verified = false },
			"another's handle":     func(a *parleytest.Authenticator) { a.User = theos.User },
			"no handle":            func(a *parleytest.Authenticator) { a.User = nil },
			"unknown passkey":      func(a *parleytest.Authenticator) { a.ID = []byte("unknown") },
			"another's passkey":    func(a *parleytest.Authenticator) { a.ID = theos.ID },
			"suddenly synced":      func(a *parleytest.Authenticator) { a.Synced = true },
		} {
			a := phone.Copy()
			change(a)
			if r := passkeySignIn(t, s, a); r.Status != 401 {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		passkeySignIn(t, s, phone.Forge()).WantProblem(401, "bad_passkey") // wrong signature

		nobody := s.Anonymous(t)
		begin := func() contract.PasskeyChallenge { return asked(t, with(nobody, "auth/passkeys/begin", nil)) }
		end := func(ticket string, credential any) *parleytest.Response {
			return with(nobody, "auth/passkeys/finish", object{"ticket": ticket, "credential": credential})
		}
		first, second := begin(), begin()
		answer := phone.Get(first.Options)
		end(second.Ticket, answer).WantProblem(401, "bad_passkey") // another challenge
		end(first.Ticket, answer).Want(200)
		end(first.Ticket, answer).WantProblem(400, "ticket_over") // replayed
		old := begin()
		c.advance(5*time.Minute + time.Second)
		end(old.Ticket, phone.Get(old.Options)).WantProblem(400, "ticket_over")
		for _, bad := range []any{
			nil, 5, "x",
			object{},
			object{"id": "x", "rawId": "eA", "type": "public-key", "response": object{}},
			object{"id": "\x00", "rawId": "\x00", "type": "\x00", "response": object{"clientDataJSON": "\x00", "authenticatorData": "\x00", "signature": "\x00"}},
		} {
			end(begin().Ticket, bad).WantProblem(401, "bad_passkey")
		}
		end(begin().Ticket, strings.Repeat("x", 2<<20)).WantProblem(413, "body_too_large")
		with(nobody, "auth/passkeys/finish", `{"ticket":1}`).WantProblem(400, "invalid", "ticket")
		forAdding := asked(t, with(s.SignIn(t, "maya"), "me/passkeys/begin", nil))
		end(forAdding.Ticket, phone.Get(forAdding.Options)).WantProblem(400, "ticket_over")
	})
}

// A passkey that counts and comes with a count that was there before has a copy. It is refused, its owner is told, and of two at once one gets in.
func TestPasskey_copied(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		key := parleytest.NewAuthenticator(t, site(s), "localhost")
		key.Counts, key.Count = true, 7
		c := asked(t, with(maya, "me/passkeys/begin", nil))
		with(maya, "me/passkeys/finish", object{"ticket": c.Ticket, "name": "Key", "credential": key.Create(c.Options)}).Want(201)
		stolen := key.Copy()
		passkeySignIn(t, s, key).Want(200)
		passkeySignIn(t, s, stolen).WantProblem(401, "bad_passkey")
		if got := kinds(maya); len(got) != 1 || got[0] != "passkey.copied" {
			t.Errorf("told %v", got)
		}
		passkeySignIn(t, s, key).Want(200)
		statuses := make([]int, 6)
		var all sync.WaitGroup
		for i := range statuses {
			a := key.Copy()
			all.Go(func() { statuses[i] = passkeySignIn(t, s, a).Status })
		}
		all.Wait()
		if n := strings.Count(fmt.Sprint(statuses), "200"); n != 1 {
			t.Errorf("%v, want one 200", statuses)
		}
	})
}

// An address without a name, and a name without https, can have no passkeys: browsers refuse them.
func TestPasskey_needs_a_name(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://192.0.2.7:8080", "http://chat.example.org"} {
		s := parleytest.Start(t, parleytest.With("PARLEY_PUBLIC_URL="+url))
		with(s.Anonymous(t), "auth/passkeys/begin", nil).WantProblem(503, "passkeys_unavailable")
		with(s.SignUp(t, "maya"), "me/passkeys/begin", nil).WantProblem(503, "passkeys_unavailable")
		if options := s.Anonymous(t).Do(http.MethodGet, "/api/v1/auth/options", nil).Want(200); !strings.Contains(string(options.Body), `"passkeys":false`) {
			t.Errorf("offered all the same: %s", options.Body)
		}
	}
	s := parleytest.Start(t, parleytest.With("PARLEY_PUBLIC_URL=https://chat.example.org"))
	maya := s.SignUp(t, "maya")
	a := parleytest.NewAuthenticator(t, "https://chat.example.org", "chat.example.org")
	c := asked(t, with(maya, "me/passkeys/begin", nil))
	with(maya, "me/passkeys/finish", object{"ticket": c.Ticket, "name": "Phone", "credential": a.Create(c.Options)}).Want(201)
	passkeySignIn(t, s, a).Want(200)
}

func TestPasskeyLimit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_CHALLENGE=2/10m"))
	asked(t, with(s.Anonymous(t), "auth/passkeys/begin", nil))
	with(s.Anonymous(t), "auth/passkeys/finish", object{"ticket": "x", "credential": 1}).WantProblem(400, "ticket_over")
	wantRateLimited(t, with(s.Anonymous(t), "auth/passkeys/begin", nil))
}
