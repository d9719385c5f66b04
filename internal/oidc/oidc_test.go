package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parley/internal/oidc"
	"parley/internal/oidc/oidctest"
)

const redirect = "https://chat.example.org/auth/oidc/corp/callback"

type client struct {
	*oidc.Provider
	registry *prometheus.Registry
	clock    atomic.Int64 // added to the real time, in nanoseconds
	stopped  atomic.Bool
	at       time.Time // the real time while the clock is stopped
}

func (c *client) now() time.Time {
	now := time.Now()
	if c.stopped.Load() {
		now = c.at
	}
	return now.Add(time.Duration(c.clock.Load()))
}

// stop stops the clock: how long the machine takes for a step is no time that passes.
func (c *client) stop() {
	c.at = time.Now()
	c.stopped.Store(true)
}

func newClient(t *testing.T, p *oidctest.Provider, change ...func(*oidc.Config)) *client {
	t.Helper()
	c := oidc.Config{
		ID: "corp", Issuer: p.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Scopes: []string{"openid"}, GroupsClaim: "groups",
		Redirect: redirect,
	}
	for _, f := range change {
		f(&c)
	}
	out := &client{registry: prometheus.NewRegistry()}
	made, err := oidc.New([]oidc.Config{c}, oidc.Deps{
		Clock: out.now, Logger: slog.New(slog.DiscardHandler), Registry: out.registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	out.Provider = made["corp"]
	return out
}

// trip goes to the provider and back.
func (c *client) trip(t *testing.T, p *oidctest.Provider) (oidc.Person, error) {
	t.Helper()
	return c.tripFor(t, p, false)
}

// tripFor is trip, for a sign-in that may have to be a fresh one.
func (c *client) tripFor(t *testing.T, p *oidctest.Provider, fresh bool) (oidc.Person, error) {
	t.Helper()
	location, flow, err := c.Start(t.Context(), "the state", fresh)
	if err != nil {
		return oidc.Person{}, err
	}
	back := p.Visit(t, location).Query()
	if back.Get("state") != "the state" || back.Get("code") == "" {
		t.Fatalf("the provider sent back %v", back)
	}
	return c.Finish(t.Context(), flow, back.Get("code"), back.Get("iss"))
}

func TestFinish(t *testing.T) {
	t.Parallel()
	for _, ec := range []bool{false, true} {
		p := oidctest.Start(t)
		p.EC = ec
		p.Person["email"], p.Person["email_verified"], p.Person["groups"] = "maya@example.org", true, []string{"ops", "staff"}
		c := newClient(t, p)
		got, err := c.trip(t, p)
		want := oidc.Person{
			Issuer: p.URL, Subject: "248289761001", Username: "maya", Name: "Maya Okafor", Email: "maya@example.org", Groups: []string{"ops", "staff"},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ec %v: got %+v, %v", ec, got, err)
		}
		if _, err := c.trip(t, p); err != nil {
			t.Error(err)
		}
		if n := p.Asked("/.well-known/openid-configuration"); n != 1 {
			t.Errorf("it was asked %d times where it is", n)
		}
		want2 := "# HELP parley_oidc_flows_total Codes of OpenID Connect providers that were traded, by provider and outcome (proven, refused, untrusted, unavailable).\n" +
			"# TYPE parley_oidc_flows_total counter\nparley_oidc_flows_total{outcome=\"proven\",provider=\"corp\"} 2\n"
		if err := testutil.GatherAndCompare(c.registry, strings.NewReader(want2), "parley_oidc_flows_total"); err != nil {
			t.Error(err)
		}
	}
}

// What is not in the ID token is asked for. What is in both counts as it is signed.
func TestFinish_asks_about_the_person(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	p.Person = map[string]any{"sub": "1", "name": "signed"}
	p.UserInfo = map[string]any{
		"sub": "1", "name": "not signed", "preferred_username": "maya", "email": "maya@example.org", "email_verified": "true",
		"realm": map[string]any{"roles": []any{"ops", 5, "", nil}},
	}
	got, err := newClient(t, p, func(c *oidc.Config) { c.GroupsClaim = "realm.roles" }).trip(t, p)
	want := oidc.Person{Issuer: p.URL, Subject: "1", Username: "maya", Name: "signed", Email: "maya@example.org", Groups: []string{"ops"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What is not verified, no text, or huge counts as missing.
func TestFinish_odd_claims(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	p.Person = map[string]any{
		"sub": "1", "preferred_username": map[string]any{}, "name": strings.Repeat("x", 600), "email": "maya@example.org", "email_verified": false,
		"groups": map[string]any{"ops": true},
	}
	got, err := newClient(t, p).trip(t, p)
	if want := (oidc.Person{Issuer: p.URL, Subject: "1"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFinish_refuses(t *testing.T) {
	t.Parallel()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(method jwt.SigningMethod, kid string, key any) func(jwt.MapClaims) string {
		return func(claims jwt.MapClaims) string {
			token := jwt.NewWithClaims(method, claims)
			token.Header["kid"] = kid
			text, err := token.SignedString(key)
			if err != nil {
				panic(err)
			}
			return text
		}
	}
	claim := func(name string, value any) func(jwt.MapClaims) string {
		return func(claims jwt.MapClaims) string {
			if value == nil {
				delete(claims, name)
			} else {
				claims[name] = value
			}
			return ""
		}
	}
	for name, tamper := range map[string]func(jwt.MapClaims) string{
		"another issuer":               claim("iss", "https://login.example.net"),
		"no issuer":                    claim("iss", nil),
		"another audience":             claim("aud", "somebody else"),
		"no audience":                  claim("aud", nil),
		"many audiences and no party":  claim("aud", []string{oidctest.ClientID, "somebody else"}),
		"another authorized party":     claim("azp", "somebody else"),
		"another nonce":                claim("nonce", "a nonce of an earlier flow"),
		"no nonce":                     claim("nonce", nil),
		"expired":                      claim("exp", time.Now().Add(-time.Minute).Unix()),
		"no expiry":                    claim("exp", nil),
		"not yet valid":                claim("nbf", time.Now().Add(time.Hour).Unix()),
		"no subject":                   claim("sub", ""),
		"a subject that is too long":   claim("sub", strings.Repeat("x", 256)),
		"a subject with a NUL":         claim("sub", "a\x00b"),
		"another access token":         claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"alg none":                     sign(jwt.SigningMethodNone, "rsa", jwt.UnsafeAllowNoneSignatureType),
		"signed with the secret":       sign(jwt.SigningMethodHS256, "rsa", []byte(oidctest.ClientSecret)),
		"signed by a stranger":         sign(jwt.SigningMethodRS256, "rsa", stranger),
		"signed by an unknown key":     sign(jwt.SigningMethodRS256, "another", stranger),
		"an algorithm not agreed upon": sign(jwt.SigningMethodRS512, "rsa", stranger),
		"no token at all":              func(jwt.MapClaims) string { return "." },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			if name == "another access token" {
				p.UserInfo = map[string]any{"sub": p.Person["sub"]}
			}
			p.Tamper = tamper
			if got, err := newClient(t, p).trip(t, p); !errors.Is(err, oidc.ErrUntrusted) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestFinish_refuses_flows(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	c := newClient(t, p)
	begin := func() (oidc.Flow, url.Values) {
		location, flow, err := c.Start(t.Context(), "s", false)
		if err != nil {
			t.Fatal(err)
		}
		return flow, p.Visit(t, location).Query()
	}
	flow, back := begin()
	if _, err := c.Finish(t.Context(), flow, back.Get("code"), "https://login.example.net"); !errors.Is(err, oidc.ErrUntrusted) {
		t.Errorf("from another issuer (mix-up): %v", err)
	}
	if _, err := c.Finish(t.Context(), flow, back.Get("code"), ""); !errors.Is(err, oidc.ErrUntrusted) {
		t.Errorf("from an issuer that should have said so: %v", err)
	}
	if n := p.Asked("/token"); n != 0 {
		t.Errorf("the code went out %d times all the same", n)
	}
	other, _ := begin()
	if _, err := c.Finish(t.Context(), other, back.Get("code"), p.URL); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a code with another flow's verifier: %v", err)
	}
	flow, back = begin()
	flow.Verifier = ""
	if _, err := c.Finish(t.Context(), flow, back.Get("code"), p.URL); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a code without its verifier: %v", err)
	}
	flow, back = begin()
	if _, err := c.Finish(t.Context(), flow, back.Get("code"), p.URL); err != nil {
		t.Error(err)
	}
	if _, err := c.Finish(t.Context(), flow, back.Get("code"), p.URL); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a code that was used: %v", err)
	}
	wrong := newClient(t, p, func(c *oidc.Config) { c.ClientSecret = "another" })
	if _, err := wrong.trip(t, p); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a wrong client secret: %v", err)
	}
	p.Change(func(p *oidctest.Provider) { p.UserInfo = map[string]any{"sub": "somebody else"} })
	if _, err := newClient(t, p).trip(t, p); !errors.Is(err, oidc.ErrUntrusted) {
		t.Errorf("userinfo about somebody else: %v", err)
	}
}

// A provider that lies about where it is, or is not there, stops nobody but those who want to sign in through it.
func TestStart_refuses(t *testing.T) {
	t.Parallel()
	document := func(name string, value any) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) {
			p.Discovery = func(d map[string]any) { d[name] = value }
		}
	}
	for name, change := range map[string]func(*oidctest.Provider){
		"another issuer":            document("issuer", "https://login.example.net"),
		"no token endpoint":         document("token_endpoint", ""),
		"a scheme of another world": document("token_endpoint", "file:///etc/passwd"),
		"a script for a page":       document("authorization_endpoint", "javascript:alert(1)"),
		"a password in an address":  document("jwks_uri", "https://u:p@login.example.net/keys"),
		"no document": func(p *oidctest.Provider) {
			p.Answer = func(w http.ResponseWriter, _ *http.Request) bool { http.NotFound(w, nil); return true }
		},
		"no JSON": func(p *oidctest.Provider) {
			p.Answer = func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("<html>")); return true }
		},
		"a redirect": func(p *oidctest.Provider) {
			p.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/elsewhere" {
					return false
				}
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return true
			}
		},
		"a document without end": func(p *oidctest.Provider) {
			p.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
				for range 64 {
					_, _ = w.Write([]byte(strings.Repeat(" ", 64<<10)))
				}
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			change(p)
			if location, _, err := newClient(t, p).Start(t.Context(), "s", false); !errors.Is(err, oidc.ErrUnavailable) {
				t.Errorf("got %s, %v", location, err)
			}
			if p.Asked("/elsewhere") != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

// Away, it is asked again after a while, and at most once in it; what it said before goes on to count.
func TestStart_away_and_back(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	c := newClient(t, p)
	c.stop()
	away := func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	const where = "/.well-known/openid-configuration"
	p.Change(func(p *oidctest.Provider) { p.Answer = away })
	for range 5 {
		if _, _, err := c.Start(t.Context(), "s", false); !errors.Is(err, oidc.ErrUnavailable) {
			t.Fatalf("away: %v", err)
		}
	}
	if n := p.Asked(where); n != 1 {
		t.Errorf("it was asked %d times in a moment", n)
	}
	p.Change(func(p *oidctest.Provider) { p.Answer = nil })
	c.clock.Add(int64(3 * time.Second))
	if _, _, err := c.Start(t.Context(), "s", false); err != nil {
		t.Fatalf("back: %v", err)
	}
	p.Change(func(p *oidctest.Provider) { p.Answer = away })
	c.clock.Add(int64(2 * time.Hour))
	if _, _, err := c.Start(t.Context(), "s", false); err != nil {
		t.Errorf("away again: %v", err)
	}
	if n := p.Asked(where); n != 3 {
		t.Errorf("it was asked %d times, not again after an hour", n)
	}
}

// Whatever fails on the way is a provider that is away, and no forgery.
func TestFinish_away(t *testing.T) {
	t.Parallel()
	for path, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"/token":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"/keys":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/keys ":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"/userinfo": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := oidctest.Start(t)
			p.UserInfo = map[string]any{"sub": p.Person["sub"]}
			p.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == strings.TrimSpace(path) {
					answer(w, r)
					return true
				}
				return false
			}
			if got, err := newClient(t, p).trip(t, p); !errors.Is(err, oidc.ErrUnavailable) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A provider that takes a request and says nothing keeps nobody longer than they are willing to wait.
func TestStart_hangs(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	heard, over := make(chan struct{}, 1), make(chan struct{})
	defer close(over)
	p.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
		heard <- struct{}{}
		select {
		case <-over:
		case <-r.Context().Done():
		}
		return true
	}
	c := newClient(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-heard
		cancel()
	}()
	if _, _, err := c.Start(ctx, "s", false); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// A discovery document cannot send this server's requests into its own network.
func TestStart_keeps_out_of_private_networks(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	port := p.URL[strings.LastIndex(p.URL, ":"):]
	for _, host := range []string{"10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]"} {
		p.Change(func(p *oidctest.Provider) {
			p.Discovery = func(d map[string]any) { d["token_endpoint"] = "http://" + host + port + "/token" }
		})
		_, err := newClient(t, p).trip(t, p)
		if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: %v", host, err)
		}
	}
	p.Change(func(p *oidctest.Provider) {
		p.Discovery = func(d map[string]any) { d["token_endpoint"] = "http://127.0.0.1:22/token" }
	})
	if _, err := newClient(t, p).trip(t, p); !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "port") {
		t.Errorf("another port: %v", err)
	}
	// And an issuer elsewhere does not reach this machine.
	far := newClient(t, p, func(c *oidc.Config) { c.Issuer = "http://localtest.invalid" + port })
	if _, _, err := far.Start(t.Context(), "s", false); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("an issuer that is nowhere: %v", err)
	}
}

// Whoever proves again who they are has to sign in there anew, and the provider has to say that they did.
func TestFinish_fresh(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	c := newClient(t, p)
	location, _, err := c.Start(t.Context(), "the state", true)
	if err != nil {
		t.Fatal(err)
	}
	if asks, err := url.Parse(location); err != nil || asks.Query().Get("prompt") != "login" || asks.Query().Get("max_age") != "0" {
		t.Errorf("the provider is asked with %s, %v", location, err)
	}
	if who, err := c.tripFor(t, p, true); err != nil || who.Subject == "" {
		t.Errorf("a fresh sign-in: %+v, %v", who, err)
	}
	for name, claim := range map[string]any{
		"of yesterday": time.Now().Add(-24 * time.Hour).Unix(), "of two minutes ago": time.Now().Add(-2 * time.Minute).Unix(), "unsaid": nil, "a text": "now",
	} {
		p.Change(func(p *oidctest.Provider) { p.Person["auth_time"] = claim })
		if _, err := c.tripFor(t, p, true); !errors.Is(err, oidc.ErrNotFresh) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.trip(t, p); err != nil {
			t.Errorf("%s, where it does not matter: %v", name, err)
		}
	}
}
