package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// poster is one sender's way to post: it returns after the server has acknowledged, with the message's number. abort makes a post that
// hangs return, and the poster useless.
type poster interface {
	post(p post) (int64, error)
	abort()
}

// httpPoster posts over one HTTP connection that is kept. It writes the requests itself: net/http's client costs more processor time
// than the server it would measure.
type httpPoster struct {
	conn    net.Conn
	in      *bufio.Reader
	decoder *decoder
	head    []byte
	request []byte
	json    []byte
}

func newHTTPPoster(ctx context.Context, address string, r *room, token string) (*httpPoster, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	head := fmt.Appendf(nil, "POST /api/v1/rooms/%d/messages HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: ", r.id, address, token)
	return &httpPoster{conn: conn, in: bufio.NewReader(conn), decoder: newDecoder(r), head: head}, nil
}

func (h *httpPoster) abort() { _ = h.conn.Close() }

func (h *httpPoster) post(p post) (int64, error) {
	h.json = append(appendMessage(append(h.json[:0], '{'), p), '}')
	h.request = strconv.AppendInt(append(h.request[:0], h.head...), int64(len(h.json)), 10)
	h.request = append(append(h.request, "\r\n\r\n"...), h.json...)
	if _, err := h.conn.Write(h.request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(h.in, nil)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusCreated {
		return 0, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	h.decoder.jx.ResetBytes(body)
	e, err := h.decoder.message(h.decoder.jx)
	return e.number, err
}

// socketPoster posts with commands over the sender's own socket, on which it also listens.
type socketPoster struct {
	listener *listener
	head     []byte
	command  []byte
}

func newSocketPoster(l *listener) *socketPoster {
	return &socketPoster{listener: l, head: fmt.Appendf(nil, `"rpc":{"method":"message.post","data":{"room_id":%d,`, l.crowd.room.id)}
}

func (s *socketPoster) abort() { _ = s.listener.conn.Close() }

func (s *socketPoster) post(p post) (int64, error) {
	s.command = append(appendMessage(append(s.command[:0], s.head...), p), "}}"...)
	reply, err := s.listener.call(s.command)
	return reply.number, err
}

// appendMessage appends the fields that a message has at both doors. Neither key nor body has anything to escape.
func appendMessage(b []byte, p post) []byte {
	b = append(p.key(append(b, `"client_key":"`...)), `","body":"`...)
	return append(p.body(b), '"')
}
