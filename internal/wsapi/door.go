package wsapi

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/limit"
	"parley/internal/realtime"
	"parley/internal/service"
	"parley/internal/wire"
)

// Door answers what sockets ask.
type Door struct {
	service  *service.Service
	budgets  limit.Budgets
	people   *People
	log      *slog.Logger
	clock    chat.Clock
	commands map[string]command
}

// command decodes one command's data, calls the service and encodes the reply.
type command func(ctx context.Context, p realtime.Peer, data []byte) (encoder, error)

type encoder interface{ Encode(*jx.Encoder) }

// New makes a door. Every command is in this list.
func New(s *service.Service, b limit.Budgets, people *People, log *slog.Logger, clock chat.Clock) *Door {
	d := &Door{service: s, budgets: b, people: people, log: log, clock: clock}
	d.commands = map[string]command{
		"message.post":   d.messagePost,
		"typing.start":   d.typingStart,
		"read.mark":      d.readMark,
		"presence.watch": d.presenceWatch,
	}
	return d
}

// Handlers are what a realtime node asks this door.
func (d *Door) Handlers() realtime.Handlers {
	return realtime.Handlers{
		Authenticate: d.authenticate, Admit: d.admit, Subscribe: d.subscribe, Command: d.command, Revoked: d.revoked, Ended: d.ended,
		Refuse:   d.refuseSocket,
		Expelled: d.expelled, Missed: d.missed, Rejoined: d.rejoined,
		Open: d.open, Closed: d.people.closed, Told: d.people.told,
	}
}

func (d *Door) authenticate(_ context.Context, token string) (realtime.Peer, error) {
	actor, expires, err := d.service.Sessions.Authenticate(token)
	if err != nil {
		return realtime.Peer{}, err
	}
	return realtime.Peer{User: int64(actor.User), Session: string(actor.Session), Expires: expires}, nil
}

func (d *Door) revoked(user int64, sessions []string) {
	ids := make([]chat.SessionID, len(sessions))
	for i, id := range sessions {
		ids[i] = chat.SessionID(id)
	}
	d.service.Sessions.Revoked(chat.UserID(user), ids...)
}

func (d *Door) ended(p realtime.Peer) bool {
	return d.service.Sessions.HasEnded(chat.SessionID(p.Session))
}

// subscribe authorises a client's subscription. Only rooms can be asked for; people's own channels are the server's to give.
func (d *Door) subscribe(ctx context.Context, p realtime.Peer, channel string) error {
	id, ok := roomOf(channel)
	if !ok {
		return d.refuse(ctx, "subscribe", errUnknownChannel)
	}
	if err := d.service.Members.Require(ctx, actorOf(p), id); err != nil {
		return d.refuse(ctx, "subscribe", err)
	}
	return nil
}

func roomOf(channel string) (chat.RoomID, bool) {
	number, isRoom := strings.CutPrefix(channel, "room:")
	id, err := strconv.ParseInt(number, 10, 64)
	return chat.RoomID(id), isRoom && err == nil && id >= 1 && id <= chat.MaxInteger && strconv.FormatInt(id, 10) == number
}

func (d *Door) expelled(user int64, channel string) {
	if id, ok := roomOf(channel); ok {
		d.service.Members.Changed(id, chat.UserID(user))
	}
}

// Greeting is what a socket is told when it is connected.
func Greeting(history string) []byte {
	var e jx.Encoder
	(&contract.Greeting{History: contract.History(history)}).Encode(&e)
	return e.Bytes()
}

// missed is the event that sends clients to the database.
func (d *Door) missed() []byte {
	out, _ := wire.Event(chat.Event{Type: chat.EventEventsMissed, At: d.clock()})
	var e jx.Encoder
	e.ArrStart()
	out.Encode(&e)
	e.ArrEnd()
	return e.Bytes()
}

// rejoined makes good for what other nodes have said meanwhile.
func (d *Door) rejoined() {
	d.service.Members.ChangedAll()
	d.people.board.Doubt()
	ctx, cancel := context.WithTimeout(context.Background(), catchUpTimeout)
	defer cancel()
	if err := d.service.Sessions.CatchUp(ctx); err != nil {
		d.log.Warn("ended sessions not asked for", slog.Any("error", err))
	}
}

// catchUpTimeout bounds what a node does first when it hears the others again. It is tried again from time to time anyway.
const catchUpTimeout = 5 * time.Second

func (d *Door) command(ctx context.Context, p realtime.Peer, method string, data []byte) ([]byte, error) {
	run, known := d.commands[method]
	if !known {
		return nil, d.refuse(ctx, "unknown", errUnknownCommand)
	}
	if !utf8.Valid(data) { // the JSON decoder lets it pass
		return nil, d.refuse(ctx, method, errInvalidUTF8)
	}
	reply, err := run(ctx, p, data)
	if err != nil {
		return nil, d.refuse(ctx, method, err)
	}
	var e jx.Encoder
	reply.Encode(&e)
	return e.Bytes(), nil
}

func (d *Door) messagePost(ctx context.Context, p realtime.Peer, data []byte) (encoder, error) {
	var in contract.MessagePostCommand
	if err := wire.Decode(data, &in); err != nil {
		return nil, err
	}
	m, _, err := d.service.Messages.Post(ctx, actorOf(p), chat.NewMessage{
		Room: chat.RoomID(in.RoomID), Body: string(in.Body), ClientKey: string(in.ClientKey),
	})
	return &contract.MessagePostReply{Message: wire.Message(m)}, err
}

func (d *Door) typingStart(ctx context.Context, p realtime.Peer, data []byte) (encoder, error) {
	var in contract.TypingStartCommand
	if err := wire.Decode(data, &in); err != nil {
		return nil, err
	}
	return &contract.EmptyReply{}, d.service.Messages.Typing(ctx, actorOf(p), chat.RoomID(in.RoomID))
}

func (d *Door) readMark(ctx context.Context, p realtime.Peer, data []byte) (encoder, error) {
	var in contract.ReadMarkCommand
	if err := wire.Decode(data, &in); err != nil {
		return nil, err
	}
	last, err := d.service.Rooms.MarkRead(ctx, actorOf(p), chat.RoomID(in.RoomID), in.Number)
	return &contract.ReadMark{RoomID: in.RoomID, LastReadNumber: last}, err
}

func actorOf(p realtime.Peer) chat.Actor {
	return chat.Actor{User: chat.UserID(p.User), Session: chat.SessionID(p.Session)}
}
