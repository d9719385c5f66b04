package mailtest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"testing"
)

// Mail is what a server was given.
type Mail struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string
	Text, HTML string
	Raw        string
}

// Read reads a message as it travels, such as a file of one.
func Read(raw []byte) (Mail, error) {
	m := Mail{Raw: string(raw)}
	return m, m.parse()
}

func (m *Mail) parse() error {
	msg, err := mail.ReadMessage(strings.NewReader(m.Raw))
	if err != nil {
		return err
	}
	m.Header = msg.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return fmt.Errorf("the message is %q, not in two forms", kind)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(text)
		} else {
			m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
		}
	}
}

var link = regexp.MustCompile(`https?://[^\s#]+#(\S+)`)

// Token is what is after the # of the link in a mail.
func (m Mail) Token(tb testing.TB) string {
	tb.Helper()
	found := link.FindStringSubmatch(m.Text)
	if found == nil {
		tb.Fatalf("there is no link in\n%s", m.Text)
	}
	if !strings.Contains(m.HTML, found[0]) {
		tb.Errorf("%s is not in the HTML:\n%s", found[0], m.HTML)
	}
	return found[1]
}
