package chat

import "fmt"

// Reauthentication is how somebody who is signed in can prove again who they are.
type Reauthentication struct {
	Password     bool
	SecondFactor bool     // the password needs a code beside it
	Passkey      bool     // with one of theirs
	Providers    []string // by signing in anew there
}

// Errors of proving again who one is.
var (
	errReauthenticationNeeded = Error{Kind: KindForbidden, Code: "reauthentication_needed", Detail: "This needs a fresh proof that it is you."}
	ErrPasskeyNotYours        = &Error{Kind: KindInvalid, Code: "passkey_not_yours", Detail: "This passkey is none of yours here."}
	ErrIdentityNotYours       = &Error{Kind: KindForbidden, Code: "identity_not_yours", Detail: "This account at the provider is not connected to yours here."}
	ErrProviderNotFresh       = &Error{
		Kind: KindForbidden, Code: "provider_not_fresh", Detail: "The provider did not say that you signed in there anew. Sign out here and in again instead.",
	}
)

// ErrReauthenticationNeeded is the refusal of what is grave to somebody whose last proof is too old, with the ways to another one.
func ErrReauthenticationNeeded(ways Reauthentication) error {
	e := errReauthenticationNeeded
	e.Reauthentication = &ways
	return fmt.Errorf("reauthenticate: %w", &e)
}
