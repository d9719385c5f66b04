package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// post names one message of a run and says when it should be sent. All of it is in its key and its body, so whoever receives the message can tell
// what it must look like and how long it took.
type post struct {
	sender, counter int
	due             time.Duration // since the run's epoch
}

const (
	minBody    = 64
	maxSenders = 1 << 16
	maxPosts   = pageSize * pages // of one sender
)

// filler has no short period, so that a body that is cut or shifted does not look right.
var filler = func() string {
	var b strings.Builder
	for i := 0; b.Len() < 16_500; i++ {
		_, _ = fmt.Fprintf(&b, "%d words ", i*i)
	}
	return b.String()
}()

// packed is which post it is as one integer, which is never 0.
func (p post) packed() uint64 { return uint64(p.sender)<<32 | uint64(p.counter) + 1 }

// key is the client key, which also opens the body.
func (p post) key(b []byte) []byte {
	b = strconv.AppendInt(append(b, "b."...), int64(p.sender), 10)
	b = strconv.AppendInt(append(b, '.'), int64(p.counter), 10)
	return strconv.AppendInt(append(b, '.'), int64(p.due), 10)
}

func (p post) body(b []byte, size int) []byte {
	start := len(b)
	b = append(p.key(b), ' ')
	from := (p.sender*13 + p.counter*7) % 8000
	rest := size - (len(b) - start)
	b = append(b, filler[from:from+rest-1]...)
	return append(b, '.') // a trailing space would be trimmed
}

func parsePost(key []byte) (post, bool) {
	rest, ours := bytes.CutPrefix(key, []byte("b."))
	a, rest, ok1 := bytes.Cut(rest, []byte{'.'})
	b, c, ok2 := bytes.Cut(rest, []byte{'.'})
	sender, counter, due := digits(a, maxSenders), digits(b, maxPosts), digits(c, 1<<60)
	return post{int(sender), int(counter), time.Duration(due)}, ours && ok1 && ok2 && sender >= 0 && counter >= 0 && due >= 0
}

// digits returns -1 for what is no number below limit.
func digits(b []byte, limit int64) int64 {
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' || n >= limit/10+1 {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	if len(b) == 0 || n >= limit {
		return -1
	}
	return n
}
