package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// post names one message of a run. Its key and its body follow from it, so whoever receives the message can tell what it must look like.
type post struct{ phase, sender, counter int }

const (
	bodyBytes = 200
	// How many of each a run may have; a post must fit into one integer.
	maxPhases, maxSenders, maxPosts = 1 << 8, 1 << 16, 1 << 30
)

// filler has no short period, so that a body that is cut or shifted does not look right.
var filler = func() string {
	var b strings.Builder
	for i := 0; b.Len() < 8*bodyBytes; i++ {
		_, _ = fmt.Fprintf(&b, "%d words ", i*i)
	}
	return b.String()
}()

// packed is the post as one integer, which is never 0.
func (p post) packed() uint64 {
	return uint64(p.phase)<<48 | uint64(p.sender)<<32 | uint64(p.counter) + 1
}

// key is the client key, which also opens the body.
func (p post) key(b []byte) []byte {
	b = strconv.AppendInt(b, int64(p.phase), 10)
	b = strconv.AppendInt(append(b, '.'), int64(p.sender), 10)
	return strconv.AppendInt(append(b, '.'), int64(p.counter), 10)
}

func (p post) body(b []byte) []byte {
	start := len(b)
	b = append(p.key(b), ' ')
	from := (p.sender*13 + p.counter*7) % (len(filler) - bodyBytes)
	rest := bodyBytes - (len(b) - start)
	b = append(b, filler[from:from+rest-1]...)
	return append(b, '.') // a trailing space would be trimmed
}

func parsePost(key []byte) (post, bool) {
	a, rest, ok1 := bytes.Cut(key, []byte{'.'})
	b, c, ok2 := bytes.Cut(rest, []byte{'.'})
	p := post{phase: digits(a, maxPhases), sender: digits(b, maxSenders), counter: digits(c, maxPosts)}
	return p, ok1 && ok2 && p.phase >= 0 && p.sender >= 0 && p.counter >= 0
}

// digits returns -1 for what is no number below limit.
func digits(b []byte, limit int) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n >= limit {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if len(b) == 0 || n >= limit {
		return -1
	}
	return n
}
