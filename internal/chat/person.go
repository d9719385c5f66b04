package chat

import "time"

// ServerRole says what somebody may do with the server as a whole. What they may do in a room is their Role there.
type ServerRole string

// The roles of a server.
const (
	ServerOwner  ServerRole = "owner"  // runs it; there is always one
	ServerAdmin  ServerRole = "admin"  // invites members, and takes care of them
	ServerMember ServerRole = "member" // talks
)

// The rules of who may do what with the server. They decide on values alone, so that every door and every test sees the same answer.

// CanManage reports whether somebody may see the people and the invites of the server, and work on them.
func (r ServerRole) CanManage() bool { return r == ServerOwner || r == ServerAdmin }

// CanInvite reports whether somebody may give out an account with a role. Nobody gives out ownership by a link: links get forwarded.
func (r ServerRole) CanInvite(as ServerRole) bool {
	return as == ServerMember && r.CanManage() || as == ServerAdmin && r == ServerOwner
}

// CanGovern reports whether somebody may deactivate an account with a role, and let it in again. Admins are not above each other.
func (r ServerRole) CanGovern(other ServerRole) bool {
	return r == ServerOwner || r == ServerAdmin && other == ServerMember
}

// KnownServerRole reports whether a role is one of the three.
func KnownServerRole(r ServerRole) bool {
	return r == ServerOwner || r == ServerAdmin || r == ServerMember
}

// PersonChange is a change of what somebody may do; nil leaves as is.
type PersonChange struct {
	Role        *ServerRole
	Deactivated *bool
}

// Check lists every fault of a change.
func (c PersonChange) Check() error {
	var faults Faults
	if c.Role == nil && c.Deactivated == nil {
		faults.Add("", "empty", "Say what to change: role, deactivated.")
	}
	if c.Role != nil && !KnownServerRole(*c.Role) {
		faults.Add("role", "unknown", "A role is owner, admin or member.")
	}
	return faults.Err()
}

// Person is an account as those see it who take care of the server.
type Person struct {
	User
	// TwoFactor says that two-step sign-in is on.
	TwoFactor bool
}

// Apply decides a change and returns the account as it is after it. Owners is how many open accounts own the server, this one included. The
// host of the server may do everything but leave it without an owner.
func (c PersonChange) Apply(actor, person User, owners int64, at time.Time) (User, error) {
	role, self := actor.Role, actor.ID == person.ID
	if actor.ID == HostID {
		role = ServerOwner
	}
	if actor.Deactivated() || !role.CanManage() {
		return User{}, ErrForbidden
	}
	after := c.applied(person, at)
	// An owner decides about roles. Whoever has one may also lay it down.
	if after.Role != person.Role && role != ServerOwner && (!self || after.Role != ServerMember) {
		return User{}, ErrForbidden
	}
	// Nobody closes their own account here: it would be done by mistake, and could not be undone by whoever did it.
	if after.Deactivated() != person.Deactivated() && (self || !role.CanGovern(person.Role)) {
		return User{}, ErrForbidden
	}
	if person.owns() && !after.owns() && owners <= 1 {
		return User{}, ErrLastOwner
	}
	return after, nil
}

// CheckDeletion decides whether an account may be deleted. It is deactivated first: that signs it out everywhere, and can be undone.
func CheckDeletion(actor, person User) error {
	switch {
	case actor.Deactivated() || !actor.Role.CanGovern(person.Role):
		return ErrForbidden
	case !person.Deactivated():
		return ErrStillActive
	}
	return nil
}

// applied is the account as the change wants it.
func (c PersonChange) applied(person User, at time.Time) User {
	if c.Role != nil {
		person.Role = *c.Role
	}
	if c.Deactivated != nil && *c.Deactivated != person.Deactivated() {
		person.DeactivatedAt = time.Time{}
		if *c.Deactivated {
			person.DeactivatedAt = at
		}
	}
	return person
}

// owns reports whether the account owns the server and somebody can sign in to it.
func (u User) owns() bool { return u.Role == ServerOwner && !u.Deactivated() }
