package chat

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a message and of pages of messages.
const (
	MaxBody       = 8000 // characters
	MaxClientKey  = 64
	DefaultPage   = 50
	MaxPage       = 200
	MaxChanges    = 500
	DefaultChange = 200
)

// Message is what somebody said in a room. Number is its place there, counted from 1 without gaps; Revision is the room's revision at
// the message's latest change. A deleted message stays as a tombstone: its body is empty and DeletedAt is set.
type Message struct {
	ID        MessageID
	Room      RoomID
	Number    int64
	Revision  int64
	Author    UserID
	Body      string
	ClientKey string
	CreatedAt time.Time
	EditedAt  time.Time // zero when never edited
	DeletedAt time.Time // zero when not deleted
}

// Deleted reports whether only the tombstone is left.
func (m Message) Deleted() bool { return !m.DeletedAt.IsZero() }

// NewMessage is what a person gives to post. ClientKey makes a retry safe: it is unique per author.
type NewMessage struct {
	Room            RoomID
	Body, ClientKey string
}

// Check lists every fault of a new message.
func (n NewMessage) Check() error {
	var faults Faults
	f := CheckBody(n.Body)
	faults.Add("body", f.Code, f.Detail)
	f = CheckClientKey(n.ClientKey)
	faults.Add("client_key", f.Code, f.Detail)
	return faults.Err()
}

// CheckBody says what is wrong with a message's text.
func CheckBody(s string) Fault {
	if f := Encoding(s); f.Code != "" {
		return f
	}
	if strings.TrimSpace(s) == "" {
		return Fault{"required", "A message needs some text."}
	}
	// No text of at most MaxBody bytes can have more characters, so most are never counted.
	if len(s) > MaxBody && utf8.RuneCountInString(s) > MaxBody {
		return Fault{"too_long", "A message has at most 8,000 characters."}
	}
	return Fault{}
}

// CheckClientKey says what is wrong with a client's key: 1 to 64 of letters, digits and "_.:-".
func CheckClientKey(s string) Fault {
	switch {
	case s == "":
		return Fault{"required", "A key is needed, such as a UUID."}
	case len(s) > MaxClientKey:
		return Fault{"too_long", "A key has at most 64 characters."}
	}
	if !only(s, "_.:-") {
		return Fault{"alphabet", "A key has only letters, digits, '_', '.', ':' and '-'."}
	}
	return Fault{}
}

// CanEdit reports whether a person may change the text: its author, and nobody else, owners included.
func (m Message) CanEdit(by UserID) bool { return m.Author == by }

// CanDelete reports whether a member may delete the message: its author and the room's owners.
func (m Message) CanDelete(by UserID, as Membership) bool {
	return m.Author == by || as.Role == RoleOwner
}
