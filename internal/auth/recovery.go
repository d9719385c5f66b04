package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// RecoveryCodes is how many recovery codes a person gets at once.
const RecoveryCodes = 10

const (
	// recoveryAlphabet has no letter that is read as another one (Crockford's base32).
	recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	recoveryLength   = 16 // 80 bits
	recoveryGroup    = 4
)

// NewRecoveryCodes makes codes such as 7k3m-x0qd-94ht-vz2p.
func NewRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		var raw [recoveryLength]byte
		_, _ = rand.Read(raw[:]) // never fails
		var b strings.Builder
		for j, r := range raw {
			if j > 0 && j%recoveryGroup == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(recoveryAlphabet[int(r)%len(recoveryAlphabet)]) // 256 is a multiple of 32: no letter is likelier
		}
		codes[i] = b.String()
	}
	return codes
}

// RecoveryHash is what a recovery code is kept by; ok is false for a text that cannot be one. How it was typed does not count: case, hyphens,
// spaces, and the letters that look like digits. 80 random bits cannot be found by trying, so a plain hash is enough, and the codes need no
// key: they are what is left to a person when a key is lost.
func RecoveryHash(code string) (hash string, ok bool) {
	if len(code) > 4*recoveryLength {
		return "", false
	}
	plain := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
	if len(plain) != recoveryLength || strings.Trim(plain, recoveryAlphabet) != "" {
		return "", false
	}
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:]), true
}
