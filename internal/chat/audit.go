package chat

import "time"

// AuditEntryID identifies an entry of the audit.
type AuditEntryID int64

// AuditAction names what was done: a noun and what became of it.
type AuditAction string

// What the audit has entries for.
const (
	AuditSessionOpened   AuditAction = "session.opened"
	AuditSessionEnded    AuditAction = "session.ended"           // by its owner, here or from another device
	AuditSessionEvicted  AuditAction = "session.evicted"         // one sign-in too many: it was the one unused longest
	AuditReauthenticated AuditAction = "session.reauthenticated" // its person proved again who they are
	AuditSessionReused   AuditAction = "session.reused"          // a refresh token came a second time: there is a copy of it
	AuditPasswordChanged AuditAction = "password.changed"        // by its owner
	AuditIdentityLinked  AuditAction = "identity.linked"         // an account at a provider opens this one
	AuditIdentityGone    AuditAction = "identity.unlinked"
	AuditPasswordReset   AuditAction = "password.reset" // by somebody who reads their mail
	AuditEmailChanged    AuditAction = "email.changed"  // another address waits to be confirmed
	AuditEmailRemoved    AuditAction = "email.removed"
	AuditEmailConfirmed  AuditAction = "email.confirmed" // and is theirs now
	AuditInviteCreated   AuditAction = "invite.created"
	AuditInviteRevoked   AuditAction = "invite.revoked"
	AuditInviteUsed      AuditAction = "invite.used" // somebody made an account by it
	AuditRoleChanged     AuditAction = "role.changed"
	AuditDeactivated     AuditAction = "account.deactivated"
	AuditReactivated     AuditAction = "account.reactivated"
	AuditAccountDeleted  AuditAction = "account.deleted"
	AuditRoomDeleted     AuditAction = "room.deleted"

	AuditTwoFactorEnabled  AuditAction = "two_factor.enabled"
	AuditTwoFactorDisabled AuditAction = "two_factor.disabled"
	AuditRecoveryUsed      AuditAction = "two_factor.recovery_used" // a recovery code signed in, or turned something off
	AuditRecoveryRenewed   AuditAction = "two_factor.codes_renewed"
	AuditPasskeyAdded      AuditAction = "passkey.added"
	AuditPasskeyRemoved    AuditAction = "passkey.removed"
	AuditPasskeyCopied     AuditAction = "passkey.copied" // its count went back, as that of a copy does; it was refused
)

// AuditEntry is who did what to whose account, when and from where. Entries are written once and never changed.
type AuditEntry struct {
	ID      AuditEntryID
	At      time.Time
	Action  AuditAction
	Actor   UserID // 0: the server itself, or somebody it could not name
	User    UserID // whose account; 0: nobody's
	Session SessionID
	Device  Device // where the request came from
	Detail  string // which invite, from which role to which; empty where the action says it all
}
