package chat

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// IdentityID identifies an identity.
type IdentityID int64

// Identity is somebody at a provider, and the account here that it opens. Issuer and subject together are one person for ever.
type Identity struct {
	ID              IdentityID
	User            UserID
	Issuer, Subject string
	Label           string // what the provider calls the person
	LinkedAt        time.Time
	UsedAt          time.Time
}

// WaysIn are how somebody can get into their account.
type WaysIn struct {
	Identities []Identity
	Password   bool
}

// WaysOpen are the ways in that the server's settings open now. A way into an account is worth nothing while the server does not open it.
type WaysOpen struct {
	Issuers  []string // of the providers that it knows
	Passkeys bool
}

// Opens reports whether the server takes the word of an identity's issuer.
func (w WaysOpen) Opens(i Identity) bool { return slices.Contains(w.Issuers, i.Issuer) }

// ProviderSignUp says whether somebody a provider knows and this server does not gets an account.
type ProviderSignUp string

// With ProviderSignUpPolicy they get one where a stranger would.
const (
	ProviderSignUpPolicy ProviderSignUp = "policy"
	ProviderSignUpAlways ProviderSignUp = "always"
	ProviderSignUpNever  ProviderSignUp = "never"
)

// Errors of signing in through a provider.
var (
	ErrProviderNotFound = &Error{Kind: KindNotFound, Code: "provider_not_found", Detail: "This server does not know that provider."}
	ErrProviderAway     = &Error{
		Kind: KindUnavailable, Code: "provider_unavailable", Detail: "The provider is not answering. Try again shortly.", RetryAfter: 2 * time.Second,
	}
	ErrProviderDenied   = &Error{Kind: KindForbidden, Code: "provider_denied", Detail: "The provider did not sign you in."}
	ErrProviderFailed   = &Error{Kind: KindForbidden, Code: "provider_failed", Detail: "Signing in through the provider failed. Start again."}
	ErrFlowOver         = &Error{Kind: KindInvalid, Code: "flow_over", Detail: "This sign-in has expired, or was begun in another browser. Start again."}
	ErrIdentityNotFound = &Error{Kind: KindNotFound, Code: "identity_not_found", Detail: "There is no such connection."}
	ErrIdentityTaken    = &Error{Kind: KindConflict, Code: "identity_taken", Detail: "This account at the provider opens somebody else's account here."}
	ErrIssuerTaken      = &Error{Kind: KindConflict, Code: "already_connected", Detail: "You are connected with another account of this provider. Disconnect it first."}
	ErrLastWayIn        = &Error{Kind: KindConflict, Code: "last_way_in", Detail: "This is your only way in. Set a password or connect another account first."}
)

// UsernameFrom makes a username out of what a provider calls somebody. The result can be one, whatever it is made from; whether it is free is
// another question, and the next number gives another name.
func UsernameFrom(called string, number int) string {
	called, _, _ = strings.Cut(called, "@") // many providers use the e-mail address
	var b strings.Builder
	for _, r := range called {
		if r < 0x80 && only(string(r), "_.-") {
			b.WriteRune(r)
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	suffix := ""
	if number > 1 {
		suffix = "-" + strconv.Itoa(number)
	}
	base := strings.Trim(b.String(), "._-")
	base = strings.TrimRight(base[:min(len(base), MaxUsername-len(suffix))], "._-")
	if username := base + suffix; CheckUsername(username).Code == "" {
		return username
	}
	return "person-" + strconv.Itoa(max(number, 1))
}
