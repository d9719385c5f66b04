package chat

import (
	"time"
)

// Limits of a room.
const (
	MaxRoomName = 80
	MaxTopic    = 250
)

// RoomKind says who can find and join a room.
type RoomKind string

// The kinds of rooms.
const (
	RoomPublic  RoomKind = "public"  // listed, and open to everybody with an account
	RoomPrivate RoomKind = "private" // invisible to all but its members
)

// Role says what a member may do in a room.
type Role string

// The roles of a room.
const (
	RoleOwner  Role = "owner"
	RoleMember Role = "member"
)

// Room is a place to talk. It has two contiguous counters: LastNumber counts its messages, Revision its durable changes.
type Room struct {
	ID          RoomID
	Name        string
	Kind        RoomKind
	Topic       string
	CreatedBy   UserID
	CreatedAt   time.Time
	ActiveAt    time.Time // when the newest message was posted, or the room created
	LastNumber  int64
	Revision    int64
	MemberCount int64
}

// Membership is what a person is in a room. The zero value means: not a member.
type Membership struct {
	Role           Role
	LastReadNumber int64
	JoinedAt       time.Time
}

// Member reports whether this is a membership at all.
func (m Membership) Member() bool { return m.Role != "" }

// RoomView is a room as one person sees it.
type RoomView struct {
	Room
	Membership
}

// Member is a person in a room.
type Member struct {
	User     User
	Role     Role
	JoinedAt time.Time
}

// NewRoom is what a person gives to create a room. CreationKey, when set, makes a retry safe.
type NewRoom struct {
	Name, Topic, CreationKey string
	Kind                     RoomKind
}

// Check lists every fault of a new room.
func (n NewRoom) Check() error {
	var faults Faults
	f := Line(n.Name, 1, MaxRoomName)
	faults.Add("name", f.Code, f.Detail)
	f = Line(n.Topic, 0, MaxTopic)
	faults.Add("topic", f.Code, f.Detail)
	if n.Kind != RoomPublic && n.Kind != RoomPrivate {
		faults.Add("kind", "unknown", "A room is public or private.")
	}
	if n.CreationKey != "" {
		f = CheckClientKey(n.CreationKey)
		faults.Add("Idempotency-Key", f.Code, f.Detail)
	}
	return faults.Err()
}

// RoomChange is a change of a room's name or topic; nil leaves as is.
type RoomChange struct{ Name, Topic *string }

// Check lists every fault of a change.
func (c RoomChange) Check() error {
	var faults Faults
	if c.Name == nil && c.Topic == nil {
		faults.Add("", "empty", "Say what to change: name, topic.")
	}
	if c.Name != nil {
		f := Line(*c.Name, 1, MaxRoomName)
		faults.Add("name", f.Code, f.Detail)
	}
	if c.Topic != nil {
		f := Line(*c.Topic, 0, MaxTopic)
		faults.Add("topic", f.Code, f.Detail)
	}
	return faults.Err()
}

// The rules of who may do what in a room. They decide on values alone, so that every door and every test sees the same answer.

// CanSee reports whether a person with this membership may know that the room exists.
func (r Room) CanSee(m Membership) bool { return r.Kind == RoomPublic || m.Member() }

// CanJoin reports whether a person may join by their own will.
func (r Room) CanJoin() bool { return r.Kind == RoomPublic }

// CanUpdate reports whether a member may change the name and the topic.
func (m Membership) CanUpdate() bool { return m.Role == RoleOwner }

// CanDeleteRoom reports whether somebody may delete a room: its owners, and those who manage the server.
func CanDeleteRoom(m Membership, by User) bool {
	return !by.Deactivated() && (m.Role == RoleOwner || by.Role.CanManage())
}

// CanAdd reports whether a member may bring somebody in: anybody into a private room, owners into a public one.
func (r Room) CanAdd(m Membership) bool {
	return m.Role == RoleOwner || r.Kind == RoomPrivate && m.Member()
}

// CanRemove reports whether a member may take others out.
func (m Membership) CanRemove() bool { return m.Role == RoleOwner }
