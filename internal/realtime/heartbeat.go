package realtime

import (
	"math/rand/v2"
	"time"

	"github.com/centrifugal/centrifuge"
)

// heartbeat is one connection's. The library pings, expects an answer within Pong, and tells the client how often it will: so the client notices
// a server that is gone in the same way. It spreads a connection's first ping over half an interval; the intervals differ too, by up to a
// tenth, because connections that were made at once (after a restart, after a network came back) would otherwise be pinged in the same second
// for as long as they live.
//
// The interval only gets shorter, so that the setting stays what it says: a connection whose other end is gone is gone itself within Ping and
// Pong together.
func (c *Config) heartbeat() centrifuge.PingPongConfig {
	ping := c.Ping - rand.N(c.Ping/10+1) //nolint:gosec // spread, not secrecy
	// The client is told whole seconds, and 0 would be none.
	return centrifuge.PingPongConfig{PingInterval: max(ping, min(c.Ping, time.Second)), PongTimeout: c.Pong}
}
