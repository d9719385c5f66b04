package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind says what sort of failure an error is. Each door maps kinds to its own statuses in one table.
type Kind uint8

// The kinds of failure. The zero Kind is KindInternal: an error nobody classified is our fault, not the caller's.
const (
	KindInternal Kind = iota
	KindInvalid
	KindUnauthenticated
	KindForbidden
	KindNotFound
	KindConflict
	KindTooLarge
	KindRateLimited
	KindUnavailable
	KindNoSpace
	KindGone
)

// Error is a failure with a stable code for programs and a detail that is safe to show to people. It never carries a secret, a host
// name or a driver's text; the cause is for the log only.
type Error struct {
	Kind       Kind
	Code       string
	Detail     string
	Fields     []FieldError
	RetryAfter time.Duration
	// Reauthentication says, where a fresh proof of who asks is needed, how they can give one.
	Reauthentication *Reauthentication
	cause            error
}

// FieldError names one faulty field of an input.
type FieldError struct {
	Field  string
	Code   string
	Detail string
}

// Error returns the code, the detail, the fields and the cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Field, f.Code)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an *Error of the same kind and code, so that errors.Is works with the values declared here.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Kind == e.Kind && t.Code == e.Code
}

// Because returns a copy of the error that carries its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// KindOf returns the kind of the first *Error in err's chain, KindInternal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// Errors that more than one place returns.
var (
	ErrUnauthenticated = &Error{Kind: KindUnauthenticated, Code: "unauthenticated", Detail: "Sign in first."}
	ErrBadCredentials  = &Error{Kind: KindUnauthenticated, Code: "bad_credentials", Detail: "This username and password do not match."}
	ErrWrongPassword   = &Error{
		Kind: KindInvalid, Code: "invalid", Detail: "This is not your current password.",
		Fields: []FieldError{{Field: "current_password", Code: "wrong", Detail: "This is not your current password."}},
	}
	ErrSessionOver     = &Error{Kind: KindUnauthenticated, Code: "session_over", Detail: "This session is over. Sign in again."}
	ErrUserNotFound    = &Error{Kind: KindNotFound, Code: "user_not_found", Detail: "There is no such person here."}
	ErrRoomNotFound    = &Error{Kind: KindNotFound, Code: "room_not_found", Detail: "There is no such room, or it is not yours to see."}
	ErrMessageNotFound = &Error{Kind: KindNotFound, Code: "message_not_found", Detail: "There is no such message."}
	ErrSessionNotFound = &Error{Kind: KindNotFound, Code: "session_not_found", Detail: "There is no such session."}
	ErrNoticeNotFound  = &Error{Kind: KindNotFound, Code: "notice_not_found", Detail: "There is no such notice."}
	ErrNotMember       = &Error{Kind: KindForbidden, Code: "not_a_member", Detail: "Join the room first."}
	ErrForbidden       = &Error{Kind: KindForbidden, Code: "forbidden", Detail: "You may not do this here."}
	ErrSignUpClosed    = &Error{Kind: KindForbidden, Code: "sign_up_closed", Detail: "This server takes no new accounts."}
	ErrInviteNeeded    = &Error{Kind: KindForbidden, Code: "invite_needed", Detail: "An account here needs an invite link."}
	ErrSetupNeeded     = &Error{
		Kind: KindForbidden, Code: "setup_link_needed",
		Detail: "The first account of this server needs the setup link, which the server prints when it starts.",
	}
	ErrInviteNotFound = &Error{Kind: KindNotFound, Code: "invite_not_found", Detail: "There is no such invite."}
	ErrInviteExpired  = &Error{Kind: KindGone, Code: "invite_expired", Detail: "This invite has expired. Ask for a new one."}
	ErrInviteSpent    = &Error{Kind: KindGone, Code: "invite_spent", Detail: "This invite has been used up. Ask for a new one."}
	ErrInviteRevoked  = &Error{Kind: KindGone, Code: "invite_revoked", Detail: "This invite was taken back. Ask for a new one."}
	ErrDeactivated    = &Error{Kind: KindForbidden, Code: "account_deactivated", Detail: "This account is deactivated. The people who run this server can help."}
	ErrLastOwner      = &Error{Kind: KindConflict, Code: "last_owner", Detail: "A server needs an owner. Make somebody else one first."}
	ErrStillActive    = &Error{Kind: KindConflict, Code: "still_active", Detail: "Deactivate the account first."}
	ErrAccountInUse   = &Error{
		Kind: KindConflict, Code: "account_in_use", Detail: "This account has said something, or made something that is still there. It can only stay deactivated.",
	}
	ErrUserDeactivated = &Error{
		Kind: KindConflict, Code: "user_deactivated", Detail: "This person's account is deactivated.",
		Fields: []FieldError{{Field: "username", Code: "deactivated", Detail: "This person's account is deactivated."}},
	}
	ErrUsernameTaken = &Error{
		Kind: KindConflict, Code: "username_taken", Detail: "This username is taken.",
		Fields: []FieldError{{Field: "username", Code: "taken", Detail: "This username is taken."}},
	}
	ErrEmailTaken = &Error{
		Kind: KindConflict, Code: "email_taken", Detail: "This e-mail address belongs to another account.",
		Fields: []FieldError{{Field: "email", Code: "taken", Detail: "This e-mail address belongs to another account."}},
	}
	ErrRoomNameTaken = &Error{
		Kind: KindConflict, Code: "room_name_taken", Detail: "A public room has this name already.",
		Fields: []FieldError{{Field: "name", Code: "taken", Detail: "A public room has this name already."}},
	}
	ErrClientKeyReused = &Error{
		Kind: KindConflict, Code: "client_key_reused", Detail: "This key belongs to a message you posted in another room.",
		Fields: []FieldError{{Field: "client_key", Code: "reused", Detail: "This key belongs to a message you posted in another room."}},
	}
	ErrMessageDeleted = &Error{Kind: KindConflict, Code: "message_deleted", Detail: "This message was deleted."}
	ErrUnavailable    = &Error{Kind: KindUnavailable, Code: "unavailable", Detail: "The server cannot do this right now. Try again shortly.", RetryAfter: time.Second}
	ErrDiskFull       = &Error{Kind: KindNoSpace, Code: "disk_full", Detail: "The server has no room left to write to. Nothing was stored.", RetryAfter: 30 * time.Second}
)

// Faults collects the faulty fields of one input, so that a caller learns of all of them at once.
type Faults []FieldError

// Add notes a faulty field; an empty code is no fault.
func (f *Faults) Add(field, code, detail string) {
	if code != "" {
		*f = append(*f, FieldError{Field: field, Code: code, Detail: detail})
	}
}

// Has reports whether a field is among the faulty ones.
func (f Faults) Has(field string) bool {
	return slices.ContainsFunc(f, func(e FieldError) bool { return e.Field == field })
}

// Err returns nil without faults, and else an error of KindInvalid that names them all.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: "invalid", Detail: f[0].Detail, Fields: f}
}

// Busy is ErrUnavailable for now, because too many are asking the same.
func Busy(retryAfter time.Duration) *Error {
	e := *ErrUnavailable
	e.RetryAfter = retryAfter
	return &e
}
