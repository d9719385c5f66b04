package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	testIssuer   = "https://chat.example.org"
	testAudience = "parley"
	testKid      = "first"
)

// clock is a time that a test moves by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func ring(tb testing.TB, keys ...string) *KeyRing {
	tb.Helper()
	r, err := ParseKeyRing(keys)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func setup(tb testing.TB) (*Tokens, *clock) {
	tb.Helper()
	c := newClock()
	return NewTokens(ring(tb, testKid+":"+seedText(1), "second:"+seedText(2)), testIssuer, testAudience, 15*time.Minute, c.now), c
}

// forge makes a token by hand, so that no library's good manners stand in the way of a bad one.
func forge(tb testing.TB, header, claims map[string]any, sign func(text []byte) []byte) string {
	tb.Helper()
	var parts [2]string
	for i, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			tb.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(text)
	}
	text := parts[0] + "." + parts[1]
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

func signer(fill byte) func([]byte) []byte {
	seed, _ := base64.RawURLEncoding.DecodeString(seedText(fill))
	return func(text []byte) []byte { return ed25519.Sign(ed25519.NewKeyFromSeed(seed), text) }
}

func goodHeader() map[string]any {
	return map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": testKid}
}

func goodClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": "7", "sid": "session", "jti": "id",
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	m = maps.Clone(m)
	if value == nil {
		delete(m, key)
		return m
	}
	m[key] = value
	return m
}

func TestTokensIssue(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	token, expires, err := tokens.Issue(7, "session")
	if err != nil {
		t.Fatal(err)
	}
	if want := c.now().Add(15 * time.Minute).Truncate(time.Second); !expires.Equal(want) {
		t.Errorf("expires %v; want %v", expires, want)
	}
	claims, err := tokens.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{UserID: 7, SessionID: "session", ID: claims.ID, IssuedAt: c.now().Truncate(time.Second), ExpiresAt: expires}
	if claims != want || claims.ID == "" {
		t.Errorf("claims %+v; want %+v", claims, want)
	}
	again, _, err := tokens.Issue(7, "session")
	if err != nil || again == token {
		t.Errorf("a second token is the same one, or %v", err)
	}
}

func TestTokensIssue_refuses(t *testing.T) {
	t.Parallel()
	tokens, _ := setup(t)
	for _, who := range []struct {
		user    int64
		session string
	}{{0, "session"}, {-1, "session"}, {7, ""}} {
		if token, _, err := tokens.Issue(who.user, who.session); err == nil {
			t.Errorf("Issue(%d, %q) = %q", who.user, who.session, token)
		}
	}
}

// The forger's own tokens must be good but for the one thing each case changes.
func TestTokensVerify_accepts_what_is_right(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	claims := goodClaims(c.now())
	for name, token := range map[string]string{
		"first_key":      forge(t, goodHeader(), claims, signer(1)),
		"second_key":     forge(t, with(goodHeader(), "kid", "second"), claims, signer(2)),
		"audience_list":  forge(t, goodHeader(), with(claims, "aud", []string{"other", testAudience}), signer(1)),
		"clock_is_ahead": forge(t, goodHeader(), with(claims, "iat", c.now().Add(Skew).Unix()), signer(1)),
	} {
		if got, err := tokens.Verify(token); err != nil || got.UserID != 7 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTokensVerify_refuses_headers(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	claims := goodClaims(c.now())
	public := []byte(tokens.ring.public[testKid])
	hs256 := func(key []byte) func([]byte) []byte {
		return func(text []byte) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write(text)
			return mac.Sum(nil)
		}
	}
	unsigned := func([]byte) []byte { return nil }
	foreign := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
	for name, token := range map[string]string{
		"alg_none":                 forge(t, with(goodHeader(), "alg", "none"), claims, unsigned),
		"alg_none_capitals":        forge(t, with(goodHeader(), "alg", "NONE"), claims, unsigned),
		"alg_none_but_signed":      forge(t, with(goodHeader(), "alg", "none"), claims, signer(1)),
		"alg_missing":              forge(t, with(goodHeader(), "alg", nil), claims, signer(1)),
		"alg_list":                 forge(t, with(goodHeader(), "alg", []string{"EdDSA"}), claims, signer(1)),
		"alg_lower_case":           forge(t, with(goodHeader(), "alg", "eddsa"), claims, signer(1)),
		"signature_empty":          forge(t, goodHeader(), claims, unsigned),
		"hs256_with_public_key":    forge(t, with(goodHeader(), "alg", "HS256"), claims, hs256(public)),
		"hs256_with_public_as_b64": forge(t, with(goodHeader(), "alg", "HS256"), claims, hs256([]byte(foreign["x"].(string)))),
		"hs256_with_empty_key":     forge(t, with(goodHeader(), "alg", "HS256"), claims, hs256(nil)),
		"hs256_called_eddsa":       forge(t, goodHeader(), claims, hs256(public)),
		"rs256":                    forge(t, with(goodHeader(), "alg", "RS256"), claims, signer(1)),
		"foreign_key":              forge(t, goodHeader(), claims, signer(3)),
		"other_key_of_ring":        forge(t, goodHeader(), claims, signer(2)),
		"unknown_kid":              forge(t, with(goodHeader(), "kid", "third"), claims, signer(1)),
		"no_kid":                   forge(t, with(goodHeader(), "kid", nil), claims, signer(1)),
		"empty_kid":                forge(t, with(goodHeader(), "kid", ""), claims, signer(1)),
		"kid_path":                 forge(t, with(goodHeader(), "kid", "../../../../dev/null"), claims, signer(1)),
		"kid_sql":                  forge(t, with(goodHeader(), "kid", "x' OR '1'='1"), claims, signer(1)),
		"kid_number":               forge(t, with(goodHeader(), "kid", 1), claims, signer(1)),
		"kid_list":                 forge(t, with(goodHeader(), "kid", []string{testKid}), claims, signer(1)),
		"own_jwk":                  forge(t, with(with(goodHeader(), "kid", "x"), "jwk", foreign), claims, signer(3)),
		"own_jku":                  forge(t, with(with(goodHeader(), "kid", "x"), "jku", "https://evil.example"), claims, signer(3)),
		"critical_extension":       forge(t, with(goodHeader(), "crit", []string{"b64"}), claims, signer(1)),
		"typ_missing":              forge(t, with(goodHeader(), "typ", nil), claims, signer(1)),
		"typ_jwt":                  forge(t, with(goodHeader(), "typ", "JWT"), claims, signer(1)),
		"typ_refresh":              forge(t, with(goodHeader(), "typ", "rt+jwt"), claims, signer(1)),
		"typ_list":                 forge(t, with(goodHeader(), "typ", []string{"at+jwt"}), claims, signer(1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tokens, token)
		})
	}
}

func TestTokensVerify_refuses_claims(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	now := c.now()
	for name, claims := range map[string]map[string]any{
		"iss_missing":      with(goodClaims(now), "iss", nil),
		"iss_other":        with(goodClaims(now), "iss", "https://evil.example"),
		"iss_with_slash":   with(goodClaims(now), "iss", testIssuer+"/"),
		"aud_missing":      with(goodClaims(now), "aud", nil),
		"aud_other":        with(goodClaims(now), "aud", "other"),
		"aud_empty":        with(goodClaims(now), "aud", []string{}),
		"exp_missing":      with(goodClaims(now), "exp", nil),
		"exp_now":          with(goodClaims(now), "exp", now.Unix()),
		"exp_within_skew":  with(goodClaims(now), "exp", now.Add(-Skew/2).Unix()),
		"exp_long_ago":     with(goodClaims(now), "exp", 1),
		"exp_text":         with(goodClaims(now), "exp", "tomorrow"),
		"iat_missing":      with(goodClaims(now), "iat", nil),
		"iat_in_future":    with(goodClaims(now), "iat", now.Add(Skew+time.Second).Unix()),
		"nbf_in_future":    with(goodClaims(now), "nbf", now.Add(Skew+2*time.Second).Unix()),
		"sub_missing":      with(goodClaims(now), "sub", nil),
		"sub_empty":        with(goodClaims(now), "sub", ""),
		"sub_zero":         with(goodClaims(now), "sub", "0"),
		"sub_negative":     with(goodClaims(now), "sub", "-7"),
		"sub_signed":       with(goodClaims(now), "sub", "+7"),
		"sub_leading_zero": with(goodClaims(now), "sub", "007"),
		"sub_name":         with(goodClaims(now), "sub", "admin"),
		"sub_number":       with(goodClaims(now), "sub", 7),
		"sub_overflow":     with(goodClaims(now), "sub", "9223372036854775808"),
		"sid_missing":      with(goodClaims(now), "sid", nil),
		"sid_empty":        with(goodClaims(now), "sid", ""),
		"jti_missing":      with(goodClaims(now), "jti", nil),
		"jti_empty":        with(goodClaims(now), "jti", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tokens, forge(t, goodHeader(), claims, signer(1)))
		})
	}
}

func TestTokensVerify_refuses_texts(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	good := forge(t, goodHeader(), goodClaims(c.now()), signer(1))
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty":           "",
		"dots":            "..",
		"words":           "not a token",
		"bearer":          "Bearer " + good,
		"space":           good + " ",
		"line_break":      good + "\n",
		"padded":          good + "==",
		"four_parts":      good + ".x",
		"no_signature":    parts[0] + "." + parts[1],
		"not_base64":      "!." + parts[1] + "." + parts[2],
		"not_json":        "AAAA." + parts[1] + "." + parts[2],
		"null_header":     base64.RawURLEncoding.EncodeToString([]byte("null")) + "." + parts[1] + "." + parts[2],
		"json_form":       `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`,
		"giant":           strings.Repeat("A", 1<<20),
		"giant_dots":      strings.Repeat(".", 1<<20),
		"giant_but_valid": forge(t, goodHeader(), with(goodClaims(c.now()), "sid", strings.Repeat("s", MaxTokenBytes)), signer(1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tokens, token)
		})
	}
	t.Run("truncated", func(t *testing.T) {
		t.Parallel()
		for end := range len(good) {
			refused(t, tokens, good[:end])
		}
	})
	// Also catches a second spelling of the same signature: base64's unused last bits.
	t.Run("one_character_changed", func(t *testing.T) {
		t.Parallel()
		for i := range good {
			for _, c := range []byte{'A', 'B', '-', '.'} {
				if changed := good[:i] + string(c) + good[i+1:]; changed != good {
					refused(t, tokens, changed)
				}
			}
		}
	})
}

// refused also asks twice: a refusal must not be remembered as anything else.
func refused(t *testing.T, tokens *Tokens, token string) {
	t.Helper()
	for range 2 {
		claims, err := tokens.Verify(token)
		if !errors.Is(err, ErrToken) || err.Error() != ErrToken.Error() || claims != (Claims{}) {
			t.Fatalf("Verify = %+v, %v; want exactly ErrToken", claims, err)
		}
	}
}

// A remembered token must age like any other.
func TestTokensVerify_remembered_token_expires(t *testing.T) {
	t.Parallel()
	tokens, c := setup(t)
	token, expires, err := tokens.Issue(7, "session")
	if err != nil {
		t.Fatal(err)
	}
	c.add(expires.Sub(c.now()) - time.Nanosecond)
	if _, err := tokens.Verify(token); err != nil {
		t.Fatalf("just before its end: %v", err)
	}
	c.add(time.Nanosecond)
	refused(t, tokens, token)
	c.add(-24 * time.Hour) // before it was issued
	refused(t, tokens, token)
}

func TestTokens_rotation(t *testing.T) {
	t.Parallel()
	c := newClock()
	node := func(keys ...string) *Tokens {
		return NewTokens(ring(t, keys...), testIssuer, testAudience, 15*time.Minute, c.now)
	}
	oldKey, newKey := "2025:"+seedText(1), "2026:"+seedText(2)
	before, prepared, during, after := node(oldKey), node(oldKey, newKey), node(newKey, oldKey), node(newKey)
	oldToken, _, err := before.Issue(7, "session")
	if err != nil {
		t.Fatal(err)
	}
	newToken, _, err := during.Issue(7, "session")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		node   *Tokens
		token  string
		accept bool
	}{
		"old_token_before":            {before, oldToken, true},
		"old_token_during":            {during, oldToken, true},
		"old_token_after":             {after, oldToken, false},
		"new_token_before":            {before, newToken, false},
		"new_token_on_prepared_node":  {prepared, newToken, true},
		"new_token_after":             {after, newToken, true},
		"prepared_node_signs_the_old": {before, issue(t, prepared), true},
	} {
		if _, err := tt.node.Verify(tt.token); (err == nil) != tt.accept {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func issue(tb testing.TB, tokens *Tokens) string {
	tb.Helper()
	token, _, err := tokens.Issue(7, "session")
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func TestTokens_property(t *testing.T) {
	t.Parallel()
	tokens, _ := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.Int64Min(1).Draw(t, "user")
		session := rapid.StringN(1, 40, 200).Draw(t, "session")
		token, expires, err := tokens.Issue(user, session)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := tokens.parse(token)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second answer is the remembered one
			if claims, err := tokens.Verify(token); err != nil || claims != fresh {
				t.Fatalf("Verify = %+v, %v; parsed %+v", claims, err, fresh)
			}
		}
		if fresh.UserID != user || fresh.SessionID != session || !fresh.ExpiresAt.Equal(expires) {
			t.Fatalf("claims %+v", fresh)
		}
		changed := []byte(token)
		at := rapid.IntRange(0, len(changed)-1).Draw(t, "at")
		changed[at] ^= rapid.ByteRange(1, 255).Draw(t, "flip")
		if claims, err := tokens.Verify(string(changed)); err == nil {
			t.Fatalf("a changed token says %+v", claims)
		}
	})
}

func FuzzTokensVerify(f *testing.F) {
	tokens, c := setup(f)
	good := forge(f, goodHeader(), goodClaims(c.now()), signer(1))
	f.Add(good)
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := tokens.Verify(token); err == nil && token != good {
			t.Errorf("%q says %+v", token, claims)
		}
	})
}

func TestCache_forgets_by_generations(t *testing.T) {
	t.Parallel()
	const size = 4
	c := newCache(size)
	key := func(i int) [sha256.Size]byte { return [sha256.Size]byte{byte(i), byte(i >> 8)} }
	c.put(key(0), Claims{UserID: 1})
	for i := 1; i < 100; i++ {
		c.put(key(i), Claims{UserID: int64(i) + 1})
		if claims, found := c.find(key(0)); !found || claims.UserID != 1 {
			t.Fatalf("a token in use was forgotten after %d others", i)
		}
		if len(c.young) > size || len(c.old) > size {
			t.Fatalf("%d and %d entries; want at most %d each", len(c.young), len(c.old), size)
		}
	}
	if _, found := c.find(key(1)); found {
		t.Error("a token out of use was kept")
	}
}

func TestTokensVerify_concurrently(t *testing.T) {
	t.Parallel()
	tokens, _ := setup(t)
	tokens.verified = newCache(8) // generations change all the time
	var texts []string
	for range 32 {
		texts = append(texts, issue(t, tokens))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := 0; i < 200 && ctx.Err() == nil; i++ {
				if _, err := tokens.Verify(texts[i%len(texts)]); err != nil {
					t.Error(err)
					cancel()
				}
			}
		})
	}
	wg.Wait()
}
