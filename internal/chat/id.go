package chat

import "time"

// Identifiers are handed out by the store in blocks and stay below 2^53, so that they are safe as JSON numbers. Each noun has its own
// type: a room's id cannot be passed where a user's is wanted.
type (
	// UserID identifies a person.
	UserID int64
	// RoomID identifies a room.
	RoomID int64
	// MessageID identifies a message across rooms. For its place in a room see Message.Number.
	MessageID int64
)

// MaxInteger is the largest integer that JavaScript represents exactly (2^53 - 1), and so the largest number in the contract.
const MaxInteger = 1<<53 - 1

// Actor is the signed-in person on whose behalf something is done.
type Actor struct {
	User    UserID
	Session SessionID
}

// HostID stands for whoever runs the server's own commands on its machine: they have its files, and so may do anything.
const HostID UserID = -1

// Recorded is how the actor stands in the data: the host has no account, so as nobody's.
func (a Actor) Recorded() UserID {
	if a.User == HostID {
		return 0
	}
	return a.User
}

// Clock tells the time. It is injected everywhere, so that tests decide what time it is.
type Clock func() time.Time

// Millis returns the clock's time as stored: whole milliseconds since 1970, UTC.
func (c Clock) Millis() int64 { return c().UnixMilli() }

// Truncate drops what the store does not keep of a time: the zone, and all below a millisecond.
func Truncate(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
