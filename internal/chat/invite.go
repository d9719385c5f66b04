package chat

import (
	"fmt"
	"time"
)

// InviteID identifies an invite. It is no secret; the link has one.
type InviteID int64

// Limits of an invite.
const (
	MaxInviteNote = 80
	MaxInviteUses = 10_000
	MinInviteLife = time.Minute
	MaxInviteLife = 365 * 24 * time.Hour
)

// Invite is a link that makes an account.
type Invite struct {
	ID        InviteID
	Role      ServerRole // what the account may do; ServerOwner is the setup link
	Room      RoomID     // where it leads; 0: nowhere in particular
	Note      string     // for those who manage invites
	CreatedBy UserID     // 0: the server itself, or its host
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero: it was not
	MaxUses   int64
	Uses      int64
}

// InviteView is an invite with the names of what it refers to, as far as whoever looks may know them.
type InviteView struct {
	Invite
	Creator  User   // the zero User for the server itself
	RoomName string // empty without a room, or for one that is not theirs to see
}

// Usable returns nil while the invite makes accounts, and else what became of it.
func (i Invite) Usable(at time.Time) error {
	switch {
	case !i.RevokedAt.IsZero():
		return ErrInviteRevoked
	case i.Uses >= i.MaxUses:
		return ErrInviteSpent
	case !at.Before(i.ExpiresAt):
		return ErrInviteExpired
	}
	return nil
}

// NewInvite is what somebody gives to make an invite.
type NewInvite struct {
	Role    ServerRole
	Room    RoomID // 0: nowhere in particular
	Note    string
	Life    time.Duration
	MaxUses int64
}

// Check lists every fault of a new invite.
func (n NewInvite) Check() error {
	var faults Faults
	if n.Role != ServerAdmin && n.Role != ServerMember {
		faults.Add("role", "unknown", "An invite is for a member or an admin.")
	}
	f := Line(n.Note, 0, MaxInviteNote)
	faults.Add("note", f.Code, f.Detail)
	if n.Life < MinInviteLife || n.Life > MaxInviteLife {
		faults.Add("expires_in", "out_of_range", "An invite lives from a minute to a year.")
	}
	if n.MaxUses < 1 || n.MaxUses > MaxInviteUses {
		faults.Add("max_uses", "out_of_range", fmt.Sprintf("An invite is good for 1 to %d accounts.", MaxInviteUses))
	}
	return faults.Err()
}

// Admission is what decides whether somebody gets an account.
type Admission struct {
	Policy SignUpPolicy
	Setup  bool   // the first account needs the setup link
	Invite string // the hash of the invite's secret; empty without one
	At     time.Time
}

// Role returns what the new account may do, or why there is none. First says that nobody has an account yet; the invite is nil without one, and
// usable. It is asked inside the transaction that makes the account, with everybody else who makes one waiting.
func (a Admission) Role(first bool, invite *Invite) (ServerRole, error) {
	switch {
	case first && (invite != nil || !a.Setup):
		return ServerOwner, nil
	case first:
		return "", ErrSetupNeeded
	case a.Policy == SignUpClosed:
		return "", ErrSignUpClosed
	case invite != nil && invite.Role == ServerOwner: // a setup link has no worth once there is an owner
		return "", ErrInviteSpent
	case invite != nil:
		return invite.Role, nil
	case a.Policy == SignUpOpen:
		return ServerMember, nil
	}
	return "", ErrInviteNeeded
}
