package app_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"parley/internal/app"
	"parley/internal/chat"
	"parley/internal/mail/mailtest"
	"parley/internal/parleytest"
	"parley/internal/store"
)

// What the host does to somebody's account from the command line is written to them, as if they had done it: it may have been somebody else.
func TestOffice_mails(t *testing.T) {
	t.Parallel()
	box := mailtest.Start(t, mailtest.Config{})
	s := parleytest.Start(t, parleytest.On(store.Postgres), parleytest.Mail(box))
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{
		"username": "theo", "password": parleytest.Password, "email": "theo@x.org",
	}).Want(http.StatusCreated)
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/email/confirm", map[string]string{"token": box.Next(t).Token(t)}).Want(http.StatusNoContent)
	office, err := app.OpenOffice(t.Context(), s.Config, slog.New(slog.DiscardHandler), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := office.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := office.People.ResetPassword(t.Context(), chat.Actor{User: chat.HostID}, "theo"); err != nil {
		t.Fatal(err)
	}
	if m := box.Next(t); m.To != "theo@x.org" || !strings.Contains(m.Subject, "was changed") {
		t.Errorf("a mail to %s about %q", m.To, m.Subject)
	}
}
