package wsapi

import (
	"net/http"
	"strconv"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/realtime"
	"parley/internal/wire"
)

// refusals are what a request is told that does not become a socket.
var refusals = map[string]chat.Error{
	realtime.RefusedAddress: {Kind: chat.KindRateLimited, Code: "too_many_sockets", Detail: "Too many connections are open from this address."},
	realtime.RefusedPending: {
		Kind: chat.KindRateLimited, Code: "too_many_pending_sockets", Detail: "Too many connections from this address have not said who they are.",
	},
	realtime.RefusedOrigin:    {Kind: chat.KindForbidden, Code: "cross_origin", Detail: "Another site may not do this in your name."},
	realtime.RefusedHandshake: {Kind: chat.KindInvalid, Code: "bad_handshake", Detail: "This is not a WebSocket handshake of version 13."},
	realtime.RefusedStopping:  {Kind: chat.KindUnavailable, Code: "unavailable", Detail: "The server is stopping. Try again shortly."},
}

// refuseSocket answers before the upgrade, with the same Problem as over HTTP. A browser shows it to nobody, but logs and proxies have its status.
func (d *Door) refuseSocket(w http.ResponseWriter, _ *http.Request, why realtime.Refusal) {
	refusal := refusals[why.Reason]
	refusal.RetryAfter = why.RetryAfter
	p, _ := wire.Problem(&refusal, "")
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if ms, ok := p.RetryAfterMs.Get(); ok {
		h.Set("Retry-After", strconv.Itoa(wire.RetryAfterSeconds(ms)))
	}
	if why.Reason == realtime.RefusedHandshake {
		h.Set("Sec-WebSocket-Version", "13")
	}
	w.WriteHeader(p.Status)
	var e jx.Encoder
	p.Encode(&e)
	_, _ = w.Write(e.Bytes()) // a client that hung up is nobody to tell
}
