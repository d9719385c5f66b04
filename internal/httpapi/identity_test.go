package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"parley/internal/contract"
	"parley/internal/mail/mailtest"
	"parley/internal/oidc/oidctest"
	"parley/internal/parleytest"
	"parley/internal/store"
)

// corp are the settings of a server that knows one provider.
func corp(p *oidctest.Provider, more ...string) parleytest.Option {
	return parleytest.With(append([]string{
		"PARLEY_OIDC_PROVIDERS=corp", "PARLEY_OIDC_CORP_NAME=The Company", "PARLEY_OIDC_CORP_ISSUER=" + p.URL,
		"PARLEY_OIDC_CORP_CLIENT_ID=" + oidctest.ClientID, "PARLEY_OIDC_CORP_CLIENT_SECRET=" + oidctest.ClientSecret,
	}, more...)...)
}

// eachCorp runs a test on a server of each engine, with a provider of its own.
func eachCorp(t *testing.T, test func(t *testing.T, s *parleytest.Server, p *oidctest.Provider)) {
	t.Helper()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			test(t, parleytest.Start(t, parleytest.On(engine), corp(p)), p)
		})
	}
}

const (
	startCorp    = "/auth/oidc/corp/start"
	callbackCorp = "/auth/oidc/corp/callback"
)

// goes begins a sign-in and returns the address the provider sends the browser back to, and the cookie of the trip.
func goes(t *testing.T, s *parleytest.Server, p *oidctest.Provider) (back *url.URL, cookie string) {
	t.Helper()
	r := s.Anonymous(t).Do(http.MethodGet, startCorp, nil).Want(http.StatusSeeOther)
	return p.Visit(t, r.Header.Get("Location")), r.Cookie()
}

// comes brings a browser back, and returns where it is sent.
func comes(t *testing.T, s *parleytest.Server, back *url.URL, cookie string) *parleytest.Response {
	t.Helper()
	r := s.Anonymous(t).Do(http.MethodGet, back.Path+"?"+back.RawQuery, nil, "Cookie", cookie).Want(http.StatusSeeOther)
	if at := r.Header.Get("Location"); at != "/" && !strings.HasPrefix(at, "/?") {
		t.Errorf("the browser is sent to %s", at)
	}
	return r
}

// vouched signs in through the provider and returns the person.
func vouched(t *testing.T, s *parleytest.Server, p *oidctest.Provider) *parleytest.Person {
	t.Helper()
	back, cookie := goes(t, s, p)
	r := comes(t, s, back, cookie)
	if r.Header.Get("Location") != "/" {
		t.Fatalf("sent to %s", r.Header.Get("Location"))
	}
	person := s.Anonymous(t)
	person.Cookie = refreshCookie(r)
	person.Renew()
	return person
}

func refreshCookie(r *parleytest.Response) string {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == "parley_rt" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// problemOf is the code with which a browser is sent back to the page.
func problemOf(r *parleytest.Response) string {
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil {
		return err.Error()
	}
	return at.Query().Get("problem")
}

func TestProvider_sign_in(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		p.Change(func(p *oidctest.Provider) { p.Person["email"], p.Person["email_verified"] = "maya@example.org", true })
		var options contract.AuthOptions
		s.Anonymous(t).Do(http.MethodGet, "/api/v1/auth/options", nil).Want(http.StatusOK).Decode(&options)
		if want := []contract.AuthProvider{{ID: "corp", Name: "The Company"}}; !slices.Equal(options.Providers, want) {
			t.Errorf("options have %+v", options.Providers)
		}
		maya := vouched(t, s, p)
		if maya.Me.Username != "maya" || maya.Me.DisplayName != "Maya Okafor" || maya.Me.Email.Value != "maya@example.org" {
			t.Errorf("the new account is %+v", maya.Me)
		}
		again := vouched(t, s, p)
		if again.Me.ID != maya.Me.ID {
			t.Errorf("signed in as %d and as %d", maya.Me.ID, again.Me.ID)
		}
		if n := len(maya.Sessions()); n != 2 {
			t.Errorf("%d sessions", n)
		}
		// Nobody has its password, so none opens it.
		s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "maya", "password": parleytest.Password}).
			WantProblem(401, "bad_credentials")
		s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "maya", "password": ""}).
			WantProblem(401, "bad_credentials")
		if log := s.Log.String(); strings.Contains(log, "an access token") || strings.Contains(log, "state=") {
			t.Error("the log has what passed between provider and server")
		}
	})
}

// The cookie of a trip comes along when another site sends the browser here; the one of the session does not.
func TestProvider_cookies(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	for _, tt := range []struct{ public, trip, session string }{
		{"", "parley_oidc=", "parley_rt="}, {"https://chat.example.org", "__Host-parley_oidc=", "__Host-parley_rt="},
	} {
		s := parleytest.Start(t, corp(p, "PARLEY_PUBLIC_URL="+tt.public))
		r := s.Anonymous(t).Do(http.MethodGet, startCorp, nil).Want(http.StatusSeeOther)
		set := r.Header.Get("Set-Cookie")
		if !strings.HasPrefix(set, tt.trip) || !strings.Contains(set, "; Path=/; Max-Age=600; HttpOnly") || !strings.HasSuffix(set, "; SameSite=Lax") ||
			strings.Contains(set, "; Secure") != (tt.public != "") {
			t.Errorf("the trip's cookie is %s", set)
		}
		if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", r.Header)
		}
		back := p.Visit(t, r.Header.Get("Location"))
		if want := strings.TrimSuffix(s.PublicURL(), "/") + callbackCorp; !strings.HasPrefix(back.String(), want+"?") {
			t.Errorf("the provider sends to %s", back)
		}
		done := comes(t, s, back, r.Cookie())
		cookies := done.Header.Values("Set-Cookie")
		if len(cookies) != 2 || !strings.HasPrefix(cookies[0], tt.trip+";") || !strings.Contains(cookies[0], "Max-Age=0") ||
			!strings.HasPrefix(cookies[1], tt.session) || !strings.HasSuffix(cookies[1], "; SameSite=Strict") {
			t.Errorf("signed in with %q", cookies)
		}
	}
}

// Whoever cannot show that this browser began it gets nothing, and spoils nothing.
func TestProvider_trips_belong_to_a_browser(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		back, cookie := goes(t, s, p)
		_, another := goes(t, s, p)
		forged := func(change func(url.Values)) *url.URL {
			query := back.Query()
			change(query)
			return &url.URL{Path: back.Path, RawQuery: query.Encode()}
		}
		for name, tt := range map[string]struct {
			back   *url.URL
			cookie string
		}{
			"no cookie":             {back, ""},
			"an empty cookie":       {back, "parley_oidc="},
			"another browser's":     {back, another},
			"a made-up cookie":      {back, "parley_oidc=" + strings.Repeat("A", 43)},
			"a huge cookie":         {back, "parley_oidc=" + strings.Repeat("A", 8000)},
			"another state":         {forged(func(q url.Values) { q.Set("state", "x") }), cookie},
			"no state":              {forged(func(q url.Values) { q.Del("state") }), cookie},
			"an error and no state": {&url.URL{Path: back.Path, RawQuery: "error=access_denied"}, cookie},
			"another provider":      {&url.URL{Path: "/auth/oidc/lab/callback", RawQuery: back.RawQuery}, cookie},
			"a path for a provider": {&url.URL{Path: "/auth/oidc/%2e%2e/callback", RawQuery: back.RawQuery}, cookie},
		} {
			r := comes(t, s, tt.back, tt.cookie)
			if problemOf(r) != "flow_over" || refreshCookie(r) != "" {
				t.Errorf("%s: sent to %s", name, r.Header.Get("Location"))
			}
		}
		if n := p.Asked("/token"); n != 0 {
			t.Errorf("the code went out %d times", n)
		}
		// The one whose it is comes through all the same, once. Of many at once one does.
		var mu sync.Mutex
		var opened int
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if r := comes(t, s, back, cookie); refreshCookie(r) != "" {
					mu.Lock()
					opened++
					mu.Unlock()
				} else if problemOf(r) != "flow_over" {
					t.Errorf("a replay: %s", r.Header.Get("Location"))
				}
			})
		}
		all.Wait()
		if opened != 1 {
			t.Errorf("one trip opened %d sessions", opened)
		}
	})
}

func TestProvider_problems(t *testing.T) {
	t.Parallel()
	for code, change := range map[string]func(*oidctest.Provider){
		"provider_denied":      func(p *oidctest.Provider) { p.Denies = "access_denied" },
		"provider_unavailable": func(p *oidctest.Provider) { p.Denies = "temporarily_unavailable" },
		"provider_failed": func(p *oidctest.Provider) {
			p.Tamper = func(c jwt.MapClaims) string { c["nonce"] = "x"; return "" }
		},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			change(p)
			s := parleytest.Start(t, corp(p))
			back, cookie := goes(t, s, p)
			r := comes(t, s, back, cookie)
			if at := r.Header.Get("Location"); at != "/?problem="+code+"&provider=corp" || refreshCookie(r) != "" {
				t.Errorf("sent to %s", at)
			}
			// It is spent with that.
			if r := comes(t, s, back, cookie); problemOf(r) != "flow_over" {
				t.Errorf("sent to %s", r.Header.Get("Location"))
			}
		})
	}
}

// A provider that is away stops neither the start nor anything else.
func TestProvider_away(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	p.Answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	s := parleytest.Start(t, corp(p))
	if r := s.Anonymous(t).Do(http.MethodGet, startCorp, nil).Want(http.StatusSeeOther); problemOf(r) != "provider_unavailable" || r.Cookie() != "" {
		t.Errorf("sent to %s", r.Header.Get("Location"))
	}
	s.Anonymous(t).Do(http.MethodGet, "/health/ready", nil).Want(http.StatusOK)
	maya := s.SignUp(t, "maya")
	maya.Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "corp"}).WantProblem(503, "provider_unavailable")
	if r := s.Anonymous(t).Do(http.MethodGet, "/auth/oidc/lab/start", nil).Want(http.StatusSeeOther); r.Header.Get("Location") != "/?problem=provider_not_found" {
		t.Errorf("sent to %s", r.Header.Get("Location"))
	}
	s.Anonymous(t).Do(http.MethodPost, startCorp, nil).WantProblem(405, "method_not_allowed")
	s.Anonymous(t).Do(http.MethodGet, "/auth/other", nil).WantProblem(404, "no_such_endpoint")
}

// Somebody new gets a name that is free, and never somebody else's account, whatever the provider calls them.
func TestProvider_newcomers(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		nobody := s.Anonymous(t)
		nobody.Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{
			"username": "maya", "password": parleytest.Password, "email": "maya@example.org",
		}).Want(http.StatusCreated)
		for i, tt := range []struct {
			claims   map[string]any
			username string
			name     string
			email    string
		}{
			{map[string]any{"preferred_username": "Maya", "email": "Maya@example.org", "email_verified": true}, "Maya-2", "Maya-2", "Maya@example.org"}, // the one above has not confirmed it
			{map[string]any{"preferred_username": "Maya.L", "email": "MAYA@example.org", "email_verified": true}, "Maya.L", "Maya.L", ""},
			{map[string]any{"preferred_username": "maya@corp", "name": "Maya Lin"}, "maya-3", "Maya Lin", ""},
			{map[string]any{"preferred_username": "admin", "name": "a\u202eb"}, "person-1", "person-1", ""},
			{map[string]any{"name": "Zoë"}, "Zoe", "Zoë", ""},
			{map[string]any{"preferred_username": "theo", "email": "theo@example.org"}, "theo", "theo", ""}, // not verified
			{map[string]any{"preferred_username": "iris", "email": "not an address", "email_verified": true}, "iris", "iris", ""},
		} {
			claims := map[string]any{"sub": fmt.Sprint("person ", i, t.Name())}
			for k, v := range tt.claims {
				claims[k] = v
			}
			p.Change(func(p *oidctest.Provider) { p.Person = claims })
			got := vouched(t, s, p).Me
			if string(got.Username) != tt.username || got.DisplayName != tt.name || got.Email.Value != tt.email {
				t.Errorf("%v became %+v", tt.claims, got)
			}
		}
	})
}

func TestProvider_sign_up_policy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ policy, providers, code string }{
		{"open", "policy", ""},
		{"invite", "policy", "invite_needed"},
		{"closed", "policy", "sign_up_closed"},
		{"closed", "always", ""},
		{"open", "never", "sign_up_closed"},
	} {
		t.Run(tt.policy+"_"+tt.providers, func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			s := parleytest.Start(t, corp(p, "PARLEY_SIGN_UP="+tt.policy, "PARLEY_OIDC_SIGN_UP="+tt.providers))
			s.SignUp(t, "somebody") // the first account is always possible
			back, cookie := goes(t, s, p)
			r := comes(t, s, back, cookie)
			if problemOf(r) != tt.code || (refreshCookie(r) == "") != (tt.code != "") {
				t.Errorf("sent to %s", r.Header.Get("Location"))
			}
		})
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		maya := s.SignUp(t, "maya.o")
		desk := s.SignIn(t, "maya.o")
		ways := func(who *parleytest.Person) (w contract.WaysIn) {
			who.Do(http.MethodGet, "/api/v1/me/identities", nil).Want(http.StatusOK).Decode(&w)
			return w
		}
		link := func(who *parleytest.Person) *parleytest.Response {
			var to contract.LinkIdentity
			r := who.Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "corp"}).Want(http.StatusOK)
			r.Decode(&to)
			return comes(t, s, p.Visit(t, to.Location), r.Cookie())
		}
		if w := ways(maya); len(w.Items) != 0 || !w.HasPassword {
			t.Errorf("ways in at first: %+v", w)
		}
		if r := link(maya); r.Header.Get("Location") != "/?connected=corp" || refreshCookie(r) != "" {
			t.Fatalf("connected: sent to %s", r.Header.Get("Location"))
		}
		w := ways(maya)
		if len(w.Items) != 1 || w.Items[0].ProviderID.Value != "corp" || w.Items[0].Label != "maya" {
			t.Fatalf("ways in: %+v", w)
		}
		if got := vouched(t, s, p); got.Me.ID != maya.Me.ID {
			t.Errorf("signed in as %+v", got.Me)
		}
		// The other device is told, the one that did it is not.
		wantTold := func(kind contract.NoticeKind) {
			t.Helper()
			told := func(who *parleytest.Person) bool {
				return slices.ContainsFunc(who.Notices(), func(n contract.Notice) bool { return n.Kind == kind })
			}
			if !told(desk) || told(maya) {
				t.Errorf("told of %s: the other device %v, this one %v", kind, told(desk), told(maya))
			}
		}
		wantTold("identity.linked")
		if r := link(maya); r.Header.Get("Location") != "/?connected=corp" {
			t.Errorf("connected twice: sent to %s", r.Header.Get("Location"))
		}
		theo := s.SignUp(t, "theo")
		if r := link(theo); problemOf(r) != "identity_taken" || len(ways(theo).Items) != 0 {
			t.Errorf("somebody else's: sent to %s", r.Header.Get("Location"))
		}
		p.Change(func(p *oidctest.Provider) { p.Person["sub"] = "another" })
		if r := link(maya); problemOf(r) != "already_connected" || len(ways(maya).Items) != 1 {
			t.Errorf("a second one: sent to %s", r.Header.Get("Location"))
		}
		one := fmt.Sprintf("/api/v1/me/identities/%d", w.Items[0].ID)
		theo.Do(http.MethodDelete, one, nil).WantProblem(404, "identity_not_found")
		maya.Do(http.MethodDelete, one, nil).Want(http.StatusNoContent)
		wantTold("identity.unlinked")
		maya.Do(http.MethodDelete, one, nil).WantProblem(404, "identity_not_found")
		maya.Do(http.MethodDelete, "/api/v1/me/identities/0", nil).WantProblem(404, "identity_not_found", "identity_id")
		maya.Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "lab"}).WantProblem(404, "provider_not_found")
		maya.Do(http.MethodPost, "/api/v1/me/identities", `{"provider_id":5}`).WantProblem(400, "invalid", "provider_id")
		s.Anonymous(t).Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "corp"}).WantProblem(401, "unauthenticated")
	})
}

// An account that a provider opened keeps that way in until it has another one.
func TestIdentities_last_way_in(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		maya := vouched(t, s, p)
		var w contract.WaysIn
		maya.Do(http.MethodGet, "/api/v1/me/identities", nil).Want(http.StatusOK).Decode(&w)
		if w.HasPassword || len(w.Items) != 1 {
			t.Fatalf("ways in: %+v", w)
		}
		one := fmt.Sprintf("/api/v1/me/identities/%d", w.Items[0].ID)
		maya.Do(http.MethodDelete, one, nil).WantProblem(409, "last_way_in")
		maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": "", "new_password": parleytest.Password}).Want(http.StatusNoContent)
		maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": "", "new_password": "another good phrase"}).
			WantProblem(400, "invalid", "current_password")
		maya.Do(http.MethodDelete, one, nil).Want(http.StatusNoContent)
		s.SignIn(t, "maya")
	})
}

// A session that ended while its owner was at the provider connects nothing: whoever had it may be the reason why it ended.
func TestIdentities_of_a_session_that_ended(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		maya := s.SignUp(t, "maya")
		var to contract.LinkIdentity
		r := maya.Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "corp"}).Want(http.StatusOK)
		r.Decode(&to)
		back := p.Visit(t, to.Location)
		s.SignIn(t, "maya").Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]bool{"keep_current": true}).Want(http.StatusNoContent)
		if r := comes(t, s, back, r.Cookie()); problemOf(r) != "session_over" {
			t.Errorf("sent to %s", r.Header.Get("Location"))
		}
	})
}

// Where groups decide about roles, they do at every sign-in, and the last owner stays one.
func TestProvider_roles(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			s := parleytest.Start(t, parleytest.On(engine), corp(p, "PARLEY_OIDC_CORP_ROLE_MAP=ops=admin,board=owner,staff=member"))
			owner := s.SignUp(t, "olga")
			sub := 0
			role := func(groups any) contract.ServerRole {
				p.Change(func(p *oidctest.Provider) {
					p.Person = map[string]any{"sub": fmt.Sprint("person ", sub), "preferred_username": fmt.Sprint("person", sub), "groups": groups}
				})
				return vouched(t, s, p).Me.Role
			}
			for _, tt := range []struct {
				groups any
				want   contract.ServerRole
			}{
				{[]string{"staff"}, "member"},
				{[]string{"staff", "ops"}, "admin"},
				{[]string{"ops", "board", "staff"}, "owner"},
				{"ops", "admin"},
				{[]string{"OPS"}, "member"},
				{nil, "member"},
				{map[string]any{"ops": true}, "member"},
				{[]string{"board"}, "owner"},
			} {
				if got := role(tt.groups); got != tt.want {
					t.Errorf("in %v: %s, want %s", tt.groups, got, tt.want)
				}
			}
			// With two owners one may go; the last one may not.
			owner.Do(http.MethodPatch, fmt.Sprintf("/api/v1/admin/people/%d", owner.Me.ID), map[string]string{"role": "member"}).Want(http.StatusOK)
			if got := role([]string{"staff"}); got != "owner" {
				t.Errorf("the last owner became %s", got)
			}
			if !strings.Contains(s.Log.String(), "the last owner is in no group of owners") {
				t.Error("the log does not say it")
			}
			sub++
			if got := role([]string{"ops"}); got != "admin" {
				t.Errorf("somebody new in ops is %s", got)
			}
		})
	}
}

// Without a map roles are given here, and a sign-in leaves them alone. Whoever is deactivated is refused.
func TestProvider_roles_of_our_own(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	p.Person["groups"] = []string{"ops"}
	s := parleytest.Start(t, corp(p))
	owner, maya := s.SignUp(t, "olga"), vouched(t, s, p)
	one := fmt.Sprintf("/api/v1/admin/people/%d", maya.Me.ID)
	owner.Do(http.MethodPatch, one, map[string]string{"role": "admin"}).Want(http.StatusOK)
	if got := vouched(t, s, p).Me.Role; got != "admin" {
		t.Errorf("after another sign-in: %s", got)
	}
	owner.Do(http.MethodPatch, one, map[string]bool{"deactivated": true}).Want(http.StatusOK)
	back, cookie := goes(t, s, p)
	if r := comes(t, s, back, cookie); problemOf(r) != "account_deactivated" || refreshCookie(r) != "" {
		t.Errorf("deactivated: sent to %s", r.Header.Get("Location"))
	}
}

// Another account that signs a person in is told by mail as a passkey is: the session that connected it may be a stolen one, and sees no notice.
func TestIdentities_mails(t *testing.T) {
	t.Parallel()
	box, p := mailtest.Start(t, mailtest.Config{}), oidctest.Start(t)
	s := parleytest.Start(t, parleytest.Mail(box), corp(p), parleytest.With("PARLEY_MAIL_ALERTS=false"))
	theo := withEmail(t, s, box, "theo", "theo@x.org")
	var to contract.LinkIdentity
	r := theo.Do(http.MethodPost, "/api/v1/me/identities", map[string]string{"provider_id": "corp"}).Want(http.StatusOK)
	r.Decode(&to)
	comes(t, s, p.Visit(t, to.Location), r.Cookie())
	wantMail(t, box.Next(t), "theo@x.org", "Another account was connected")
	box.None(t)
}

func TestProvider_limit(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	s := parleytest.Start(t, corp(p, "PARLEY_LIMIT_OIDC=2/1h"))
	for i := range 3 {
		r := s.Anonymous(t).Do(http.MethodGet, startCorp, nil).Want(http.StatusSeeOther)
		if limited := problemOf(r) == "rate_limited"; limited != (i == 2) {
			t.Errorf("time %d: sent to %s", i, r.Header.Get("Location"))
		}
	}
}
