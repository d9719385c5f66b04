package chat

import "time"

// SessionID identifies a sign-in on one device.
type SessionID string

// Device is what is known of where a request came from, as a person may read it: the program ("Firefox on Linux") and the place in the
// network, an address without its last part.
type Device struct{ Agent, Place string }

// Session is a sign-in as its owner sees it.
type Session struct {
	ID                SessionID
	Device            Device
	CreatedAt, UsedAt time.Time
	Current           bool // the one that asks
}
