package service

import (
	"context"
	"sync"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// memberships remembers who is what in which room, because every post and every subscription asks. It is told of every change on this
// node; the short life of an entry bounds how long a change on another node, whose event was lost, can go unnoticed.
type memberships struct {
	store  *store.Store
	clock  chat.Clock
	shards [64]membershipShard

	mu      sync.Mutex
	learned map[chat.UserID]time.Time // whose rooms were all read, and until when that need not be done again
}

type membershipShard struct {
	mu      sync.Mutex
	changes uint64 // counts what was forgotten, so that an answer read before a change is not kept after it
	known   map[membershipKey]membershipEntry
}

type membershipKey struct {
	room chat.RoomID
	user chat.UserID
}

type membershipEntry struct {
	access
	until time.Time
}

// access is what decides whether a person may do something in a room.
type access struct {
	kind chat.RoomKind
	role chat.Role // empty: not a member
}

const (
	membershipLife     = 30 * time.Second
	membershipsAShard  = 4096
	mostLearned        = 100_000
	membershipHashStep = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: neighbours land in different shards
)

func newMemberships(s *store.Store, c chat.Clock) *memberships {
	m := &memberships{store: s, clock: c, learned: map[chat.UserID]time.Time{}}
	for i := range m.shards {
		m.shards[i].known = map[membershipKey]membershipEntry{}
	}
	return m
}

func (m *memberships) shard(k membershipKey) *membershipShard { return &m.shards[k.shard()] }

func (k membershipKey) shard() uint64 {
	return (uint64(k.room)*membershipHashStep ^ uint64(k.user)*membershipHashStep>>1) >> 58
}

// remember keeps what was read, unless something was forgotten since.
func (s *membershipShard) remember(k membershipKey, e membershipEntry, changes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// That somebody is not a member is not remembered: they may become one on another node, and ask here in the same moment.
	if s.changes != changes || e.role == "" {
		return
	}
	if len(s.known) >= membershipsAShard {
		clear(s.known)
	}
	s.known[k] = e
}

// require returns nil for a member of the room. For others it is chat.ErrNotMember if they may know of the room, and
// chat.ErrRoomNotFound if not: a private room answers like one that does not exist.
func (m *memberships) require(ctx context.Context, room chat.RoomID, user chat.UserID) error {
	a, err := m.of(ctx, room, user)
	switch {
	case err != nil:
		return err
	case a.role != "":
		return nil
	case a.kind == chat.RoomPublic:
		return chat.ErrNotMember
	}
	return chat.ErrRoomNotFound
}

// requireOfAll is require for somebody who is about to ask for each of their rooms, as every new connection does. All of them are read with the first:
// when a node goes away, everybody comes to the others, and these would be asked once for each person and each of their rooms.
func (m *memberships) requireOfAll(ctx context.Context, room chat.RoomID, user chat.UserID) error {
	k := membershipKey{room, user}
	at := m.clock()
	s := m.shard(k)
	s.mu.Lock()
	e, known := s.known[k]
	s.mu.Unlock()
	if (!known || !at.Before(e.until)) && m.mayLearn(user, at) {
		if err := m.learn(ctx, user, at); err != nil {
			return err
		}
	}
	return m.require(ctx, room, user)
}

// mayLearn says whether to read all of a person's rooms. Who asks for a room that is not theirs makes us do it once, and not each time.
func (m *memberships) mayLearn(user chat.UserID, at time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if until, ok := m.learned[user]; ok && at.Before(until) {
		return false
	}
	if len(m.learned) >= mostLearned {
		clear(m.learned)
	}
	m.learned[user] = at.Add(membershipLife)
	return true
}

func (m *memberships) learn(ctx context.Context, user chat.UserID, at time.Time) error {
	var before [len(m.shards)]uint64
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		before[i] = s.changes
		s.mu.Unlock()
	}
	rooms, err := m.store.ListRooms(ctx, user)
	if err != nil {
		m.mu.Lock()
		delete(m.learned, user)
		m.mu.Unlock()
		return err
	}
	for _, r := range rooms {
		k := membershipKey{r.ID, user}
		i := k.shard()
		m.shards[i].remember(k, membershipEntry{access{kind: r.Kind, role: r.Role}, at.Add(membershipLife)}, before[i])
	}
	return nil
}

// view returns the room as a member of it sees it, with its counters as they are now; for others the errors are those of require. It asks the
// store each time: what is remembered has no counters.
func (m *memberships) view(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.RoomView, error) {
	view, err := m.store.RoomForUser(ctx, room, user)
	switch {
	case err != nil:
		return chat.RoomView{}, err
	case view.Member():
		return view, nil
	case view.CanSee(view.Membership):
		return chat.RoomView{}, chat.ErrNotMember
	}
	return chat.RoomView{}, chat.ErrRoomNotFound
}

// of returns what a person is in a room, or chat.ErrRoomNotFound.
func (m *memberships) of(ctx context.Context, room chat.RoomID, user chat.UserID) (access, error) {
	k := membershipKey{room, user}
	s := m.shard(k)
	at := m.clock()
	s.mu.Lock()
	e, known := s.known[k]
	changes := s.changes
	s.mu.Unlock()
	if known && at.Before(e.until) {
		return e.access, nil
	}
	view, err := m.store.RoomForUser(ctx, room, user)
	if err != nil {
		return access{}, err
	}
	a := access{kind: view.Kind, role: view.Role}
	s.remember(k, membershipEntry{a, at.Add(membershipLife)}, changes)
	return a, nil
}

// forgetAll drops everything: changes on other nodes may not have been heard of.
func (m *memberships) forgetAll() {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.known)
		s.mu.Unlock()
	}
	m.mu.Lock()
	clear(m.learned)
	m.mu.Unlock()
}

// forget drops what is remembered of a person in a room. Call it after the commit of every change.
func (m *memberships) forget(room chat.RoomID, user chat.UserID) {
	k := membershipKey{room, user}
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.known, k)
}
