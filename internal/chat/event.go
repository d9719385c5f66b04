package chat

import "time"

// EventType names what happened: a noun and what became of it.
type EventType string

// The events of Parley.
const (
	EventMessagePosted  EventType = "message.posted"
	EventMessageEdited  EventType = "message.edited"
	EventMessageDeleted EventType = "message.deleted"
	EventRoomUpdated    EventType = "room.updated"
	EventRoomDeleted    EventType = "room.deleted"
	EventMemberJoined   EventType = "member.joined"
	EventMemberLeft     EventType = "member.left"
	EventReadMarked     EventType = "read.marked"
	EventTypingStarted  EventType = "typing.started"
	EventNoticeAdded    EventType = "notice.added"
	EventAccountUpdated EventType = "account.updated"
	EventEventsMissed   EventType = "events.missed" // to whoever listens: ask what has changed
)

// Event is something that happened and that others are told of. It is announced after the commit and may be lost on the way: whoever
// must not miss anything asks for the changes since a revision. Exactly one of the pointers is set where the type says so.
type Event struct {
	Type     EventType
	Room     RoomID
	Revision int64 // 0 for events that are no durable change of the room
	At       time.Time

	Message  *Message // message.*
	RoomNow  *Room    // room.updated
	Member   *Member  // member.joined
	User     UserID   // member.left, typing.started: who; read.marked: whose mark; notice.added, account.updated: whose
	LastRead int64    // read.marked
}

// ToRoom reports whether the event goes to everybody in the room.
func (e Event) ToRoom() bool {
	return e.Type != EventReadMarked && e.Type != EventNoticeAdded && e.Type != EventAccountUpdated
}

// ToUser returns the person whose own channel gets the event too, 0 for none. A new or former member is told there, because they are
// not listening to the room at that moment.
func (e Event) ToUser() UserID {
	switch e.Type {
	case EventMemberJoined:
		return e.Member.User.ID
	case EventMemberLeft, EventReadMarked, EventNoticeAdded, EventAccountUpdated:
		return e.User
	}
	return 0
}
