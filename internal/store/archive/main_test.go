package archive_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"
)

// Each drawing fills two databases, so there are fewer than rapid would make; -rapid.checks asks for more. They are the same each time;
// -rapid.seed=0 asks for others.
func TestMain(m *testing.M) {
	if err := errors.Join(flag.Set("rapid.checks", "10"), flag.Set("rapid.seed", "1")); err != nil {
		panic(err)
	}
	os.Exit(m.Run()) // parses the flags, which may say something else
}

// unicodeAll is every code point that text can hold.
var unicodeAll = unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 1, Hi: 0xd7ff, Stride: 1}, {Lo: 0xe000, Hi: 0xffff, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x10000, Hi: 0x10ffff, Stride: 1}},
}

// sum makes the last line match the others again, as somebody would who alters a backup on purpose.
func sum(lines []string) []string {
	last := len(lines) - 1
	hash := sha256.Sum256([]byte(strings.Join(lines[:last], "")))
	head, _, _ := strings.Cut(lines[last], `"sha256":"`)
	lines[last] = head + `"sha256":"` + hex.EncodeToString(hash[:]) + "\"}\n"
	return lines
}
