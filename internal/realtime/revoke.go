package realtime

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"

	"github.com/centrifugal/centrifuge"
)

// CodeSessionEnded closes a socket whose session has ended. It is terminal: only a new sign-in helps. The library's own codes of this range
// begin at 3500.
const CodeSessionEnded = 3550

var sessionEnded = centrifuge.Disconnect{Code: CodeSessionEnded, Reason: "session ended"}

// What nodes tell each other.
const (
	opRevoked  = "revoked"
	opExpelled = "expelled"
)

type revoked struct {
	User     int64    `json:"user"`
	Sessions []string `json:"sessions"`
}

// Revoke tells every node that sessions of a user have ended: each calls Handlers.Revoked and then closes their connections. Here it is done
// when Revoke returns. A message to other nodes can be lost; whoever must be sure asks for what has ended from time to time.
func (n *Node) Revoke(user int64, sessions ...string) {
	data, err := json.Marshal(revoked{User: user, Sessions: sessions})
	if err == nil {
		err = n.node.Notify(opRevoked, data, "")
	}
	if err != nil {
		n.config.Logger.Error("ended sessions not told to every node", slog.Int64("user_id", user), slog.Any("error", err))
	}
}

func (n *Node) notified(e centrifuge.NotificationEvent) {
	var err error
	switch e.Op {
	case opRevoked:
		var r revoked
		if err = json.Unmarshal(e.Data, &r); err == nil {
			n.revoked(r)
		}
	case opExpelled:
		var x expelled
		if err = json.Unmarshal(e.Data, &x); err == nil {
			n.expelled(x, e.FromNodeID == n.node.ID())
		}
	case opDismiss:
		err = n.dismissed(e.Data)
	case opTell:
		n.handlers.Told(e.Data)
	}
	if err != nil {
		n.config.Logger.Error("message from another node not understood", slog.String("op", e.Op), slog.Any("error", err))
	}
}

func (n *Node) revoked(r revoked) {
	n.handlers.Revoked(r.User, r.Sessions)
	for _, c := range n.node.Hub().UserConnections(strconv.FormatInt(r.User, 10)) {
		if slices.Contains(r.Sessions, peerOf(c.Context()).Session) {
			c.Disconnect(sessionEnded)
		}
	}
}
