package auth

import (
	"crypto/subtle"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// What every authenticator app understands: RFC 6238 with SHA-1, six digits and steps of thirty seconds. Other values are ignored by several
// of them, which then show codes that never match.
const (
	TOTPDigits = 6
	totpPeriod = 30
	// totpSkew is how many steps a phone's clock may be ahead or behind (RFC 6238, section 5.2 asks for one at most).
	totpSkew = 1
)

// TOTPKey is the secret that a server and an authenticator app share.
type TOTPKey struct {
	Secret string // base32 without padding, as a person may type it
	URL    string // otpauth://…, what a QR code shows
}

// NewTOTPKey makes a key of 160 bits (RFC 4226, section 4) for an account at an issuer.
func NewTOTPKey(issuer, account string) (TOTPKey, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Period: totpPeriod, SecretSize: 20, Digits: otp.DigitsSix})
	if err != nil {
		return TOTPKey{}, fmt.Errorf("make a TOTP key: %w", err)
	}
	return TOTPKey{Secret: key.Secret(), URL: plusless(key.URL())}, nil
}

// plusless writes spaces in the query as %20: some apps show a plus as it is.
func plusless(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "+", "%20")
	return u.String()
}

// MatchTOTP returns the step whose code it is. The caller accepts each step once: who looked over the shoulder has the code too. All steps
// within the skew are compared, whichever matches, in constant time.
func MatchTOTP(secret, code string, at time.Time) (step int64, ok bool) {
	now := at.Unix() / totpPeriod
	for s := now - totpSkew; s <= now+totpSkew; s++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(max(s, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
