package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrSealed says that a sealed text cannot be opened: its key is not in the vault, it was altered, or it was sealed for something else.
var ErrSealed = errors.New("auth: sealed text cannot be opened")

// Vault encrypts what must be read again and must not be readable in a copy of the database. The first key seals, all open, so that a key is
// rotated by putting a new one in front and sealing anew what the old one sealed. Each text gets a random nonce of 96 bits, which is safe for
// 2^32 texts a key. A Vault never changes.
type Vault struct {
	kid  string
	keys map[string]cipher.AEAD
}

// vaultPurpose keeps the keys of this purpose apart from those of another that is derived from the same seed one day.
const vaultPurpose = "parley sealed at rest v1"

// ParseVault reads entries of the form kid:seed, as ParseKeyRing does.
func ParseVault(keys []string) (*Vault, error) {
	if _, err := ParseKeyRing(keys); err != nil { // the same form, the same rules
		return nil, err
	}
	v := &Vault{keys: make(map[string]cipher.AEAD, len(keys))}
	for i, entry := range keys {
		kid, text, _ := strings.Cut(entry, ":")
		seed, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%w: entry %d", ErrKey, i+1)
		}
		key, err := hkdf.Key(sha256.New, seed, nil, vaultPurpose, 32)
		if err != nil {
			return nil, fmt.Errorf("derive the key of entry %d: %w", i+1, err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if v.keys[kid], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		if i == 0 {
			v.kid = kid
		}
	}
	return v, nil
}

// Seal encrypts a text for one use, such as "totp 17": nothing else opens it, so that a row copied to another account is worth nothing.
func (v *Vault) Seal(use, plain string) string {
	return v.kid + ":" + base64.RawURLEncoding.EncodeToString(v.keys[v.kid].Seal(nil, nil, []byte(plain), []byte(use))) //nolint:gosec // the nonce is made by Seal
}

// Open decrypts what Seal returned for the same use, under whichever key of the vault.
func (v *Vault) Open(use, sealed string) (string, error) {
	kid, text, _ := strings.Cut(sealed, ":")
	aead := v.keys[kid]
	if aead == nil {
		return "", fmt.Errorf("%w: there is no key %q", ErrSealed, printable(kid))
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%w: it is no base64url", ErrSealed)
	}
	plain, err := aead.Open(nil, nil, raw, []byte(use))
	if err != nil {
		return "", fmt.Errorf("%w: it was altered, or sealed with another key of the name %q or for another use", ErrSealed, kid)
	}
	return string(plain), nil
}

// Fresh reports whether a text was sealed with the key that seals now.
func (v *Vault) Fresh(sealed string) bool { return SealedBy(sealed) == v.kid }

// SealedBy names the key that a text was sealed with.
func SealedBy(sealed string) string {
	kid, _, _ := strings.Cut(sealed, ":")
	return printable(kid)
}

func printable(kid string) string {
	if !validKid(kid) {
		return "?"
	}
	return kid
}
