package app

import (
	"fmt"
	"path/filepath"
	"runtime"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/config"
)

// audience names what access tokens are for.
const audience = "parley"

// newTokens makes the signer of access tokens. In development, a key is made once and kept in the data directory.
func newTokens(c config.Config, clock chat.Clock) (*auth.Tokens, error) {
	keys := c.SigningKeys
	if len(keys) == 0 {
		key, err := auth.LoadOrCreateKey(filepath.Join(c.DataDir, "signing.key"))
		if err != nil {
			return nil, fmt.Errorf("make a development signing key: %w", err)
		}
		keys = []string{key}
	}
	ring, err := auth.ParseKeyRing(keys)
	if err != nil {
		return nil, fmt.Errorf("read PARLEY_AUTH_SIGNING_KEYS: %w", err)
	}
	return auth.NewTokens(ring, c.PublicURL.String(), audience, c.Auth.AccessTTL, clock), nil
}

// newHasher bounds the hashes that run at once to the processors: each takes one whole, and its memory.
func newHasher(c config.Auth) *auth.Hasher {
	return auth.NewHasher(auth.Params{
		MemoryKiB: c.Argon2.MemoryKiB, Time: c.Argon2.Time, Parallelism: c.Argon2.Parallelism,
	}, runtime.GOMAXPROCS(0))
}

// waysIn are those that the settings open.
func waysIn(c config.Config) chat.Options {
	return chat.Options{SignUp: chat.SignUpPolicy(c.SignUp)}
}
