package bench

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"parley/internal/contract"
)

// refusal is a Problem that the server answered.
type refusal struct {
	doing  string
	status int
	code   string
	detail string
	after  time.Duration // when a retry makes sense; 0: nothing is said
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s: refused with %d %s: %s", r.doing, r.status, r.code, r.detail)
	if hint := r.hint(); hint != "" {
		text += "; " + hint
	}
	return text
}

// limits are what stands behind a refusal for asking too often, by what was asked for.
var limits = map[string]string{
	doingSignUp: "PARLEY_LIMIT_SIGN_UP=off", doingRoom: "PARLEY_LIMIT_WRITE=off", doingJoin: "PARLEY_LIMIT_WRITE=off", doingRemove: "PARLEY_LIMIT_WRITE=off",
	doingInvite: "PARLEY_LIMIT_WRITE=off", doingPost: "PARLEY_LIMIT_POST=off", doingSubscribe: "PARLEY_LIMIT_SUBSCRIBE=off",
	doingConnect: "PARLEY_LIMIT_CONNECT=off", doingCatchUp: "PARLEY_LIMIT_READ=off", doingLook: "PARLEY_LIMIT_READ=off", doingRead: "PARLEY_LIMIT_READ=off",
}

// What was asked for.
const (
	doingLook      = "look at the server"
	doingInvite    = "make an invite"
	doingSignUp    = "make an account"
	doingRoom      = "make a room"
	doingJoin      = "join a room"
	doingOpen      = "open a socket"
	doingConnect   = "connect"
	doingSubscribe = "subscribe to a room"
	doingPost      = "post"
	doingCatchUp   = "catch up"
	doingRead      = "read the newest messages"
	doingRemove    = "remove what was made"
)

// hint says what to lift.
func (r *refusal) hint() string {
	switch r.code {
	case "too_many_sockets":
		return "set PARLEY_SOCKET_PER_ADDRESS=off on the server while you measure"
	case "too_many_pending_sockets":
		return "set PARLEY_SOCKET_PENDING_PER_ADDRESS=off on the server while you measure"
	case "rate_limited":
		return fmt.Sprintf("set %s on the server while you measure", limits[r.doing])
	case "unavailable":
		if r.doing == doingCatchUp {
			return "the gate of PARLEY_CATCH_UP_READS sends it back for a while"
		}
	}
	return ""
}

// problem reads a Problem. What is none is told as what it is.
func problem(doing string, status int, body []byte) *refusal {
	r := &refusal{doing: doing, status: status, code: "status_" + fmt.Sprint(status), detail: http.StatusText(status)}
	var p contract.Problem
	if err := p.UnmarshalJSON(body); err == nil && p.Code != "" {
		r.code, r.detail = p.Code, p.Detail.Or(p.Title)
		if ms, said := p.RetryAfterMs.Get(); said {
			r.after = time.Duration(ms) * time.Millisecond
		}
	}
	return r
}

// closed is the end of a socket that the server has closed.
type closed struct {
	code   int
	reason string
}

func (c *closed) Error() string {
	text := fmt.Sprintf("the server closed the socket: %d %s", c.code, c.reason)
	switch c.code {
	case 4540, 4541:
		text += "; set PARLEY_SOCKET_PER_USER=off on the server while you measure"
	case 4029, 4529:
		text += "; set PARLEY_LIMIT_SOCKET_REFUSALS=off and the limit that refuses on the server while you measure"
	case 3008:
		text += "; this side read too slowly, or PARLEY_SOCKET_QUEUE_BYTES is too low for this load"
	}
	return text
}

// final says that the server wants this client to stay away.
func (c *closed) final() bool {
	return c.code >= 3500 && c.code < 4000 || c.code >= 4500 && c.code < 5000
}

// plain turns errors of the system that have one remedy into words.
func plain(err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Errorf("%w: too few file descriptors; each connection takes one here and one at the server: raise ulimit -n (LimitNOFILE of a service)", err)
	}
	return err
}
