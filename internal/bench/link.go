package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// link is one connection of a member, from its opening to its end. It runs one command at a time.
type link struct {
	conn    net.Conn
	in      *bufio.Reader
	frame   []byte
	writing sync.Mutex // a frame goes out whole
	calling sync.Mutex
	command int64 // the id of the newest one
	replies chan line
	ended   chan struct{} // closed when the socket is; err says why
	err     error
}

// maxFrame bounds what is read at once.
const maxFrame = 16 << 20

// open upgrades a connection to a socket.
func (p *place) open(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	var refused *refusal
	d := ws.Dialer{
		NetDial:        func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dialTCP(ctx) },
		OnStatusError:  func(status int, _ []byte, answer io.Reader) { refused = refusedUpgrade(status, answer) },
		ReadBufferSize: 4 << 10, WriteBufferSize: 1 << 10,
	}
	conn, in, _, err := d.Dial(ctx, p.socketURL())
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, plain(fmt.Errorf("%s: %w", doingOpen, err))
	}
	if in == nil {
		in = bufio.NewReaderSize(conn, 4<<10)
	}
	return &link{conn: conn, in: in, replies: make(chan line, 1), ended: make(chan struct{})}, nil
}

// refusedUpgrade reads the answer in place of which there should have been a socket.
func refusedUpgrade(status int, answer io.Reader) *refusal {
	resp, err := http.ReadResponse(bufio.NewReader(answer), nil)
	if err != nil {
		return problem(doingOpen, status, nil)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // half of it is as good as none
	return problem(doingOpen, status, body)
}

// call sends a command and waits for its reply.
func (l *link) call(doing string, command []byte, most time.Duration) (line, error) {
	l.calling.Lock()
	defer l.calling.Unlock()
	l.command++
	text := append(strconv.AppendInt([]byte(`{"id":`), l.command, 10), ',')
	text = append(append(text, command...), '}')
	if err := l.write(ws.NewTextFrame(text)); err != nil {
		return line{}, err
	}
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case reply := <-l.replies:
		if reply.id != l.command {
			return line{}, fmt.Errorf("%s: a reply to command %d, not to %d", doing, reply.id, l.command)
		}
		if reply.refused != nil {
			no := problem(doing, reply.refused.code, []byte(reply.refused.text))
			if no.detail == "" {
				no.detail = reply.refused.text
			}
			return line{}, no
		}
		return reply, nil
	case <-l.ended:
		return line{}, l.err
	case <-late.C:
		_ = l.conn.Close() // what comes late would be taken for the next reply
		return line{}, fmt.Errorf("%s: no reply within %s", doing, most)
	}
}

// write sends a frame in one piece: a header and a payload written apart would be two packets.
func (l *link) write(f ws.Frame) error {
	raw, err := ws.CompileFrame(ws.MaskFrameInPlace(f))
	if err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err = l.conn.Write(raw)
	return err
}

// next reads a frame of text, and answers others, until the socket ends.
func (l *link) next() ([]byte, error) {
	for {
		kind, frame, err := ReadFrame(l.in, l.frame)
		l.frame = frame
		if err != nil {
			return nil, err
		}
		switch kind {
		case ws.OpText:
			return l.frame, nil
		case ws.OpPing:
			if err := l.write(ws.NewPongFrame(bytes.Clone(l.frame))); err != nil {
				return nil, err
			}
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(l.frame)
			return nil, &closed{int(code), reason}
		default:
			return nil, fmt.Errorf("a frame of kind %d", kind)
		}
	}
}

// ReadFrame reads a whole frame into buf, which grows when it has to.
func ReadFrame(in io.Reader, buf []byte) (ws.OpCode, []byte, error) {
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
	_, err = io.ReadFull(in, buf)
	if h.Masked {
		ws.Cipher(buf, h.Mask, 0)
	}
	return h.OpCode, buf, err
}
