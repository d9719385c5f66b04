package realtime

import (
	"context"
	"strconv"

	"github.com/centrifugal/centrifuge"
)

// Close is a refusal that ends the connection. Its code says what the client does then: 4000 to 4499 makes it connect again after a pause, 4500 to
// 4999 makes it stay away.
type Close struct {
	Code   uint32
	Reason string
}

func (c *Close) Error() string { return strconv.Itoa(int(c.Code)) + ": " + c.Reason }

// admit runs before anything of a command is done. The library hands over whatever it can parse, the commands that this server has no use for
// included, which cost something too. Answers to pings do not come here, and a connect has no peer yet.
func (n *Node) admit(c *centrifuge.Client, e centrifuge.CommandReadEvent) error {
	command := ""
	switch {
	case e.Command.Connect != nil:
		return nil
	case e.Command.Rpc != nil:
		command = e.Command.Rpc.Method
	case e.Command.Subscribe != nil:
		command = "subscribe"
	}
	ctx, cancel := context.WithTimeout(c.Context(), n.config.CommandTimeout)
	defer cancel()
	if err := n.handlers.Admit(ctx, peerOf(c.Context()), command); err != nil {
		return n.refusal(ctx, command, err)
	}
	return nil
}
