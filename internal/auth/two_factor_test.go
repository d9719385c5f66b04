package auth_test

import (
	"encoding/base32"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/internal/auth"
)

// The test vectors of RFC 6238, appendix B, cut to six digits.
func TestMatchTOTP_vectors(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if step, ok := auth.MatchTOTP(secret, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, ok)
		}
		// A step too early and too late are let through, two are not.
		for off, want := range map[int64]bool{-60: false, -30: true, 30: true, 60: false} {
			if at+off < 0 { // before the first step
				continue
			}
			if step, ok := auth.MatchTOTP(secret, code, time.Unix(at+off, 0)); ok != want || ok && step != at/30 {
				t.Errorf("%d seconds beside %d: step %d, %v", off, at, step, ok)
			}
		}
	}
	for _, bad := range []string{"", "0", "287083", "2870820", strings.Repeat("2", 1000)} {
		if _, ok := auth.MatchTOTP(secret, bad, time.Unix(59, 0)); ok {
			t.Errorf("%.10q matches", bad)
		}
	}
	if _, ok := auth.MatchTOTP("not base32!", "287082", time.Unix(59, 0)); ok {
		t.Error("a secret that is none matches")
	}
}

func TestNewTOTPKey(t *testing.T) {
	t.Parallel()
	key, err := auth.NewTOTPKey("Parley chat.example.org", "maya:o")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key.Secret)
	if err != nil || len(raw) != 20 {
		t.Errorf("secret of %d bytes, %v", len(raw), err)
	}
	u, err := url.Parse(key.URL)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || strings.Contains(key.URL, "+") {
		t.Errorf("URL %s, %v", key.URL, err)
	}
	if q := u.Query(); q.Get("secret") != key.Secret || q.Get("issuer") != "Parley chat.example.org" {
		t.Errorf("URL %s", key.URL)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$`)
	seen := map[string]bool{}
	for _, code := range auth.NewRecoveryCodes() {
		hash, ok := auth.RecoveryHash(code)
		if !shape.MatchString(code) || !ok || seen[hash] {
			t.Errorf("code %q, hash %q", code, hash)
		}
		seen[hash] = true
		for _, typed := range []string{strings.ToUpper(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "0", "O"), strings.ReplaceAll(code, "1", "l")} {
			if again, ok := auth.RecoveryHash(typed); !ok || again != hash {
				t.Errorf("%q typed as %q is another code", code, typed)
			}
		}
	}
	for _, bad := range []string{"", "-", "zzzz-zzzz-zzzz-zzz", "zzzz-zzzz-zzzz-zzzzz", "zzzz-zzzz-zzzz-zzzu", "zzzz-zzzz-zzzz-zzz\x00", strings.Repeat("-", 100)} {
		if _, ok := auth.RecoveryHash(bad); ok {
			t.Errorf("%q passes for a code", bad)
		}
	}
}

const (
	seedOne = "8J-9yXz0m4JTqX1oQ3m1bqQm0f8yqf0u1nN2cXh5r7E"
	seedTwo = "w3Jx7Q0m2vYk9hS4dPzL5tRb1nGcE8uAoWiXfHjKyM0"
)

func vault(t *testing.T, keys ...string) *auth.Vault {
	t.Helper()
	v, err := auth.ParseVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVault(t *testing.T) {
	t.Parallel()
	old := vault(t, "2025:"+seedOne)
	sealed := old.Seal("totp 17", "JBSWY3DPEHPK3PXP")
	if strings.Contains(sealed, "JBSWY3DP") || old.Seal("totp 17", "JBSWY3DPEHPK3PXP") == sealed {
		t.Errorf("sealed %q", sealed)
	}
	both := vault(t, "2026:"+seedTwo, "2025:"+seedOne)
	for name, v := range map[string]*auth.Vault{"its own": old, "one with a newer key in front": both} {
		if plain, err := v.Open("totp 17", sealed); err != nil || plain != "JBSWY3DPEHPK3PXP" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	if !old.Fresh(sealed) || both.Fresh(sealed) || auth.SealedBy(sealed) != "2025" {
		t.Error("which key sealed it is not known")
	}
	altered := []byte(sealed)
	altered[len(altered)-3] ^= 1
	for name, c := range map[string]struct {
		vault       *auth.Vault
		use, sealed string
	}{
		"for another account":          {old, "totp 18", sealed},
		"altered":                      {old, "totp 17", string(altered)},
		"cut off":                      {old, "totp 17", sealed[:20]},
		"without its key":              {vault(t, "2026:"+seedTwo), "totp 17", sealed},
		"another key of the same name": {vault(t, "2025:"+seedTwo), "totp 17", sealed},
		"empty":                        {old, "totp 17", ""},
		"no base64":                    {old, "totp 17", "2025:!"},
	} {
		if plain, err := c.vault.Open(c.use, c.sealed); !errors.Is(err, auth.ErrSealed) {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	for _, bad := range [][]string{nil, {"x"}, {"a:short"}, {"a:" + seedOne, "a:" + seedTwo}, {"a:" + seedOne, "b:" + seedOne}} {
		if _, err := auth.ParseVault(bad); !errors.Is(err, auth.ErrKey) {
			t.Errorf("keys %q: %v", bad, err)
		}
	}
}
