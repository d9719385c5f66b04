package wsapi

import (
	"context"
	"log/slog"
	"slices"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/realtime"
	"parley/internal/wire"
)

var (
	errUnknownChannel = &chat.Error{Kind: chat.KindNotFound, Code: "unknown_channel", Detail: "There is no such channel."}
	errUnknownCommand = &chat.Error{Kind: chat.KindNotFound, Code: "unknown_command", Detail: "There is no such command."}
	errInvalidUTF8    = &chat.Error{Kind: chat.KindInvalid, Code: "invalid_utf8", Detail: "This text is not valid UTF-8."}
)

// temporary are the kinds of failure that pass by themselves, or when an operator makes room: the SDKs try again.
var temporary = []chat.Kind{chat.KindUnavailable, chat.KindRateLimited, chat.KindNoSpace}

// refuse turns an error into what the client is told: a Problem as JSON in the message, its status as the code. The protocol's errors
// have no other place for a code of ours, for the faulty fields and for when to retry; see docs/adr.
func (d *Door) refuse(ctx context.Context, command string, err error) *realtime.Error {
	p, known := wire.Problem(err, "")
	if (!known || p.Status >= 500) && ctx.Err() == nil {
		d.log.ErrorContext(ctx, "command failed", slog.String("command", command), slog.Any("error", err))
	}
	var e jx.Encoder
	p.Encode(&e)
	kind := chat.KindOf(err)
	return &realtime.Error{
		Code: uint32(p.Status), Message: e.String(), Temporary: slices.Contains(temporary, kind),
	}
}
