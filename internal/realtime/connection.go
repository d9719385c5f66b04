package realtime

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"

	"github.com/centrifugal/centrifuge"
	"github.com/centrifugal/protocol"
)

// opening is what the context of a connection holds: who it is, and, while it is not through with connecting, how to stop waiting for its end.
type opening struct {
	Peer
	settled func() bool
}

// open asks the handler to let a connection in. The library tells of the end of those connections only that were through with connecting, so
// until then the end of the connection's context counts.
func (n *Node) open(ctx context.Context, p Peer) (context.Context, error) {
	if err := n.handlers.Open(ctx, p); err != nil {
		return nil, n.refusal(ctx, "connect", err)
	}
	o := &opening{Peer: p}
	o.settled = context.AfterFunc(ctx, func() { n.handlers.Closed(p) })
	return context.WithValue(ctx, peerKey{}, o), nil
}

// settle is the end of connecting: from here on the library tells when the connection ends.
func (n *Node) settle(c *centrifuge.Client) {
	c.OnDisconnect(func(centrifuge.DisconnectEvent) { n.handlers.Closed(peerOf(c.Context())) })
	if o, ok := c.Context().Value(peerKey{}).(*opening); ok && o.settled != nil {
		o.settled()
		o.settled = nil
	}
}

// Send sends an array of events to one connection of this node; one that is gone gets nothing.
func (n *Node) Send(user int64, connection string, events []byte) {
	if c := n.connection(user, connection); c != nil {
		if t, ours := c.Transport().(*transport); ours {
			t.say(&protocol.Push{Message: &protocol.Message{Data: events}}, n.sent.messages)
		}
	}
}

// Listeners returns how many connections of this node listen to a channel.
func (n *Node) Listeners(channel string) int { return n.node.Hub().NumSubscribers(channel) }

func (n *Node) connection(user int64, id string) *centrifuge.Client {
	return n.node.Hub().UserConnections(strconv.FormatInt(user, 10))[id]
}

const (
	opDismiss = "dismiss"
	opTell    = "tell"
)

type dismissal struct {
	User        int64    `json:"user"`
	Connections []string `json:"connections"`
	Code        uint32   `json:"code"`
	Reason      string   `json:"reason"`
}

// Dismiss closes connections of a user, on whichever node they are. The message to other nodes can be lost.
func (n *Node) Dismiss(user int64, end *Close, connections ...string) {
	data, err := json.Marshal(dismissal{User: user, Connections: connections, Code: end.Code, Reason: end.Reason})
	if err == nil {
		err = n.node.Notify(opDismiss, data, "")
	}
	if err != nil {
		n.config.Logger.Error("connections not dismissed on every node", slog.Int64("user_id", user), slog.Any("error", err))
	}
}

func (n *Node) dismissed(data []byte) error {
	var d dismissal
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	for _, id := range d.Connections {
		if c := n.connection(d.User, id); c != nil {
			c.Disconnect(centrifuge.Disconnect{Code: d.Code, Reason: d.Reason})
		}
	}
	return nil
}

// Tell hands a message to Handlers.Told of every node, this one included. To other nodes it can be lost.
func (n *Node) Tell(data []byte) {
	if err := n.node.Notify(opTell, data, ""); err != nil {
		n.config.Logger.Warn("message not sent to every node", slog.Any("error", err))
	}
}
