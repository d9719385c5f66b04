package chat_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/chat"
)

func TestUsernameFrom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		called string
		number int
		want   string
	}{
		{"Maya.O", 1, "Maya.O"},
		{"maya@example.org", 1, "maya"},
		{"maya", 2, "maya-2"},
		{"María José", 1, "Mar-a-Jos"},
		{"  <b>x</b>  ", 1, "b-x-b"},
		{"admin", 1, "person-1"},
		{"admin", 3, "admin-3"},
		{"", 1, "person-1"},
		{"", 7, "person-7"},
		{"ы", 1, "person-1"},
		{"al", 1, "person-1"},
		{"...", 1, "person-1"},
		{"@x", 2, "person-2"},
		{strings.Repeat("a", 40), 1, strings.Repeat("a", 32)},
		{strings.Repeat("a", 40), 12, strings.Repeat("a", 29) + "-12"},
		{"a\x00b\u202ec", 1, "a-b-c"},
	} {
		if got := chat.UsernameFrom(tt.called, tt.number); got != tt.want {
			t.Errorf("UsernameFrom(%q, %d) = %q, want %q", tt.called, tt.number, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := chat.UsernameFrom(rapid.String().Draw(t, "called"), rapid.IntRange(1, 9999).Draw(t, "number"))
		if f := chat.CheckUsername(name); f.Code != "" {
			t.Fatalf("%q: %s", name, f.Detail)
		}
	})
}
