package httpapi_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

const (
	home    = "198.51.100.7"
	hotel   = "203.0.113.9"
	wrong   = "not this password"
	trusted = "PARLEY_TRUSTED_PROXIES=127.0.0.1"
)

// stranger is an address in a network of its own.
func stranger(i int) string { return fmt.Sprintf("192.0.%d.66", i) }

// logIn signs in through a proxy that says where the person is.
func logIn(t *testing.T, s *parleytest.Server, from, username, password string) *parleytest.Response {
	t.Helper()
	body := map[string]string{"username": username, "password": password}
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", body, "X-Forwarded-For", from)
}

func signUpFrom(t *testing.T, s *parleytest.Server, from, username string) *parleytest.Response {
	t.Helper()
	body := map[string]string{"username": username, "password": parleytest.Password}
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/signup", body, "X-Forwarded-For", from)
}

// wantRateLimited checks the whole refusal and returns how long to wait.
func wantRateLimited(t *testing.T, r *parleytest.Response) time.Duration {
	t.Helper()
	p := r.WantProblem(http.StatusTooManyRequests, "rate_limited")
	ms := p.RetryAfterMs.Value
	if want := strconv.FormatInt((ms+999)/1000, 10); ms < 1 || r.Header.Get("Retry-After") != want {
		t.Errorf("retry_after_ms %d, Retry-After %q, want %q", ms, r.Header.Get("Retry-After"), want)
	}
	return time.Duration(ms) * time.Millisecond
}

func TestSignInLimit(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=3/15m"),
		parleytest.Clock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	signUpFrom(t, s, home, "maya").Want(201)

	// An account that is nobody's is limited in the same way, and a name is the same in any case.
	for _, names := range [][]string{{"maya", "MAYA", "mAyA"}, {"nobody", "NOBODY", "nObOdY"}} {
		for _, name := range names {
			logIn(t, s, hotel, name, wrong).WantProblem(401, "bad_credentials")
		}
		if wait := wantRateLimited(t, logIn(t, s, hotel, names[0], wrong)); wait < 4*time.Minute || wait > 5*time.Minute {
			t.Errorf("%s: wait %s, want the five minutes until the next guess", names[0], wait)
		}
		wantRateLimited(t, logIn(t, s, "203.0.113.200", names[1], wrong)) // a neighbour in the same network
		wantRateLimited(t, logIn(t, s, hotel, names[0], parleytest.Password))
	}
	logIn(t, s, home, "maya", parleytest.Password).Want(200)
	logIn(t, s, stranger(1), "maya", wrong).WantProblem(401, "bad_credentials")

	ahead.Store(int64(5 * time.Minute))
	logIn(t, s, hotel, "maya", parleytest.Password).Want(200)
	logIn(t, s, hotel, "maya", wrong).WantProblem(401, "bad_credentials")
	wantRateLimited(t, logIn(t, s, hotel, "maya", wrong))
}

// Somebody who guesses from everywhere is stopped, and cannot keep the owner out: not at home, and not where the owner is signed in.
func TestSignInLimit_no_stranger_locks_an_account(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=3/15m", "PARLEY_LIMIT_SIGN_IN_ACCOUNT=6/15m"))
	signedUp := signUpFrom(t, s, home, "maya").Want(201)
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/refresh", nil,
		"Cookie", signedUp.Cookie(), "X-Parley", "1", "X-Forwarded-For", "2001:db8:0:1::5").Want(200)
	for _, name := range []string{"maya", "nobody"} {
		for i := range 6 {
			logIn(t, s, stranger(i), name, wrong).WantProblem(401, "bad_credentials")
		}
		for i := range 10 {
			wantRateLimited(t, logIn(t, s, stranger(i), name, wrong))
		}
	}
	wantRateLimited(t, logIn(t, s, hotel, "maya", parleytest.Password)) // the price: a new place has to wait
	logIn(t, s, home, "maya", parleytest.Password).Want(200)
	logIn(t, s, "198.51.100.99", "maya", parleytest.Password).Want(200) // a new address of the same pool
	const train = "2001:db8:0:1:aaaa::1"                                // known by the refresh, under another address
	logIn(t, s, train, "maya", parleytest.Password).Want(200)
	wantRateLimited(t, logIn(t, s, "2001:db8:0:2:aaaa::1", "maya", parleytest.Password)) // the next network

	for range 3 { // guessing from a place that the owner shares is limited too, there and nowhere else
		logIn(t, s, home, "maya", wrong).WantProblem(401, "bad_credentials")
	}
	wantRateLimited(t, logIn(t, s, home, "maya", parleytest.Password))
	logIn(t, s, home, "theo", wrong).WantProblem(401, "bad_credentials")
	logIn(t, s, train, "maya", parleytest.Password).Want(200)
}

// One network that goes through many accounts is stopped, and those who are known there are not.
func TestSignInLimit_of_a_network(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=3/15m", "PARLEY_LIMIT_SIGN_IN_NETWORK=8/1h"))
	signUpFrom(t, s, home, "maya").Want(201)
	signUpFrom(t, s, hotel, "theo").Want(201)
	for i := range 8 {
		logIn(t, s, home, fmt.Sprint("guess-", i), wrong).WantProblem(401, "bad_credentials")
	}
	wantRateLimited(t, logIn(t, s, home, "guess-9", wrong))
	wantRateLimited(t, logIn(t, s, home, "theo", parleytest.Password))
	logIn(t, s, home, "maya", parleytest.Password).Want(200)
	logIn(t, s, hotel, "guess-9", wrong).WantProblem(401, "bad_credentials")
}

// Signing in properly costs nothing, and guesses that come all at once are counted like others.
func TestSignInLimit_counts_failures(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=3/15m", "PARLEY_LIMIT_SIGN_IN_ACCOUNT=4/15m", "PARLEY_LIMIT_SIGN_IN_NETWORK=5/1h"))
	signUpFrom(t, s, home, "maya").Want(201)
	for range 10 {
		logIn(t, s, hotel, "maya", parleytest.Password).Want(200)
	}
	var wg sync.WaitGroup
	var tried, refused atomic.Int64
	for range 20 {
		wg.Go(func() {
			switch logIn(t, s, hotel, "maya", wrong).Status {
			case 401:
				tried.Add(1)
			case 429:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if tried.Load() != 3 || refused.Load() != 17 {
		t.Errorf("%d guesses were tried and %d refused, want 3 and 17", tried.Load(), refused.Load())
	}
}

func TestSignUpLimit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_SIGN_UP=2/1h", "PARLEY_LIMIT_REFRESH=3/1h"))
	signUpFrom(t, s, home, "x").WantProblem(400, "invalid", "username") // a form filled in wrongly costs nothing
	r := signUpFrom(t, s, home, "maya").Want(201)
	signUpFrom(t, s, home, "maya").WantProblem(409, "username_taken", "username")
	wantRateLimited(t, signUpFrom(t, s, home, "theo"))
	signUpFrom(t, s, hotel, "theo").Want(201)

	refresh := func(path, cookie, from string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/"+path, nil, "Cookie", cookie, "X-Parley", "1", "X-Forwarded-For", from)
	}
	next := refresh("refresh", r.Cookie(), home).Want(200).Cookie()
	refresh("refresh", "parley_rt=nonsense", home).WantProblem(401, "session_over")
	refresh("logout", "", home).Want(204)
	wantRateLimited(t, refresh("refresh", next, home)) // and this is no sign-out:
	wantRateLimited(t, refresh("logout", next, home))
	refresh("refresh", next, hotel).Want(200)
}

// A stolen access token is no way to guess the password faster.
func TestChangePasswordLimit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_SIGN_IN=2/15m"))
	maya := s.SignUp(t, "maya")
	change := func() *parleytest.Response {
		return maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": wrong, "new_password": "another long password"})
	}
	change().WantProblem(400, "invalid", "current_password")
	change().WantProblem(400, "invalid", "current_password")
	wantRateLimited(t, change())
	maya.Do(http.MethodGet, "/api/v1/me", nil).Want(200)
}

// Without a trusted proxy nobody can claim an address, and the operator is told once.
func TestClientAddress_is_not_claimed(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_SIGN_IN_NETWORK=3/1h"))
	for i := range 3 {
		logIn(t, s, stranger(i), fmt.Sprint("guess-", i), wrong).WantProblem(401, "bad_credentials")
	}
	wantRateLimited(t, logIn(t, s, stranger(4), "guess-4", wrong))
	r := s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "guess-5", "password": wrong}, "Forwarded", "for="+home)
	wantRateLimited(t, r)
	if n := strings.Count(s.Log.String(), "PARLEY_TRUSTED_PROXIES"); n != 1 {
		t.Errorf("the operator was told %d times, want once", n)
	}
}

// Nodes that share Redis share budgets: there is no second one to be had by asking another node.
func TestSignInLimit_is_shared_through_Redis(t *testing.T) {
	t.Parallel()
	with := []parleytest.Option{
		parleytest.OnRedis(), parleytest.RedisPrefix("test-" + rand.Text()), parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=3/15m"),
	}
	one, two := parleytest.Start(t, with...), parleytest.Start(t, with...)
	name := strings.ToLower(rand.Text())
	logIn(t, one, hotel, name, wrong).WantProblem(401, "bad_credentials")
	logIn(t, two, hotel, name, wrong).WantProblem(401, "bad_credentials")
	logIn(t, one, hotel, name, wrong).WantProblem(401, "bad_credentials")
	wantRateLimited(t, logIn(t, two, hotel, name, wrong))
	wantRateLimited(t, logIn(t, one, hotel, name, wrong))
	if n := strings.Count(one.Log.String()+two.Log.String(), "Redis is away"); n != 0 {
		t.Error("Redis was not asked")
	}
}

func TestPersonLimits(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic)
		theo.Join(room.ID)
		path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		post := func(p *parleytest.Person, key string) *parleytest.Response {
			return p.Do(http.MethodPost, path+"/messages", map[string]string{"body": "x", "client_key": key})
		}
		maya.Post(room.ID, "one", "1")
		maya.Connect().Post(room.ID, "two", "2") // both doors take from one budget
		wantRateLimited(t, post(maya, "3"))
		wantRateLimited(t, maya.Do(http.MethodPost, path+"/messages", "{")) // before the body is looked at
		post(theo, "1").Want(201)

		maya.Do(http.MethodPatch, path+"/messages/1", map[string]string{"body": "uno"}).Want(200)
		wantRateLimited(t, maya.Do(http.MethodDelete, path+"/messages/2", nil))
		maya.Do(http.MethodPut, path+"/read", map[string]int{"number": 1}).Want(200)
		wantRateLimited(t, maya.Do(http.MethodPut, path+"/read", map[string]int{"number": 2}))
		maya.Do(http.MethodGet, "/api/v1/rooms/browse?query=rel", nil).Want(200)
		wantRateLimited(t, maya.Do(http.MethodGet, "/api/v1/rooms/browse?query=rele", nil))
		for _, read := range []string{"/api/v1/me", "/api/v1/rooms", path, path + "/messages"} {
			maya.Do(http.MethodGet, read, nil).Want(200)
		}
		wantRateLimited(t, maya.Do(http.MethodGet, path+"/changes?since=0", nil))
		theo.Do(http.MethodGet, path+"/changes?since=0", nil).Want(200)
		if page := theo.History(room.ID, ""); len(page.Items) != 3 || page.Items[1].Body != "two" {
			t.Errorf("refused changes are in the history: %+v", page.Items)
		}
	}, parleytest.With("PARLEY_LIMIT_POST=2/1h", "PARLEY_LIMIT_WRITE=2/1h", "PARLEY_LIMIT_READ=4/1h", "PARLEY_LIMIT_SEARCH=1/1h", "PARLEY_LIMIT_READ_MARK=1/1h"))
}
