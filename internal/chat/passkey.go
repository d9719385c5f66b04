package chat

import "time"

// PasskeyID identifies a passkey.
type PasskeyID int64

// Limits of passkeys.
const (
	MaxPasskeys    = 20
	MaxPasskeyName = 64
)

// Passkey is the public half of a key that somebody signs in with.
type Passkey struct {
	ID                       PasskeyID
	User                     UserID
	Credential, PublicKey    []byte
	Transports               []string
	BackupEligible, BackedUp bool
	SignCount                uint32
	Name                     string
	CreatedAt                time.Time
	UsedAt                   time.Time // zero: never
}

// What can be wrong with passkeys.
var (
	ErrPasskeyNotFound = &Error{Kind: KindNotFound, Code: "passkey_not_found", Detail: "There is no such passkey."}
	ErrPasskeyKnown    = &Error{Kind: KindConflict, Code: "passkey_known", Detail: "This passkey was added already."}
	ErrTooManyPasskeys = &Error{Kind: KindConflict, Code: "too_many_passkeys", Detail: "You have 20 passkeys. Delete one first."}
	// ErrBadPasskey is one answer to everything that is wrong with a sign-in by passkey, as chat.ErrBadCredentials is for passwords.
	ErrBadPasskey = &Error{Kind: KindUnauthenticated, Code: "bad_passkey", Detail: "This passkey does not sign anybody in here."}
	// ErrPasskeyRefused is for one that cannot be added.
	ErrPasskeyRefused = &Error{
		Kind: KindInvalid, Code: "passkey_refused", Detail: "This passkey cannot be added.",
		Fields: []FieldError{{Field: "credential", Code: "refused", Detail: "This passkey cannot be added."}},
	}
	ErrPasskeysUnavailable = &Error{
		Kind: KindUnavailable, Code: "passkeys_unavailable", Detail: "Passkeys need an address with a name and https, or localhost.",
	}
)
