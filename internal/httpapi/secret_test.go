package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/internal/contract"
	"parley/internal/mail/mailtest"
	"parley/internal/parleytest"
)

// What proves who somebody is appears in no log, at any level, and in no metric: not when it is good, not when it is wrong, and not when what
// surrounds it is broken.
func TestSecrets_are_not_logged(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		const (
			typo    = "correct horse batterie"
			next    = "an entirely new passphrase"
			private = "what I wrote is nobody's business"
		)
		secrets := []string{parleytest.Password, typo, next, private}
		keep := func(p *parleytest.Person) *parleytest.Person {
			_, cookie, _ := strings.Cut(p.Cookie, "=")
			secrets = append(secrets, p.Token, cookie)
			return p
		}
		nobody := s.Anonymous(t)
		maya := keep(s.SignUp(t, "maya"))
		stolen := maya.Cookie
		other := keep(s.SignIn(t, "maya", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))

		logIn := func(body string) *parleytest.Response { return nobody.Do(http.MethodPost, "/api/v1/auth/login", body) }
		logIn(fmt.Sprintf(`{"username": "maya", "password": %q}`, typo)).WantProblem(401, "bad_credentials")
		logIn(fmt.Sprintf(`{"username": "maya", "password": %q`, typo)).WantProblem(400, "malformed")
		logIn(fmt.Sprintf(`{"username": 7, "password": %q}`, typo))
		nobody.Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{"username": "m", "password": typo})

		room := maya.CreateRoom("secrets", contract.RoomKindPrivate)
		messages := fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID)
		maya.Do(http.MethodPost, messages, map[string]string{"body": private, "client_key": "k1"}, "Idempotency-Key", "k1")
		maya.Do(http.MethodPost, messages, fmt.Sprintf(`{"body": %q`, private))
		maya.Do(http.MethodGet, "/api/v1/me?access_token="+maya.Token, nil).Want(200)
		nobody.Do(http.MethodGet, "/api/v1/me?access_token="+maya.Token, nil).WantProblem(401, "unauthenticated")
		nobody.Do(http.MethodGet, "/api/v1/me", nil, "Authorization", "Bearer "+maya.Token+"x").WantProblem(401, "unauthenticated")
		nobody.Do(http.MethodGet, "/api/v1/me", nil, "Authorization", "Basic "+maya.Token).WantProblem(401, "unauthenticated")
		maya.Connect()
		nobody.Do(http.MethodPost, cspReports, fmt.Sprintf(`{"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://x.example/?t=%s"}}`, maya.Token),
			"Content-Type", reportURI).Want(204)

		maya.Renew()
		maya.Renew()
		keep(maya)
		maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": typo, "new_password": next}).
			WantProblem(400, "invalid", "current_password")
		maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": parleytest.Password, "new_password": next}).Want(204)
		nobody.Refresh(stolen).WantProblem(401, "session_over")
		nobody.Do(http.MethodPost, "/api/v1/auth/logout", nil, "Cookie", other.Cookie, "X-Parley", "1").Want(204)

		wantNoSecrets(t, s, secrets, "/api/v1/auth/login", "reused")
	}, parleytest.With("PARLEY_LOG_LEVEL=debug"))
}

// Nor does what lets people in by other ways: links in mails, invites, authenticator apps.
func TestSecrets_of_links_and_codes_are_not_logged(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock) {
		maya := signUpWith(t, s, "maya", "maya@x.org")
		confirmation := box.Next(t).Token(t)
		confirm(t, s, confirmation+"x").WantProblem(400, "ticket_over")
		confirm(t, s, confirmation).Want(http.StatusNoContent)
		ask(t, s, "maya").Want(http.StatusAccepted)
		link := box.Next(t).Token(t)

		invite := maya.Invite(object{"role": "member", "max_uses": 1}).Token
		lookAt(t, s, invite).Want(http.StatusOK)
		join(t, s, "theo", invite).Want(http.StatusCreated)
		join(t, s, "ines", invite)

		authenticator, recovery := enrol(t, maya, c)
		ticket := challenged(t, s, "maya").Ticket
		finish(t, s, ticket, object{"code": "000000"})
		finish(t, s, ticket, object{"recovery_code": recovery[0]}).Want(http.StatusOK)
		reset(t, s, link, fresh).Want(http.StatusNoContent)
		reset(t, s, link, fresh).WantProblem(400, "ticket_over")

		secrets := append([]string{confirmation, link, invite, authenticator.secret, ticket, fresh}, recovery...)
		wantNoSecrets(t, s, secrets, "/api/v1/auth/login", "/api/v1/auth/password-reset/confirm")
	})
}

// wantNoSecrets looks for secrets, and for parts of them that are long enough to be found again, in what a server logged and measured. The log has to
// have what happened, or else that nothing is in it says nothing.
func wantNoSecrets(t *testing.T, s *parleytest.Server, secrets []string, happened ...string) {
	t.Helper()
	log, measured := s.Log.String(), metrics(t, s)
	for _, what := range happened {
		if !strings.Contains(log, what) {
			t.Fatalf("the log does not have %s", what)
		}
	}
	for _, secret := range secrets {
		for from := 0; from < len(secret); from += 16 {
			part := secret[from:min(from+24, len(secret))]
			if len(part) < 16 && from > 0 {
				continue
			}
			if strings.Contains(log, part) {
				t.Errorf("the log has %q", part)
			}
			if strings.Contains(measured, part) {
				t.Errorf("the metrics have %q", part)
			}
		}
	}
}
