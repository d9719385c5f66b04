package realtime

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/centrifugal/centrifuge"
	"github.com/gobwas/ws"
)

// inbox is what has come in and is not used up yet.
type inbox struct {
	buffer *[]byte // nil while nothing is there
	rest   []byte
	head   [ws.MaxHeaderSize]byte
	pong   []byte // the newest ping's, not answered yet
	fault  error
	try    func(fd uintptr) bool
}

// A frame of a person who talks fits in one; a longer one takes several reads.
var inBuffers = sync.Pool{New: func() any { b := make([]byte, 2<<10); return &b }}

// begin takes over what was read together with the request for the upgrade.
func (in *inbox) begin(buffered []byte) {
	if len(buffered) > 0 {
		in.rest = bytes.Clone(buffered)
	}
}

// Read reads what has come, or waits for something.
func (t *transport) Read(p []byte) (int, error) {
	if len(t.in.rest) == 0 {
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.in.rest)
	t.in.rest = t.in.rest[n:]
	if len(t.in.rest) == 0 && t.in.buffer != nil {
		inBuffers.Put(t.in.buffer)
		t.in.buffer, t.in.rest = nil, nil
	}
	return n, nil
}

func (t *transport) fill() error {
	if err := t.answerPing(); err != nil {
		return err
	}
	if t.raw != nil {
		if err := t.raw.Read(t.in.try); err != nil {
			return err
		}
		return t.in.fault
	}
	p := inBuffers.Get().(*[]byte)
	n, err := t.conn.Read(*p)
	if n == 0 {
		inBuffers.Put(p)
		return err
	}
	t.in.buffer, t.in.rest = p, (*p)[:n]
	return nil
}

// Why a socket is closed for what it sent. These are codes of the WebSocket protocol (RFC 6455, section 7.4.1).
var (
	errBroken  = &Close{Code: uint32(ws.StatusProtocolError), Reason: "not a WebSocket frame of a client"}
	errKind    = &Close{Code: uint32(ws.StatusUnsupportedData), Reason: "not the kind of message that was agreed on"}
	errNotUTF8 = &Close{Code: uint32(ws.StatusInvalidFramePayloadData), Reason: "not UTF-8"}
	errTooLong = &Close{Code: uint32(ws.StatusMessageTooBig), Reason: "message too long"}
)

// errGoodbye is the other end's own close frame.
var errGoodbye = errors.New("the other end said goodbye")

// message is what a client sent at once: some commands. It is taken from a pool when it begins to come in.
type message struct {
	body   []byte
	reader bytes.Reader
	client *centrifuge.Client
	done   chan bool
}

var messages = sync.Pool{New: func() any { return &message{done: make(chan bool, 1)} }}

func (m *message) free() {
	m.client = nil
	m.reader.Reset(nil)
	if cap(m.body) <= maxPooled {
		m.body = m.body[:0]
		messages.Put(m)
	}
}

// next returns the next message, whole. What is no message, it deals with. An error that is a *Close is what the client is to be told.
func (t *transport) next() (_ *message, err error) {
	var m *message
	defer func() {
		if err != nil && m != nil {
			m.free()
		}
	}()
	state := ws.StateServerSide
	for {
		h, err := t.header(state)
		if err != nil {
			return nil, err
		}
		if h.OpCode.IsControl() {
			if err := t.control(h); err != nil {
				return nil, err
			}
			continue
		}
		if m == nil {
			m = messages.Get().(*message)
		}
		if err := t.payload(m, h, state); err != nil {
			return nil, err
		}
		if h.Fin {
			if !t.protobuf && !utf8.Valid(m.body) {
				return nil, errNotUTF8
			}
			return m, nil
		}
		state = state.Set(ws.StateFragmented)
	}
}

func (t *transport) header(state ws.State) (ws.Header, error) {
	h, err := ws.ReadHeaderBuffer(t, t.in.head[:0])
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return h, errBroken
	}
	if err == nil && ws.CheckHeader(h, state) != nil {
		return h, errBroken
	}
	return h, err
}

// payload reads a frame's payload into the message. Memory is taken as bytes arrive, not as they are announced.
func (t *transport) payload(m *message, h ws.Header, state ws.State) error {
	kind := ws.OpText
	if t.protobuf {
		kind = ws.OpBinary
	}
	switch {
	case !state.Fragmented() && h.OpCode != kind:
		return errKind
	case h.Length > int64(t.limits.FrameBytes-len(m.body)):
		return errTooLong
	}
	start := len(m.body)
	for end := start + int(h.Length); len(m.body) < end; {
		m.body = slices.Grow(m.body, min(end-len(m.body), 2<<10))
		n, err := t.Read(m.body[len(m.body):min(cap(m.body), end)])
		if err != nil {
			return err
		}
		m.body = m.body[:len(m.body)+n]
	}
	ws.Cipher(m.body[start:], h.Mask, 0)
	return nil
}

// control deals with a control frame, whose length has been checked.
func (t *transport) control(h ws.Header) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(t, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		t.in.pong = append(make([]byte, headerRoom, headerRoom+len(payload)), payload...)
	case ws.OpClose:
		return t.goodbye(payload)
	}
	return nil // a pong that nobody asked for is allowed
}

// answerPing answers the newest ping before waiting for more: who sends many at once gets one answer (RFC 6455, section 5.5.3), so that a
// flood of them is not answered by another.
func (t *transport) answerPing() error {
	pong := t.in.pong
	if pong == nil {
		return nil
	}
	t.in.pong = nil
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.put(withHeader(ws.OpPong, pong))
}

func (t *transport) goodbye(payload []byte) error {
	code, reason := ws.ParseCloseFrameData(payload)
	switch {
	case len(payload) == 1, len(payload) > 1 && (code > ws.StatusRangePrivate.Max || ws.CheckCloseFrameData(code, "") != nil):
		return errBroken
	case !utf8.ValidString(reason):
		return errNotUTF8
	}
	t.agree(code)
	return errGoodbye
}
