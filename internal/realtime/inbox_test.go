package realtime

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// tape is a connection from which given bytes come, some at a time, and which forgets what is written to it. It has no file: so it is read and
// written in the way that every system has.
type tape struct {
	io.Reader
	net.Addr
	written atomic.Int64 // by a goroutine of the transport's too
}

func (c *tape) Write(b []byte) (int, error)      { c.written.Add(int64(len(b))); return len(b), nil }
func (c *tape) Close() error                     { return nil }
func (c *tape) LocalAddr() net.Addr              { return c.Addr }
func (c *tape) RemoteAddr() net.Addr             { return c.Addr }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// Whatever comes in: nothing is longer than it may be, all text is text, and each message is as it was sent.
func FuzzInbox(f *testing.F) {
	frame := func(op ws.OpCode, fin bool, text string) string {
		b, err := ws.CompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(text))))
		if err != nil {
			f.Fatal(err)
		}
		return string(b)
	}
	whole, control := frame(ws.OpText, true, `{"id":1}`), frame(ws.OpPing, true, "ping")
	for _, seed := range []string{
		"", whole, whole + whole, control + whole, frame(ws.OpClose, true, "\x03\xe8bye"), frame(ws.OpBinary, true, "\x00\xff"),
		frame(ws.OpText, false, `{"id`) + control + frame(ws.OpContinuation, true, `":1}`), frame(ws.OpText, true, strings.Repeat("ä", 600)),
		"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", "\x81\xfe\x04\x00", whole[:5],
	} {
		f.Add([]byte(seed), uint8(3), false)
		f.Add([]byte(seed), uint8(0), true)
	}
	limits := testConfig()
	limits.FrameBytes = 1000
	f.Fuzz(func(t *testing.T, sent []byte, buffered uint8, protobuf bool) {
		at := min(len(sent), int(buffered))
		conn := &tape{Reader: bytes.NewReader(sent[at:])}
		tr := newTransport(conn, sent[:at], protobuf, &limits, limits.heartbeat())
		received := 0
		for {
			m, err := tr.next()
			if err != nil {
				var fault *Close
				if !errors.As(err, &fault) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errGoodbye) {
					t.Errorf("ended with %v", err)
				}
				break
			}
			received += len(m.body)
			if len(m.body) > limits.FrameBytes || !protobuf && !utf8.Valid(m.body) {
				t.Errorf("a message of %d bytes: %q", len(m.body), m.body)
			}
			m.free()
		}
		if received > len(sent) || int(conn.written.Load()) > 2*len(sent)+16 {
			t.Errorf("of %d bytes came %d, and %d were answered", len(sent), received, conn.written.Load())
		}
		if tr.in.buffer != nil && len(tr.in.rest) == 0 {
			t.Error("a buffer is kept in which nothing is")
		}
	})
}
