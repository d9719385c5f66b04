package auth

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewRefreshToken(t *testing.T) {
	t.Parallel()
	token, hash := NewRefreshToken()
	again, ok := HashRefreshToken(token)
	if !ok || !bytes.Equal(hash, again) || len(hash) != 32 || len(token) != 43 {
		t.Errorf("NewRefreshToken = %d characters, hash %x; HashRefreshToken = %x, %v", len(token), hash, again, ok)
	}
	if other, _ := NewRefreshToken(); other == token {
		t.Error("two tokens are equal")
	}
}

func TestHashRefreshToken_refuses(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("A", 43)
	for name, token := range map[string]string{
		"empty": "", "short": good[:42], "long": good + "A", "padded": good[:42] + "=", "stray_bits": good[:42] + "B",
		"other_base64": good[:41] + "+A", "line_break": good[:41] + "\nA", "giant": strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if hash, ok := HashRefreshToken(token); ok || hash != nil {
				t.Errorf("HashRefreshToken = %x, %v; want nothing", hash, ok)
			}
		})
	}
}

// Two texts never share a hash, so a token cannot be replayed in another spelling past a list of used ones.
func TestHashRefreshToken_one_spelling(t *testing.T) {
	t.Parallel()
	token, hash := NewRefreshToken()
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		changed := []byte(token)
		changed[at] = rapid.Byte().Filter(func(b byte) bool { return b != token[at] }).Draw(t, "byte")
		if got, ok := HashRefreshToken(string(changed)); ok && bytes.Equal(got, hash) {
			t.Fatalf("%q hashes like %q", changed, token)
		}
	})
}
