// Package oidctest is an OpenID Connect provider on loopback for tests: it signs real tokens, holds on to the rules that a provider enforces, and
// can be told to lie, to hang and to go away.
package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ClientID and ClientSecret are those of the one client.
const (
	ClientID     = "parley"
	ClientSecret = "the client's secret"
)

// Provider is a running provider. Its fields may be changed under Change while it runs.
type Provider struct {
	URL string // the issuer

	// Person is who signs in: the claims of the ID token. UserInfo are those of the userinfo endpoint; nil leaves the endpoint out.
	Person, UserInfo map[string]any
	// Denies is the error with which it refuses.
	Denies string
	// Tamper may change the claims, and return a token of its own in place of the signed one.
	Tamper func(claims jwt.MapClaims) string
	// Discovery may change the discovery document.
	Discovery func(document map[string]any)
	// Answer may answer a request in place of the provider.
	Answer func(w http.ResponseWriter, r *http.Request) bool
	// Clock is the provider's clock.
	Clock func() time.Time
	// EC signs with ES256, else RS256.
	EC bool

	mu    sync.Mutex
	codes map[string]url.Values // by code, what it was asked for with; spent ones are gone
	asked map[string]int        // requests by path
	rsa   *rsa.PrivateKey
	ec    *ecdsa.PrivateKey
}

// Start runs a provider until the test ends.
func Start(tb testing.TB) *Provider {
	tb.Helper()
	p := &Provider{
		Person: map[string]any{"sub": "248289761001", "preferred_username": "maya", "name": "Maya Okafor"},
		Clock:  time.Now, //nolint:forbidigo // a provider has a clock of its own
		codes:  map[string]url.Values{}, asked: map[string]int{},
	}
	var err error
	if p.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		tb.Fatal(err)
	}
	if p.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("/keys", p.keys)
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", p.token)
	mux.HandleFunc("/userinfo", p.userInfo)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		answer := p.Answer
		p.mu.Unlock()
		if answer == nil || !answer(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	tb.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Change changes how the provider behaves from now on.
func (p *Provider) Change(change func(p *Provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// Asked is how often a path was requested.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Visit is a browser that is sent to the provider, where its owner agrees. It returns the address that the provider sends it back to.
func (p *Provider) Visit(tb testing.TB, location string) *url.URL {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, location, nil)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	back, err := response.Location()
	if err != nil {
		tb.Fatalf("%s answered %d: %v", location, response.StatusCode, err)
	}
	return back
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	document := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "response_types_supported": []string{"code"},
		"authorization_response_iss_parameter_supported": true,
	}
	if p.UserInfo != nil {
		document["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	if p.Discovery != nil {
		p.Discovery(document)
	}
	send(w, http.StatusOK, document)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	number := func(n *big.Int, size int) string {
		return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, size)))
	}
	send(w, http.StatusOK, map[string]any{"keys": []any{
		map[string]any{"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": number(p.rsa.N, 256), "e": "AQAB"},
		map[string]any{"kty": "EC", "kid": "ec", "use": "sig", "alg": "ES256", "crv": "P-256", "x": number(p.ec.X, 32), "y": number(p.ec.Y, 32)},
	}})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("client_id") != ClientID || query.Get("response_type") != "code" {
		http.Error(w, "no such client", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {query.Get("state")}, "iss": {p.URL}}
	switch {
	case p.Denies != "":
		answer.Set("error", p.Denies)
	case query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" || query.Get("nonce") == "":
		answer.Set("error", "invalid_request")
	default:
		code := rand.Text()
		p.codes[code] = query
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // sending people to where they ask for is what this does
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	unescaped, _ := url.QueryUnescape(secret)
	code := r.PostFormValue("code")
	asked, known := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || unescaped != ClientSecret:
		send(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !known, asked.Get("redirect_uri") != r.PostFormValue("redirect_uri"),
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]):
		send(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := p.Clock()
	claims := jwt.MapClaims{
		"iss": p.URL, "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	if asked.Has("max_age") { // its owner agrees at once, so the sign-in is of now
		claims["auth_time"] = now.Unix()
	}
	maps.Copy(claims, p.Person)
	signed := ""
	if p.Tamper != nil {
		signed = p.Tamper(claims)
	}
	if signed == "" {
		signed = p.Sign(claims)
	}
	send(w, http.StatusOK, map[string]any{"access_token": "an access token", "token_type": "Bearer", "id_token": signed})
}

// Sign signs claims with the provider's own key.
func (p *Provider) Sign(claims jwt.MapClaims) string {
	token, key := jwt.NewWithClaims(jwt.SigningMethodRS256, claims), any(p.rsa)
	token.Header["kid"] = "rsa"
	if p.EC {
		token, key = jwt.NewWithClaims(jwt.SigningMethodES256, claims), any(p.ec)
		token.Header["kid"] = "ec"
	}
	text, err := token.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer an access token" {
		send(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	send(w, http.StatusOK, p.UserInfo)
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
