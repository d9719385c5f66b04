package auth

import (
	"strings"
	"testing"
)

func TestCommonPassword(t *testing.T) {
	t.Parallel()
	for name, passwords := range map[string][]string{
		"on the list":          {"1234567890", "qwertyuiop", "basketball", "1q2w3e4r5t"},
		"in another case":      {"QwertyUiop", "BASKETBALL", "ＢasketＢall"},
		"letters as digits":    {"b@5k3tb4ll", "P@$$w0rd2024", "p4ssw0rd123"},
		"a little around":      {"password1!", "Password2026!", "123monkey!", "!!football1", "dragon-2024"},
		"separators in it":     {"basket-ball", "qwerty uiop", "trust_no_one"},
		"one piece repeated":   {"aaaaaaaaaaaa", "abcabcabcabc", "12121212121", "monkeymonkey", "passwordpassword"},
		"a run":                {"abcdefghijkl", "9876543210", "mnopqrstuvw"},
		"the person's own":     {"maya-ortiz-99", "xxMaya.Ortizxx", "m4ya.0rtiz", "maya.ortiz@x.org", "i am ortizmaya"},
		"the server's name":    {"parley-parley", "ilikeparley"},
		"the name, a year too": {"bob2026!!!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range passwords {
				if !CommonPassword(p, "maya.ortiz", "ortizmaya@x.org", "parley") && !CommonPassword(p, "bob") && !CommonPassword(p, "maya-ortiz") {
					t.Errorf("%q passes", p)
				}
			}
		})
	}
}

func TestCommonPassword_lets_pass(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"correct horse battery", "mike83719284", "Xq7-mmd2-pPw1", "the train was late again", "ein Pferd frisst keinen Gurkensalat", "ünïcödé ist schön",
		"bobsled at noon", strings.Repeat("x7", 3) + "lantern quiet", "日本語のパスワードです", "a wholly new phrase",
	} {
		if CommonPassword(p, "bob", "al@example.org", "parley") {
			t.Errorf("%q is refused", p)
		}
	}
}

func TestCommonPassword_bounds_its_work(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "a", strings.Repeat("ab", 512), strings.Repeat("a", 1023) + "b", "\xff\xfe\xff\xfe\xff"} {
		CommonPassword(p, "", "@", "\xff")
	}
}

func FuzzCommonPassword(f *testing.F) {
	f.Add("password1!", "maya")
	f.Fuzz(func(t *testing.T, password, name string) {
		// Putting a name in front never makes a password better.
		if len(name) >= minName && strings.ToLower(name) == name && fold(name) == name && !CommonPassword(name+password, name) {
			t.Errorf("%q with the name %q in it passes", name+password, name)
		}
	})
}
