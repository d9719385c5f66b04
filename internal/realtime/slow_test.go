package realtime

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// lazy makes a client's kernel take little while the client does not read.
func (l *line) lazy() {
	l.tb.Helper()
	if err := l.Conn.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
		l.tb.Fatal(err)
	}
}

// hears reads numbered events up to last and fails when one is missing, twice or out of order.
func (l *line) hears(last int) {
	l.tb.Helper()
	for i := 1; i <= last; i++ {
		l.want(fmt.Sprintf(`"pub":{"data":[%d,`, i))
	}
}

func event(i int) []byte { return fmt.Appendf(nil, `[%d,%q]`, i, strings.Repeat("a", 1000)) }

// A reader who stops has little kept for it: what the kernel is allowed and what the queue is. Then it is sent away, and told so as soon as it
// reads again. Everybody else hears everything.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	slow, other := n.join(t, 1, "room:1"), n.join(t, 2, "room:1")
	slow.lazy()
	last := 0
	for n.Connections() == 2 {
		last++
		n.publish("room:1", event(last))
		other.want(fmt.Sprintf(`"pub":{"data":[%d,`, last))
		if last > 5000 {
			t.Fatal("nothing bounds what waits")
		}
	}
	if code := slow.closed(); code != 3008 {
		t.Errorf("closed with %d, want 3008", code)
	}
	// What it still gets is what was kept. What was published is no measure: that goes on for the moment that the end takes to be seen here.
	if most := n.config.QueueBytes + 8*n.config.KernelBytes; slow.skipped == 0 || slow.skipped > most {
		t.Errorf("%d bytes were kept, want at most %d", slow.skipped, most)
	}
	until(t, "its end", func() bool { return n.ends(3008) == 1 && n.count("known") == 1 })
	n.publish("room:1", event(last+1))
	other.want(fmt.Sprintf(`"pub":{"data":[%d,`, last+1))
}

// A reader who takes nothing at all is cut in the middle of a frame, which is when its memory comes free.
func TestStuckReader(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.QueueBytes, c.WriteTimeout = 16<<20, 50*time.Millisecond
	n := startNode(t, c)
	stuck, other := n.join(t, 1, "room:1"), n.join(t, 2, "room:1")
	stuck.lazy()
	const last = 500
	for i := 1; i <= last; i++ {
		n.publish("room:1", event(i))
		other.want(fmt.Sprintf(`"pub":{"data":[%d,`, i))
	}
	until(t, "its end", func() bool { return n.ends(3008) == 1 && n.count("known") == 1 })
	if code := stuck.closed(); code != 0 {
		t.Errorf("closed with %d, want no close frame behind half of another", code)
	}
	if n.Connections() != 1 {
		t.Errorf("%d connections, want 1", n.Connections())
	}
}

// Frames larger than what the kernel takes at once arrive whole, whatever the pace.
func TestLargeFrames(t *testing.T) {
	t.Parallel()
	c := testConfig()
	c.QueueBytes = 64 << 20
	n := startNode(t, c)
	l := n.join(t, 1, "room:1")
	l.lazy()
	const last = 5
	text := strings.Repeat("b", 300<<10)
	for i := 1; i <= last; i++ {
		n.publish("room:1", fmt.Appendf(nil, `[%d,%q]`, i, text))
	}
	l.hears(last)
	for _, size := range []int{0, 1, 100, 125, 126, 127, 1000, 65535, 65536, 65537} {
		b := withHeader(ws.OpText, append(make([]byte, headerRoom), text[:size]...))
		f, err := readFrame(strings.NewReader(string(b)))
		if err != nil || string(f.Payload) != text[:size] || !f.Header.Fin || f.Header.OpCode != ws.OpText {
			t.Errorf("a frame of %d bytes came out as %+v, %v", size, f.Header, err)
		}
	}
}
