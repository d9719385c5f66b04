package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

const (
	tokenVersion = 1
	handleBytes  = 16
	secretBytes  = 32
	handleAt     = 1 + 8
	secretAt     = handleAt + handleBytes
	// tokenBytes is a multiple of three, so that base64 has no stray bits and a token no second spelling.
	tokenBytes = secretAt + secretBytes
)

// token is a refresh token taken apart. What is in it is secret but for the user.
type token [tokenBytes]byte

// newToken makes the first token of a session.
func newToken(user int64) (t token) {
	t[0] = tokenVersion
	binary.BigEndian.PutUint64(t[1:handleAt], uint64(user))
	_, _ = rand.Read(t[handleAt:]) // never fails: crypto/rand ends the process when the system has no randomness
	return t
}

// successor makes another token of the same session.
func (t token) successor() token {
	_, _ = rand.Read(t[secretAt:])
	return t
}

// parse reads what String wrote; ok is false for everything else.
func parse(text string) (t token, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return token{}, false
	}
	// The decoder skips line breaks even when strict; then too few bytes come out.
	n, err := base64.RawURLEncoding.Strict().Decode(t[:], []byte(text))
	if err != nil || n != tokenBytes || t[0] != tokenVersion || t.user() <= 0 {
		return token{}, false
	}
	return t, true
}

func (t token) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

func (t token) user() int64 { return int64(binary.BigEndian.Uint64(t[1:handleAt])) }

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// id is the session's public name. The label keeps it from ever being the hash of something else.
func (t token) id() string {
	sum := sha256.Sum256(append([]byte("parley session id\x00"), t[handleAt:secretAt]...))
	return idEncoding.EncodeToString(sum[:handleBytes])
}

// hash is what is kept of the secret. A plain SHA-256 is enough: nobody guesses 256 bits, so there is nothing for a slow hash to slow down.
func (t token) hash() string {
	sum := sha256.Sum256(t[secretAt:])
	return hex.EncodeToString(sum[:])
}

// seal hides the successor's secret from everybody who does not hold t.
func (t token) seal(next token) (string, error) {
	box, err := t.box()
	if err != nil {
		return "", err
	}
	sealed := box.Seal(nil, nil, next[secretAt:], t[:secretAt]) //nolint:gosec // no nonce is handed in: this AEAD makes a random one itself
	return base64.RawStdEncoding.EncodeToString(sealed), nil
}

// open returns the successor that seal hid.
func (t token) open(sealed string) (token, error) {
	box, err := t.box()
	if err != nil {
		return token{}, err
	}
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return token{}, fmt.Errorf("sealed successor: %w", err)
	}
	secret, err := box.Open(nil, nil, raw, t[:secretAt])
	if err != nil || len(secret) != secretBytes {
		return token{}, fmt.Errorf("sealed successor does not open: %w", err)
	}
	copy(t[secretAt:], secret)
	return t, nil
}

func (t token) box() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, t[secretAt:], nil, "parley refresh token successor", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
