package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"parley/internal/contract"
	"parley/internal/mail/mailtest"
	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
)

const fresh = "a wholly new phrase"

// mailed runs a test on servers that send mail, wherever sessions are kept.
func mailed(t *testing.T, test func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock)) {
	t.Helper()
	for name, where := range map[string]parleytest.Option{
		"sqlite": parleytest.On(store.SQLite), "postgres": parleytest.On(store.Postgres), "redis": parleytest.OnRedis(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, box := newClock(), mailtest.Start(t, mailtest.Config{})
			test(t, parleytest.Start(t, where, parleytest.Clock(c.now), parleytest.Mail(box)), box, c)
		})
	}
}

// withEmail makes an account whose address is confirmed.
func withEmail(t *testing.T, s *parleytest.Server, box *mailtest.Server, username, address string) *parleytest.Person {
	t.Helper()
	p := signUpWith(t, s, username, address)
	confirm(t, s, box.Next(t).Token(t)).Want(http.StatusNoContent)
	return p
}

func signUpWith(t *testing.T, s *parleytest.Server, username, address string) *parleytest.Person {
	t.Helper()
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{"username": username, "password": parleytest.Password, "email": address}).
		Want(http.StatusCreated)
	return s.SignIn(t, username)
}

func confirm(t *testing.T, s *parleytest.Server, token any) *parleytest.Response {
	t.Helper()
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/email/confirm", map[string]any{"token": token})
}

func ask(t *testing.T, s *parleytest.Server, login any) *parleytest.Response {
	t.Helper()
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/password-reset", map[string]any{"login": login})
}

func reset(t *testing.T, s *parleytest.Server, token, password any) *parleytest.Response {
	t.Helper()
	return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/password-reset/confirm", map[string]any{"token": token, "password": password})
}

func changeEmail(p *parleytest.Person, address any) *parleytest.Response {
	return p.Do(http.MethodPut, "/api/v1/me/email", map[string]any{"email": address})
}

func wantEmail(t *testing.T, p *parleytest.Person, email, pending string) {
	t.Helper()
	var me contract.Me
	p.Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK).Decode(&me)
	if me.Email.Value != email || me.PendingEmail.Value != pending {
		t.Errorf("the address is %q, pending %q; want %q, %q", me.Email.Value, me.PendingEmail.Value, email, pending)
	}
}

func wantMail(t *testing.T, m mailtest.Mail, to, subject string) mailtest.Mail {
	t.Helper()
	if m.To != to || !strings.Contains(m.Subject, subject) || m.From != "parley@chat.example.org" {
		t.Errorf("a mail from %s to %s about %q; want one to %s about %q", m.From, m.To, m.Subject, to, subject)
	}
	return m
}

func TestConfirmEmail(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock) {
		maya := signUpWith(t, s, "maya", "Maya@x.org")
		wantEmail(t, maya, "", "Maya@x.org")
		first := wantMail(t, box.Next(t), "Maya@x.org", "Confirm").Token(t)

		maya.Do(http.MethodPost, "/api/v1/me/email/resend", nil).Want(http.StatusAccepted)
		m := box.Next(t)
		second := m.Token(t)
		if !strings.Contains(m.Text, s.URL+"/verify#"+second) {
			t.Errorf("the link leads elsewhere:\n%s", m.Text)
		}
		confirm(t, s, first).WantProblem(400, "ticket_over") // the newest link is the one that works
		c.advance(24*time.Hour - time.Minute)
		confirm(t, s, second).Want(http.StatusNoContent)
		maya = s.SignIn(t, "maya")
		wantEmail(t, maya, "Maya@x.org", "")
		confirm(t, s, second).WantProblem(400, "ticket_over")
		maya.Do(http.MethodPost, "/api/v1/me/email/resend", nil).WantProblem(409, "no_pending_email")
		for _, secret := range []string{first, second} {
			if strings.Contains(s.Log.String(), secret) {
				t.Error("a token is in the log")
			}
		}
	})
}

func TestConfirmEmail_expires(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock) {
		signUpWith(t, s, "maya", "maya@x.org")
		token := box.Next(t).Token(t)
		c.advance(24*time.Hour + time.Second)
		confirm(t, s, token).WantProblem(400, "ticket_over")
		wantEmail(t, s.SignIn(t, "maya"), "", "maya@x.org")
	})
}

// An address is whose mail it is: several may say that it is theirs, and nobody learns of the others.
func TestConfirmEmail_of_somebody_else(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		mallory := signUpWith(t, s, "mallory", "maya@x.org")
		forMallory := box.Next(t).Token(t)
		withEmail(t, s, box, "maya", "MAYA@x.org")
		confirm(t, s, forMallory).WantProblem(409, "email_taken", "email")
		wantEmail(t, mallory, "", "maya@x.org")
		// It opens nothing: the reset goes to the one who confirmed it.
		ask(t, s, "mallory").Want(http.StatusAccepted)
		ask(t, s, "maya@X.org").Want(http.StatusAccepted)
		if m := wantMail(t, box.Next(t), "MAYA@x.org", "new password"); !strings.Contains(m.Text, "@maya") {
			t.Errorf("the reset is of another account:\n%s", m.Text)
		}
	})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		maya := withEmail(t, s, box, "maya", "maya@x.org")
		phone := s.SignIn(t, "maya")
		wantEmail(t, maya, "maya@x.org", "")
		changeEmail(maya, "new@x.org").Want(http.StatusAccepted)
		m := wantMail(t, box.Next(t), "maya@x.org", "being changed")
		if strings.Contains(m.Text, "new@x.org") || strings.Contains(m.Text, "#") || !strings.Contains(m.Text, "from 127.0.0.0/24") {
			t.Errorf("the old address is told\n%s", m.Text)
		}
		token := wantMail(t, box.Next(t), "new@x.org", "Confirm").Token(t)
		wantEmail(t, maya, "maya@x.org", "new@x.org")
		if n := phone.Notices(); len(n) != 1 || n[0].Kind != "email.changed" {
			t.Errorf("the other device is told %+v", n)
		}
		// A link to the address of before opens nothing once that is not theirs any more.
		ask(t, s, "maya").Want(http.StatusAccepted)
		old := wantMail(t, box.Next(t), "maya@x.org", "new password").Token(t)
		confirm(t, s, token).Want(http.StatusNoContent)
		wantEmail(t, maya, "new@x.org", "")
		reset(t, s, old, fresh).WantProblem(400, "ticket_over")

		// A change of mind: the link to what is not pending any more is worth nothing.
		changeEmail(maya, "third@x.org").Want(http.StatusAccepted)
		wantMail(t, box.Next(t), "new@x.org", "being changed")
		third := box.Next(t).Token(t)
		changeEmail(maya, "fourth@x.org").Want(http.StatusAccepted)
		confirm(t, s, third).WantProblem(400, "ticket_over")
		wantEmail(t, maya, "new@x.org", "fourth@x.org")
	})
}

// Whoever has no address is written to no more, and no link of before gives one back or a new password. The address that was is told.
func TestRemoveEmail(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		remove := func(p *parleytest.Person) *parleytest.Response {
			return p.Do(http.MethodDelete, "/api/v1/me/email", nil)
		}
		maya := withEmail(t, s, box, "maya", "maya@x.org")
		phone := s.SignIn(t, "maya")
		ask(t, s, "maya").Want(http.StatusAccepted)
		toReset := wantMail(t, box.Next(t), "maya@x.org", "new password").Token(t)
		changeEmail(maya, "new@x.org").Want(http.StatusAccepted)
		wantMail(t, box.Next(t), "maya@x.org", "being changed")
		toConfirm := box.Next(t).Token(t)

		remove(maya).Want(http.StatusNoContent)
		wantEmail(t, maya, "", "")
		if m := wantMail(t, box.Next(t), "maya@x.org", "was removed"); strings.Contains(m.Text, "new@x.org") || strings.Contains(m.Text, "#") {
			t.Errorf("the old address is told\n%s", m.Text)
		}
		if n := phone.Notices(); len(n) != 2 || n[0].Kind != "email.removed" {
			t.Errorf("the other device is told %+v", n)
		}
		if n := maya.Notices(); len(n) != 0 {
			t.Errorf("the session that did it is told %+v", n)
		}
		confirm(t, s, toConfirm).WantProblem(400, "ticket_over")
		reset(t, s, toReset, fresh).WantProblem(400, "ticket_over")
		wantEmail(t, maya, "", "")
		ask(t, s, "maya").Want(http.StatusAccepted)
		remove(maya).WantProblem(409, "no_email")
		remove(s.Anonymous(t)).WantProblem(401, "unauthenticated")

		// One that was never confirmed goes without a word: it was nobody's. And whoever comes next can have the address.
		changeEmail(maya, "third@x.org").Want(http.StatusAccepted)
		box.Next(t)
		remove(maya).Want(http.StatusNoContent)
		wantEmail(t, maya, "", "")
		withEmail(t, s, box, "theo", "maya@x.org")
		box.None(t)
	})
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock) {
		maya := withEmail(t, s, box, "maya", "maya@x.org")
		phone := s.SignIn(t, "maya")
		socket := phone.Connect()

		ask(t, s, " MAYA ").Want(http.StatusAccepted)
		first := wantMail(t, box.Next(t), "maya@x.org", "new password").Token(t)
		ask(t, s, "mAya@X.org").Want(http.StatusAccepted)
		m := box.Next(t)
		token := m.Token(t)
		if !strings.Contains(m.Text, s.URL+"/reset#"+token) {
			t.Errorf("the link leads elsewhere:\n%s", m.Text)
		}
		reset(t, s, first, fresh).WantProblem(400, "ticket_over") // only the newest

		c.advance(29 * time.Minute)
		maya.Renew()
		// A password that is refused leaves the link as it is.
		for _, bad := range []string{"short", "", "password1234", "maya is here", strings.Repeat("x", 257), "has a \x00 in it"} {
			reset(t, s, token, bad).WantProblem(400, "invalid", "password")
		}
		r := reset(t, s, token, fresh).Want(http.StatusNoContent)
		if r.Cookie() != "" || len(r.Body) != 0 {
			t.Errorf("a reset signs in: %q %s", r.Cookie(), r.Body)
		}
		reset(t, s, token, fresh).WantProblem(400, "ticket_over")

		for _, p := range []*parleytest.Person{maya, phone} {
			p.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(401, "unauthenticated")
			p.Refresh("").WantProblem(401, "session_over")
		}
		if e := socket.Ended(); e.Code != 3550 {
			t.Errorf("the socket ended with %d", e.Code)
		}
		wantMail(t, box.Next(t), "maya@x.org", "was changed")
		logIn := func(password string) *parleytest.Response {
			return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": "maya", "password": password})
		}
		logIn(parleytest.Password).WantProblem(401, "bad_credentials")
		var session contract.Session
		logIn(fresh).Want(http.StatusOK).Decode(&session)
		again := s.As(t, &parleytest.Person{Token: session.AccessToken})
		if n := again.Notices(); len(n) != 1 || n[0].Kind != "password.reset" {
			t.Errorf("notices %+v", n)
		}
		if strings.Contains(s.Log.String(), token) {
			t.Error("the token is in the log")
		}
	})
}

func TestPasswordReset_expires(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, c *clock) {
		withEmail(t, s, box, "maya", "maya@x.org")
		ask(t, s, "maya").Want(http.StatusAccepted)
		token := box.Next(t).Token(t)
		c.advance(30*time.Minute + time.Second)
		reset(t, s, token, fresh).WantProblem(400, "ticket_over")
	})
}

func TestPasswordReset_ends_with_a_new_password(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		maya := withEmail(t, s, box, "maya", "maya@x.org")
		ask(t, s, "maya").Want(http.StatusAccepted)
		token := box.Next(t).Token(t)
		maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": parleytest.Password, "new_password": fresh}).
			Want(http.StatusNoContent)
		wantMail(t, box.Next(t), "maya@x.org", "was changed")
		reset(t, s, token, "yet another phrase").WantProblem(400, "ticket_over")
	})
}

// Nobody learns who has an account, or has confirmed an address: the answers are the same to the letter, and nothing is looked up before them.
func TestPasswordReset_tells_nothing(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		signUpWith(t, s, "theo", "theo@x.org")
		box.Next(t)
		s.SignUp(t, "ines")
		withEmail(t, s, box, "maya", "maya@x.org")
		var answers []string
		for _, login := range []string{
			"nobody", "nobody@x.org", "theo", "theo@x.org", "ines", "' OR 1=1 --", "%", "@", "日本語", strings.Repeat("x", 254), "maya@x.org", "maya",
		} {
			r := ask(t, s, login).Want(http.StatusAccepted)
			r.Header.Del("X-Request-Id")
			r.Header.Del("Date")
			answers = append(answers, fmt.Sprint(r.Header, string(r.Body)))
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("answers differ:\n%s\n%s", a, answers[0])
			}
		}
		for range 2 { // in the order in which they were asked for, so nothing came for the others
			wantMail(t, box.Next(t), "maya@x.org", "new password")
		}
		box.None(t)
	})
}

func TestMail_bad_input(t *testing.T) {
	t.Parallel()
	mailed(t, func(t *testing.T, s *parleytest.Server, box *mailtest.Server, _ *clock) {
		maya, nobody := s.SignUp(t, "maya"), s.Anonymous(t)
		for _, odd := range []any{"", " ", "\x00", "a\r\nb", strings.Repeat("x", 255)} {
			ask(t, s, odd).WantProblem(400, "invalid", "login")
		}
		for _, odd := range []any{"", "nonsense", "\x00", strings.Repeat("A", 43), strings.Repeat("A", 500_000), "../..", "日本語"} {
			confirm(t, s, odd).WantProblem(400, "ticket_over")
			reset(t, s, odd, fresh).WantProblem(400, "ticket_over")
		}
		for _, wrong := range []any{1, true, []string{"x"}, map[string]string{}} {
			ask(t, s, wrong).WantProblem(400, "invalid", "login")
			confirm(t, s, wrong).WantProblem(400, "invalid", "token")
			reset(t, s, wrong, fresh).WantProblem(400, "invalid", "token")
			reset(t, s, "x", wrong).WantProblem(400, "invalid", "password")
			changeEmail(maya, wrong).WantProblem(400, "invalid", "email")
		}
		for _, path := range []string{"/auth/password-reset", "/auth/password-reset/confirm", "/auth/email/confirm"} {
			nobody.Do(http.MethodPost, "/api/v1"+path, "{").WantProblem(400, "malformed")
			nobody.Do(http.MethodPost, "/api/v1"+path, strings.Repeat(" ", 2<<20)).WantProblem(413, "body_too_large")
			nobody.Do(http.MethodPost, "/api/v1"+path, "login=maya", "Content-Type", "application/x-www-form-urlencoded").
				WantProblem(415, "unsupported_media_type")
			nobody.Do(http.MethodGet, "/api/v1"+path, nil).WantProblem(405, "method_not_allowed")
		}
		nobody.Do(http.MethodPost, "/api/v1/auth/password-reset", "{}").WantProblem(400, "invalid", "login")
		nobody.Do(http.MethodPost, "/api/v1/auth/password-reset/confirm", "{}").WantProblem(400, "invalid", "token", "password")
		for _, odd := range []any{
			"", " ", "x", "a@x.org\r\nBcc: all@x.org", "a@x.org\x00", "Maya <maya@x.org>", "a@x.org,b@x.org", strings.Repeat("a", 250) + "@x.org", `"a b"@x.org`,
		} {
			changeEmail(maya, odd).WantProblem(400, "invalid", "email")
		}
		changeEmail(nobody, "a@x.org").WantProblem(401, "unauthenticated")
		nobody.Do(http.MethodPost, "/api/v1/me/email/resend", nil).WantProblem(401, "unauthenticated")
		box.None(t)
	})
}

func TestMail_limits(t *testing.T) {
	t.Parallel()
	box, c := mailtest.Start(t, mailtest.Config{}), newClock()
	s := parleytest.Start(t, parleytest.Mail(box), parleytest.Clock(c.now), parleytest.With(trusted,
		"PARLEY_LIMIT_RESET=4/1h", "PARLEY_LIMIT_LINK=2/1h", "PARLEY_LIMIT_MAIL=2/1h", "PARLEY_LIMIT_MAIL_ADDRESS=3/1h"))
	maya := withEmail(t, s, box, "maya", "maya@x.org") // one mail to the address
	from := func(where, login string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/password-reset", map[string]string{"login": login}, "X-Forwarded-For", where)
	}
	for _, login := range []string{"maya", "maya@x.org", "MAYA", "maya"} {
		from(stranger(1), login).Want(http.StatusAccepted)
	}
	wantRateLimited(t, from(stranger(1), "maya"))
	// Nobody fills a mailbox, from however many places and by whichever name: what is more is dropped, and the answer is the same.
	for i := range 5 {
		from(stranger(2+i), "maya").Want(http.StatusAccepted)
	}
	newest := ""
	for range 2 {
		newest = wantMail(t, box.Next(t), "maya@x.org", "new password").Token(t)
	}
	// Its owner is not shut out: the newest of the links that came is theirs as much as anybody's.
	changeEmail(maya, "new@x.org").Want(http.StatusAccepted)
	wantMail(t, box.Next(t), "maya@x.org", "being changed")
	wantMail(t, box.Next(t), "new@x.org", "Confirm") // so nothing else came before it
	maya.Do(http.MethodPost, "/api/v1/me/email/resend", nil).Want(http.StatusAccepted)
	wantRateLimited(t, maya.Do(http.MethodPost, "/api/v1/me/email/resend", nil))
	wantRateLimited(t, changeEmail(maya, "third@x.org"))

	follow := func(path string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/"+path, map[string]string{"token": "x", "password": fresh}, "X-Forwarded-For", stranger(9))
	}
	follow("email/confirm").WantProblem(400, "ticket_over")
	follow("password-reset/confirm").WantProblem(400, "ticket_over")
	wantRateLimited(t, follow("email/confirm"))
	wantRateLimited(t, follow("password-reset/confirm"))
	reset(t, s, newest, fresh).Want(http.StatusNoContent)
}

func TestMail_alerts(t *testing.T) {
	t.Parallel()
	for setting, alerts := range map[string]bool{"true": true, "false": false} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			box, c := mailtest.Start(t, mailtest.Config{}), newClock()
			s := parleytest.Start(t, parleytest.Mail(box), parleytest.Clock(c.now), parleytest.With("PARLEY_MAIL_ALERTS="+setting))
			maya := withEmail(t, s, box, "maya", "maya@x.org")
			phone := s.SignIn(t, "maya", "User-Agent", safari)
			if alerts {
				if m := wantMail(t, box.Next(t), "maya@x.org", "new sign-in"); !strings.Contains(m.Text, "Safari on iPhone, from 127.0.0.0/24, at ") {
					t.Errorf("the mail says\n%s", m.Text)
				}
			}
			stolen := phone.Cookie
			phone.Renew()
			phone.Renew()
			phone.Refresh(stolen).WantProblem(401, "session_over")
			if alerts {
				wantMail(t, box.Next(t), "maya@x.org", "was signed out")
			}
			// Somebody whose address is not confirmed gets none: it may be anybody's.
			signUpWith(t, s, "theo", "theo@x.org")
			box.Next(t)
			s.SignIn(t, "theo", "User-Agent", safari)
			maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": parleytest.Password, "new_password": fresh}).
				Want(http.StatusNoContent)
			wantMail(t, box.Next(t), "maya@x.org", "was changed") // this one cannot be turned off
			box.None(t)
		})
	}
}

func TestMail_off(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_SMTP_URL=off"))
	var o contract.AuthOptions
	s.Anonymous(t).Do(http.MethodGet, "/api/v1/auth/options", nil).Want(http.StatusOK).Decode(&o)
	if o.PasswordReset {
		t.Error("a reset is offered")
	}
	maya := signUpWith(t, s, "maya", "maya@x.org")
	wantEmail(t, maya, "", "maya@x.org")
	ask(t, s, "maya").WantProblem(403, "mail_off")
	changeEmail(maya, "a@x.org").WantProblem(403, "mail_off")
	maya.Do(http.MethodPost, "/api/v1/me/email/resend", nil).WantProblem(403, "mail_off")
	confirm(t, s, "x").WantProblem(400, "ticket_over")
}

// A mail server that will not take a mail now gets it later, once; one that never will is not asked again, and nobody else waits for it.
func TestMail_is_tried_again(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			refused := make(chan string, 100)
			box := mailtest.Start(t, mailtest.Config{Answer: func(to string, before int) error {
				switch {
				case to == "gone@x.org":
					refused <- to
					return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
				case to == "slow@x.org" && before < 2:
					refused <- to
					return &smtp.SMTPError{Code: 451, Message: "try again later"}
				}
				return nil
			}})
			c := newClock()
			s := parleytest.Start(t, parleytest.On(engine), parleytest.Mail(box), parleytest.Clock(c.now))
			signUpWith(t, s, "gone", "gone@x.org")
			slow := signUpWith(t, s, "slow", "slow@x.org")
			signUpWith(t, s, "maya", "maya@x.org")
			wantMail(t, box.Next(t), "maya@x.org", "Confirm")
			var late mailtest.Mail
			servertest.Eventually(t, func() error {
				c.advance(30 * time.Second)
				var there bool
				if late, there = box.Arrived(); !there {
					return errors.New("the mail that was refused twice has not come")
				}
				return nil
			})
			confirm(t, s, wantMail(t, late, "slow@x.org", "Confirm").Token(t)).Want(http.StatusNoContent)
			c.back()
			wantEmail(t, slow, "slow@x.org", "")
			for _, want := range []string{"gone@x.org", "slow@x.org", "slow@x.org"} {
				if got := <-refused; got != want {
					t.Errorf("refused %s, want %s", got, want)
				}
			}
			if n := len(refused); n != 0 {
				t.Errorf("%d more refusals", n)
			}
		})
	}
}
