package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing wrong with a value: a stable code and a sentence for people. The zero Fault means the value is fine.
type Fault struct{ Code, Detail string }

// Encoding refuses what the two databases treat differently: NUL, which Postgres cannot store, and bytes that are not UTF-8.
func Encoding(s string) Fault {
	switch {
	case !utf8.ValidString(s):
		return Fault{"invalid_utf8", "This text is not valid UTF-8."}
	case strings.IndexByte(s, 0) >= 0:
		return Fault{"nul", "This text has a NUL character."}
	}
	return Fault{}
}

// Line checks a text of one line: valid, between least and most characters, without control characters and without the invisible or
// direction-changing characters with which one name can be made to look like another (Unicode TR 36).
func Line(s string, least, most int) Fault {
	if f := Encoding(s); f.Code != "" {
		return f
	}
	switch n := utf8.RuneCountInString(s); {
	case n == 0 && least > 0:
		return Fault{"required", "This is needed."}
	case n < least:
		return Fault{"too_short", fmt.Sprintf("This needs at least %d characters.", least)}
	case n > most:
		return Fault{"too_long", fmt.Sprintf("This may have at most %d characters.", most)}
	}
	for _, r := range s {
		if Deceptive(r) {
			return Fault{"deceptive", "This has invisible or direction-changing characters."}
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return Fault{"control", "This has a line break or another control character."}
		}
	}
	if least > 0 && strings.TrimSpace(s) == "" {
		return Fault{"required", "This is needed."}
	}
	return Fault{}
}

// Deceptive reports whether a rune is invisible or changes the direction of what follows: bidi controls, zero-width and filler
// characters, tags and variation selectors outside emoji.
func Deceptive(r rune) bool {
	switch {
	case r >= '\u200b' && r <= '\u200f', // zero width space, (non-)joiners, direction marks
		r >= '\u202a' && r <= '\u202e', // embeddings and overrides
		r >= '\u2060' && r <= '\u206f', // word joiner, invisible operators, isolates
		r >= 0xe0000 && r <= 0xe0fff,   // tags, further variation selectors
		r == '\u00ad', r == '\u034f', r == '\u061c', r == '\u115f', r == '\u1160', r == '\u180e', r == '\u3164', r == '\ufeff', r == '\uffa0':
		return true
	}
	return false
}

// only reports whether a text has nothing but ASCII letters, digits and the given marks.
func only(s, marks string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(marks, c) < 0 {
			return false
		}
	}
	return true
}
