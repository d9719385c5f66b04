package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

const refreshBytes = 32

// NewRefreshToken returns a new opaque token of 256 random bits and the hash to store in its place. A plain SHA-256
// is enough: nobody guesses 256 bits, so there is nothing that a slow hash would slow down.
func NewRefreshToken() (token string, hash []byte) {
	var secret [refreshBytes]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand ends the process when the system has no randomness
	sum := sha256.Sum256(secret[:])
	return base64.RawURLEncoding.EncodeToString(secret[:]), sum[:]
}

// HashRefreshToken returns the hash under which token is stored; ok is false for what NewRefreshToken cannot have
// made, so that nonsense never reaches the store.
func HashRefreshToken(token string) (hash []byte, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(refreshBytes) {
		return nil, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(secret) != refreshBytes {
		return nil, false
	}
	sum := sha256.Sum256(secret)
	return sum[:], true
}
