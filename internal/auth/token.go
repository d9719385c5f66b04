package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrToken is the one error of Tokens.Verify. Why a token was refused is deliberately not said: a difference between
// "expired" and "wrong signature" helps only the one who forges.
var ErrToken = errors.New("auth: invalid access token")

const (
	tokenType = "at+jwt"

	// MaxTokenBytes is the longest access token that is looked at; ours have some 350 bytes.
	MaxTokenBytes = 4096
	// Skew is how far in the future a token may have been issued: nodes' clocks differ a little. Expiry has no such
	// tolerance, a client that comes late refreshes. A key must stay in the ring for a token's life and Skew.
	Skew = 30 * time.Second
)

// Claims is what a verified access token says.
type Claims struct {
	UserID              int64
	SessionID           string
	ID                  string
	IssuedAt, ExpiresAt time.Time
}

type tokenClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// Tokens issues and verifies access tokens: JWTs of type at+jwt (RFC 9068) signed with Ed25519. It is safe for
// concurrent use.
type Tokens struct {
	ring             *KeyRing
	issuer, audience string
	ttl              time.Duration
	now              func() time.Time
	parser           *jwt.Parser
	verified         *cache
}

// NewTokens returns Tokens that live for ttl and are bound to issuer and audience. now is the clock.
func NewTokens(ring *KeyRing, issuer, audience string, ttl time.Duration, now func() time.Time) *Tokens {
	return &Tokens{
		ring: ring, issuer: issuer, audience: audience, ttl: ttl, now: now,
		verified: newCache(cacheSize),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(Skew),
			jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
		),
	}
}

// Issue returns a signed token for the user and the session, and when it expires (to the second, as the token says).
func (t *Tokens) Issue(userID int64, sessionID string) (token string, expires time.Time, err error) {
	if userID <= 0 || sessionID == "" {
		return "", time.Time{}, errors.New("issue access token: user and session are required")
	}
	now := t.now()
	claims := tokenClaims{SessionID: sessionID, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: t.issuer, Audience: jwt.ClaimStrings{t.audience}, Subject: strconv.FormatInt(userID, 10),
		ID: rand.Text(), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.ttl)),
	}}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	unsigned.Header["typ"], unsigned.Header["kid"] = tokenType, t.ring.kid
	if token, err = unsigned.SignedString(t.ring.private); err != nil {
		return "", time.Time{}, fmt.Errorf("issue access token: %w", err)
	}
	return token, claims.ExpiresAt.UTC(), nil
}

// Verify returns what token says if it is one of ours and valid now, and ErrToken otherwise.
func (t *Tokens) Verify(token string) (Claims, error) {
	if len(token) > MaxTokenBytes {
		return Claims{}, ErrToken
	}
	hash := sha256.Sum256([]byte(token))
	if claims, found := t.verified.find(hash); found {
		if !t.inTime(claims) {
			return Claims{}, ErrToken
		}
		return claims, nil
	}
	claims, err := t.parse(token)
	if err != nil {
		return Claims{}, ErrToken
	}
	t.verified.put(hash, claims)
	return claims, nil
}

func (t *Tokens) parse(token string) (Claims, error) {
	// Go's base64 skips line breaks even when strict, so one token would have endlessly many spellings, and each
	// would take a place in the cache.
	if strings.ContainsAny(token, "\r\n") {
		return Claims{}, ErrToken
	}
	var parsed tokenClaims
	if _, err := t.parser.ParseWithClaims(token, &parsed, t.key); err != nil {
		return Claims{}, err
	}
	id, err := strconv.ParseInt(parsed.Subject, 10, 64)
	// Only the form that Issue writes: "+7" and "007" would be other names of the same user.
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != parsed.Subject {
		return Claims{}, ErrToken
	}
	if parsed.SessionID == "" || parsed.ID == "" || parsed.IssuedAt == nil {
		return Claims{}, ErrToken
	}
	claims := Claims{
		UserID: id, SessionID: parsed.SessionID, ID: parsed.ID,
		IssuedAt: parsed.IssuedAt.UTC(), ExpiresAt: parsed.ExpiresAt.UTC(),
	}
	if !t.inTime(claims) {
		return Claims{}, ErrToken
	}
	return claims, nil
}

// inTime is asked again for remembered tokens. It is stricter than the parser, whose tolerance is for both ends.
func (t *Tokens) inTime(claims Claims) bool {
	now := t.now()
	return now.Before(claims.ExpiresAt) && !claims.IssuedAt.After(now.Add(Skew))
}

// key finds the key by a look-up among the configured ones. The header's other ways to bring a key (jwk, jku, x5u)
// are never read, and a critical extension is refused, as RFC 7515 demands of whoever does not know it.
func (t *Tokens) key(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical || token.Header["typ"] != tokenType {
		return nil, ErrToken
	}
	kid, _ := token.Header["kid"].(string)
	key, found := t.ring.public[kid]
	if !found {
		return nil, ErrToken
	}
	return key, nil
}
