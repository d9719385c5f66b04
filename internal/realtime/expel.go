package realtime

import (
	"encoding/json"
	"log/slog"
	"strconv"

	"github.com/centrifugal/centrifuge"
	"github.com/centrifugal/protocol"
)

type expelled struct {
	User    int64  `json:"user"`
	Channel string `json:"channel"`
}

var (
	// notAMember ends a subscription for good: clients do not try again by themselves.
	notAMember = centrifuge.Unsubscribe{Code: centrifuge.UnsubscribeCodeServer, Reason: "not a member any more"}
	// askAgain ends a subscription so that clients ask for it anew.
	askAgain = centrifuge.Unsubscribe{Code: centrifuge.UnsubscribeCodeExpired, Reason: "membership changed"}
)

// Unsubscribe ends a person's subscription to a channel. Here it is over when Unsubscribe returns. Other nodes end it as soon as they hear of it,
// and their clients ask again and are refused: the news may be late, and the person a member again. A node that never hears of it asks by itself
// when the subscription's time is up.
func (n *Node) Unsubscribe(user int64, channel string) {
	data, err := json.Marshal(expelled{User: user, Channel: channel})
	if err == nil {
		err = n.node.Notify(opExpelled, data, "")
	}
	if err != nil {
		n.config.Logger.Error("unsubscribe not sent to every node", slog.String("channel", channel), slog.Any("error", err))
	}
}

func (n *Node) expelled(x expelled, here bool) {
	how := askAgain
	if here {
		how = notAMember
	}
	n.handlers.Expelled(x.User, x.Channel)
	for _, c := range n.node.Hub().UserConnections(strconv.FormatInt(x.User, 10)) {
		c.Unsubscribe(x.Channel, how)
		n.fanout.follow(c, x.Channel) // Unsubscribe does not wait when somebody else is just ending it
	}
}

// unsubscribed is the end of a subscription, whoever ended it. The client is told unless it was its own wish or everything ends. The library lets it
// subscribe anew only after this has returned, so that nothing of the next subscription comes before.
func (n *Node) unsubscribed(c *centrifuge.Client, e centrifuge.UnsubscribeEvent) {
	n.fanout.follow(c, e.Channel)
	t, ours := c.Transport().(*transport)
	if !ours || e.Disconnect != nil || e.Code == centrifuge.UnsubscribeCodeClient {
		return
	}
	t.say(&protocol.Push{Channel: e.Channel, Unsubscribe: &protocol.Unsubscribe{Code: e.Code, Reason: e.Reason}}, n.sent.unsubscribes)
}
