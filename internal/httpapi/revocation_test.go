package httpapi_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		desk := s.SignUp(t, "maya")
		c.advance(time.Minute)
		phone := s.SignIn(t, "maya", "User-Agent", safari)
		theo := s.SignUp(t, "theo")
		list := desk.Sessions()
		if len(list) != 2 || list[0].Agent != "Safari on iPhone" || list[0].Place != "127.0.0.0/24" || list[0].Current || !list[1].Current {
			t.Fatalf("sessions %+v", list)
		}
		if !time.Time(list[0].CreatedAt).After(time.Time(list[1].UsedAt)) {
			t.Errorf("times %+v", list)
		}
		id := string(list[0].ID)
		theo.Do(http.MethodDelete, "/api/v1/me/sessions/"+id, nil).WantProblem(404, "session_not_found")
		desk.Do(http.MethodDelete, "/api/v1/me/sessions/"+strings.Repeat("A", 26), nil).WantProblem(404, "session_not_found")
		desk.Do(http.MethodDelete, "/api/v1/me/sessions/nonsense", nil).WantProblem(404, "session_not_found", "session_id")
		s.Anonymous(t).Do(http.MethodGet, "/api/v1/me/sessions", nil).WantProblem(401, "unauthenticated")

		socket, stays := phone.Connect(), desk.Connect()
		start := time.Now()
		desk.Do(http.MethodDelete, "/api/v1/me/sessions/"+id, nil).Want(http.StatusNoContent)
		phone.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		if e := socket.Ended(); e.Code != 3550 || e.Reason != "session ended" {
			t.Errorf("the socket ended with %d %s", e.Code, e.Reason)
		}
		if took := time.Since(start); took > toldWithin {
			t.Errorf("the session went on for %v", took)
		}
		phone.Refresh("").WantProblem(401, "session_over")
		desk.Do(http.MethodDelete, "/api/v1/me/sessions/"+id, nil).WantProblem(404, "session_not_found")
		room := desk.CreateRoom("kept", contract.RoomKindPublic)
		stays.Subscribe(room.ID)
		stays.Post(room.ID, "still here", "k")
	})
}

func TestRevokeAll(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		desk := s.SignUp(t, "maya")
		phone, tablet := s.SignIn(t, "maya"), s.SignIn(t, "maya")
		desk.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{}).WantProblem(400, "invalid", "keep_current")
		desk.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{"keep_current": true}).Want(http.StatusNoContent)
		for _, p := range []*parleytest.Person{phone, tablet} {
			p.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
			p.Refresh("").WantProblem(401, "session_over")
		}
		desk.Renew()
		desk.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{"keep_current": false}).Want(http.StatusNoContent)
		desk.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		desk.Refresh("").WantProblem(401, "session_over")
	})
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, _ *clock) {
		desk := s.SignUp(t, "maya")
		phone := s.SignIn(t, "maya")
		change := func(current, next string) *parleytest.Response {
			return desk.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": current, "new_password": next})
		}
		change("wrong password", "a wholly new phrase").WantProblem(400, "invalid", "current_password")
		change(parleytest.Password, "short").WantProblem(400, "invalid", "new_password")
		change(parleytest.Password, "maya is here").WantProblem(400, "invalid", "new_password")
		phone.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK)
		change(parleytest.Password, "a wholly new phrase").Want(http.StatusNoContent)
		phone.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		phone.Refresh("").WantProblem(401, "session_over")
		desk.Renew()
		logIn := func(password string) *parleytest.Response {
			return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "maya", "password": password})
		}
		logIn(parleytest.Password).WantProblem(401, "bad_credentials")
		logIn("a wholly new phrase").Want(http.StatusOK)
		if n := desk.Notices(); len(n) != 0 {
			t.Errorf("the session that did it is told %+v", n)
		}
	})
}

func TestNotices(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		desk := s.SignUp(t, "maya")
		socket := desk.Connect()
		s.SignIn(t, "maya") // the device of the sign-up
		if n := desk.Notices(); len(n) != 0 {
			t.Errorf("a device that is known is news: %+v", n)
		}
		phone := s.SignIn(t, "maya", "User-Agent", safari)
		if e := socket.Next(); e.Type != contract.NoticeAddedEventEvent {
			t.Errorf("told %s", e.Type)
		}
		notices := desk.Notices()
		if len(notices) != 1 || notices[0].Kind != "session.opened" || notices[0].Agent != "Safari on iPhone" {
			t.Fatalf("notices %+v", notices)
		}
		// Whoever broke in cannot make the alarm go away.
		if n := phone.Notices(); len(n) != 0 {
			t.Errorf("the new device is told of itself: %+v", n)
		}
		path := "/api/v1/me/notices/" + strconv.FormatInt(int64(notices[0].ID), 10)
		phone.Do(http.MethodDelete, path, nil).WantProblem(404, "notice_not_found")
		s.SignUp(t, "theo").Do(http.MethodDelete, path, nil).WantProblem(404, "notice_not_found")
		desk.Do(http.MethodDelete, path, nil).Want(http.StatusNoContent)
		desk.Do(http.MethodDelete, path, nil).WantProblem(404, "notice_not_found")

		s.SignIn(t, "maya", "User-Agent", safari)
		c.advance(91 * 24 * time.Hour)
		later := s.SignIn(t, "maya", "User-Agent", firefox)
		s.SignIn(t, "maya", "User-Agent", safari)
		if n := later.Notices(); len(n) != 1 || n[0].Agent != "Safari on iPhone" {
			t.Errorf("a device not seen for a season: %+v", n)
		}
	})
}

// A session that ended is over for a server that was not running, too: what it knew in memory is gone, its keys are the same.
func TestRevoke_survives_a_restart(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]parleytest.Option{"database": parleytest.RedisPrefix(""), "redis": parleytest.OnRedis()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := []parleytest.Option{
				where, parleytest.At(filepath.Join(t.TempDir(), "parley.db")), parleytest.RedisPrefix("test-" + rand.Text()),
				parleytest.With("PARLEY_PUBLIC_URL=http://127.0.0.1:8080"),
			}
			s := parleytest.Start(t, options...)
			desk := s.SignUp(t, "maya")
			phone := s.SignIn(t, "maya")
			desk.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{"keep_current": true}).Want(http.StatusNoContent)
			if err := s.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			again := parleytest.Start(t, options...)
			again.As(t, desk).Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK)
			again.As(t, phone).Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
		})
	}
}

// Without Redis nobody can be signed in or out, and nobody is: the answer says to try again, and the access tokens that are out go on.
func TestRefresh_redis_away(t *testing.T) {
	t.Parallel()
	line, url := servertest.NewProxy(t, servertest.RedisURL(t))
	s := parleytest.Start(t, parleytest.OnRedis(), parleytest.With("PARLEY_REDIS_URL="+url))
	maya := s.SignUp(t, "maya")
	line.Refuse()
	for range 3 {
		start := time.Now()
		if p := maya.Refresh("").WantProblem(503, "unavailable"); p.RetryAfterMs.Value <= 0 {
			t.Error("no word about when to try again")
		}
		if took := time.Since(start); took > toldWithin {
			t.Errorf("it took %v to say so", took)
		}
	}
	maya.Do(http.MethodGet, "/api/v1/me/sessions", nil).WantProblem(503, "unavailable")
	maya.Do(http.MethodPost, "/api/v1/auth/logout", nil, "Cookie", maya.Cookie, "X-Parley", "1").WantProblem(503, "unavailable")
	maya.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK)
	if r := maya.Do(http.MethodGet, "/health/ready", nil); r.Status != http.StatusServiceUnavailable {
		t.Errorf("ready: %d %s", r.Status, r.Body)
	}
	line.Mend(t)
	maya.Renew()
}

// Redis rotates a token and its answer is lost on the way. Nobody sends that again behind the person's back: they are told to try again, present the
// same token, and get the successor that it has already. It is no reuse, and the session goes on.
func TestRefresh_answer_lost(t *testing.T) {
	t.Parallel()
	line, url := servertest.NewProxy(t, servertest.RedisURL(t))
	now := time.Now() // and stays: the grace is for people's time, not for a busy machine's
	s := parleytest.Start(t, parleytest.OnRedis(), parleytest.With("PARLEY_REDIS_URL="+url), parleytest.Clock(func() time.Time { return now }))
	maya := s.SignUp(t, "maya")
	maya.Renew() // a server that has not heard the script yet asks for it first, and would not be heard
	client := servertest.Dial(t, servertest.RedisURL(t))
	key := s.RedisPrefix + ":{sessions}:user:" + strconv.FormatInt(int64(maya.Me.ID), 10)
	rows := func() []string {
		list, err := client.Do(t.Context(), client.B().Hvals().Key(key).Build()).AsStrSlice()
		if err != nil || len(list) != 1 {
			t.Fatalf("sessions: %q, %v", list, err)
		}
		return list
	}
	before := rows()
	line.HoldReplies()
	maya.Refresh("").WantProblem(503, "unavailable")
	servertest.Eventually(t, func() error {
		if slices.Equal(rows(), before) {
			return fmt.Errorf("not rotated: %q", before)
		}
		return nil
	})
	line.Mend(t)
	servertest.Eventually(t, func() error {
		r := maya.Refresh("")
		if r.Status != http.StatusOK {
			return fmt.Errorf("%d %s", r.Status, r.Body)
		}
		return nil
	})
	maya.Renew()
	if list := maya.Sessions(); len(list) != 1 {
		t.Errorf("%d sessions", len(list))
	}
	if notices := maya.Notices(); len(notices) != 0 {
		t.Errorf("there was an alarm: %+v", notices)
	}
}
