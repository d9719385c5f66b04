package wsapi

import (
	"strconv"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/realtime"
	"parley/internal/wire"
)

// Publisher carries the service's events to sockets. It implements service.Publisher. Bind it to a node before the first event.
type Publisher struct {
	node   *realtime.Node
	typing *Typing
}

// NewPublisher makes a Publisher that bounds signs of typing.
func NewPublisher(t *Typing) *Publisher { return &Publisher{typing: t} }

// Bind sets the node that the events go through.
func (p *Publisher) Bind(n *realtime.Node) { p.node = n }

// Announce queues events for the rooms and the people they are for.
func (p *Publisher) Announce(events ...chat.Event) {
	for _, e := range events {
		if e.Type == chat.EventTypingStarted && !p.typing.allow(e.Room, p.node.Listeners(roomChannel(e.Room))) {
			continue
		}
		out, ok := wire.Event(e)
		if !ok {
			continue
		}
		var enc jx.Encoder
		out.Encode(&enc)
		if e.ToRoom() {
			p.node.Publish(roomChannel(e.Room), enc.Bytes())
		}
		if user := e.ToUser(); user != 0 {
			p.node.Publish(realtime.UserChannel(int64(user)), enc.Bytes())
		}
	}
}

// Expel ends a person's subscription to a room.
func (p *Publisher) Expel(room chat.RoomID, user chat.UserID) {
	p.node.Unsubscribe(int64(user), roomChannel(room))
}

// Revoke closes the sockets of sessions that have ended, on every node.
func (p *Publisher) Revoke(user chat.UserID, sessions ...chat.SessionID) {
	ids := make([]string, len(sessions))
	for i, id := range sessions {
		ids[i] = string(id)
	}
	p.node.Revoke(int64(user), ids...)
}

func roomChannel(id chat.RoomID) string { return "room:" + strconv.FormatInt(int64(id), 10) }
