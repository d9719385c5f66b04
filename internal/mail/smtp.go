package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// SMTPConfig says which mail server, and how.
type SMTPConfig struct {
	Host           string
	Port           int
	User, Password string // no user: the server is not asked to let us in
	Security       Security
	// Hello is the name this side gives itself.
	Hello string
	// Roots are the authorities that may have signed the server's certificate; nil are the machine's.
	Roots *x509.CertPool
	// Timeout bounds one message, from dialling to the server's last word.
	Timeout time.Duration
	Envelope
}

// Security says how the way to the server is protected. The zero Security is the one to have when nothing was said.
type Security uint8

// STARTTLS begins in the open and goes on encrypted, or not at all (RFC 6409). TLS is encrypted from the first byte (RFC 8314). Open is not
// encrypted: for a server on this machine.
const (
	STARTTLS Security = iota
	TLS
	Open
)

// SMTP sends through a mail server, one connection a message: mails are few and far between, and a connection that is kept is one that has
// been closed by the other side when it is wanted.
type SMTP struct{ config SMTPConfig }

// NewSMTP makes a sender.
func NewSMTP(c SMTPConfig) *SMTP { return &SMTP{config: c} }

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.config.compose(m)
	if err != nil {
		return err
	}
	return s.talk(ctx, func(client *gomail.Client, conn *smtp.Client) error {
		return explain(client.SendWithSMTPClient(conn, msg))
	})
}

// Check implements Sender: it goes as far as signing in, and leaves.
func (s *SMTP) Check(ctx context.Context) error {
	return s.talk(ctx, func(_ *gomail.Client, conn *smtp.Client) error { return conn.Noop() })
}

// talk does something on a connection of its own. The connection is closed when the time is up, which ends whatever is waited for: the
// library's own deadlines are renewed on the way, so a server that answers slowly enough could hold it for long.
func (s *SMTP) talk(ctx context.Context, do func(*gomail.Client, *smtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	var conn net.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close() // said goodbye or not: it is not needed any more
		}
	}()
	dial := func(dialling context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(dialling, network, address)
		if err != nil {
			return nil, err
		}
		conn = c
		context.AfterFunc(ctx, func() { _ = c.Close() }) // not of the other context, which ends with the dialling
		if s.config.Security != TLS {
			return c, nil
		}
		t := tls.Client(c, s.tls())
		return t, t.HandshakeContext(dialling)
	}
	client, err := gomail.NewClient(s.config.Host, s.options(dial)...)
	if err != nil {
		return fmt.Errorf("prepare to send: %w", err)
	}
	connected, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return inTime(ctx, fmt.Errorf("reach the mail server: %w", err))
	}
	if err := do(client, connected); err != nil {
		return inTime(ctx, err)
	}
	_ = client.CloseWithSMTPClient(connected) // a server that does not say goodbye has taken the message all the same
	return nil
}

func (s *SMTP) options(dial gomail.DialContextFunc) []gomail.Option {
	policy := gomail.TLSMandatory
	if s.config.Security != STARTTLS {
		policy = gomail.NoTLS
	}
	list := []gomail.Option{
		gomail.WithPort(s.config.Port), gomail.WithTimeout(2 * s.config.Timeout), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(s.tls()),
		gomail.WithDialContextFunc(dial), gomail.WithoutRset(), // one message a connection: nothing to be reset for
	}
	if s.config.Security == TLS {
		list = append(list, gomail.WithSSL())
	}
	if s.config.Hello != "" {
		list = append(list, gomail.WithHELO(s.config.Hello))
	}
	if s.config.User != "" {
		// The library refuses to say a password to a server that is neither encrypted nor on this machine.
		list = append(list, gomail.WithUsername(s.config.User), gomail.WithPassword(s.config.Password), gomail.WithOpportunisticSMTPAuth(
			gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	return list
}

func (s *SMTP) tls() *tls.Config {
	return &tls.Config{ServerName: s.config.Host, RootCAs: s.config.Roots, MinVersion: tls.VersionTLS12}
}

// explain sorts what the server said. Only its word about this message is final; that it does not let us in, or speaks nonsense, is for
// somebody to mend. The library's own text would put the address into the log.
func explain(err error) error {
	var said *gomail.SendError
	if !errors.As(err, &said) {
		return err
	}
	text := said.Reason.String()
	if said.ErrorCode() != 0 {
		text = fmt.Sprintf("%s: the server answered %d %s", text, said.ErrorCode(), said.EnhancedStatusCode())
	}
	aboutIt := said.Reason == gomail.ErrSMTPRcptTo || said.Reason == gomail.ErrSMTPData || said.Reason == gomail.ErrSMTPDataClose
	if aboutIt && said.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %s", ErrRefused, text)
	}
	return errors.New(text)
}

// inTime says that it took too long, where a connection that we have closed ourselves would be blamed.
func inTime(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ErrRefused) {
		return fmt.Errorf("the mail server took too long: %w", ctx.Err())
	}
	return err
}
