package wsapi

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/lease"
	"parley/internal/presence"
	"parley/internal/realtime"
	"parley/internal/wire"
)

// What a socket beyond the cap is closed with. Both make the SDKs stay away: one that came back at once would be refused again, or would
// close the next tab, which comes back and closes this one.
var (
	tooMany  = &realtime.Close{Code: 4540, Reason: "too many connections"}
	replaced = &realtime.Close{Code: 4541, Reason: "replaced by a newer connection"}
)

// People are those who are connected: how many sockets each may have, and who is told that they are online.
type People struct {
	leases *lease.Keeper
	board  *presence.Board
	node   *realtime.Node
	clock  chat.Clock
	log    *slog.Logger
}

// PeopleConfig is what People works with.
type PeopleConfig struct {
	Rule     lease.Rule
	Table    lease.Table
	Leases   *lease.Metrics
	Presence *presence.Metrics
	Clock    chat.Clock
	Logger   *slog.Logger
}

// NewPeople knows nobody yet. Bind it to a node before the first connection.
func NewPeople(c PeopleConfig) *People {
	p := &People{clock: c.Clock, log: c.Logger}
	p.leases = lease.NewKeeper(lease.Config{
		Rule: c.Rule, Table: c.Table, Clock: c.Clock, Metrics: c.Leases, Logger: c.Logger, Evicted: p.evicted,
		Changed: func(user int64) { p.board.Touch(user) },
	})
	p.board = presence.New(presence.Config{
		Clock: c.Clock, Metrics: c.Presence, Here: p.leases.Here, Held: p.leases.Held, Tell: p.tell, Send: p.send,
	})
	return p
}

// Bind sets the node whose connections these are.
func (p *People) Bind(n *realtime.Node) { p.node = n }

// Run renews leases and tells of presence until ctx ends.
func (p *People) Run(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.board.Run(ctx)
	}()
	p.leases.Run(ctx)
	<-done
}

// Close signs everybody off.
func (p *People) Close(ctx context.Context) { p.leases.Close(ctx) }

func (p *People) open(ctx context.Context, peer realtime.Peer) error {
	if !p.leases.Take(ctx, peer.User, peer.Connection) {
		return tooMany
	}
	p.board.Join(peer.Connection)
	return nil
}

func (p *People) closed(peer realtime.Peer) {
	p.board.Leave(peer.Connection)
	p.leases.Drop(context.Background(), peer.User, peer.Connection)
}

func (p *People) evicted(leases []lease.Lease) {
	for _, l := range leases {
		p.node.Dismiss(l.Owner, replaced, l.ID)
	}
}

func (p *People) tell(n presence.News) {
	data, err := json.Marshal(n)
	if err != nil {
		p.log.Error("presence not told", slog.Any("error", err))
		return
	}
	p.node.Tell(data)
}

func (p *People) told(data []byte) {
	var n presence.News
	if err := json.Unmarshal(data, &n); err != nil {
		p.log.Error("presence told by another node not understood", slog.Any("error", err))
		return
	}
	p.board.Hear(n)
}

func (p *People) send(to presence.Watcher, n presence.News) {
	var event contract.Event
	event.SetPresenceChangedEvent(contract.PresenceChangedEvent{
		Type: contract.PresenceChangedEventTypePresenceChanged, At: contract.Time(p.clock().UTC()),
		Data: contract.PresenceEventData{Online: contractIDs(n.Online), Offline: contractIDs(n.Offline)},
	})
	var e jx.Encoder
	e.ArrStart()
	event.Encode(&e)
	e.ArrEnd()
	p.node.Send(to.User, to.Connection, e.Bytes())
}

// presenceWatch needs no rule: whoever is signed in may look anybody up, as over HTTP. An id that nobody has is offline.
func (d *Door) presenceWatch(ctx context.Context, p realtime.Peer, data []byte) (encoder, error) {
	var in contract.PresenceWatchCommand
	if err := wire.Decode(data, &in); err != nil {
		return nil, err
	}
	ids := make([]int64, len(in.UserIds))
	for i, id := range in.UserIds {
		ids[i] = int64(id)
	}
	online := d.people.board.Watch(ctx, presence.Watcher{User: p.User, Connection: p.Connection}, ids)
	return &contract.PresenceWatchReply{Online: contractIDs(online)}, nil
}

func contractIDs(ids []int64) []contract.ID {
	out := make([]contract.ID, len(ids))
	for i, id := range ids {
		out[i] = contract.ID(id)
	}
	return out
}
