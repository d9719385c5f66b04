package chat

import "time"

// NoticeID identifies a notice.
type NoticeID int64

// NoticeKind says what a person is told.
type NoticeKind string

// What people are told about their account.
const (
	NoticeSessionOpened   NoticeKind = "session.opened"    // a sign-in from a device that was not seen before
	NoticeSessionReused   NoticeKind = "session.reused"    // a session ended because its refresh token was used twice
	NoticePasswordChanged NoticeKind = "password.changed"  // and the other sessions ended
	NoticeIdentityLinked  NoticeKind = "identity.linked"   // an account at a provider opens this one too
	NoticeIdentityGone    NoticeKind = "identity.unlinked" // and no longer
	NoticePasswordReset   NoticeKind = "password.reset"    // through a link in a mail, and all sessions ended
	NoticeEmailRemoved    NoticeKind = "email.removed"
	NoticeEmailChanged    NoticeKind = "email.changed" // another address waits to be confirmed

	NoticeTwoFactorEnabled  NoticeKind = "two_factor.enabled"
	NoticeTwoFactorDisabled NoticeKind = "two_factor.disabled"
	NoticeRecoveryUsed      NoticeKind = "two_factor.recovery_used"
	NoticeRecoveryRenewed   NoticeKind = "two_factor.codes_renewed"
	NoticePasskeyAdded      NoticeKind = "passkey.added"
	NoticePasskeyRemoved    NoticeKind = "passkey.removed"
	NoticePasskeyCopied     NoticeKind = "passkey.copied" // a use of it was refused: there is a second one
)

// Notice is something about their account that a person should look at. It stays until it is dismissed. The session that it is about neither
// sees nor dismisses it: who broke in could make the alarm go away.
type Notice struct {
	ID      NoticeID
	User    UserID
	Kind    NoticeKind
	At      time.Time
	Session SessionID
	Device  Device
}
