package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/oidc/oidctest"
	"parley/internal/parleytest"
	"parley/internal/store"
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
		for _, common := range []string{"Password2026!", "1q2w3e4r5t", "theo.tanaka.1"} {
			p := signUp(map[string]string{"username": "theo.tanaka", "password": common}).WantProblem(400, "invalid", "password")
			if p.Errors[0].Code != "common" {
				t.Errorf("password %q: %+v", common, p.Errors)
			}
		}
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

// places are where sessions can be kept: with each database, and in Redis.
func places(t *testing.T, test func(t *testing.T, s *parleytest.Server, c *clock)) {
	t.Helper()
	for name, where := range map[string]parleytest.Option{
		"sqlite": parleytest.On(store.SQLite), "postgres": parleytest.On(store.Postgres), "redis": parleytest.OnRedis(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			test(t, parleytest.Start(t, where, parleytest.Clock(c.now)), c)
		})
	}
}

// clock stands still at the time at which it was made, ahead by as much as the test says: how long a machine takes is nothing that a code of
// thirty seconds, a grace of ten or a proof that is a second young may depend on.
type clock struct {
	began time.Time
	ahead atomic.Int64
}

// toldWithin is how long it may take until a socket has heard that its session ended: it is told, and does not find out by asking, which happens
// every fifteen seconds.
const toldWithin = 10 * time.Second

func newClock() *clock { return &clock{began: time.Now()} }

func (c *clock) now() time.Time          { return c.began.Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// back takes back what it was advanced by.
func (c *clock) back() { c.ahead.Store(0) }

func TestRefresh(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya := s.SignUp(t, "maya")
		nobody := s.Anonymous(t)
		first := nobody.Refresh(maya.Cookie).Want(http.StatusOK)
		if first.Cookie() == maya.Cookie {
			t.Error("the refresh token did not rotate")
		}
		if again := nobody.Refresh(maya.Cookie).Want(http.StatusOK); again.Cookie() != first.Cookie() {
			t.Error("a lost answer's retry gets another successor")
		}
		nobody.Refresh("parley_rt=nonsense").WantProblem(401, "session_over")
		// The header without the cookie, and the cookie without the header.
		if r := nobody.Do(http.MethodPost, "/api/v1/auth/refresh", nil, "X-Parley", "1").Want(http.StatusNoContent); r.Header.Get("Set-Cookie") != "" {
			t.Errorf("a stranger gets a cookie: %v", r.Header)
		}
		nobody.Do(http.MethodPost, "/api/v1/auth/refresh", nil, "Cookie", first.Cookie()).WantProblem(400, "invalid", "X-Parley")

		c.advance(16 * time.Minute)
		maya.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		maya.Cookie = first.Cookie()
		maya.Renew()
		maya.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK)

		out := nobody.Do(http.MethodPost, "/api/v1/auth/logout", nil, "Cookie", maya.Cookie, "X-Parley", "1").Want(http.StatusNoContent)
		if c := out.Header.Get("Set-Cookie"); !strings.Contains(c, "Max-Age=0") {
			t.Errorf("the cookie is not taken away: %q", c)
		}
		nobody.Refresh(maya.Cookie).WantProblem(401, "session_over")
		maya.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		nobody.Do(http.MethodPost, "/api/v1/auth/logout", nil, "X-Parley", "1").Want(http.StatusNoContent)
	})
}

// Whoever copied a refresh token and the person both use it, sooner or later. The session ends for both, and the person is told.
func TestRefresh_reuse(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		desk := s.SignUp(t, "maya")
		phone := s.SignIn(t, "maya")
		bystander := phone.Connect()
		victim := desk.Connect()
		stolen := desk.Cookie
		desk.Renew()
		s.Anonymous(t).Refresh(stolen).Want(http.StatusOK) // within the grace it may be the second tab
		c.advance(11 * time.Second)
		start := time.Now()
		s.Anonymous(t).Refresh(stolen).WantProblem(401, "session_over")
		if e := victim.Ended(); e.Code != 3550 {
			t.Errorf("the socket ended with %d %s", e.Code, e.Reason)
		}
		if took := time.Since(start); took > toldWithin {
			t.Errorf("the socket went on for %v", took)
		}
		desk.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		desk.Refresh("").WantProblem(401, "session_over")

		if e := bystander.Next(); e.Type != contract.NoticeAddedEventEvent {
			t.Errorf("the other device is told %s", e.Type)
		}
		notices := phone.Notices()
		if len(notices) != 1 || notices[0].Kind != "session.reused" || notices[0].Place != "127.0.0.0/24" {
			t.Errorf("notices %+v", notices)
		}
		if list := phone.Sessions(); len(list) != 1 || !list[0].Current {
			t.Errorf("sessions %+v", list)
		}
	})
}

func TestRefresh_grandparent(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		maya := s.SignUp(t, "maya")
		first := maya.Cookie
		maya.Renew()
		maya.Renew()
		s.Anonymous(t).Refresh(first).WantProblem(401, "session_over")
		maya.Refresh("").WantProblem(401, "session_over")
	})
}

// Two tabs with five requests each see the access token's end at the same moment.
func TestRefresh_concurrent(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		maya := s.SignUp(t, "maya")
		for range 5 {
			answers := make([]*parleytest.Response, 10)
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() { answers[i] = maya.Refresh("") })
			}
			wg.Wait()
			for _, r := range answers {
				if r.Want(http.StatusOK).Cookie() != answers[0].Cookie() {
					t.Fatal("more than one successor")
				}
			}
			maya.Cookie = answers[0].Cookie()
		}
		if n := len(maya.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
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
			t.Parallel()
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

// Whoever signs in anew leaves the session behind that the browser was in, whichever way they come in: its cookie is gone, and a copy of it must not
// go on where nobody would ever notice.
func TestLogIn_ends_the_session_before(t *testing.T) {
	t.Parallel()
	eachCorp(t, func(t *testing.T, s *parleytest.Server, p *oidctest.Provider) {
		maya := s.SignUp(t, "maya")
		passkey := addPasskey(t, s, maya, "key")
		in := object{"username": "maya", "password": parleytest.Password}
		post := func(path string, body any, cookie string, header ...string) *parleytest.Response {
			return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/"+path, body, append([]string{"Cookie", cookie}, header...)...)
		}
		for name, enter := range map[string]func(cookie string) *parleytest.Response{
			"password": func(cookie string) *parleytest.Response { return post("login", in, cookie, "X-Parley", "1") },
			"sign-up": func(cookie string) *parleytest.Response {
				return post("signup", object{"username": "newcomer", "password": parleytest.Password}, cookie, "X-Parley", "1")
			},
			"passkey": func(cookie string) *parleytest.Response {
				c := asked(t, post("passkeys/begin", nil, cookie))
				return post("passkeys/finish", object{"ticket": c.Ticket, "credential": passkey.Get(c.Options)}, cookie, "X-Parley", "1")
			},
			"provider": func(cookie string) *parleytest.Response {
				r := s.Anonymous(t).Do(http.MethodGet, startCorp, nil, "Cookie", cookie).Want(http.StatusSeeOther)
				return comes(t, s, p.Visit(t, r.Header.Get("Location")), r.Cookie())
			},
		} {
			before := s.SignIn(t, "maya")
			socket := before.Connect()
			if r := enter(before.Cookie); r.Status >= http.StatusBadRequest || refreshCookie(r) == "" {
				t.Errorf("%s: %d\n%s", name, r.Status, r.Body)
			}
			before.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
			before.Refresh("").WantProblem(401, "session_over")
			if e := socket.Ended(); e.Code != 3550 {
				t.Errorf("%s: the socket of before ended with %d %s", name, e.Code, e.Reason)
			}
		}
		// Neither a guess nor another site's form ends anything.
		before := s.SignIn(t, "maya")
		post("login", object{"username": "maya", "password": "a wrong password"}, before.Cookie, "X-Parley", "1").WantProblem(401, "bad_credentials")
		post("login", in, before.Cookie).Want(http.StatusOK)
		post("login", in, "parley_rt=garbage", "X-Parley", "1").Want(http.StatusOK)
		before.Renew()
		maya.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK) // another device's session is another session
	})
}
