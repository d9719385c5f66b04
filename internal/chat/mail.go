package chat

import "time"

// MailID identifies a mail that is still to be sent.
type MailID int64

// MailKind says what a mail is about.
type MailKind string

// What people are written to about.
const (
	MailVerify          MailKind = "verify"           // a link that shows that an address is theirs
	MailReset           MailKind = "reset"            // a link to a new password
	MailAddressChanged  MailKind = "address.changed"  // to the address of before
	MailAddressRemoved  MailKind = "address.removed"  // to the address that was
	MailPasswordChanged MailKind = "password.changed" // by its owner
	MailPasswordReset   MailKind = "password.reset"   // through a link
	MailSessionOpened   MailKind = "session.opened"   // a sign-in from a new device
	MailSessionReused   MailKind = "session.reused"   // the alarm

	MailTwoFactorEnabled  MailKind = "two_factor.enabled"
	MailTwoFactorDisabled MailKind = "two_factor.disabled"
	MailRecoveryUsed      MailKind = "two_factor.recovery_used"
	MailPasskeyAdded      MailKind = "passkey.added"
	MailPasskeyCopied     MailKind = "passkey.copied"
	MailIdentityLinked    MailKind = "identity.linked"
)

// Mail is one to be sent. It holds no words and no secret: both are made when it is sent, so that whoever reads what waits finds no link.
type Mail struct {
	ID   MailID
	Kind MailKind
	User UserID // 0 for a reset: whose it is, if anybody's, is looked up when it is sent
	// Address is where it goes. For a reset it is what was typed, a name or an address. Empty: to the person's own address.
	Address  string
	Device   Device // where it was caused
	Attempts int
	At       time.Time
	Claimed  time.Time // until when it is its taker's
}

// Ticket kinds of the links in mails.
const (
	TicketVerify TicketKind = "verify_email"
	TicketReset  TicketKind = "reset_password"
)

// Errors about mail.
var (
	ErrMailOff = &Error{Kind: KindForbidden, Code: "mail_off", Detail: "This server sends no e-mail. Ask the people who run it."}
	ErrNoEmail = &Error{Kind: KindConflict, Code: "no_pending_email", Detail: "There is no address of yours that waits to be confirmed."}
	// ErrNoAddress is for who has none to remove.
	ErrNoAddress = &Error{Kind: KindConflict, Code: "no_email", Detail: "Your account has no e-mail address."}
)
