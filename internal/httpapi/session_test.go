package httpapi_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "Maya.O")
		if maya.Me.Username != "Maya.O" || maya.Me.DisplayName != "Maya.O" {
			t.Errorf("me is %+v; without a display name it is the username", maya.Me)
		}
		var me contract.Me
		maya.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK).Decode(&me)
		if me != maya.Me {
			t.Errorf("/me is %+v, want %+v", me, maya.Me)
		}
		nobody := s.Anonymous(t)
		signUp := func(body any) *parleytest.Response {
			return nobody.Do(http.MethodPost, "/api/v1/auth/signup", body)
		}
		signUp(map[string]string{"username": "mAYA.o", "password": parleytest.Password}).WantProblem(409, "username_taken", "username")
		for name, body := range map[string]map[string]any{
			"too short": {"username": "ab"}, "too long": {"username": strings.Repeat("a", 33)}, "empty": {"username": ""},
			"a space": {"username": "a b c"}, "another script": {"username": "mаya"}, "bidi": {"username": "maya\u202e"},
			"zero width": {"username": "ma\u200bya"}, "reserved": {"username": "Admin"}, "only dots": {"username": "..."}, "nul": {"username": "ma\x00ya"},
		} {
			body["password"] = parleytest.Password
			t.Run("username "+name, func(t *testing.T) {
				signUp(body).WantProblem(400, "invalid", "username")
			})
		}
		signUp(map[string]string{"username": "x", "password": "short", "display_name": "a\u202eb", "email": "nobody"}).
			WantProblem(400, "invalid", "username", "password", "display_name", "email")
		signUp(`{"username":5,"password":"x"}`).WantProblem(400, "invalid", "username")
		signUp(`{}`).WantProblem(400, "invalid", "username", "password")
		signUp(`{`).WantProblem(400, "malformed")
		signUp(`[]`).WantProblem(400, "malformed")
		signUp("{\"username\":\"theo\xff\",\"password\":\""+parleytest.Password+"\"}").WantProblem(400, "invalid", "username")
		signUp(map[string]string{"username": "theo", "password": strings.Repeat("x", 257)}).WantProblem(400, "invalid", "password")
	})
}

func TestLogIn(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		nobody := s.Anonymous(t)
		logIn := func(body any) *parleytest.Response {
			return nobody.Do(http.MethodPost, "/api/v1/auth/login", body)
		}
		var session contract.Session
		r := logIn(map[string]string{"username": "MAYA", "password": parleytest.Password}).Want(http.StatusOK)
		r.Decode(&session)
		// Tokens end on whole seconds, so the fifteen minutes may lack the started one.
		if session.User != maya.Me || session.ExpiresIn < 899 || session.ExpiresIn > 900 {
			t.Errorf("session %+v", session)
		}
		cookie := r.Header.Get("Set-Cookie")
		for _, want := range []string{"parley_rt=", "HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("cookie %q lacks %q", cookie, want)
			}
		}
		// An unknown name and a wrong password are told apart by nothing but the request's id.
		wrong := logIn(map[string]string{"username": "maya", "password": "wrong password"}).WantProblem(401, "bad_credentials")
		unknown := logIn(map[string]string{"username": "nobody-here", "password": parleytest.Password}).WantProblem(401, "bad_credentials")
		wrong.RequestID, unknown.RequestID = contract.OptString{}, contract.OptString{}
		if wrong.Detail != unknown.Detail || wrong.Title != unknown.Title {
			t.Errorf("answers differ: %+v, %+v", wrong, unknown)
		}
		for _, odd := range []string{"", "\x00", strings.Repeat("a", 100_000), "maya\u202e"} {
			logIn(map[string]string{"username": odd, "password": parleytest.Password}).WantProblem(401, "bad_credentials")
			logIn(map[string]string{"username": "maya", "password": odd}).WantProblem(401, "bad_credentials")
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // how far the server's clock is ahead
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s := parleytest.Start(t, parleytest.Clock(clock))
	maya := s.SignUp(t, "maya")
	refresh := func(cookie string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/refresh", nil, "Cookie", cookie, "X-Parley", "1")
	}
	first := refresh(maya.Cookie).Want(http.StatusOK)
	if first.Cookie() == maya.Cookie {
		t.Error("the refresh token did not rotate")
	}
	refresh(maya.Cookie).WantProblem(401, "session_over")
	refresh("").WantProblem(401, "session_over")
	refresh("parley_rt=nonsense").WantProblem(401, "session_over")
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/refresh", nil, "Cookie", first.Cookie()).WantProblem(400, "invalid", "X-Parley")

	ahead.Store(int64(16 * time.Minute))
	maya.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
	second := refresh(first.Cookie()).Want(http.StatusOK)
	var session contract.Session
	second.Decode(&session)
	maya.Token = session.AccessToken
	maya.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK)

	out := s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/logout", nil, "Cookie", second.Cookie(), "X-Parley", "1").Want(http.StatusNoContent)
	if c := out.Header.Get("Set-Cookie"); !strings.Contains(c, "Max-Age=0") {
		t.Errorf("the cookie is not taken away: %q", c)
	}
	refresh(second.Cookie()).WantProblem(401, "session_over")
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/logout", nil, "X-Parley", "1").Want(http.StatusNoContent)
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	maya := s.SignUp(t, "maya")
	for name, token := range map[string]string{
		"none": "", "nonsense": "nonsense", "truncated": maya.Token[:len(maya.Token)-4], "giant": strings.Repeat("a", 15_000),
		"no algorithm": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIxIn0.",
	} {
		t.Run(name, func(t *testing.T) {
			p := s.Anonymous(t)
			p.Token = token
			r := p.Do(http.MethodGet, "/api/v1/me", nil)
			r.WantProblem(401, "unauthenticated")
			if r.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate header")
			}
		})
	}
}
