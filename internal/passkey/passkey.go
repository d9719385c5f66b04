package passkey

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrRefused says that an answer is no proof: malformed, for another challenge, from another site, without the person having been verified,
// or with a wrong signature.
var ErrRefused = errors.New("passkey: refused")

// Person is somebody as authenticators show them.
type Person struct {
	ID                int64
	Name, DisplayName string
}

// Credential is the public half of a passkey.
type Credential struct {
	ID, PublicKey []byte
	// Transports are hints for the browser how to reach the authenticator.
	Transports []string
	// SignCount is what the authenticator counted up to; always 0 for those that do not count, as passkeys that travel between devices.
	SignCount uint32
	// BackupEligible passkeys may travel between devices; BackedUp ones do.
	BackupEligible, BackedUp bool
}

// Party is the site that passkeys are for.
type Party struct{ web *webauthn.WebAuthn }

// New makes the party of a public URL. It is nil without an error when browsers know no passkeys for such a URL: they want a domain, and
// https unless it is localhost. For a loopback address it is localhost, where a page of the same server can be opened.
func New(public *url.URL, name string) (*Party, error) {
	host := strings.ToLower(public.Hostname())
	origins := []string{origin(public.Scheme, host, public.Port())}
	if ip := net.ParseIP(host); ip != nil {
		if !ip.IsLoopback() {
			return nil, nil //nolint:nilnil // no party is no fault: it says that there are no passkeys
		}
		host = "localhost"
		origins = []string{origin(public.Scheme, host, public.Port())}
	}
	if public.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return nil, nil //nolint:nilnil // as above
	}
	verified := protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}
	web, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: origins, AuthenticatorSelection: verified, AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", host, err)
	}
	return &Party{web: web}, nil
}

// origin is how browsers spell where a page is from: without the port that the scheme implies.
func origin(scheme, host, port string) string {
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// BeginRegistration returns what a browser's navigator.credentials.create takes, and the state that FinishRegistration needs. Authenticators
// that have one of the known passkeys already make no second one.
func (p *Party) BeginRegistration(person Person, known [][]byte) (options json.RawMessage, state string, err error) {
	exclude := make([]protocol.CredentialDescriptor, len(known))
	for i, id := range known {
		exclude[i] = protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id}
	}
	creation, session, err := p.web.BeginRegistration(user{Person: person}, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, "", fmt.Errorf("begin passkey registration: %w", err)
	}
	return encode(creation.Response, session)
}

// FinishRegistration judges what the browser answered.
func (p *Party) FinishRegistration(person Person, state string, answer []byte) (Credential, error) {
	session, err := decode(state)
	if err != nil {
		return Credential{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Credential{}, refused(err)
	}
	made, err := p.web.CreateCredential(user{Person: person}, session, parsed)
	if err != nil {
		return Credential{}, refused(err)
	}
	c := Credential{
		ID: made.ID, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount,
		BackupEligible: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState,
	}
	for _, t := range made.Transport {
		c.Transports = append(c.Transports, string(t))
	}
	return c, nil
}

// BeginSignIn returns what navigator.credentials.get takes, for whichever passkey the person chooses, or for one of some, and the state that SignIn
// needs. That it was one of them is the caller's to see.
func (p *Party) BeginSignIn(only ...Credential) (options json.RawMessage, state string, err error) {
	assertion, session, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("begin passkey sign-in: %w", err)
	}
	for _, c := range only {
		d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: c.ID}
		for _, t := range c.Transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
		}
		assertion.Response.AllowedCredentials = append(assertion.Response.AllowedCredentials, d)
	}
	return encode(assertion.Response, session)
}

// SignIn judges what the browser answered and returns the passkey with its new count, and whose it is. find looks a passkey up; an error that
// is not ErrRefused is returned as it is. Whether the count has moved on is the caller's to judge, who can do it in one step with storing it.
func (p *Party) SignIn(state string, answer []byte, find func(credential []byte) (Person, Credential, error)) (Person, Credential, error) {
	session, err := decode(state)
	if err != nil {
		return Person{}, Credential{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Person{}, Credential{}, refused(err)
	}
	owner, known, err := find(parsed.RawID)
	if err != nil {
		return Person{}, Credential{}, err
	}
	of := user{Person: owner, credentials: []webauthn.Credential{known.library()}}
	if _, err := p.web.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return of, nil }, session, parsed); err != nil {
		return Person{}, Credential{}, refused(err)
	}
	known.SignCount = parsed.Response.AuthenticatorData.Counter
	known.BackedUp = parsed.Response.AuthenticatorData.Flags.HasBackupState()
	return owner, known, nil
}

func (c Credential) library() webauthn.Credential {
	return webauthn.Credential{
		ID: c.ID, PublicKey: c.PublicKey,
		Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: c.BackupEligible, BackupState: c.BackedUp},
		Authenticator: webauthn.Authenticator{SignCount: c.SignCount},
	}
}

// user is a Person as the library wants one.
type user struct {
	Person
	credentials []webauthn.Credential
}

// WebAuthnID is what an authenticator keeps to say whose passkey it is: a number that means nothing elsewhere.
func (u user) WebAuthnID() []byte                         { return binary.BigEndian.AppendUint64(nil, uint64(u.ID)) }
func (u user) WebAuthnName() string                       { return u.Name }
func (u user) WebAuthnDisplayName() string                { return u.DisplayName }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

func encode(options any, session *webauthn.SessionData) (json.RawMessage, string, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, "", fmt.Errorf("encode passkey options: %w", err)
	}
	state, err := json.Marshal(session)
	if err != nil {
		return nil, "", fmt.Errorf("encode passkey state: %w", err)
	}
	return text, string(state), nil
}

func decode(state string) (s webauthn.SessionData, err error) {
	if err := json.Unmarshal([]byte(state), &s); err != nil {
		return s, fmt.Errorf("decode passkey state: %w", err)
	}
	return s, nil
}

// refused keeps the library's reasons for the log.
func refused(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%w: %s (%s)", ErrRefused, e.Details, e.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}
