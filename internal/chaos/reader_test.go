package chaos

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/go-faster/jx"

	"parley/internal/contract"
)

// reader keeps a member's copy of rooms as the protocol says: an event that follows what is known is applied; one that jumps, one
// that says that some were lost, and each subscription that has become live make it ask what changed since the revision it has.
type reader struct {
	member *member
	ctx    context.Context //nolint:containedctx // of the run: after its end nothing is asked any more, whoever calls back
	given  string          // the token that the socket got last

	mu      sync.Mutex
	rooms   map[contract.ID]*replica
	syncing *time.Timer
}

type replica struct {
	revision contract.Revision          // everything up to here is known
	expected contract.Revision          // something up to here is known to exist
	ahead    map[contract.Revision]bool // known beyond that: events overtake each other
	healing  bool
	messages map[contract.Number]contract.Message
}

// listen opens the member's socket and subscribes to their rooms. It goes on until the context ends.
func (m *member) listen(ctx context.Context) error {
	r := &reader{member: m, ctx: ctx, rooms: map[contract.ID]*replica{}}
	m.reader = r
	m.socket = centrifuge.NewJsonClient("ws"+m.base[len("http"):]+"/api/v1/socket", centrifuge.Config{
		GetToken:    func(centrifuge.ConnectionTokenEvent) (string, error) { return r.fresh() },
		TLSConfig:   anyCertificate(),
		Header:      http.Header{"Origin": {m.base}}, // as a browser sends it, and the server compares it with where it is
		ReadTimeout: attemptTime, HandshakeTimeout: attemptTime, WriteTimeout: time.Second, MaxServerPingDelay: 2 * time.Second,
		MinReconnectDelay: 100 * time.Millisecond, MaxReconnectDelay: 2 * time.Second,
	})
	m.socket.OnConnected(func(centrifuge.ConnectedEvent) { m.count.connections.Add(1) })
	m.socket.OnDisconnected(func(e centrifuge.DisconnectedEvent) { go r.comeBack(e) })
	m.socket.OnPublication(func(e centrifuge.ServerPublicationEvent) { r.take(e.Data) })
	for _, room := range m.rooms {
		r.rooms[room] = &replica{messages: map[contract.Number]contract.Message{}, ahead: map[contract.Revision]bool{}}
		sub, err := m.socket.NewSubscription(fmt.Sprintf("room:%d", room), centrifuge.SubscriptionConfig{
			MinResubscribeDelay: 100 * time.Millisecond, MaxResubscribeDelay: 2 * time.Second,
		})
		if err != nil {
			return err
		}
		sub.OnSubscribed(func(centrifuge.SubscribedEvent) { r.live() })
		sub.OnPublication(func(e centrifuge.PublicationEvent) { r.take(e.Data) })
		if err := sub.Subscribe(); err != nil {
			return err
		}
	}
	return m.socket.Connect()
}

// fresh returns a token for the socket. Who asks twice was refused with the first, whatever its clock says.
func (r *reader) fresh() (string, error) {
	r.member.forget(r.given, &refusal{status: http.StatusUnauthorized})
	token, err := r.member.access(r.ctx)
	r.given = token
	return token, err
}

// comeBack opens a socket again that was closed for good, as one is whose session has ended: with a new session, and after a while.
func (r *reader) comeBack(e centrifuge.DisconnectedEvent) {
	if r.ctx.Err() != nil {
		return
	}
	r.member.count.refused(fmt.Sprintf("socket closed with %d", e.Code))
	r.member.session.Lock()
	r.member.token = ""
	r.member.session.Unlock()
	pause(r.ctx, backoff(3, nil))
	_ = r.member.socket.Connect() // fails only when it was closed at the end of the run
}

// live asks, a little later and once for all rooms, how far they are.
func (r *reader) live() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.syncing != nil {
		r.syncing.Stop() // one that runs is followed by another
	}
	r.syncing = time.AfterFunc(250*time.Millisecond, r.sync)
}

func (r *reader) sync() {
	var list contract.RoomList
	if r.member.call(r.ctx, http.MethodGet, "/api/v1/rooms", nil, &list) != nil {
		return
	}
	for _, room := range list.Items {
		r.expect(room.ID, room.Revision)
	}
}

// expect says that a room is known to have reached a revision.
func (r *reader) expect(room contract.ID, revision contract.Revision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.rooms[room]
	if known == nil {
		return
	}
	known.expected = max(known.expected, revision)
	if known.expected > known.revision && !known.healing {
		known.healing = true
		go r.heal(room, known)
	}
}

// take applies the events of a publication.
func (r *reader) take(data []byte) {
	var events []contract.Event
	err := jx.DecodeBytes(data).Arr(func(d *jx.Decoder) error {
		var e contract.Event
		if err := e.Decode(d); err != nil {
			return err
		}
		events = append(events, e)
		return nil
	})
	if err != nil {
		r.member.count.refused("publication not understood: " + err.Error())
		return
	}
	for _, e := range events {
		switch e.Type {
		case contract.EventsMissedEventEvent:
			r.live()
		case contract.MessagePostedEventEvent:
			r.change(e.MessagePostedEvent.RoomID, e.MessagePostedEvent.Revision, e.MessagePostedEvent.Data.Message)
		case contract.MessageEditedEventEvent:
			r.change(e.MessageEditedEvent.RoomID, e.MessageEditedEvent.Revision, e.MessageEditedEvent.Data.Message)
		case contract.MessageDeletedEventEvent:
			r.change(e.MessageDeletedEvent.RoomID, e.MessageDeletedEvent.Revision, e.MessageDeletedEvent.Data.Message)
		}
	}
}

func (r *reader) change(room contract.ID, revision contract.Revision, m contract.Message) {
	r.member.count.events.Add(1)
	r.mu.Lock()
	known := r.rooms[room]
	if known == nil {
		r.mu.Unlock()
		return
	}
	known.put(m)
	known.ahead[revision] = true
	known.advance()
	r.mu.Unlock()
	r.expect(room, revision)
}

func (k *replica) put(m contract.Message) {
	if k.messages[m.Number].Revision < m.Revision {
		k.messages[m.Number] = m
	}
}

// advance moves the revision over what is known.
func (k *replica) advance() {
	for k.ahead[k.revision+1] {
		k.revision++
	}
	maps.DeleteFunc(k.ahead, func(revision contract.Revision, _ bool) bool { return revision <= k.revision })
}

// settle is how long an event may be overtaken by others before it is asked for, as in the web client.
const settle = 120 * time.Millisecond

// heal asks what changed since what is known, until everything that is known to exist is there.
func (r *reader) heal(room contract.ID, known *replica) {
	pause(r.ctx, settle)
	for first := true; ; first = false {
		r.mu.Lock()
		since := known.revision
		if since >= known.expected || r.ctx.Err() != nil {
			known.healing = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		if first {
			r.member.count.heals.Add(1)
		}
		var page contract.ChangePage
		r.member.count.pages.Add(1)
		if err := r.member.call(r.ctx, http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/changes?since=%d&limit=500", room, since), nil, &page); err != nil {
			r.member.count.refused("changes: " + err.Error())
			pause(r.ctx, time.Second)
			continue
		}
		r.mu.Lock()
		for _, m := range page.Items {
			known.put(m)
		}
		known.revision = max(known.revision, contract.Revision(page.Revision))
		known.advance()
		stuck := known.revision == since
		r.mu.Unlock()
		if stuck {
			pause(r.ctx, 100*time.Millisecond)
		}
	}
}

// behind says how far a room of the member's is from a revision.
func (r *reader) behind(room contract.ID, revision contract.Revision) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rooms[room].revision < revision
}

// holds returns a copy of what the member holds.
func (r *reader) holds() map[contract.ID]map[contract.Number]contract.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := map[contract.ID]map[contract.Number]contract.Message{}
	for room, known := range r.rooms {
		held[room] = maps.Clone(known.messages)
	}
	return held
}
