// Package mailtest runs mail servers for tests: real ones, that keep what they are given for the test to read. It knows SMTP and nothing of
// what the mails are about.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Config says how a server behaves. The zero Config takes everything from everybody, unencrypted.
type Config struct {
	User, Password string // asked for when there is a user
	// TLS has the server offer STARTTLS, or with Implicit speak TLS from the first byte.
	TLS      *tls.Config
	Implicit bool
	// Answer is asked before a message is taken, with the address it is for and how many tries for it came before; an error refuses it.
	// *smtp.SMTPError says how.
	Answer func(to string, before int) error
}

// Server is a running mail server.
type Server struct {
	Host string
	Port int

	config Config
	mu     sync.Mutex
	tries  map[string]int
	mails  chan Mail
}

// Start runs a server that stops with the test.
func Start(tb testing.TB, c Config) *Server {
	tb.Helper()
	s := &Server{config: c, tries: map[string]int{}, mails: make(chan Mail, 1000)}
	at, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(at.Addr().String())
	s.Host = host
	s.Port, _ = strconv.Atoi(port)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.Domain, server.AllowInsecureAuth = "mailtest", true
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = silent{}
	if c.Implicit {
		at = tls.NewListener(at, c.TLS)
	} else {
		server.TLSConfig = c.TLS
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(at) // ends with Close
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		_ = at.Close() // when the server had not begun to listen yet, it does not know of this
		<-done
	})
	return s
}

// URL is the server as PARLEY_SMTP_URL has it, without encryption.
func (s *Server) URL() string {
	return "smtp://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) + "?starttls=off"
}

// patience is how long a mail may take to arrive on a busy machine.
const patience = 20 * time.Second

// Next waits for the next mail.
func (s *Server) Next(tb testing.TB) Mail {
	tb.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(patience): //nolint:forbidigo // a real mail server is waited for
		tb.Fatal("no mail came")
		return Mail{}
	}
}

// Arrived returns the next mail if there is one.
func (s *Server) Arrived() (Mail, bool) {
	select {
	case m := <-s.mails:
		return m, true
	default:
		return Mail{}, false
	}
}

// None fails the test when a mail has come.
func (s *Server) None(tb testing.TB) {
	tb.Helper()
	if m, there := s.Arrived(); there {
		tb.Errorf("a mail came that should not:\n%s", m.Raw)
	}
}

type session struct {
	server   *Server
	signedIn bool
	from, to string
}

func (s *session) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return errors.New("wrong name or password")
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.config.User != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.server.config.Answer == nil {
		return nil
	}
	s.server.mu.Lock()
	before := s.server.tries[to]
	s.server.tries[to]++
	s.server.mu.Unlock()
	return s.server.config.Answer(to, before)
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := Mail{From: s.from, To: s.to, Raw: string(raw)}
	if err := m.parse(); err != nil {
		return err
	}
	s.server.mails <- m
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Certificate makes one for a host, signed by an authority that only the returned pool knows.
func Certificate(tb testing.TB, host string) (*tls.Config, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now() //nolint:forbidigo // a real client compares with the real clock
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}
