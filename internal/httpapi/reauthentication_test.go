package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/mail/mailtest"
	"parley/internal/oidc/oidctest"
	"parley/internal/parleytest"
)

// grave is what asks for a fresh proof: an owner does it to themselves, to theo, or to the server.
type grave struct{ method, path, body string }

func graveOperations(theo *parleytest.Person, passkey contract.ID) []grave {
	person := fmt.Sprintf("/api/v1/admin/people/%d", theo.Me.ID)
	return []grave{
		{http.MethodPut, "/api/v1/me/email", `{"email":"new@x.org"}`},
		{http.MethodDelete, "/api/v1/me/email", ""},
		{http.MethodPost, "/api/v1/me/two-factor/begin", ""},
		{http.MethodPost, "/api/v1/me/two-factor/recovery-codes", ""},
		{http.MethodPost, "/api/v1/me/two-factor/disable", ""},
		{http.MethodPost, "/api/v1/me/passkeys/begin", ""},
		{http.MethodDelete, fmt.Sprintf("/api/v1/me/passkeys/%d", passkey), ""},
		{http.MethodPost, "/api/v1/me/identities", `{"provider_id":"corp"}`},
		{http.MethodDelete, "/api/v1/me/identities/1", ""},
		{http.MethodPatch, person, `{"role":"admin"}`},
		{http.MethodPatch, person, `{"deactivated":true}`},
		{http.MethodPost, person + "/reset-two-factor", ""},
		{http.MethodDelete, person, ""},
		{http.MethodPost, "/api/v1/admin/invites", `{"role":"admin","expires_in":3600,"max_uses":1}`},
	}
}

func (g grave) by(p *parleytest.Person) *parleytest.Response {
	if g.body == "" {
		return p.Do(g.method, g.path, nil)
	}
	return p.Do(g.method, g.path, g.body)
}

func (g grave) String() string { return g.method + " " + g.path + " " + g.body }

// refusedFor fails the test unless an operation asks for a proof, and returns the ways that it names.
func refusedFor(t *testing.T, r *parleytest.Response) contract.Reauthentication {
	t.Helper()
	p := r.WantProblem(403, "reauthentication_needed")
	if !p.Reauthentication.Set {
		t.Fatalf("no ways to prove oneself: %s", r.Body)
	}
	return p.Reauthentication.Value
}

// Ten minutes after a sign-in nothing that changes ways in, roles or accounts is done before its owner has proved again who they are, and then
// whatever it is for ten minutes more, in this session alone. A refresh is no proof.
func TestReauthentication(t *testing.T) {
	t.Parallel()
	for name, where := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := newClock(), oidctest.Start(t)
			s := parleytest.Start(t, where, parleytest.Clock(c.now), parleytest.Mail(mailtest.Start(t, mailtest.Config{})), corp(p))
			owner, theo := s.SignUp(t, "olga"), s.SignUp(t, "theo")
			addPasskey(t, s, owner, "Phone")
			phone := s.SignIn(t, "olga")
			all := graveOperations(theo, passkeys(owner)[0].ID)
			c.advance(9*time.Minute + 59*time.Second)
			asked(t, with(owner, "me/passkeys/begin", nil))
			c.advance(2 * time.Second)
			owner.Renew()
			for _, g := range all {
				r := g.by(owner)
				if r.Status != 403 {
					t.Errorf("%s: %d %s", g, r.Status, r.Body)
					continue
				}
				ways := refusedFor(t, r)
				if !ways.Password || ways.SecondFactor || !ways.Passkey || len(ways.Providers) != 0 {
					t.Errorf("%s: ways %+v", g, ways)
				}
			}
			owner.Prove()
			for _, g := range all {
				refusedFor(t, g.by(phone))
			}
			for _, g := range all {
				if r := g.by(owner); r.Status == 403 {
					t.Errorf("after a proof, %s: %s", g, r.Body)
				}
			}
			c.advance(10 * time.Minute)
			refusedFor(t, with(owner, "me/passkeys/begin", nil))
		})
	}
}

func engines() map[string]parleytest.Option {
	return map[string]parleytest.Option{"sqlite": parleytest.On("sqlite"), "postgres": parleytest.On("postgres"), "redis": parleytest.OnRedis()}
}

// What is not grave is not asked for; and who may not do something is told so, and not first asked who they are.
func TestReauthentication_is_not_asked_for(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		owner, theo := s.SignUp(t, "olga"), s.SignUp(t, "theo")
		c.advance(time.Hour)
		owner.Renew()
		theo.Renew()
		owner.Invite(map[string]any{"role": "member", "expires_in": 3600, "max_uses": 1})
		owner.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", object{"keep_current": true}).Want(204)
		with(owner, "me/password", object{"current_password": parleytest.Password, "new_password": "a wholly new phrase"}).Want(204)
		theo.Govern(owner.Me.ID, object{"role": "member"}).WantProblem(403, "forbidden")
		theo.Do(http.MethodPost, "/api/v1/admin/invites", object{"role": "admin", "expires_in": 3600, "max_uses": 1}).WantProblem(403, "forbidden")
		with(theo, fmt.Sprintf("admin/people/%d/reset-two-factor", owner.Me.ID), nil).WantProblem(403, "forbidden")
		owner.Govern(theo.Me.ID, object{"role": "emperor"}).WantProblem(400, "invalid", "role")
	})
}

func TestReauthentication_is_off(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := parleytest.Start(t, parleytest.Clock(c.now), parleytest.With("PARLEY_AUTH_REAUTHENTICATE_AFTER=0"))
	maya := s.SignUp(t, "maya")
	c.advance(time.Hour)
	maya.Renew()
	asked(t, with(maya, "me/passkeys/begin", nil))
}

// With two-step sign-in on, the password alone proves nothing: whoever may turn it off shows both.
func TestReauthentication_with_a_code(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya := s.SignUp(t, "maya")
		prove := func(more object) *parleytest.Response {
			body := object{"current_password": parleytest.Password}
			for k, v := range more {
				body[k] = v
			}
			return with(maya, "me/reauthenticate", body)
		}
		mayas, recovery := enrol(t, maya, c)
		c.advance(11 * time.Minute)
		if ways := refusedFor(t, with(maya, "me/two-factor/disable", nil)); !ways.Password || !ways.SecondFactor || ways.Passkey {
			t.Errorf("ways %+v", ways)
		}
		prove(nil).WantProblem(400, "invalid", "code")
		with(maya, "me/reauthenticate", object{"current_password": wrong, "code": mayas.code()}).WantProblem(400, "invalid", "current_password")
		wantCode(t, prove(object{"code": mayas.codeAt(5)}), "code", "wrong")
		refusedFor(t, with(maya, "me/two-factor/disable", nil))
		prove(object{"code": mayas.code()}).Want(204)
		wantCode(t, prove(object{"code": mayas.code()}), "code", "used")
		with(maya, "me/two-factor/recovery-codes", nil).Want(200)
		c.advance(11 * time.Minute)
		maya.Renew()
		wantCode(t, prove(object{"recovery_code": recovery[0]}), "recovery_code", "wrong") // void since
		prove(object{"code": mayas.code(), "recovery_code": recovery[0]}).WantProblem(400, "invalid", "recovery_code")
		prove(object{"code": mayas.code()}).Want(204)
		with(maya, "me/two-factor/disable", nil).Want(204)
		prove(object{"code": "123456"}).Want(204) // it asks for none any more
	})
}

// A recovery code proves as an app does, once, and its use is told.
func TestReauthentication_with_a_recovery_code(t *testing.T) {
	t.Parallel()
	c := newClock()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		other := s.SignIn(t, "maya")
		_, recovery := enrol(t, maya, c)
		shown := object{"current_password": parleytest.Password, "recovery_code": recovery[0]}
		with(maya, "me/reauthenticate", shown).Want(204)
		wantCode(t, with(maya, "me/reauthenticate", shown), "recovery_code", "wrong")
		if got := fmt.Sprint(kinds(other)); got != "[two_factor.recovery_used two_factor.enabled]" {
			t.Errorf("told %s", got)
		}
	}, parleytest.Clock(c.now))
}

// A passkey of one's own proves, once for each challenge; somebody else's, or one that answers another question, does not.
func TestReauthentication_with_a_passkey(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		with(maya, "me/reauthenticate/passkey/begin", nil).WantProblem(404, "passkey_not_found")
		mayas, theos := addPasskey(t, s, maya, "Phone"), addPasskey(t, s, theo, "Phone")
		c.advance(11 * time.Minute)
		begin := func() contract.PasskeyChallenge { return asked(t, with(maya, "me/reauthenticate/passkey/begin", nil)) }
		prove := func(p *parleytest.Person, ticket string, credential any) *parleytest.Response {
			return with(p, "me/reauthenticate/passkey/finish", object{"ticket": ticket, "credential": credential})
		}
		ch := begin()
		prove(maya, ch.Ticket, theos.Get(ch.Options)).WantProblem(400, "passkey_not_yours")
		prove(maya, ch.Ticket, mayas.Get(ch.Options)).WantProblem(400, "ticket_over") // spent by that
		ch = begin()
		prove(theo, ch.Ticket, theos.Get(ch.Options)).WantProblem(400, "ticket_over") // somebody else's
		other := begin()
		prove(maya, ch.Ticket, mayas.Get(other.Options)).WantProblem(400, "passkey_not_yours")
		forSignIn := asked(t, with(s.Anonymous(t), "auth/passkeys/begin", nil))
		prove(maya, forSignIn.Ticket, mayas.Get(forSignIn.Options)).WantProblem(400, "ticket_over")
		refusedFor(t, with(maya, "me/passkeys/begin", nil))
		ch = begin()
		with(s.Anonymous(t), "auth/passkeys/finish", object{"ticket": ch.Ticket, "credential": mayas.Get(ch.Options)}).WantProblem(400, "ticket_over")
		prove(maya, ch.Ticket, mayas.Get(ch.Options)).Want(204)
		asked(t, with(maya, "me/passkeys/begin", nil))
		for _, bad := range []string{`{}`, `{"ticket":5,"credential":{}}`, `[]`, `{"ticket":"x"}`} {
			if r := with(maya, "me/reauthenticate/passkey/finish", bad); r.Status != 400 {
				t.Errorf("%s: %d %s", bad, r.Status, r.Body)
			}
		}
	})
}

// Who came through a provider proves by signing in there anew; an old sign-in there, or one as somebody else, proves nothing.
func TestReauthentication_at_a_provider(t *testing.T) {
	t.Parallel()
	for name, where := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := newClock(), oidctest.Start(t)
			p.Change(func(p *oidctest.Provider) { p.Clock = c.now })
			s := parleytest.Start(t, where, corp(p), parleytest.Clock(c.now))
			maya := vouched(t, s, p)
			c.advance(11 * time.Minute)
			maya.Renew()
			first := object{"current_password": "", "new_password": parleytest.Password}
			if ways := refusedFor(t, with(maya, "me/password", first)); ways.Password || ways.Passkey || !slices.Equal(ways.Providers, []string{"corp"}) {
				t.Errorf("ways %+v", ways)
			}
			with(maya, "me/reauthenticate", object{"current_password": ""}).WantProblem(400, "invalid", "current_password")
			with(maya, "me/reauthenticate/provider", object{"provider_id": "lab"}).WantProblem(404, "provider_not_found")
			trip := func(change func(*oidctest.Provider)) *parleytest.Response {
				before := p.Person
				p.Change(change)
				defer p.Change(func(p *oidctest.Provider) { p.Person = before })
				var to contract.LinkIdentity
				r := with(maya, "me/reauthenticate/provider", object{"provider_id": "corp"}).Want(200)
				r.Decode(&to)
				return comes(t, s, p.Visit(t, to.Location), r.Cookie())
			}
			as := func(claims object) func(*oidctest.Provider) {
				return func(p *oidctest.Provider) { p.Person = claims }
			}
			subject := p.Person["sub"]
			for want, claims := range map[string]object{
				"provider_not_fresh": {"sub": subject, "auth_time": c.now().Add(-2 * time.Minute).Unix()},
				"identity_not_yours": {"sub": "somebody else"},
			} {
				if r := trip(as(claims)); problemOf(r) != want {
					t.Errorf("sent to %s, want %s", r.Header.Get("Location"), want)
				}
			}
			refusedFor(t, with(maya, "me/password", first))
			r := trip(func(*oidctest.Provider) {})
			if at := r.Header.Get("Location"); at != "/?reauthenticated=corp" || refreshCookie(r) != "" {
				t.Errorf("sent to %s with the cookie %q", at, refreshCookie(r))
			}
			with(maya, "me/password", first).Want(204)
		})
	}
}

// A session that ended while its owner was at the provider is proved by nothing.
func TestReauthentication_of_a_session_that_ended(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		maya := vouched(t, s, p)
		var to contract.LinkIdentity
		r := with(maya, "me/reauthenticate/provider", object{"provider_id": "corp"}).Want(200)
		r.Decode(&to)
		maya.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", object{"keep_current": false}).Want(204)
		if r := comes(t, s, p.Visit(t, to.Location), r.Cookie()); problemOf(r) != "unauthenticated" {
			t.Errorf("sent to %s", r.Header.Get("Location"))
		}
	})
}

// Guessing the password here is as slow as it is at the door.
func TestReauthentication_limit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_SIGN_IN=3/1h"))
	maya := s.SignUp(t, "maya")
	for range 5 {
		maya.Prove() // a right one costs nothing
	}
	for range 3 {
		with(maya, "me/reauthenticate", object{"current_password": wrong}).WantProblem(400, "invalid", "current_password")
	}
	wantRateLimited(t, with(maya, "me/reauthenticate", object{"current_password": parleytest.Password}))
}
