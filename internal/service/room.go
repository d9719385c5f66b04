package service

import (
	"context"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store"
)

// Rooms are the places to talk.
type Rooms struct {
	store     *store.Store
	publisher Publisher
	clock     chat.Clock
	members   *Members
	sessions  *Sessions // has the audit
}

// Create makes a room with the actor as its owner and first member. A retry with the same creation key returns the first room and created
// is false. A public name that is taken is chat.ErrRoomNameTaken.
func (r *Rooms) Create(ctx context.Context, actor chat.Actor, in chat.NewRoom) (view chat.RoomView, created bool, err error) {
	in.Name, in.Topic = name(in.Name), name(in.Topic)
	if err := in.Check(); err != nil {
		return chat.RoomView{}, false, err
	}
	at := now(r.clock)
	view, created, err = r.store.InsertRoom(ctx, chat.Room{
		Name: in.Name, Kind: in.Kind, Topic: in.Topic, CreatedBy: actor.User, CreatedAt: at, ActiveAt: at,
	}, in.CreationKey)
	if err != nil {
		return chat.RoomView{}, false, fmt.Errorf("create room: %w", err)
	}
	if created {
		r.members.welcome(ctx, view.ID, actor.User, view.Membership)
	}
	return view, created, nil
}

// List returns the actor's rooms, the most recently active first.
func (r *Rooms) List(ctx context.Context, actor chat.Actor) ([]chat.RoomView, error) {
	return r.store.ListRooms(ctx, actor.User)
}

// Browse returns public rooms by name, those after a name and whose name contains a text, and whether there are more.
func (r *Rooms) Browse(ctx context.Context, actor chat.Actor, text, after string, limit int) ([]chat.RoomView, bool, error) {
	var faults chat.Faults
	f := chat.Encoding(text)
	faults.Add("query", f.Code, f.Detail)
	f = chat.Encoding(after)
	faults.Add("after", f.Code, f.Detail)
	if err := faults.Err(); err != nil {
		return nil, false, err
	}
	list, err := r.store.BrowseRooms(ctx, actor.User, name(text), name(after), limit+1)
	if err != nil {
		return nil, false, err
	}
	return list[:min(limit, len(list))], len(list) > limit, nil
}

// View returns a room as the actor sees it, or chat.ErrRoomNotFound when it is not theirs to see.
func (r *Rooms) View(ctx context.Context, actor chat.Actor, id chat.RoomID) (chat.RoomView, error) {
	view, err := r.store.RoomForUser(ctx, id, actor.User)
	if err == nil && !view.CanSee(view.Membership) {
		err = chat.ErrRoomNotFound
	}
	if err != nil {
		return chat.RoomView{}, err
	}
	return view, nil
}

// Update changes a room's name or topic and tells the room.
func (r *Rooms) Update(ctx context.Context, actor chat.Actor, id chat.RoomID, c chat.RoomChange) (chat.RoomView, error) {
	for _, s := range []*string{c.Name, c.Topic} {
		if s != nil {
			*s = name(*s)
		}
	}
	if err := c.Check(); err != nil {
		return chat.RoomView{}, err
	}
	view, err := r.members.access.view(ctx, id, actor.User)
	if err != nil {
		return chat.RoomView{}, err
	}
	if !view.CanUpdate() {
		return chat.RoomView{}, chat.ErrForbidden
	}
	if view.Room, err = r.store.UpdateRoom(ctx, id, c); err != nil {
		return chat.RoomView{}, err
	}
	current := view.Room
	r.publisher.Announce(chat.Event{
		Type: chat.EventRoomUpdated, Room: id, Revision: current.Revision, At: now(r.clock), RoomNow: &current,
	})
	return view, nil
}

// Delete deletes a room with everything in it and tells its members. Whoever manages the server may, without being in it.
func (r *Rooms) Delete(ctx context.Context, actor chat.Actor, id chat.RoomID, d chat.Device) error {
	user, err := r.store.UserByID(ctx, actor.User)
	if err != nil {
		return err
	}
	view, err := r.store.RoomForUser(ctx, id, actor.User)
	switch {
	case err != nil:
		return err
	case chat.CanDeleteRoom(view.Membership, user):
	case view.CanSee(view.Membership):
		return chat.ErrForbidden
	default:
		return chat.ErrRoomNotFound
	}
	ctx = live(ctx) // half a deletion is nothing that anybody wants
	if err := r.store.DeleteRoom(ctx, id); err != nil {
		return err
	}
	r.members.access.forgetAll()
	r.publisher.Announce(chat.Event{Type: chat.EventRoomDeleted, Room: id, At: now(r.clock)})
	r.sessions.recordLate(ctx, d, []chat.AuditEntry{{
		Action: chat.AuditRoomDeleted, Actor: actor.User, User: actor.User, Detail: fmt.Sprintf("%d %s", id, view.Name),
	}}, nil)
	return nil
}

// MarkRead moves the actor's read mark forward and tells their other devices. It returns where the mark is.
func (r *Rooms) MarkRead(ctx context.Context, actor chat.Actor, id chat.RoomID, number int64) (int64, error) {
	if number < 0 || number > chat.MaxInteger {
		var faults chat.Faults
		faults.Add("number", "out_of_range", "A number is 0 or more.")
		return 0, faults.Err()
	}
	if err := r.members.access.require(ctx, id, actor.User); err != nil {
		return 0, err
	}
	last, moved, err := r.store.MarkRead(ctx, id, actor.User, number)
	if err != nil {
		return 0, err
	}
	if moved || last == number { // who asks again may be the first whom anybody hears
		r.publisher.Announce(chat.Event{Type: chat.EventReadMarked, Room: id, At: now(r.clock), User: actor.User, LastRead: last})
	}
	return last, nil
}
