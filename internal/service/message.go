package service

import (
	"context"
	"math"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// Messages are what is said in rooms.
type Messages struct {
	store     *store.Store
	access    *memberships
	publisher Publisher
	doubts    *Doubts
	clock     chat.Clock
}

// Post stores a message and returns it once it is durable. A retry with the same client key returns the message stored first and created
// is false. The event is announced by the store's hook, in the order of numbers, and for a retry again: the node that stored the message may
// have ended before it told anybody. So it is with a repeated edit or deletion.
func (m *Messages) Post(ctx context.Context, actor chat.Actor, in chat.NewMessage) (message chat.Message, created bool, err error) {
	if err := in.Check(); err != nil {
		return chat.Message{}, false, err
	}
	if err := m.access.require(ctx, in.Room, actor.User); err != nil {
		return chat.Message{}, false, err
	}
	return m.store.InsertMessage(ctx, chat.Message{
		Room: in.Room, Author: actor.User, Body: in.Body, ClientKey: in.ClientKey, CreatedAt: now(m.clock),
	})
}

// Edit replaces the text of the actor's own message and tells the room. An edit that changes nothing is no change.
func (m *Messages) Edit(ctx context.Context, actor chat.Actor, room chat.RoomID, number int64, body string) (chat.Message, error) {
	var faults chat.Faults
	f := chat.CheckBody(body)
	faults.Add("body", f.Code, f.Detail)
	if err := faults.Err(); err != nil {
		return chat.Message{}, err
	}
	message, err := m.find(ctx, actor, room, number)
	switch {
	case err != nil:
		return chat.Message{}, err
	case !message.CanEdit(actor.User):
		return chat.Message{}, chat.ErrForbidden
	case message.Deleted():
		return chat.Message{}, chat.ErrMessageDeleted
	case message.Body == body:
		m.again(message)
		return message, nil
	}
	at, before := now(m.clock), message
	if message, err = m.store.EditMessage(live(ctx), room, number, body, at); err != nil {
		m.doubts.change(before, body, err)
		return chat.Message{}, err
	}
	m.publisher.Announce(messageEvent(chat.EventMessageEdited, message, at))
	return message, nil
}

// Delete leaves a tombstone of a message and tells the room. The author may, and the room's owners. Deleting twice is no error.
func (m *Messages) Delete(ctx context.Context, actor chat.Actor, room chat.RoomID, number int64) (chat.Message, error) {
	as, err := m.access.of(ctx, room, actor.User)
	if err != nil {
		return chat.Message{}, err
	}
	message, err := m.find(ctx, actor, room, number)
	switch {
	case err != nil:
		return chat.Message{}, err
	case !message.CanDelete(actor.User, chat.Membership{Role: as.role}):
		return chat.Message{}, chat.ErrForbidden
	case message.Deleted():
		m.again(message)
		return message, nil
	}
	at, before := now(m.clock), message
	if message, err = m.store.DeleteMessage(live(ctx), room, number, at); err != nil {
		m.doubts.change(before, "", err)
		return chat.Message{}, err
	}
	m.publisher.Announce(messageEvent(chat.EventMessageDeleted, message, at))
	return message, nil
}

// again announces a change that somebody asks for a second time.
func (m *Messages) again(message chat.Message) {
	if message.Deleted() || !message.EditedAt.IsZero() {
		m.publisher.Announce(currentEvent(message))
	}
}

// find returns a message of a room the actor is in.
func (m *Messages) find(ctx context.Context, actor chat.Actor, room chat.RoomID, number int64) (chat.Message, error) {
	if err := m.access.require(ctx, room, actor.User); err != nil {
		return chat.Message{}, err
	}
	return m.store.MessageByNumber(ctx, room, number)
}

// Page is a run of messages ascending by number, and the room's revision that it is at least as new as.
type Page struct {
	Messages []chat.Message
	More     bool
	Revision int64
}

// History returns messages of a room: the newest below before when that is set, else the oldest above after when that is set, else the
// newest.
func (m *Messages) History(ctx context.Context, actor chat.Actor, room chat.RoomID, before, after *int64, limit int) (Page, error) {
	if before != nil && after != nil {
		var faults chat.Faults
		faults.Add("after", "exclusive", "Say before or after, not both.")
		return Page{}, faults.Err()
	}
	// The revision is read before the messages, so that the page can only be newer than it says, which changes repair.
	view, err := m.access.view(ctx, room, actor.User)
	if err != nil {
		return Page{}, err
	}
	page := Page{Revision: view.Revision}
	if after != nil {
		page.Messages, err = m.store.ListMessagesAfter(ctx, room, *after, limit+1)
		if page.More = len(page.Messages) > limit; page.More {
			page.Messages = page.Messages[:limit]
		}
		return page, err
	}
	below := int64(math.MaxInt64)
	if before != nil {
		below = *before
	}
	page.Messages, err = m.store.ListMessagesBefore(ctx, room, below, limit+1)
	if page.More = len(page.Messages) > limit; page.More {
		page.Messages = page.Messages[1:]
	}
	return page, err
}

// Changes is the current state of what changed in a room since a revision, and the revision reached by applying it.
type Changes struct {
	Page
	Room chat.RoomView
}

// Changes returns what changed in a room since a revision. It is the truth after any reconnect. A revision smaller than since in the answer
// says that the room is older than the caller thinks (it was restored from a backup): start over.
func (m *Messages) Changes(ctx context.Context, actor chat.Actor, room chat.RoomID, since int64, limit int) (Changes, error) {
	view, err := m.access.view(ctx, room, actor.User)
	if err != nil {
		return Changes{}, err
	}
	c := Changes{Room: view, Page: Page{Revision: view.Revision}}
	if since >= view.Revision {
		return c, nil
	}
	if c.Messages, err = m.store.ListChanges(ctx, room, since, limit+1); err != nil {
		return Changes{}, err
	}
	if c.More = len(c.Messages) > limit; c.More {
		c.Messages = c.Messages[:limit]
		c.Revision = c.Messages[limit-1].Revision
	} else if n := len(c.Messages); n > 0 {
		c.Revision = max(c.Revision, c.Messages[n-1].Revision)
	}
	return c, nil
}

// Typing tells the room that the actor types. Nothing is stored.
func (m *Messages) Typing(ctx context.Context, actor chat.Actor, room chat.RoomID) error {
	if err := m.access.require(ctx, room, actor.User); err != nil {
		return err
	}
	m.publisher.Announce(chat.Event{Type: chat.EventTypingStarted, Room: room, At: now(m.clock), User: actor.User})
	return nil
}

func messageEvent(t chat.EventType, m chat.Message, at time.Time) chat.Event {
	return chat.Event{Type: t, Room: m.Room, Revision: m.Revision, At: at, Message: &m}
}
