package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// httpLine is one connection that is kept. Requests are written as they are: net/http's client costs more processor time than the server it
// would measure.
type httpLine struct {
	run   *run
	place *place
	conn  net.Conn
	in    *bufio.Reader
	body  bytes.Buffer
}

func newHTTPLine(r *run, p *place) httpLine { return httpLine{run: r, place: p} }

func (h *httpLine) close() {
	if h.conn != nil {
		_ = h.conn.Close()
		h.conn = nil
	}
}

// exchange sends a request and returns the answer, whose body is good until the next one.
func (h *httpLine) exchange(ctx context.Context, request []byte) (status int, body []byte, err error) {
	if h.conn == nil {
		conn, err := h.place.dial(ctx)
		if err != nil {
			return 0, nil, plain(err)
		}
		h.conn, h.in = conn, bufio.NewReader(conn)
	}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if err := h.conn.SetDeadline(time.Now().Add(h.run.plan.Drain)); err != nil {
		return 0, nil, err
	}
	if _, err := h.conn.Write(request); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(h.in, nil)
	if err != nil {
		return 0, nil, err
	}
	h.body.Reset()
	_, err = h.body.ReadFrom(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err == nil && resp.Close {
		h.close() // a proxy that does not keep it
	}
	return resp.StatusCode, h.body.Bytes(), err
}
