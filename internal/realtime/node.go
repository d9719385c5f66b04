package realtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
)

// Registry is where the node's metrics are registered.
type Registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}

// Config are a node's limits. Zero values are not replaced: the settings have the defaults.
type Config struct {
	FrameBytes     int           // a larger message closes the connection with 1009
	QueueBytes     int           // what may wait for one slow reader
	KernelBytes    int           // what the kernel may hold for one connection, in each direction; 0 lets it decide
	WriteTimeout   time.Duration // how long one frame may take when the kernel is full
	Ping, Pong     time.Duration // server's ping interval, and how long an answer may take
	ConnectTimeout time.Duration // from the upgrade to a valid connect command
	CommandTimeout time.Duration // what one command may take
	MembershipLife time.Duration // within which a subscription is authorised again
	RecheckEvery   time.Duration // how often it is looked which are over; 0 is what MembershipLife needs
	MaxRooms       int           // channels that one connection may subscribe to; 0 is no limit
	// PerAddress are the sockets that one address may have open, PendingPerAddress those of them that have not said who they are; 0 is no limit.
	PerAddress, PendingPerAddress int
	CheckOrigin                   func(*http.Request) bool
	Registry                      Registry
	Logger                        *slog.Logger
	Clock                         func() time.Time
	Broker                        BrokerConfig // how this node reaches others
	Greeting                      []byte       // JSON that every connection gets with the answer to its connect command
}

// Peer is who is at the other end of a connection.
type Peer struct {
	User    int64
	Session string
	// Connection names this connection among all nodes'.
	Connection string
	// Expires is when the peer's token ends. The client sends a new one over the connection before that.
	Expires time.Time
}

// Handlers are what a node asks. An error that is an *Error is sent to the client as it is; any other becomes a generic one.
type Handlers struct {
	// Authenticate says who a token speaks for.
	Authenticate func(ctx context.Context, token string) (Peer, error)
	// Admit is asked before each thing that a client sends: the method of a command, "subscribe", or "" for the rest. The node's own
	// re-checks of subscriptions do not count. Besides an *Error it may return a *Close.
	Admit func(ctx context.Context, p Peer, command string) error
	// Subscribe says whether a peer may listen to a channel. It is asked again within MembershipLife.
	Subscribe func(ctx context.Context, p Peer, channel string) error
	// Command runs a command and returns its reply. Commands of one connection run one after the other.
	Command func(ctx context.Context, p Peer, method string, data []byte) ([]byte, error)
	// Revoked is told, on every node, which sessions of a user have ended before their time.
	Revoked func(user int64, sessions []string)
	// Refuse answers a request that does not become a socket.
	Refuse func(w http.ResponseWriter, r *http.Request, why Refusal)
	// Expelled is told, on every node, that somebody may no longer listen to a channel. What is remembered of them is to be forgotten.
	Expelled func(user int64, channel string)
	// Missed is the event that tells listeners that some may have been lost on the way.
	Missed func() []byte
	// Rejoined is told when this node hears the others again after it did not.
	Rejoined func()
	// Ended says whether a peer's session is known to have ended.
	Ended func(p Peer) bool
	// Open is asked last before a peer is connected. Besides an *Error it may return a *Close.
	Open func(ctx context.Context, p Peer) error
	// Closed is told that a connection which Open let in has ended, or never came about. It may be told twice.
	Closed func(p Peer)
	// Told is given what any node tells.
	Told func(data []byte)
}

// Error is a refusal that the client is told of; the connection stays.
type Error struct {
	Code      uint32 // 400 to 1999
	Message   string
	Temporary bool // a retry may succeed
}

func (e *Error) Error() string { return strconv.Itoa(int(e.Code)) + ": " + e.Message }

// Node is one server's end of all its sockets.
type Node struct {
	config   Config
	handlers Handlers
	node     *centrifuge.Node
	outbox   *outbox
	drain    *drain
	sockets  *sockets
	fanout   *fanout
	sent     *sentCounters
	broker   *broker // nil while this node is alone
}

// New makes a node. It serves after Start.
func New(c Config, h Handlers) (*Node, error) {
	n := &Node{config: c, handlers: h}
	var err error
	n.node, err = centrifuge.New(centrifuge.Config{
		LogLevel: centrifuge.LogLevelInfo, LogHandler: n.log,
		ClientStaleCloseDelay: c.ConnectTimeout, ClientQueueMaxSize: c.QueueBytes, ClientChannelLimit: c.channels(),
		ChannelMaxLength: maxChannelLength,
		// A subscription lasts for half of its life, is looked at after every quarter, and so is over in time.
		ClientPresenceUpdateInterval: cmp.Or(c.RecheckEvery, min(c.MembershipLife/4, longestLook)),
		ClientExpiredSubCloseDelay:   time.Nanosecond, // it is for clients that renew subscriptions; here the node asks by itself
		Metrics:                      centrifuge.MetricsConfig{MetricsNamespace: libraryMetrics, RegistererGatherer: c.Registry},
	})
	if err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	n.node.OnConnecting(n.connecting)
	n.node.OnConnect(n.connected)
	n.node.OnCommandRead(n.admit)
	n.node.OnNotification(n.notified)
	if n.sent, err = newSentCounters(c.Registry); err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	n.fanout = newFanout(n.sent)
	if err := n.useBroker(); err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	if n.outbox, err = newOutbox(n.publish, c.Registry); err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	n.outbox.missed = h.Missed
	if n.drain, err = newDrain(c.Registry); err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	if n.sockets, err = newSockets(&n.config); err != nil {
		return nil, fmt.Errorf("make realtime node: %w", err)
	}
	return n, nil
}

// channels is the library's limit: it counts the person's own channel too, and takes 0 for a limit of its own.
func (c *Config) channels() int {
	if c.MaxRooms == 0 {
		return -1
	}
	return c.MaxRooms + 1
}

const maxChannelLength = 64

// Start makes the node ready for connections.
func (n *Node) Start() error {
	if err := n.node.Run(); err != nil {
		return fmt.Errorf("start realtime node: %w", err)
	}
	n.outbox.start()
	return nil
}

// Shutdown sends what is queued, closes every connection with a code that makes clients reconnect, and stops.
func (n *Node) Shutdown(ctx context.Context) error {
	n.outbox.stop()
	err := n.node.Shutdown(ctx)
	n.sockets.close(ctx)
	if err != nil {
		return fmt.Errorf("stop realtime node: %w", err)
	}
	return nil
}

// Publish queues an event, one JSON value without line breaks, for everybody who listens to the channel.
func (n *Node) Publish(channel string, event []byte) { n.outbox.put(channel, event) }

// Connections returns how many sockets are open on this node.
func (n *Node) Connections() int { return n.node.Hub().NumClients() }

// UserChannel is the channel that only one person's connections listen to. The server subscribes them to it.
func UserChannel(user int64) string { return userPrefix + strconv.FormatInt(user, 10) }

const userPrefix = "user:"

type peerKey struct{}

func peerOf(ctx context.Context) Peer {
	if o, ok := ctx.Value(peerKey{}).(*opening); ok {
		return o.Peer
	}
	return Peer{}
}

func (n *Node) connecting(ctx context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	if n.drain.begun.Load() {
		return centrifuge.ConnectReply{}, centrifuge.DisconnectShutdown
	}
	p, err := n.handlers.Authenticate(ctx, e.Token)
	if err != nil {
		// The answer to any bad token is the same. This code makes the SDKs ask for a new token and try again, which is right for an expired one.
		return centrifuge.ConnectReply{}, centrifuge.ErrorTokenExpired
	}
	p.Connection = e.ClientID
	ctx, err = n.open(ctx, p)
	if err != nil {
		return centrifuge.ConnectReply{}, err
	}
	if t, ours := e.Transport.(*transport); ours {
		n.sockets.identified(t) // before the answer: who has it may open the next socket at once
		n.fanout.forget(t)      // what an attempt before this one left
		n.fanout.hold(t, UserChannel(p.User))
	}
	return centrifuge.ConnectReply{
		Context:           withWork(ctx),
		Data:              n.config.Greeting,
		Credentials:       &centrifuge.Credentials{UserID: strconv.FormatInt(p.User, 10), ExpireAt: p.Expires.Unix()},
		ClientSideRefresh: true,
		// What the library's queue is left with are pings, for which a timer that is due at once will do: a goroutine that waits is 4 KB a
		// connection. It is right only because our transport never waits in a write.
		ReplyWithoutQueue: true, WriteDelay: time.Nanosecond, WriteWithTimer: true, QueueShrinkDelay: -1,
		Subscriptions: map[string]centrifuge.SubscribeOptions{UserChannel(p.User): {}},
	}, nil
}

func (n *Node) connected(c *centrifuge.Client) {
	n.settle(c)
	c.OnUnsubscribe(func(e centrifuge.UnsubscribeEvent) { n.unsubscribed(c, e) })
	// The session may have ended between Authenticate and here, when the connection was not yet among those that Revoke closes.
	if n.handlers.Ended(peerOf(c.Context())) {
		c.Disconnect(sessionEnded)
		return
	}
	n.fanout.follow(c, UserChannel(peerOf(c.Context()).User))
	c.OnSubscribe(func(e centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
		answer, err := n.subscribe(c, e.Channel)
		if t, ours := c.Transport().(*transport); ours && err == nil {
			n.fanout.hold(t, e.Channel)
		}
		reply(answer, err) // when it returns the answer is written, whatever it is
		n.fanout.follow(c, e.Channel)
	})
	c.OnSubRefresh(func(e centrifuge.SubRefreshEvent, reply centrifuge.SubRefreshCallback) {
		reply(n.subscribeAgain(c, e.Channel), nil)
	})
	c.OnRPC(func(e centrifuge.RPCEvent, reply centrifuge.RPCCallback) {
		w := workOf(c.Context())
		if !w.begin() {
			reply(centrifuge.RPCReply{}, centrifuge.DisconnectShutdown)
			return
		}
		defer w.end()
		data, err := n.command(c, e)
		reply(centrifuge.RPCReply{Data: data}, err)
	})
	c.OnRefresh(func(e centrifuge.RefreshEvent, reply centrifuge.RefreshCallback) {
		reply(n.refresh(c, e.Token), nil)
	})
}

func (n *Node) subscribe(c *centrifuge.Client, channel string) (centrifuge.SubscribeReply, error) {
	ctx, cancel := context.WithTimeout(c.Context(), n.config.CommandTimeout)
	defer cancel()
	if err := n.handlers.Subscribe(ctx, peerOf(c.Context()), channel); err != nil {
		return centrifuge.SubscribeReply{}, n.refusal(c.Context(), "subscribe", err)
	}
	return centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{ExpireAt: n.authorisedUntil()}}, nil
}

// subscribeAgain re-checks a subscription whose time is up, so that somebody whose removal did not reach this node does not go on
// listening. A check that could not be made is no reason to cut a member off: it is made again soon.
func (n *Node) subscribeAgain(c *centrifuge.Client, channel string) centrifuge.SubRefreshReply {
	ctx, cancel := context.WithTimeout(c.Context(), n.config.CommandTimeout)
	defer cancel()
	err := n.handlers.Subscribe(ctx, peerOf(c.Context()), channel)
	var refused *Error
	if errors.As(err, &refused) && !refused.Temporary {
		go c.Unsubscribe(channel) // not from here: the library holds the subscription while it asks
	}
	return centrifuge.SubRefreshReply{ExpireAt: n.authorisedUntil()}
}

// longestLook is how often subscriptions are looked at, at least.
const longestLook = 25 * time.Second

// authorisedUntil is in whole seconds and therefore rounded up: a subscription that is over as it begins is refused.
func (n *Node) authorisedUntil() int64 {
	return n.config.Clock().Add(n.config.MembershipLife/2 + time.Second - time.Nanosecond).Unix()
}

func (n *Node) command(c *centrifuge.Client, e centrifuge.RPCEvent) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.Context(), n.config.CommandTimeout)
	defer cancel()
	data, err := n.handlers.Command(ctx, peerOf(c.Context()), e.Method, e.Data)
	if err != nil {
		return nil, n.refusal(ctx, e.Method, err)
	}
	return data, nil
}

func (n *Node) refresh(c *centrifuge.Client, token string) centrifuge.RefreshReply {
	p, err := n.handlers.Authenticate(c.Context(), token)
	// A token of another session would leave this connection under a session that can end without it. Told that it has expired, the client
	// connects anew, under the session it is in now.
	if known := peerOf(c.Context()); err != nil || p.User != known.User || p.Session != known.Session {
		return centrifuge.RefreshReply{Expired: true}
	}
	return centrifuge.RefreshReply{ExpireAt: p.Expires.Unix()}
}

// refusal is what a client is told of an error.
func (n *Node) refusal(ctx context.Context, what string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return &centrifuge.Error{Code: e.Code, Message: e.Message, Temporary: e.Temporary}
	}
	var end *Close
	if errors.As(err, &end) {
		return centrifuge.Disconnect{Code: end.Code, Reason: end.Reason}
	}
	if ctx.Err() == nil {
		n.config.Logger.ErrorContext(ctx, "command failed", slog.String("command", printable(what)), slog.Any("error", err))
	}
	return centrifuge.ErrorInternal
}

// printable bounds a text of a client's for the log.
func printable(s string) string {
	const most = 64
	if len(s) > most || !utf8.ValidString(s) {
		return strconv.QuoteToASCII(s[:min(len(s), most)])
	}
	return s
}

// publish sends a publication to the listeners on every node. Calls for one channel must follow each other.
func (n *Node) publish(channel string, data []byte) {
	if n.broker == nil {
		n.fanout.deliver(channel, data)
		return
	}
	n.broker.publish(channel, data)
}

// log passes the library's messages on: its errors as errors, the rest for debugging.
func (n *Node) log(e centrifuge.LogEntry) {
	level := slog.LevelDebug
	if e.Level >= centrifuge.LogLevelError {
		level = slog.LevelError
	}
	n.config.Logger.Log(context.Background(), level, "realtime: "+e.Message, slog.Any("fields", e.Fields))
}
