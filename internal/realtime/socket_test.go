package realtime

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// patience bounds every wait. A test that passes never waits for it to end.
const patience = 20 * time.Second

// testNode is a node behind a real listener. A token is the number of its user; any channel may be listened to; the command echo answers what it
// got, and wait does after it was let go.
type testNode struct {
	*Node
	server *httptest.Server
	waits  chan struct{} // told when a command waits
	letGo  chan struct{}
}

func testConfig() Config {
	return Config{
		FrameBytes: 64 << 10, QueueBytes: 256 << 10, KernelBytes: 16 << 10, WriteTimeout: patience, Ping: time.Minute, Pong: 10 * time.Second,
		ConnectTimeout: patience, CommandTimeout: patience, MembershipLife: time.Minute, MaxRooms: 100,
		CheckOrigin: func(*http.Request) bool { return true }, Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Clock: time.Now,
	}
}

func startNode(t testing.TB, c Config, change ...func(*Handlers)) *testNode {
	t.Helper()
	n := &testNode{waits: make(chan struct{}, 1), letGo: make(chan struct{})}
	h := Handlers{
		Authenticate: func(_ context.Context, token string) (Peer, error) {
			user, err := strconv.ParseInt(token, 10, 64)
			return Peer{User: user, Session: token, Expires: time.Now().Add(time.Hour)}, err
		},
		Admit:     func(context.Context, Peer, string) error { return nil },
		Subscribe: func(context.Context, Peer, string) error { return nil },
		Command: func(ctx context.Context, _ Peer, method string, data []byte) ([]byte, error) {
			switch method {
			case "wait":
				n.waits <- struct{}{}
				select {
				case <-n.letGo:
				case <-ctx.Done():
				}
			case "panic":
				panic("a command's")
			}
			return data, nil
		},
		Open:    func(context.Context, Peer) error { return nil },
		Closed:  func(Peer) {},
		Revoked: func(int64, []string) {},
		Ended:   func(Peer) bool { return false },
		Refuse: func(w http.ResponseWriter, _ *http.Request, why Refusal) {
			http.Error(w, why.Reason, http.StatusTeapot)
		},
	}
	for _, f := range change {
		f(&h)
	}
	var err error
	if n.Node, err = New(c, h); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	n.server = httptest.NewServer(n.Node)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		n.server.Close()
	})
	return n
}

func (n *testNode) url() string { return "ws" + strings.TrimPrefix(n.server.URL, "http") }

// line is a client's end, for what no SDK would do.
type line struct {
	net.Conn
	in      *bufio.Reader
	said    [][]byte // read and not looked at
	skipped int      // bytes that came before the end and were not looked at
	// beforeEnd is done when the close frame has come.
	beforeEnd func()
	tb        testing.TB
}

func dial(tb testing.TB, url string) *line {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, in, _, err := ws.Dial(ctx, url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if in == nil {
		in = bufio.NewReader(conn)
	}
	return &line{Conn: conn, in: in, tb: tb}
}

// join dials, says who it is and listens to a channel.
func (n *testNode) join(tb testing.TB, user int, channel string) *line {
	tb.Helper()
	l := dial(tb, n.url())
	l.send(fmt.Sprintf(`{"id":1,"connect":{"token":"%d"}}`, user))
	l.want(`"id":1,"connect"`)
	if channel != "" {
		l.send(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, channel))
		l.want(`"id":2,"subscribe"`)
	}
	return l
}

// readFrame reads one of the server's frames.
func readFrame(from io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(from); err != nil {
		return f, err
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(from, f.Payload)
	return f, err
}

func (l *line) frame(f ws.Frame) {
	l.tb.Helper()
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		l.tb.Fatal(err)
	}
	if err := ws.WriteFrame(l.Conn, ws.MaskFrame(f)); err != nil {
		l.tb.Fatal(err)
	}
}

func (l *line) send(text string) {
	l.tb.Helper()
	l.frame(ws.NewTextFrame([]byte(text)))
}

func (l *line) raw(b ...byte) {
	l.tb.Helper()
	if _, err := l.Write(b); err != nil {
		l.tb.Fatal(err)
	}
}

// next returns the next message that is no ping of the protocol's, which it answers.
func (l *line) next() string {
	l.tb.Helper()
	for {
		for len(l.said) == 0 {
			if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
				l.tb.Fatal(err)
			}
			f, err := readFrame(l.in)
			if err != nil {
				l.tb.Fatal(err)
			}
			if f.Header.OpCode != ws.OpText {
				l.tb.Fatalf("a frame of kind %v: %q", f.Header.OpCode, f.Payload)
			}
			l.said = bytes.Split(f.Payload, []byte("\n"))
		}
		said := string(l.said[0])
		l.said = l.said[1:]
		if said != "{}" {
			return said
		}
		l.send("{}")
	}
}

func (l *line) want(part string) {
	l.tb.Helper()
	if said := l.next(); !strings.Contains(said, part) {
		l.tb.Fatalf("the server said %s, want %s", said, part)
	}
}

// closed reads to the end and returns the code of the close frame, which it answers; 0 when there was none.
func (l *line) closed() ws.StatusCode {
	l.tb.Helper()
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		l.tb.Fatal(err)
	}
	for {
		f, err := readFrame(l.in)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			l.tb.Fatal("still open")
		}
		if err != nil {
			return 0
		}
		if f.Header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(f.Payload)
			if l.beforeEnd != nil {
				l.beforeEnd()
			}
			_ = ws.WriteFrame(l.Conn, ws.MaskFrame(ws.NewCloseFrame(f.Payload)))
			// To whoever said goodbye first the answer above comes too late, and the end may be a reset.
			if _, err := l.in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				l.tb.Errorf("after the close frame: %v, want the end", err)
			}
			return code
		}
		l.skipped += len(f.Payload)
	}
}

// until waits for what no signal tells of.
func until(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			tb.Fatalf("%s did not come", what)
		}
	}
}

// ends is how many sockets the server has ended with a code.
func (n *testNode) ends(code int) float64 {
	return testutil.ToFloat64(n.sockets.closes.WithLabelValues(byServer, strconv.Itoa(code)))
}

func (n *testNode) count(state string) float64 {
	return testutil.ToFloat64(n.sockets.states.WithLabelValues(state))
}

// Every frame that breaks a rule ends its own connection with the code that says which, and nobody else's.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	neighbour := n.join(t, 1, "room:1")
	long := strings.Repeat("a", 64<<10+1)
	masked := func(f ws.Frame) []byte {
		b, err := ws.CompileFrame(ws.MaskFrame(f))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	part := func(op ws.OpCode, fin bool, text string) []byte { return masked(ws.NewFrame(op, fin, []byte(text))) }
	closing := func(code ws.StatusCode, reason string) []byte {
		return masked(ws.NewFrame(ws.OpClose, true, append([]byte{byte(code >> 8), byte(code)}, reason...)))
	}
	for name, tt := range map[string]struct {
		bytes []byte
		want  ws.StatusCode
	}{
		"not masked":                    {[]byte{0x81, 0x02, '{', '}'}, 1002},
		"a reserved bit":                {[]byte{0xc1, 0x80, 0, 0, 0, 0}, 1002},
		"a reserved kind":               {[]byte{0x83, 0x80, 0, 0, 0, 0}, 1002},
		"a long ping":                   {append([]byte{0x89, 0xfe, 0, 126, 0, 0, 0, 0}, long[:126]...), 1002},
		"a ping in parts":               {part(ws.OpPing, false, "x"), 1002},
		"a part of nothing":             {part(ws.OpContinuation, true, "{}"), 1002},
		"a message within another":      {append(part(ws.OpText, false, "{"), part(ws.OpText, true, "{}")...), 1002},
		"a length of 2^63":              {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1002},
		"a length of 2^62":              {[]byte{0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1009},
		"a message too long":            {part(ws.OpText, true, long), 1009},
		"too long in parts":             {append(part(ws.OpText, false, long[:60<<10]), part(ws.OpContinuation, true, long[:10<<10])...), 1009},
		"a binary message":              {part(ws.OpBinary, true, "{}"), 1003},
		"no UTF-8":                      {part(ws.OpText, true, "{\"id\":3,\"rpc\":{\"method\":\"echo\",\"data\":\"\xff\"}}"), 1007},
		"no UTF-8 in parts":             {append(part(ws.OpText, false, "\xc3"), part(ws.OpContinuation, true, "(")...), 1007},
		"a goodbye of one byte":         {part(ws.OpClose, true, "x"), 1002},
		"a goodbye with a made-up code": {closing(1005, ""), 1002},
		"a goodbye that is no UTF-8":    {closing(1000, "\xff"), 1007},
		"a goodbye":                     {closing(1000, "bye"), 1000},
		"a goodbye without a code":      {part(ws.OpClose, true, ""), 0},
		"no JSON":                       {part(ws.OpText, true, "hello"), 3501},
		"nothing":                       {part(ws.OpText, true, ""), 3501},
		"an answer to no ping":          {part(ws.OpText, true, "{}"), 3501},
		"an unknown command":            {part(ws.OpText, true, `{"id":3,"shout":{}}`), 3501},
		"a panic of ours":               {part(ws.OpText, true, `{"id":3,"rpc":{"method":"panic"}}`), 3004},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := n.join(t, 2, "room:1")
			l.raw(tt.bytes...)
			if code := l.closed(); code != tt.want {
				t.Errorf("closed with %d, want %d", code, tt.want)
			}
		})
	}
	t.Cleanup(func() { // after all of them
		n.Publish("room:1", []byte(`"still here"`))
		neighbour.want(`still here`)
		until(t, "the end of all others", func() bool { return n.count("known") == 1 })
	})
}

// A message may come in parts of any size, with pings between them, which are answered.
func TestFragments(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "")
	text := `{"id":3,"rpc":{"method":"echo","data":"` + strings.Repeat("ä", 30_000) + `"}}`
	l.frame(ws.NewFrame(ws.OpText, false, []byte(text[:1])))
	l.frame(ws.NewFrame(ws.OpContinuation, false, nil))
	for at := 1; at < len(text); at += 7001 { // in the middle of letters too
		l.frame(ws.NewPingFrame([]byte("are you there?")))
		l.frame(ws.NewFrame(ws.OpContinuation, at+7001 >= len(text), []byte(text[at:min(at+7001, len(text))])))
	}
	pongs := 0
	for {
		f, err := readFrame(l.in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Header.OpCode == ws.OpPong && string(f.Payload) == "are you there?" {
			pongs++
			continue
		}
		if want := `{"id":3,"rpc":{"data":"` + strings.Repeat("ä", 30_000) + `"}}`; string(f.Payload) != want || pongs == 0 {
			t.Errorf("after %d pongs: %.100s", pongs, f.Payload)
		}
		return
	}
}

// Commands sent at once, in one frame or in many, and byte by byte, are answered in their order.
func TestPipelining(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l := n.join(t, 1, "")
	var all []byte
	var one []string
	for id := 3; id < 53; id++ {
		command := fmt.Sprintf(`{"id":%d,"rpc":{"method":"echo","data":%d}}`, id, id)
		if id < 28 {
			one = append(one, command)
			continue
		}
		f, err := ws.CompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(command))))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f...)
	}
	l.send(strings.Join(one, "\n"))
	for _, b := range all[:200] {
		l.raw(b)
	}
	l.raw(all[200:]...)
	for id := 3; id < 53; id++ {
		l.want(fmt.Sprintf(`{"id":%d,"rpc":{"data":%d}}`, id, id))
	}
}

// A flood of pings costs the server one answer for each time it reads, and others nothing.
func TestPingFlood(t *testing.T) {
	t.Parallel()
	n := startNode(t, testConfig())
	l, neighbour := n.join(t, 1, ""), n.join(t, 2, "")
	const floods, each = 20, 5000
	f, err := ws.CompileFrame(ws.MaskFrame(ws.NewPingFrame([]byte("x"))))
	if err != nil {
		t.Fatal(err)
	}
	flood := bytes.Repeat(f, each)
	var writing sync.WaitGroup
	writing.Go(func() {
		for range floods {
			_, _ = l.Write(flood)
		}
		_ = ws.WriteFrame(l, ws.MaskFrame(ws.NewTextFrame([]byte(`{"id":3,"rpc":{"method":"echo","data":3}}`))))
	})
	pongs := 0
	for {
		f, err := readFrame(l.in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Header.OpCode == ws.OpText {
			break
		}
		pongs++
	}
	writing.Wait()
	if pongs == 0 || pongs > floods*each/20 {
		t.Errorf("%d pings were answered by %d pongs", floods*each, pongs)
	}
	neighbour.send(`{"id":3,"rpc":{"method":"echo","data":3}}`)
	neighbour.want(`"id":3`)
}

// Who sends commands without reading the answers is cut off when enough of them wait.
func TestCommandFlood(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{
		"commands":      `{"id":%d,"rpc":{"method":"echo","data":"` + strings.Repeat("a", 1000) + `"}}`,
		"subscriptions": `{"id":%[1]d,"subscribe":{"channel":"room:%[1]d"}}`,
		"one room":      `{"id":%d,"subscribe":{"channel":"room:1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testConfig()
			c.WriteTimeout = 100 * time.Millisecond // there is no hurry to read
			c.QueueBytes = 16 << 10
			n := startNode(t, c)
			l, neighbour := n.join(t, 1, ""), n.join(t, 2, "")
			// A thousand at once: of many small segments, which nobody reads at one end, a kernel drops some, and then both ends wait for seconds.
			for id, err := 3, error(nil); err == nil; {
				var flood []byte
				for len(flood) < 50<<10 {
					flood = append(fmt.Appendf(flood, command, id), '\n')
					id++
				}
				err = ws.WriteFrame(l, ws.MaskFrame(ws.NewTextFrame(flood)))
			}
			until(t, "the end of the flood", func() bool { return n.ends(3008) == 1 })
			neighbour.send(`{"id":3,"rpc":{"method":"echo","data":3}}`)
			neighbour.want(`"id":3`)
		})
	}
}
