package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/gobwas/ws"
)

// listener is one member's socket. It hears everything and can run one command at a time.
type listener struct {
	crowd   *crowd
	conn    net.Conn
	in      *bufio.Reader
	decoder *decoder
	frame   []byte

	writing sync.Mutex // a frame goes out whole
	command int64      // the id of the newest one
	replies chan line
	ended   chan struct{} // closed when the socket is; err says why
	err     error

	mu    sync.Mutex // guards what follows
	tally tally
	heard int // publications in the room since the phase began
}

// maxFrame bounds what is read at once.
const maxFrame = 16 << 20

// listen opens a member's socket and subscribes it to the room.
func (c *crowd) listen(ctx context.Context, address, token string) (*listener, error) {
	conn, in, _, err := ws.Dial(ctx, "ws://"+address+"/api/v1/socket")
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	// Until everybody is there, the context ends what hangs; afterwards whoever runs the phases does.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if in == nil {
		in = bufio.NewReaderSize(conn, 8<<10)
	}
	l := &listener{
		crowd: c, conn: conn, in: in, decoder: newDecoder(c.room), replies: make(chan line, 1), ended: make(chan struct{}),
		tally: tally{next: 1},
	}
	c.readers.Go(l.read)
	if _, err = l.call([]byte(`"connect":{"token":"` + token + `"}`)); err == nil {
		_, err = l.call([]byte(`"subscribe":{"channel":"` + c.room.channel + `"}`))
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("join the room's socket: %w", err)
	}
	return l, nil
}

// call sends a command and waits for its reply. Whoever wants it to end early closes the connection.
func (l *listener) call(command []byte) (line, error) {
	l.command++
	text := append(strconv.AppendInt([]byte(`{"id":`), l.command, 10), ',')
	text = append(append(text, command...), '}')
	if err := l.write(ws.NewTextFrame(text)); err != nil {
		return line{}, err
	}
	select {
	case reply := <-l.replies:
		if reply.id != l.command {
			return line{}, fmt.Errorf("a reply to command %d, not to %d", reply.id, l.command)
		}
		if reply.refusal != "" {
			return line{}, fmt.Errorf("refused: %s", reply.refusal)
		}
		return reply, nil
	case <-l.ended:
		return line{}, l.err
	}
}

// write sends a frame in one piece: a header and a payload written apart would be two packets.
func (l *listener) write(f ws.Frame) error {
	raw, err := ws.CompileFrame(ws.MaskFrameInPlace(f))
	if err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err = l.conn.Write(raw)
	return err
}

// read hears frames until the socket ends.
func (l *listener) read() {
	defer close(l.ended)
	for l.err == nil {
		l.err = l.readFrame()
	}
}

func (l *listener) readFrame() (err error) {
	var kind ws.OpCode
	kind, l.frame, err = readFrame(l.in, l.frame)
	if err != nil {
		return err
	}
	switch kind {
	case ws.OpText:
		return l.hear(l.frame)
	case ws.OpPing:
		return l.write(ws.NewPongFrame(bytes.Clone(l.frame)))
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(l.frame)
		return fmt.Errorf("the server closed the socket: %d %s", code, reason)
	default:
		return fmt.Errorf("a frame of kind %d", kind)
	}
}

// readFrame reads a whole frame into buf, which grows when it has to.
func readFrame(in io.Reader, buf []byte) (ws.OpCode, []byte, error) {
	h, err := ws.ReadHeader(in)
	if err != nil {
		return 0, buf, err
	}
	if h.Length > maxFrame || !h.Fin {
		return 0, buf, fmt.Errorf("a frame of %d bytes, final %t", h.Length, h.Fin)
	}
	if int64(cap(buf)) < h.Length {
		buf = make([]byte, h.Length, 2*h.Length)
	}
	buf = buf[:h.Length]
	if _, err := io.ReadFull(in, buf); err != nil {
		return 0, buf, err
	}
	if h.Masked {
		ws.Cipher(buf, h.Mask, 0)
	}
	return h.OpCode, buf, nil
}

func (l *listener) hear(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.crowd.now()
	for raw := range bytes.SplitSeq(frame, []byte{'\n'}) {
		if len(raw) == 0 {
			continue
		}
		if events, known := l.crowd.recall(l.heard, raw); known {
			l.take(events, now)
			continue
		}
		said, err := l.decoder.line(raw)
		switch {
		case err != nil:
			return fmt.Errorf("what the server said is no reply or push: %w", err)
		case said.ping:
			err = l.write(ws.NewTextFrame([]byte(`{}`)))
		case said.id != 0:
			select {
			case l.replies <- said:
			default:
				err = errors.New("a reply that nobody asked for")
			}
		case said.ours:
			l.crowd.remember(l.heard, raw, said.events)
			l.take(said.events, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
