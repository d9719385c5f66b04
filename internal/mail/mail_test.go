package mail_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"parley/internal/mail"
	"parley/internal/mail/mailtest"
)

func envelope() mail.Envelope {
	return mail.Envelope{
		From:  &netmail.Address{Name: "Parley", Address: "parley@chat.example.org"},
		Clock: func() time.Time { return time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC) },
	}
}

func letter(t *testing.T) mail.Message {
	t.Helper()
	m, err := mail.Letter{
		Language: "en", Subject: "Größe & <b>", Heading: "Hello", Paragraphs: []string{"One <script>alert(1)</script> & two."},
		Action: "Go", Link: "https://chat.example.org/x#se-cret_1", Note: "A note.", Footer: "The end.",
	}.Message("maya@x.org")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	certificate, roots := mailtest.Certificate(t, "127.0.0.1")
	for name, tt := range map[string]struct {
		server mailtest.Config
		client mail.SMTPConfig
	}{
		"open":              {mailtest.Config{}, mail.SMTPConfig{Security: mail.Open}},
		"open_with_a_login": {mailtest.Config{User: "u", Password: "pw"}, mail.SMTPConfig{Security: mail.Open, User: "u", Password: "pw"}},
		"starttls":          {mailtest.Config{TLS: certificate, User: "u", Password: "p w#"}, mail.SMTPConfig{User: "u", Password: "p w#", Roots: roots}},
		"tls":               {mailtest.Config{TLS: certificate, Implicit: true, User: "u", Password: "pw"}, mail.SMTPConfig{Security: mail.TLS, User: "u", Password: "pw", Roots: roots}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, tt.server)
			tt.client.Host, tt.client.Port, tt.client.Timeout, tt.client.Envelope = server.Host, server.Port, time.Minute, envelope()
			sender := mail.NewSMTP(tt.client)
			if err := sender.Check(t.Context()); err != nil {
				t.Errorf("Check: %v", err)
			}
			if err := sender.Send(t.Context(), letter(t)); err != nil {
				t.Fatal(err)
			}
			wantLetter(t, server.Next(t))
			server.None(t) // Check has sent nothing
		})
	}
}

func wantLetter(t *testing.T, m mailtest.Mail) {
	t.Helper()
	for header, want := range map[string]string{
		"From": `"Parley" <parley@chat.example.org>`, "To": "<maya@x.org>", "Date": "Sun, 22 Nov 2026 21:00:00 +0000", "Auto-Submitted": "auto-generated",
		"User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if m.Subject != "Größe & <b>" {
		t.Errorf("Subject %q", m.Subject)
	}
	if id := m.Header.Get("Message-ID"); !strings.HasSuffix(id, "@chat.example.org>") {
		t.Errorf("Message-ID %q names something else than the sender's domain", id)
	}
	want := "Hello\n\nOne <script>alert(1)</script> & two.\n\nGo:\nhttps://chat.example.org/x#se-cret_1\n\nA note.\n\nThe end.\n"
	if m.Text != want {
		t.Errorf("the text is\n%q, want\n%q", m.Text, want)
	}
	if m.Token(t) != "se-cret_1" || strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, "src=") || strings.Contains(m.HTML, "url(") {
		t.Errorf("the HTML is\n%s", m.HTML)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "mail")
	f := &mail.Folder{Dir: dir, Envelope: envelope()}
	for range 3 {
		if err := f.Send(t.Context(), letter(t)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, path := range append(files, dir) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: others may read it: %v, %v", path, info.Mode(), err)
		}
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := mailtest.Read(raw)
	if err != nil || filepath.Ext(files[0]) != ".eml" {
		t.Fatalf("%s: %v", files[0], err)
	}
	wantLetter(t, m)
}

// Whoever gets a line break into a header writes headers of their own.
func TestSend_refuses_what_cannot_be_in_a_header(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Config{})
	senders := map[string]mail.Sender{
		"smtp":   mail.NewSMTP(mail.SMTPConfig{Host: server.Host, Port: server.Port, Security: mail.Open, Timeout: time.Minute, Envelope: envelope()}),
		"folder": &mail.Folder{Dir: t.TempDir(), Envelope: envelope()},
	}
	for _, m := range []mail.Message{
		{To: "maya@x.org\r\nBcc: all@x.org"},
		{To: "maya@x.org\nX: y"},
		{To: "maya@x.org, theo@x.org"},
		{To: "Maya <maya@x.org>"},
		{To: ""},
		{To: "maya"},
		{To: "maya@x.org\x00"},
		{To: "maya@x.org>\r\nRCPT TO:<theo@x.org"},
		{To: "maya@x.org", Subject: "Hello\r\nBcc: all@x.org"},
		{To: "maya@x.org", Subject: "Hello\nBcc: all@x.org"},
		{To: "maya@x.org", Subject: "\x00"},
	} {
		for name, sender := range senders {
			if err := sender.Send(t.Context(), m); !errors.Is(err, mail.ErrRefused) {
				t.Errorf("%s: %q, %q: %v", name, m.To, m.Subject, err)
			}
		}
	}
	server.None(t)
}

// Only the server's word about this message is final. Everything else is for somebody to mend, and the mail waits for that.
func TestSMTP_refusals(t *testing.T) {
	t.Parallel()
	certificate, roots := mailtest.Certificate(t, "127.0.0.1")
	other, _ := mailtest.Certificate(t, "127.0.0.1")
	elsewhere, elsewhereRoots := mailtest.Certificate(t, "mail.example.org")
	refuse := func(code int) func(string, int) error {
		return func(string, int) error { return &smtp.SMTPError{Code: code, Message: "no"} }
	}
	for name, tt := range map[string]struct {
		server mailtest.Config
		client mail.SMTPConfig
		final  bool
		says   string
	}{
		"unknown_address": {mailtest.Config{Answer: refuse(550)}, mail.SMTPConfig{Security: mail.Open}, true, "550"},
		"greylisted":      {mailtest.Config{Answer: refuse(451)}, mail.SMTPConfig{Security: mail.Open}, false, "451"},
		"wrong_password":  {mailtest.Config{User: "u", Password: "pw"}, mail.SMTPConfig{Security: mail.Open, User: "u", Password: "S3cr3t"}, false, "AUTH failed"},
		"no_password":     {mailtest.Config{User: "u", Password: "pw"}, mail.SMTPConfig{Security: mail.Open}, false, "MAIL FROM"},
		"password_for_nobody": {
			mailtest.Config{}, mail.SMTPConfig{Security: mail.Open, User: "u", Password: "S3cr3t"}, false, "does not support SMTP AUTH",
		},
		"no_starttls":       {mailtest.Config{}, mail.SMTPConfig{}, false, "STARTTLS"},
		"starttls_with_tls": {mailtest.Config{TLS: certificate, Implicit: true}, mail.SMTPConfig{Roots: roots, Timeout: 300 * time.Millisecond}, false, "too long"},
		"tls_with_starttls": {mailtest.Config{TLS: certificate}, mail.SMTPConfig{Security: mail.TLS, Roots: roots}, false, "TLS"},
		"unknown_authority": {mailtest.Config{TLS: other}, mail.SMTPConfig{Roots: roots}, false, "certificate"},
		"other_host":        {mailtest.Config{TLS: elsewhere}, mail.SMTPConfig{Roots: elsewhereRoots}, false, "certificate"},
		"other_host_tls":    {mailtest.Config{TLS: elsewhere, Implicit: true}, mail.SMTPConfig{Security: mail.TLS, Roots: elsewhereRoots}, false, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, tt.server)
			tt.client.Host, tt.client.Port, tt.client.Envelope = server.Host, server.Port, envelope()
			if tt.client.Timeout == 0 {
				tt.client.Timeout = time.Minute
			}
			err := mail.NewSMTP(tt.client).Send(t.Context(), letter(t))
			if err == nil || errors.Is(err, mail.ErrRefused) != tt.final || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v; want one with %q, final: %v", err, tt.says, tt.final)
			}
			if err != nil && (strings.Contains(err.Error(), "maya") || strings.Contains(err.Error(), "S3cr3t")) {
				t.Errorf("%v tells whom it was for, or the password", err)
			}
			server.None(t)
		})
	}
}

// A mail server that hangs, hangs up or is none at all is left alone in time, and the connection is closed.
func TestSMTP_hostile(t *testing.T) {
	t.Parallel()
	hang := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	after := func(lines ...string) func(net.Conn) {
		return func(c net.Conn) {
			in := bufio.NewReader(c)
			for _, line := range lines {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
			hang(c)
		}
	}
	for name, behave := range map[string]func(net.Conn){
		"says_nothing":   hang,
		"hangs_up":       func(net.Conn) {},
		"speaks_http":    after("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"speaks_garbage": after("\x00\xff\xfe4\r\n", "4\r\n", "\r\n"),
		"is_busy":        after("421 4.3.2 too busy\r\n"),
		"hangs_at_mail":  after("220 x\r\n", "250 x\r\n", "250 x\r\n"),
		"hangs_at_data":  after("220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 go\r\n"),
		"drips": func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "220-wait\r\n"); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				c, err := at.Accept()
				if err != nil {
					return
				}
				behave(c)
				_ = c.Close()
			}()
			t.Cleanup(func() { _ = at.Close() })
			host, port, _ := net.SplitHostPort(at.Addr().String())
			number, _ := strconv.Atoi(port)
			sender := mail.NewSMTP(mail.SMTPConfig{Host: host, Port: number, Security: mail.Open, Timeout: 300 * time.Millisecond, Envelope: envelope()})
			if err := sender.Send(t.Context(), letter(t)); err == nil || errors.Is(err, mail.ErrRefused) {
				t.Errorf("%v; want an error that is not final", err)
			}
			_ = at.Close() // on a slow day nobody has come until the time was up
			<-ended        // it was hung up on, or has done so itself
		})
	}
}

func TestSMTP_stops_with_its_caller(t *testing.T) {
	t.Parallel()
	at, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = at.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := at.Accept()
		if err != nil {
			return
		}
		cancel()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}()
	host, port, _ := net.SplitHostPort(at.Addr().String())
	number, _ := strconv.Atoi(port)
	sender := mail.NewSMTP(mail.SMTPConfig{Host: host, Port: number, Security: mail.Open, Timeout: time.Hour, Envelope: envelope()})
	if err := sender.Send(ctx, letter(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Send: %v", err)
	}
}
