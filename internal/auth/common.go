package auth

import (
	_ "embed" // the list
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed common_passwords.txt
var commonList string

// commonWords is the list as a set, in the form that fold gives. It is made when the first password is chosen: some 5 ms, once.
var commonWords = sync.OnceValue(func() map[string]struct{} {
	words := make(map[string]struct{}, 1<<14)
	for line := range strings.Lines(commonList) {
		if word := strings.TrimSpace(line); word != "" && word[0] != '#' {
			words[word] = struct{}{}
			words[unleet(word)] = struct{}{}
		}
	}
	return words
})

const (
	// minName is the shortest name that a password may not contain: shorter ones are in too many words.
	minName = 4
	// maxAffix is how many characters around a common word still leave it common: a year with a sign, a date.
	maxAffix = 6
	// maxPiece is the longest piece whose repetition is no better than the piece.
	maxPiece = 4
)

// CommonPassword reports whether somebody who guesses would try password early: it is one that many people have, or one with the case
// changed, letters written as digits, or a few characters put around it; it is one short piece or a run of neighbours over and over; or it
// has one of the names in it, which are the person's own (for an e-mail address the part before the @ counts too). Length alone does not
// catch these, and rules about kinds of characters make people choose exactly them (NIST SP 800-63B, section 3.1.1.2).
func CommonPassword(password string, names ...string) bool {
	p := fold(password)
	for _, name := range names {
		name = fold(name)
		local, _, _ := strings.Cut(name, "@")
		for _, n := range []string{name, local} {
			if n != "" && (p == n || core(p) == n) || len(n) >= minName && (strings.Contains(p, n) || strings.Contains(unleet(p), unleet(n))) {
				return true
			}
		}
	}
	return listed(p) || listed(strings.Map(noSeparator, p)) || repeated(p) || run(p)
}

// fold makes spellings that a person would not tell apart the same.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

func noSeparator(r rune) rune {
	if strings.ContainsRune(" -_.", r) {
		return -1
	}
	return r
}

// listed looks for a word of the list, with and without what is around it.
func listed(p string) bool {
	words := commonWords()
	for _, candidate := range []string{p, trimAffix(p)} {
		if _, found := words[candidate]; found {
			return true
		}
		if _, found := words[unleet(candidate)]; found {
			return true
		}
	}
	return false
}

// trimAffix takes digits and signs off both ends, if they are few. What else would be left of "mike83719284" is a name, but it is the number
// that would have to be guessed.
func trimAffix(p string) string {
	word := core(p)
	if word == "" || utf8.RuneCountInString(p)-utf8.RuneCountInString(word) > maxAffix {
		return p
	}
	return word
}

// core is what is left of p without digits and signs at its ends. An "@" and a "$" there may be letters.
func core(p string) string {
	return strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) && r != '@' && r != '$' })
}

var leet = strings.NewReplacer("0", "o", "1", "i", "!", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "+", "t", "8", "b", "9", "g")

func unleet(p string) string { return leet.Replace(p) }

// repeated reports whether p is one piece again and again: a short one, or a common one.
func repeated(p string) bool {
	for n := 1; n <= len(p)/2; n++ {
		if piece := p[:n]; strings.HasPrefix(strings.Repeat(piece, len(p)/n+1), p) {
			return n <= maxPiece || listed(piece)
		}
	}
	return false
}

// run reports whether each character follows the one before, up or down: "abcdefghij", "9876543210".
func run(p string) bool {
	runes := []rune(p)
	if len(runes) < 3 {
		return false
	}
	step := runes[1] - runes[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 2; i < len(runes); i++ {
		if runes[i]-runes[i-1] != step {
			return false
		}
	}
	return true
}
