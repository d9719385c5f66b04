package wsapi

import (
	"context"
	"log/slog"
	"strconv"

	"parley/internal/chat"
	"parley/internal/realtime"
)

// budgetOf says which budget of a person a command takes from; the HTTP door takes from the same ones. What is not in here, made-up commands
// included, takes from "command".
var budgetOf = map[string]string{
	"message.post":   "post",
	"typing.start":   "typing",
	"read.mark":      "read_mark",
	"presence.watch": "presence_watch",
	"subscribe":      "subscribe",
}

// What a socket is closed with whose client does not heed refusals. The first is in a range that makes the SDKs come back after a pause, the
// second in one that makes them stay away; the web client comes back after a minute.
var (
	slowDown = &realtime.Close{Code: 4029, Reason: "too many refused commands"}
	stayAway = &realtime.Close{Code: 4529, Reason: "too many refused commands, again and again"}
)

// admit is asked before each thing that a client sends. A refusal is an answer, and the connection stays: a client that is merely eager waits
// and is fine. One that goes on regardless makes us answer each time, so after some refusals its socket is closed, and after some closures for
// good. All of it is by person and not by connection, or a second tab would be a second budget.
func (d *Door) admit(ctx context.Context, p realtime.Peer, command string) error {
	what, listed := budgetOf[command]
	if !listed {
		what = "command"
	}
	user := strconv.FormatInt(p.User, 10)
	decision := d.budgets.Allow(ctx, d.budgets.Key(what, user))
	if decision.Allowed {
		return nil
	}
	switch {
	case d.budgets.Allow(ctx, d.budgets.Key("socket_refusals", user)).Allowed:
		return d.refuse(ctx, command, chat.RateLimited(decision.RetryAfter))
	case d.budgets.Allow(ctx, d.budgets.Key("socket_closures", user)).Allowed:
		// An operator wants to know who it is. The budget bounds how often this is said; what follows is counted only.
		d.log.WarnContext(ctx, "somebody sends too much and does not heed refusals", slog.Int64("user_id", p.User), slog.String("limit", what))
		return slowDown
	}
	return stayAway
}

// open lets a peer in. Whoever opens one socket after the other costs a handshake, a lease and a word to other nodes each time, and no cap on those that
// are open at once is reached by it. The SDKs come back after a pause that grows.
func (d *Door) open(ctx context.Context, p realtime.Peer) error {
	if decision := d.budgets.Allow(ctx, d.budgets.Key("connect", strconv.FormatInt(p.User, 10))); !decision.Allowed {
		return d.refuse(ctx, "connect", chat.RateLimited(decision.RetryAfter))
	}
	return d.people.open(ctx, p)
}
