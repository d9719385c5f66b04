package parleytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Authenticator is a passkey in software: it answers as a browser with an authenticator does (WebAuthn level 2, sections 5.8.1, 6.1 and 6.5).
// What it says can be changed before it answers, to be something else than honest.
type Authenticator struct {
	Origin, RP string // where the page says that it is, and whom the passkey is for
	ID         []byte
	User       []byte // the handle that came with the options
	Count      uint32 // raised by one before each answer when Counts
	Counts     bool
	Verified   bool // the person gave a finger or a PIN
	Synced     bool
	key        *ecdsa.PrivateKey
	tb         testing.TB
}

// NewAuthenticator makes one without a passkey, for a page at an origin of a site.
func NewAuthenticator(tb testing.TB, origin, rp string) *Authenticator {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &Authenticator{Origin: origin, RP: rp, ID: make([]byte, 32), Verified: true, key: key, tb: tb}
	_, _ = rand.Read(a.ID)
	return a
}

// Copy is what somebody has who got hold of the private key.
func (a *Authenticator) Copy() *Authenticator {
	b := *a
	return &b
}

// Forge gives the passkey another private key under the same name.
func (a *Authenticator) Forge() *Authenticator {
	b := NewAuthenticator(a.tb, a.Origin, a.RP)
	b.ID, b.User, b.Count, b.Counts = a.ID, a.User, a.Count, a.Counts
	return b
}

const (
	userPresent      = 1 << 0
	userVerified     = 1 << 2
	backupEligible   = 1 << 3
	backedUp         = 1 << 4
	attestedIncluded = 1 << 6
)

// Create answers navigator.credentials.create.
func (a *Authenticator) Create(options []byte) map[string]any {
	a.tb.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	a.read(options, &o)
	a.User, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	data := a.data(attestedIncluded)
	data = append(data, make([]byte, 16)...) // no AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(append(data, a.ID...), a.cose()...)
	// {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte{0xa3}, cborText("fmt")...)
	object = append(append(object, cborText("none")...), cborText("attStmt")...)
	object = append(append(object, 0xa0), cborText("authData")...)
	object = append(object, 0x59)
	object = binary.BigEndian.AppendUint16(object, uint16(len(data)))
	return a.answer(map[string]any{
		"clientDataJSON": b64(a.client("webauthn.create", o.Challenge)), "attestationObject": b64(append(object, data...)),
		"transports": []string{"internal"},
	})
}

// Get answers navigator.credentials.get.
func (a *Authenticator) Get(options []byte) map[string]any {
	a.tb.Helper()
	var o struct {
		Challenge string `json:"challenge"`
	}
	a.read(options, &o)
	client, data := a.client("webauthn.get", o.Challenge), a.data(0)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.User),
	})
}

func (a *Authenticator) read(options []byte, into any) {
	a.tb.Helper()
	if err := json.Unmarshal(options, into); err != nil {
		a.tb.Fatalf("options %s: %v", options, err)
	}
}

func (a *Authenticator) answer(response map[string]any) map[string]any {
	return map[string]any{
		"id": b64(a.ID), "rawId": b64(a.ID), "type": "public-key", "authenticatorAttachment": "platform", "response": response,
		"clientExtensionResults": map[string]any{},
	}
}

func (a *Authenticator) client(what, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": what, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	if err != nil {
		a.tb.Fatal(err)
	}
	return text
}

func (a *Authenticator) data(flags byte) []byte {
	if a.Counts {
		a.Count++
	}
	flags |= userPresent
	if a.Verified {
		flags |= userVerified
	}
	if a.Synced {
		flags |= backupEligible | backedUp
	}
	site := sha256.Sum256([]byte(a.RP))
	return binary.BigEndian.AppendUint32(append(site[:], flags), a.Count)
}

// cose is the public key: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
func (a *Authenticator) cose() []byte {
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.tb.Fatal(err)
	}
	out := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32}, point[1:33]...)
	return append(append(out, 0x22, 0x58, 32), point[33:]...)
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
