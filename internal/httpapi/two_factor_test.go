package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/internal/contract"
	"parley/internal/mail/mailtest"
	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// app is an authenticator app with one account in it.
type app struct {
	secret string
	now    func() time.Time
	t      *testing.T
}

func (a app) codeAt(steps int) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

func (a app) code() string { return a.codeAt(0) }

// repeats says that within the hours that a test may let pass, the app shows a code that it has just shown or is about to show: with six digits, one
// app in a hundred does. A code that is wrong, or of another step, would be the right one then.
func (a app) repeats() bool {
	const hours, near = 8, 7
	last := map[string]int{}
	for step := -near; step < hours*60*2; step++ {
		code := a.codeAt(step)
		if before, shown := last[code]; shown && step-before <= near {
			return true
		}
		last[code] = step
	}
	return false
}

// foreign is a code of another app that this one shows nowhere near.
func (a app) foreign(other app) string {
	for step := 0; ; step++ {
		code := other.codeAt(step)
		if !slices.ContainsFunc([]int{-1, 0, 1}, func(own int) bool { return a.codeAt(own) == code }) {
			return code
		}
	}
}

type object = map[string]any

func with(p *parleytest.Person, path string, body any) *parleytest.Response {
	return p.Do(http.MethodPost, "/api/v1/"+path, body)
}

// enrol turns the second step on and returns the app and the recovery codes.
func enrol(t *testing.T, p *parleytest.Person, c *clock) (app, []string) {
	t.Helper()
	var begun contract.TwoFactorSecret
	a := app{now: c.now, t: t}
	for a.secret == "" || a.repeats() {
		with(p, "me/two-factor/begin", nil).Want(200).Decode(&begun)
		a.secret = begun.Secret
	}
	var codes contract.RecoveryCodes
	with(p, "me/two-factor/confirm", object{"ticket": begun.Ticket, "code": a.code()}).Want(200).Decode(&codes)
	list := make([]string, len(codes.RecoveryCodes))
	for i, code := range codes.RecoveryCodes {
		list[i] = string(code)
	}
	return a, list
}

// challenged signs in with the password and returns the ticket that is got instead of a session.
func challenged(t *testing.T, s *parleytest.Server, username string) contract.SecondFactorChallenge {
	t.Helper()
	r := with(s.Anonymous(t), "auth/login", object{"username": username, "password": parleytest.Password}).Want(http.StatusAccepted)
	if r.Cookie() != "" || strings.Contains(string(r.Body), "access_token") {
		t.Errorf("half a sign-in gets a session: %s", r.Body)
	}
	var c contract.SecondFactorChallenge
	r.Decode(&c)
	return c
}

func finish(t *testing.T, s *parleytest.Server, ticket string, more object) *parleytest.Response {
	t.Helper()
	body := object{"ticket": ticket}
	for k, v := range more {
		body[k] = v
	}
	return with(s.Anonymous(t), "auth/login/second-factor", body)
}

func wantCode(t *testing.T, r *parleytest.Response, field, code string) {
	t.Helper()
	if p := r.WantProblem(400, "wrong_code", field); p.Errors[0].Code != code {
		t.Errorf("%s is %q, want %q", field, p.Errors[0].Code, code)
	}
}

func state(p *parleytest.Person) contract.TwoFactor {
	var out contract.TwoFactor
	p.Do(http.MethodGet, "/api/v1/me/two-factor", nil).Want(200).Decode(&out)
	return out
}

func kinds(p *parleytest.Person) (list []string) {
	for _, n := range p.Notices() {
		list = append(list, string(n.Kind))
	}
	return list
}

func TestTwoFactor(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya := s.SignUp(t, "maya")
		other := s.SignIn(t, "maya")
		if got := state(maya); !got.Available || got.Enabled || got.RecoveryCodesLeft != 0 {
			t.Errorf("before: %+v", got)
		}
		mayas, recovery := enrol(t, maya, c)
		if got := state(maya); !got.Enabled || got.RecoveryCodesLeft != 10 || !got.EnabledAt.Set {
			t.Errorf("after: %+v", got)
		}
		if got := kinds(other); len(got) == 0 || got[0] != "two_factor.enabled" {
			t.Errorf("the other device is told %v", got)
		}
		with(maya, "me/two-factor/begin", nil).WantProblem(409, "two_factor_on")

		// The code that confirmed was used up by that.
		first := challenged(t, s, "MAYA")
		if fmt.Sprint(first.Methods) != "[totp recovery_code]" || first.ExpiresIn < 299 || first.ExpiresIn > 300 {
			t.Errorf("challenge %+v", first)
		}
		wantCode(t, finish(t, s, first.Ticket, object{"code": mayas.code()}), "code", "used")
		c.advance(30 * time.Second)
		r := finish(t, s, first.Ticket, object{"code": mayas.code()[:3] + " " + mayas.code()[3:]}).Want(200)
		if !strings.Contains(r.Header.Get("Set-Cookie"), "HttpOnly") {
			t.Errorf("cookie %q", r.Header.Get("Set-Cookie"))
		}
		var session contract.Session
		r.Decode(&session)
		if session.User != maya.Me {
			t.Errorf("signed in %+v", session.User)
		}
		finish(t, s, first.Ticket, object{"code": mayas.codeAt(1)}).WantProblem(400, "ticket_over")

		// A replay by who looked over the shoulder, with a challenge of their own; the step before is as spent.
		second := challenged(t, s, "maya")
		wantCode(t, finish(t, s, second.Ticket, object{"code": mayas.code()}), "code", "used")
		wantCode(t, finish(t, s, second.Ticket, object{"code": mayas.codeAt(-1)}), "code", "used")
		// A phone whose clock is ahead by a step is let in, by two it is not.
		wantCode(t, finish(t, s, second.Ticket, object{"code": mayas.codeAt(2)}), "code", "wrong")
		finish(t, s, second.Ticket, object{"code": mayas.codeAt(1)}).Want(200)

		// Each recovery code is good once, however it is typed.
		third := challenged(t, s, "maya")
		typed := strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))
		finish(t, s, third.Ticket, object{"recovery_code": typed}).Want(200)
		if got := kinds(other); got[0] != "two_factor.recovery_used" {
			t.Errorf("the other device is told %v", got)
		}
		wantCode(t, finish(t, s, challenged(t, s, "maya").Ticket, object{"recovery_code": recovery[3]}), "recovery_code", "wrong")
		if left := state(maya).RecoveryCodesLeft; left != 9 {
			t.Errorf("%d recovery codes left, want 9", left)
		}
	})
}

func TestTwoFactor_is_renewed_and_turned_off(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya := s.SignUp(t, "maya")
		for _, path := range []string{"disable", "recovery-codes"} { // nothing to turn off yet
			with(maya, "me/two-factor/"+path, nil).WantProblem(409, "two_factor_off")
		}
		mayas, old := enrol(t, maya, c)
		var fresh contract.RecoveryCodes
		with(maya, "me/two-factor/recovery-codes", nil).Want(200).Decode(&fresh)
		wantCode(t, finish(t, s, challenged(t, s, "maya").Ticket, object{"recovery_code": old[0]}), "recovery_code", "wrong")
		waiting := challenged(t, s, "maya")
		with(maya, "me/two-factor/disable", nil).Want(204)
		if got := state(maya); got.Enabled || got.RecoveryCodesLeft != 0 {
			t.Errorf("after: %+v", got)
		}
		// A sign-in that was waiting starts again, and then the password is enough.
		finish(t, s, waiting.Ticket, object{"code": mayas.codeAt(1)}).WantProblem(400, "ticket_over")
		other := s.SignIn(t, "maya")
		want := "[two_factor.disabled two_factor.codes_renewed two_factor.enabled]"
		if got := fmt.Sprint(kinds(other)); got != want {
			t.Errorf("told %v, want %v", got, want)
		}
		enrol(t, maya, c) // and on again
	})
}

// Of many who send one code at once, with tickets of their own, one gets in: on every engine the comparison is the database's.
func TestTwoFactor_a_code_lets_one_in(t *testing.T) {
	t.Parallel()
	c := newClock()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		mayas, recovery := enrol(t, maya, c)
		for name, shown := range map[string]object{"code": {"code": mayas.codeAt(1)}, "recovery_code": {"recovery_code": recovery[0]}} {
			tickets := make([]string, 8)
			for i := range tickets {
				tickets[i] = challenged(t, s, "maya").Ticket
			}
			statuses := make([]int, len(tickets))
			var all sync.WaitGroup
			for i := range tickets {
				all.Go(func() { statuses[i] = finish(t, s, tickets[i], shown).Status })
			}
			all.Wait()
			if n := strings.Count(fmt.Sprint(statuses), "200"); n != 1 {
				t.Errorf("%s: %v, want one 200", name, statuses)
			}
		}
	}, parleytest.Clock(c.now))
}

func TestTwoFactor_ticket(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, s *parleytest.Server, c *clock) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		mayas, _ := enrol(t, maya, c)
		theos, _ := enrol(t, theo, c)
		c.advance(30 * time.Second)

		guessed := challenged(t, s, "maya")
		for range 5 {
			wantCode(t, finish(t, s, guessed.Ticket, object{"code": mayas.foreign(theos)}), "code", "wrong")
		}
		finish(t, s, guessed.Ticket, object{"code": mayas.code()}).WantProblem(400, "ticket_over")

		old := challenged(t, s, "maya")
		c.advance(5*time.Minute + time.Second)
		finish(t, s, old.Ticket, object{"code": mayas.code()}).WantProblem(400, "ticket_over")

		maya.Renew()
		waiting := challenged(t, s, "maya")
		with(maya, "me/password", object{"current_password": parleytest.Password, "new_password": "a wholly new phrase"}).Want(204)
		finish(t, s, waiting.Ticket, object{"code": mayas.code()}).WantProblem(400, "ticket_over")

		// A ticket is good for what it was given for, and for whom.
		theo.Renew()
		var secret contract.TwoFactorSecret
		iris := s.SignUp(t, "iris")
		with(iris, "me/two-factor/begin", nil).Want(200).Decode(&secret)
		irises := app{secret: secret.Secret, now: c.now, t: t}
		finish(t, s, secret.Ticket, object{"code": irises.code()}).WantProblem(400, "ticket_over")
		with(theo, "me/two-factor/confirm", object{"ticket": secret.Ticket, "code": irises.code()}).WantProblem(400, "ticket_over")
		with(iris, "me/two-factor/confirm", object{"ticket": challenged(t, s, "theo").Ticket, "code": theos.code()}).WantProblem(400, "ticket_over")
		// Begun twice, only the later secret counts.
		var later contract.TwoFactorSecret
		with(iris, "me/two-factor/begin", nil).Want(200).Decode(&later)
		with(iris, "me/two-factor/confirm", object{"ticket": secret.Ticket, "code": irises.code()}).WantProblem(400, "ticket_over")
		irises.secret = later.Secret
		with(iris, "me/two-factor/confirm", object{"ticket": later.Ticket, "code": irises.code()}).Want(200)
	})
}

func TestTwoFactor_bad_input(t *testing.T) {
	t.Parallel()
	c := newClock()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya := s.SignUp(t, "maya")
		with(s.Anonymous(t), "me/two-factor/begin", nil).WantProblem(401, "unauthenticated")
		enrol(t, maya, c)
		for _, code := range []string{"12345", "1234567", "12345a", "１２３４５６", "\x00\x00\x00\x00\x00\x00", strings.Repeat("1", 100_000), "-12345"} {
			finish(t, s, challenged(t, s, "maya").Ticket, object{"code": code}).WantProblem(400, "invalid", "code")
		}
		for _, code := range []string{"x", "\x00", "zzzz-zzzz-zzzz-zzzz", "zzzz-zzzz-zzzz-zzzzz", "ⅷzzz-zzzz-zzzz-zzzz"} {
			wantCode(t, finish(t, s, challenged(t, s, "maya").Ticket, object{"recovery_code": code}), "recovery_code", "wrong")
		}
		finish(t, s, challenged(t, s, "maya").Ticket, object{"recovery_code": strings.Repeat("z", 100_000)}).WantProblem(400, "invalid", "recovery_code")
		finish(t, s, challenged(t, s, "maya").Ticket, object{"code": "123456", "recovery_code": "x"}).WantProblem(400, "invalid", "recovery_code")
		finish(t, s, challenged(t, s, "maya").Ticket, nil).WantProblem(400, "invalid", "code")
		for _, ticket := range []string{"", "x", "\x00", strings.Repeat("a", 100_000)} {
			finish(t, s, ticket, object{"code": "123456"}).WantProblem(400, "ticket_over")
		}
		nobody := s.Anonymous(t)
		with(nobody, "auth/login/second-factor", `{"ticket":5,"code":6}`).WantProblem(400, "invalid", "ticket")
		with(nobody, "auth/login/second-factor", `{}`).WantProblem(400, "invalid", "ticket")
		with(nobody, "auth/login/second-factor", `{`).WantProblem(400, "malformed")
		with(maya, "me/two-factor/confirm", `{"ticket":"x"}`).WantProblem(400, "invalid", "code")
	}, parleytest.Clock(c.now))
}

// Wrong codes take from the budgets that wrong passwords take from, whichever tickets they come with; a right password alone makes no network a
// known one.
func TestTwoFactorLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := parleytest.Start(t, parleytest.Clock(c.now), parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=4/15m", "PARLEY_LIMIT_SIGN_IN_ACCOUNT=6/15m"))
	maya := s.SignUp(t, "maya")
	mayas, _ := enrol(t, maya, c)
	guess := func(from string) *parleytest.Response {
		var ch contract.SecondFactorChallenge
		r := logIn(t, s, from, "maya", parleytest.Password)
		if r.Status == http.StatusTooManyRequests {
			return r
		}
		r.Want(http.StatusAccepted).Decode(&ch)
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login/second-factor", object{"ticket": ch.Ticket, "code": mayas.codeAt(5)}, "X-Forwarded-For", from)
	}
	for range 4 {
		wantCode(t, guess(hotel), "code", "wrong")
	}
	wantRateLimited(t, guess(hotel))
	for i := range 2 {
		wantCode(t, guess(stranger(i)), "code", "wrong")
	}
	wantRateLimited(t, guess(stranger(9))) // the account's budget from places that it does not know

	proof := func() *parleytest.Response {
		return with(maya, "me/reauthenticate", object{"current_password": parleytest.Password, "code": mayas.codeAt(5)})
	}
	for range 4 {
		wantCode(t, proof(), "code", "wrong")
	}
	wantRateLimited(t, proof())
}

// Whoever has found out the password gets few codes a day to guess, however many networks they come from and however patient they are; the owner gets in
// where they have been before, and so does an account that nobody guesses at.
func TestTwoFactorLimit_of_a_day(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := parleytest.Start(t, parleytest.Clock(c.now), parleytest.With(trusted, "PARLEY_LIMIT_SIGN_IN=4/15m", "PARLEY_LIMIT_SIGN_IN_ACCOUNT=50/15m", "PARLEY_LIMIT_SECOND_FACTOR=6/24h"))
	maya := s.SignUp(t, "maya")
	signUpFrom(t, s, home, "theo").Want(201)
	mayas, _ := enrol(t, maya, c)
	show := func(from, code string) *parleytest.Response {
		var ch contract.SecondFactorChallenge
		logIn(t, s, from, "maya", parleytest.Password).Want(http.StatusAccepted).Decode(&ch)
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login/second-factor", object{"ticket": ch.Ticket, "code": code}, "X-Forwarded-For", from)
	}
	c.advance(time.Minute)
	show(home, mayas.code()).Want(http.StatusOK) // it is known here now
	for i := range 6 {
		wantCode(t, show(stranger(i), mayas.codeAt(5)), "code", "wrong")
	}
	wantRateLimited(t, show(stranger(7), mayas.codeAt(5)))
	c.advance(2 * time.Hour) // what limits passwords has forgotten
	wantRateLimited(t, show(stranger(8), mayas.codeAt(5)))
	wantRateLimited(t, show(hotel, mayas.code())) // the price: a new place has to wait, or a passkey
	show(home, mayas.code()).Want(http.StatusOK)
	c.advance(3 * time.Hour)
	wantCode(t, show(stranger(9), mayas.codeAt(5)), "code", "wrong")
	wantRateLimited(t, show(stranger(10), mayas.codeAt(5)))
}

const (
	oldKey = "2025:8J-9yXz0m4JTqX1oQ3m1bqQm0f8yqf0u1nN2cXh5r7E"
	newKey = "2026:w3Jx7Q0m2vYk9hS4dPzL5tRb1nGcE8uAoWiXfHjKyM0"
)

// A key is rotated without anybody being locked out, and a server that lacks the key lets people in by recovery code.
func TestTwoFactor_key_rotation(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			place := storetest.URL(t, engine)
			start := func(keys string) *parleytest.Server {
				return parleytest.Start(t, parleytest.At(place), parleytest.Clock(c.now), parleytest.With("PARLEY_AUTH_ENCRYPTION_KEYS="+keys))
			}
			stop := func(s *parleytest.Server) {
				if err := s.Stop(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s := start(oldKey)
			mayas, recovery := enrol(t, s.SignUp(t, "maya"), c)
			stop(s)

			signIn := func(s *parleytest.Server) *parleytest.Response {
				c.advance(time.Minute)
				return finish(t, s, challenged(t, s, "maya").Ticket, object{"code": mayas.code()})
			}
			s = start(newKey)
			signIn(s).WantProblem(503, "two_factor_unavailable")
			finish(t, s, challenged(t, s, "maya").Ticket, object{"recovery_code": recovery[0]}).Want(200)
			if !strings.Contains(s.Log.String(), "PARLEY_AUTH_ENCRYPTION_KEYS") {
				t.Error("the operator is not told")
			}
			stop(s)

			s = start(newKey + "," + oldKey)
			signIn(s).Want(200)
			servertest.Eventually(t, func() error { // beside what is asked for, and not with a stop's patience
				if !strings.Contains(s.Log.String(), "sealed with the first key") {
					return errors.New("nothing was sealed anew")
				}
				return nil
			})
			stop(s)
			s = start(newKey)
			signIn(s).Want(200)
			stop(s)
		})
	}
}

// Who reads only their mail learns of it too, whatever the alarms are set to.
func TestTwoFactor_mails(t *testing.T) {
	t.Parallel()
	box, c := mailtest.Start(t, mailtest.Config{}), newClock()
	s := parleytest.Start(t, parleytest.Mail(box), parleytest.Clock(c.now), parleytest.With("PARLEY_MAIL_ALERTS=false"))
	theo := withEmail(t, s, box, "theo", "theo@x.org")
	_, recovery := enrol(t, theo, c)
	wantMail(t, box.Next(t), "theo@x.org", "was turned on")
	addPasskey(t, s, theo, "Phone")
	wantMail(t, box.Next(t), "theo@x.org", "passkey was added")
	with(theo, "me/reauthenticate", object{"current_password": parleytest.Password, "recovery_code": recovery[0]}).Want(204)
	with(theo, "me/two-factor/disable", nil).Want(204)
	wantMail(t, box.Next(t), "theo@x.org", "recovery code was used")
	if m := wantMail(t, box.Next(t), "theo@x.org", "was turned off"); !strings.Contains(m.Text, "The password alone signs in to @theo from now on: ") {
		t.Errorf("the mail says\n%s", m.Text)
	}
	box.None(t)
}

// An account that is deactivated while its sign-in waits, or that has a passkey, is out.
func TestTwoFactor_of_a_deactivated_account(t *testing.T) {
	t.Parallel()
	c := newClock()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		owner, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		theos, _ := enrol(t, theo, c)
		phone := addPasskey(t, s, theo, "Phone")
		waiting := challenged(t, s, "theo")
		owner.Govern(theo.Me.ID, map[string]any{"deactivated": true}).Want(http.StatusOK)
		finish(t, s, waiting.Ticket, object{"code": theos.codeAt(1)}).WantProblem(403, "account_deactivated")
		passkeySignIn(t, s, phone).WantProblem(403, "account_deactivated")
	}, parleytest.Clock(c.now))
}

// Whoever has lost everything is helped by those who run the server, and by nobody else; their own they cannot turn off this way.
func TestTwoFactor_reset_for_somebody(t *testing.T) {
	t.Parallel()
	c := newClock()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		owner, admin, other, theo := s.SignUp(t, "maya"), s.SignUp(t, "ada"), s.SignUp(t, "boris"), s.SignUp(t, "theo")
		for _, p := range []*parleytest.Person{admin, other} {
			owner.Govern(p.Me.ID, map[string]any{"role": "admin"}).Want(http.StatusOK)
		}
		var theos app
		for _, p := range []*parleytest.Person{owner, admin, other, theo} {
			theos, _ = enrol(t, p, c)
		}
		reset := func(who, whom *parleytest.Person) *parleytest.Response {
			return with(who, fmt.Sprintf("admin/people/%d/reset-two-factor", whom.Me.ID), nil)
		}
		for name, no := range map[string][2]*parleytest.Person{
			"a member": {theo, other}, "a member for themselves": {theo, theo}, "an admin for an admin": {admin, other},
			"an admin for the owner": {admin, owner}, "an admin for themselves": {admin, admin}, "the owner for themselves": {owner, owner},
		} {
			if r := reset(no[0], no[1]); r.Status != http.StatusForbidden {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		having := func() (names string) { // as the list of people says it
			var page contract.PersonPage
			admin.Do(http.MethodGet, "/api/v1/admin/people", nil).Want(http.StatusOK).Decode(&page)
			for _, p := range page.Items {
				if p.TwoFactor {
					names += string(p.Username) + " "
				}
			}
			return names
		}
		if got := having(); got != "ada boris maya theo " {
			t.Errorf("two steps are on for %q", got)
		}
		var changed contract.Person
		owner.Govern(theo.Me.ID, map[string]any{"role": "member"}).Want(http.StatusOK).Decode(&changed)
		if !changed.TwoFactor {
			t.Errorf("after a change of role: %+v", changed)
		}
		reset(s.Anonymous(t), theo).WantProblem(401, "unauthenticated")
		with(owner, "admin/people/9999999/reset-two-factor", nil).WantProblem(404, "user_not_found")
		with(owner, "admin/people/x/reset-two-factor", nil).WantProblem(404, "user_not_found", "user_id")

		waiting := challenged(t, s, "theo")
		reset(admin, theo).Want(http.StatusNoContent)
		if got := having(); got != "ada boris maya " {
			t.Errorf("after the reset two steps are on for %q", got)
		}
		finish(t, s, waiting.Ticket, object{"code": theos.codeAt(1)}).WantProblem(400, "ticket_over")
		s.SignIn(t, "theo")
		if got := kinds(theo); len(got) == 0 || got[0] != "two_factor.disabled" {
			t.Errorf("told %v", got)
		}
		reset(admin, theo).WantProblem(409, "two_factor_off")
		reset(owner, other).Want(http.StatusNoContent)
	}, parleytest.Clock(c.now))
}

// A sign-in that one node began is finished on another, and a code or a challenge that was used there is used everywhere. The signing key is
// shared as on a real installation, and so is the one for secrets.
func TestTwoFactor_on_another_node(t *testing.T) {
	t.Parallel()
	c, place := newClock(), storetest.URL(t, store.Postgres)
	start := func() *parleytest.Server {
		return parleytest.Start(t, parleytest.At(place), parleytest.Clock(c.now), parleytest.With(
			"PARLEY_PUBLIC_URL=https://chat.example.org", "PARLEY_AUTH_SIGNING_KEYS="+newKey, "PARLEY_AUTH_ENCRYPTION_KEYS="+oldKey))
	}
	one, two := start(), start()
	maya := one.SignUp(t, "maya")
	mayas, _ := enrol(t, two.As(t, maya), c)
	ticket := challenged(t, one, "maya").Ticket
	finish(t, two, ticket, object{"code": mayas.codeAt(1)}).Want(200)
	finish(t, one, ticket, object{"code": mayas.codeAt(1)}).WantProblem(400, "ticket_over")
	wantCode(t, finish(t, one, challenged(t, two, "maya").Ticket, object{"code": mayas.codeAt(1)}), "code", "used")

	phone := parleytest.NewAuthenticator(t, "https://chat.example.org", "chat.example.org")
	adding := asked(t, with(maya, "me/passkeys/begin", object{}))
	with(two.As(t, maya), "me/passkeys/finish", object{"ticket": adding.Ticket, "name": "Phone", "credential": phone.Create(adding.Options)}).Want(201)
	challenge := asked(t, with(one.Anonymous(t), "auth/passkeys/begin", nil))
	answer := object{"ticket": challenge.Ticket, "credential": phone.Get(challenge.Options)}
	with(two.Anonymous(t), "auth/passkeys/finish", answer).Want(200)
	with(one.Anonymous(t), "auth/passkeys/finish", answer).WantProblem(400, "ticket_over")
}
