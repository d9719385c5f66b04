package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"parley/internal/mail/mailtest"
)

// Both ask the mail server of the settings: the one sends a mail, the other only looks whether it would be let in.
func TestMailTest_and_doctor(t *testing.T) {
	t.Parallel()
	box := mailtest.Start(t, mailtest.Config{User: "u", Password: "pw8Kx2"})
	with := func(password string) []string {
		return []string{
			"PARLEY_DATA_DIR=" + t.TempDir(), "PARLEY_MAIL_FROM=parley@example.org",
			"PARLEY_SMTP_URL=" + strings.Replace(box.URL(), "smtp://", "smtp://u:"+password+"@", 1),
		}
	}
	parley := func(environ []string, args ...string) (int, string) {
		var out bytes.Buffer
		return run(context.Background(), args, env{environ: environ, stdout: &out, stderr: &out}), out.String()
	}
	if code, out := parley(with("pw8Kx2"), "mail", "test", "maya@x.org"); code != 0 || !strings.Contains(out, "handed over to 127.0.0.1") {
		t.Errorf("%d: %s", code, out)
	}
	if m := box.Next(t); m.To != "maya@x.org" || m.From != "parley@example.org" {
		t.Errorf("the mail is %+v", m)
	}
	if code, out := parley(with("Wr0ng"), "mail", "test", "maya@x.org"); code != 1 || strings.Contains(out, "Wr0ng") {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := parley(with("pw8Kx2"), "mail", "test", "maya@x.org\r\nBcc: all@x.org"); code != 1 {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := parley([]string{"PARLEY_SMTP_URL=off"}, "mail", "test", "maya@x.org"); code != 1 || !strings.Contains(out, "PARLEY_SMTP_URL") {
		t.Errorf("%d: %s", code, out)
	}
	for password, want := range map[string]string{"pw8Kx2": "lets us in", "Wr0ng": "PARLEY_SMTP_URL"} {
		if _, out := parley(with(password), "doctor"); !strings.Contains(out, want) || strings.Contains(out, "Wr0ng") {
			t.Errorf("doctor says %s", out)
		}
	}
	box.None(t)
}
