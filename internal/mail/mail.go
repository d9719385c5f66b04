package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is an e-mail to one person, in both forms of the same words.
type Message struct {
	To, Subject, Text, HTML string
}

// Sender delivers messages.
//
// When Send returns nil, somebody else has taken the message over: the mail server, or the disk. An error that is ErrRefused is final for this
// message; after any other one it is worth another try. A message may have been taken over although an error came back, so trying again can
// deliver it twice. Send returns soon after its context has ended, whatever the other side does. It is safe for concurrent use.
//
// Check asks whether messages would be taken, without sending one.
type Sender interface {
	Send(ctx context.Context, m Message) error
	Check(ctx context.Context) error
}

// ErrRefused says that this message will not be taken, however often it is offered: its address does not exist, or is none.
var ErrRefused = errors.New("the message was refused for good")

// Envelope is what all messages have in common.
type Envelope struct {
	From  *netmail.Address
	Clock func() time.Time
}

// compose makes the message as it travels. Nothing of ours ends up in a header unchecked: whoever gets a line break into one writes headers of
// their own, and could send anything to anybody in this server's name.
func (e Envelope) compose(m Message) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || control(m.To) || control(m.Subject) {
		return nil, fmt.Errorf("%w: the address or the subject cannot be in a header", ErrRefused)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(e.From)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(e.Clock())
	// Not the library's: it would name the machine.
	_, domain, _ := strings.Cut(e.From.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's out-of-office note answers it
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

func control(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
