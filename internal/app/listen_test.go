package app_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"parley/internal/parleytest"
)

// With PARLEY_HTTP_ADDR=127.0.0.1:0 the public URL that is derived from it used to keep port 0: tokens named an issuer that does not exist.
func TestPublicURL_has_the_port_the_listener_got(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	if s.PublicURL() != s.URL {
		t.Errorf("the public URL is %s, the server listens at %s", s.PublicURL(), s.URL)
	}
	res, err := http.Post(s.URL+"/api/v1/auth/signup", "application/json",
		strings.NewReader(`{"username":"maya","display_name":"Maya","password":"correct horse battery"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var session struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&session); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("sign up: %d, %v", res.StatusCode, err)
	}
	parts := strings.Split(session.AccessToken, ".")
	if len(parts) != 3 {
		t.Fatalf("the access token has %d parts", len(parts))
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !strings.Contains(string(claims), `"`+s.URL+`"`) {
		t.Errorf("the claims %s do not name %s as the issuer, %v", claims, s.URL, err)
	}
}

func TestPublicURL_keeps_what_was_said(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_PUBLIC_URL=https://chat.example.org"))
	if s.PublicURL() != "https://chat.example.org" {
		t.Errorf("the public URL is %s", s.PublicURL())
	}
}
