package service

import (
	"context"
	"errors"

	"parley/internal/chat"
	"parley/internal/store"
)

// Members are the people in rooms.
type Members struct {
	store     *store.Store
	access    *memberships
	publisher Publisher
	clock     chat.Clock
}

// Join makes the actor a member of a public room. Joining twice is no error. A private room one is not in is chat.ErrRoomNotFound.
func (m *Members) Join(ctx context.Context, actor chat.Actor, id chat.RoomID) (chat.RoomView, error) {
	view, err := m.store.RoomForUser(ctx, id, actor.User)
	switch {
	case err != nil:
		return chat.RoomView{}, err
	case view.Member():
		return view, nil
	case !view.CanJoin():
		return chat.RoomView{}, chat.ErrRoomNotFound
	}
	if _, err := m.add(ctx, id, actor.User); err != nil {
		return chat.RoomView{}, err
	}
	return m.store.RoomForUser(ctx, id, actor.User)
}

// Leave takes the actor out of a room. When its last owner leaves, the room passes to whoever has been in it longest.
func (m *Members) Leave(ctx context.Context, actor chat.Actor, id chat.RoomID) error {
	a, err := m.access.of(ctx, id, actor.User)
	switch {
	case err != nil:
		return err
	case a.role == "" && a.kind == chat.RoomPrivate:
		return chat.ErrRoomNotFound
	}
	return m.drop(ctx, id, actor.User)
}

// Add brings somebody into a room by their username. Adding a member twice is no error.
func (m *Members) Add(ctx context.Context, actor chat.Actor, id chat.RoomID, username string) (chat.Member, error) {
	view, err := m.access.view(ctx, id, actor.User)
	if err != nil {
		return chat.Member{}, err
	}
	if !view.CanAdd(view.Membership) {
		return chat.Member{}, chat.ErrForbidden
	}
	if chat.CheckUsername(username).Code != "" {
		return chat.Member{}, unknownUsername()
	}
	user, _, err := m.store.UserByUsername(ctx, username)
	if errors.Is(err, chat.ErrUserNotFound) {
		return chat.Member{}, unknownUsername()
	}
	if err != nil {
		return chat.Member{}, err
	}
	if user.Deactivated() {
		return chat.Member{}, chat.ErrUserDeactivated
	}
	return m.add(ctx, id, user.ID)
}

// Remove takes somebody else out of a room; their sockets stop receiving it at once. Removing who is not in it is no error.
func (m *Members) Remove(ctx context.Context, actor chat.Actor, id chat.RoomID, user chat.UserID) error {
	view, err := m.access.view(ctx, id, actor.User)
	if err != nil {
		return err
	}
	if user != actor.User && !view.CanRemove() {
		return chat.ErrForbidden
	}
	return m.drop(ctx, id, user)
}

// List returns the members of a room by id, those after a person, and whether there are more.
func (m *Members) List(ctx context.Context, actor chat.Actor, id chat.RoomID, after chat.UserID, limit int) ([]chat.Member, bool, error) {
	if err := m.access.require(ctx, id, actor.User); err != nil {
		return nil, false, err
	}
	list, err := m.store.ListMembers(ctx, id, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	return list[:min(limit, len(list))], len(list) > limit, nil
}

// Require returns nil for a member of the room, chat.ErrNotMember or chat.ErrRoomNotFound for others. Subscriptions ask it, and each connection makes one
// for each of its person's rooms.
func (m *Members) Require(ctx context.Context, actor chat.Actor, id chat.RoomID) error {
	return m.access.requireOfAll(ctx, id, actor.User)
}

// Changed is told, on every node, that somebody's part in a room has changed.
func (m *Members) Changed(id chat.RoomID, user chat.UserID) { m.access.forget(id, user) }

// ChangedAll is told when this node may not have heard of such changes.
func (m *Members) ChangedAll() { m.access.forgetAll() }

func (m *Members) add(ctx context.Context, id chat.RoomID, user chat.UserID) (chat.Member, error) {
	member, joined, err := m.store.InsertMember(ctx, id, user, chat.RoleMember, now(m.clock))
	if err != nil {
		return chat.Member{}, err
	}
	if joined {
		m.access.forget(id, user)
		m.announceJoined(id, member)
	}
	return member, nil
}

func (m *Members) drop(ctx context.Context, id chat.RoomID, user chat.UserID) error {
	left, err := m.store.DeleteMember(ctx, id, user)
	if err != nil || !left {
		return err
	}
	// Before the event: nothing of the room may reach them any more, not even word of their own leaving. Their own channel has that.
	m.access.forget(id, user)
	m.publisher.Expel(id, user)
	m.publisher.Announce(chat.Event{Type: chat.EventMemberLeft, Room: id, At: now(m.clock), User: user})
	return nil
}

// welcome tells the devices of somebody who made a room that they are in it. Failing to is harmless: the room list has it.
func (m *Members) welcome(ctx context.Context, id chat.RoomID, user chat.UserID, as chat.Membership) {
	m.access.forget(id, user)
	if u, err := m.store.UserByID(ctx, user); err == nil {
		m.announceJoined(id, chat.Member{User: u, Role: as.Role, JoinedAt: as.JoinedAt})
	}
}

func (m *Members) announceJoined(id chat.RoomID, member chat.Member) {
	m.publisher.Announce(chat.Event{Type: chat.EventMemberJoined, Room: id, At: now(m.clock), Member: &member})
}

// unknownUsername is chat.ErrUserNotFound with the field it is about.
func unknownUsername() error {
	e := *chat.ErrUserNotFound
	e.Fields = []chat.FieldError{{Field: "username", Code: "unknown", Detail: e.Detail}}
	return &e
}
