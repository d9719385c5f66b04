package realtime

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/gobwas/ws"
)

// transport is the server's end of one socket: frames out, messages in. It implements centrifuge.Transport.
//
// A frame goes out with one system call and no timer: the kernel nearly always has room, and then a deadline would be armed and disarmed for
// nothing, which costs as much as the rest of a write that is ours. What the kernel does not take waits in a backlog, under a deadline; a write
// never does.
//
// While nothing comes in a transport has no buffer: it takes one when bytes are there, and gives it back when they are used up.
type transport struct {
	conn      net.Conn
	raw       syscall.RawConn // nil where there is no way to write without waiting
	protobuf  bool
	heartbeat centrifuge.PingPongConfig
	limits    *Config
	where     netip.Addr // whom it counts for
	known     bool       // has said who it is; guarded by the sockets it is among

	writing sync.Mutex // a frame goes out whole; guards what follows
	over    bool       // nothing may be written any more
	ended   ending
	out     outward  // the write that is under way
	behind  *backlog // what the kernel has not taken yet; nil when it has taken everything
	missed  bool     // something did not fit there any more, and nothing may come behind it but the end
	listens []*member
	client  *centrifuge.Client // the library's side; nil until it is there

	in inbox
}

// ending is why a transport is over: for the metrics.
type ending struct {
	by   string // byServer, byClient, or byNobody when the line broke
	code uint32
}

const (
	byServer = "server"
	byClient = "client"
	byNobody = "nobody"
)

// outward is a non-blocking write. It is a part of the transport because a function made for each write would be an allocation each.
type outward struct {
	frame []byte
	sent  int
	fault error
	try   func(fd uintptr)
}

func newTransport(conn net.Conn, buffered []byte, protobuf bool, limits *Config, heartbeat centrifuge.PingPongConfig) *transport {
	t := &transport{conn: conn, protobuf: protobuf, limits: limits, heartbeat: heartbeat, raw: rawConn(conn)}
	t.out.try, t.in.try = t.trySend, t.tryReceive
	t.in.begin(buffered)
	return t
}

// Name is a label of the library's metrics.
func (t *transport) Name() string { return transportName }

const transportName = "websocket"

// AcceptProtocol says nothing: there is only HTTP/1.1.
func (t *transport) AcceptProtocol() string { return "" }

// Protocol is how messages are encoded. Protobuf is there for those SDKs that speak nothing else; what is in its fields is JSON all the same.
func (t *transport) Protocol() centrifuge.ProtocolType {
	if t.protobuf {
		return centrifuge.ProtocolTypeProtobuf
	}
	return centrifuge.ProtocolTypeJSON
}

// ProtocolVersion is the only one there is.
func (t *transport) ProtocolVersion() centrifuge.ProtocolVersion {
	return centrifuge.ProtocolVersion2
}

// Unidirectional says that clients send too.
func (t *transport) Unidirectional() bool { return false }

// Emulation says that this is a real socket.
func (t *transport) Emulation() bool { return false }

// DisabledPushFlags leaves out the message that tells a client why it is sent away: the close frame says it. That a subscription has ended, the
// node says itself, for the order of what it writes.
func (t *transport) DisabledPushFlags() uint64 {
	return centrifuge.PushFlagDisconnect | centrifuge.PushFlagUnsubscribe
}

// PingPongConfig is this connection's own heartbeat.
func (t *transport) PingPongConfig() centrifuge.PingPongConfig { return t.heartbeat }

// Frames are built in pooled buffers, behind room for the longest header, which is filled in when the length is known.
const headerRoom = 10

// maxPooled keeps a buffer that one large frame has grown from being kept for ever.
const maxPooled = 64 << 10

var outBuffers = sync.Pool{New: func() any { b := make([]byte, headerRoom, 1<<10); return &b }}

// Write sends one message as a frame.
func (t *transport) Write(message []byte) error {
	p := outBuffers.Get().(*[]byte)
	b := appendMessage((*p)[:headerRoom], message, t.protobuf)
	err := t.send(b)
	recycle(p, b)
	return err
}

// WriteMany sends several messages as one frame.
func (t *transport) WriteMany(messages ...[]byte) error {
	p := outBuffers.Get().(*[]byte)
	b := (*p)[:headerRoom]
	for _, m := range messages {
		b = appendMessage(b, m, t.protobuf)
	}
	err := t.send(b)
	recycle(p, b)
	return err
}

// appendMessage puts a message behind others of the same frame.
func appendMessage(b, message []byte, protobuf bool) []byte {
	switch {
	case protobuf:
		b = binary.AppendUvarint(b, uint64(len(message)))
	case len(b) > headerRoom:
		b = append(b, '\n')
	}
	return append(b, message...)
}

func recycle(p *[]byte, b []byte) {
	if cap(b) <= maxPooled {
		*p = b
		outBuffers.Put(p)
	}
}

func (t *transport) send(b []byte) error {
	frame := withHeader(opcode(t.protobuf), b)
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.put(frame)
}

// withHeader puts the header in front of a payload that begins after headerRoom.
func withHeader(op ws.OpCode, b []byte) []byte {
	n := len(b) - headerRoom
	switch {
	case n < 126:
		b = b[headerRoom-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[headerRoom-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = 1<<7 | byte(op) // final
	return b
}

// put sends a whole frame, or as much of it as the kernel takes, and leaves the rest to a goroutine that exists for as long as there is a rest.
// It never waits: whoever publishes writes to everybody, one after the other. Callers hold writing.
func (t *transport) put(frame []byte) error {
	if t.over || t.missed {
		return nil // how it ends is settled, and this would come behind the end, or behind what is missing
	}
	if t.behind != nil {
		if !t.behind.add(frame, t.limits.QueueBytes) {
			t.tooSlow()
		}
		return nil
	}
	n, err := t.attempt(frame)
	if err != nil {
		t.over = true
		return errors.Join(err, t.cut(true))
	}
	if n < len(frame) {
		t.behind = newBacklog(frame[n:])
		go t.catchUp(t.behind)
	}
	return nil
}

// Close says why the connection ends and leaves the rest to the reading side, which waits for the other end to agree. It does not wait
// itself: the library frees what the connection holds only when it returns.
func (t *transport) Close(d centrifuge.Disconnect) error {
	if d.Code == centrifuge.DisconnectConnectionClosed.Code {
		return nil // the reading side has ended, and closes
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.over {
		return nil // by the client's goodbye, or because the line broke
	}
	t.note(byServer, d.Code)
	t.farewell(ws.StatusCode(d.Code), d.Reason)
	if d.Code == centrifuge.DisconnectNoPong.Code { // whoever does not answer would not agree either
		return t.cut(t.behind != nil)
	}
	return nil
}

// refuse ends the connection because of what came in. What follows it may not be frames, so the other end's goodbye cannot be recognised: it is
// told that nothing follows, and then ends the connection itself.
func (t *transport) refuse(c *Close) {
	_ = t.Close(centrifuge.Disconnect{Code: c.Code, Reason: c.Reason}) // an error is the connection's, and reading gets it too
	if half, ok := t.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // as above
	}
}

// agree answers the other end's goodbye.
func (t *transport) agree(code ws.StatusCode) {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.note(byClient, uint32(code))
	if !t.over {
		t.farewell(code, "")
	}
}

// farewell sends the close frame, after which nothing may follow. Behind what waits for a slow reader it waits too, and not for long.
func (t *transport) farewell(code ws.StatusCode, reason string) {
	frame := make([]byte, headerRoom, headerRoom+2+len(reason))
	if !code.Empty() {
		frame = append(frame, ws.NewCloseFrameBody(code, reason)...)
	}
	frame = withHeader(ws.OpClose, frame)
	if t.behind != nil {
		t.behind.finish(frame, deadline(t.limits.WriteTimeout))
	} else {
		t.missed = false
		_ = t.put(frame) // cuts when it fails
	}
	t.over = true
	t.bound()
}

// bound bounds how long the other end may take to agree to the end. Callers hold writing.
func (t *transport) bound() {
	patience := agreeTimeout
	if t.behind != nil {
		patience += t.limits.WriteTimeout
	}
	_ = t.conn.SetReadDeadline(deadline(patience)) // fails when it is closed, and so does reading
}

const agreeTimeout = 3 * time.Second

// note keeps the first reason.
func (t *transport) note(by string, code uint32) {
	if t.ended.by == "" {
		t.ended = ending{by, code}
	}
}

// cut ends the connection under whoever reads or writes. Forgetting what the kernel still has is right for those who do not read it: it would
// try to get rid of it for minutes.
func (t *transport) cut(forget bool) error {
	if c, ok := t.conn.(*net.TCPConn); ok && forget {
		_ = c.SetLinger(0) // fails when it is closed already
	}
	return t.conn.Close()
}

// deadline is a time of the kernel's, whatever the clock that a test injects says.
func deadline(in time.Duration) time.Time {
	return time.Now().Add(in) //nolint:forbidigo // as above
}
