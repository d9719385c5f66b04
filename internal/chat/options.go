package chat

// SignUpPolicy says who may make an account.
type SignUpPolicy string

// The policies.
const (
	SignUpOpen   SignUpPolicy = "open"   // anybody
	SignUpInvite SignUpPolicy = "invite" // whoever has an invite link
	SignUpClosed SignUpPolicy = "closed" // nobody
)

// Options are the ways into a server, as anybody may know them before signing in.
type Options struct {
	SignUp SignUpPolicy
	// Setup says that the first account needs the setup link, so that nobody takes a server that stands open for a moment.
	Setup bool
	// FirstAccount says that nobody has an account yet: whoever makes the first one owns the server.
	FirstAccount bool
	// PasswordReset says that a forgotten password can be reset by mail.
	PasswordReset bool
	// Passkeys says that a passkey can be used in place of a password.
	Passkeys bool
	// Providers are other places whose accounts can be used to sign in.
	Providers []Provider
}

// Provider is another place whose accounts can be used to sign in. The id names it in addresses, the name is for people.
type Provider struct{ ID, Name string }

// Effective is what the policy comes to for a visitor now: a server without an account takes the first one whatever its policy says, from
// anybody, or from whoever has the setup link.
func (o Options) Effective() SignUpPolicy {
	switch {
	case !o.FirstAccount:
		return o.SignUp
	case o.Setup:
		return SignUpInvite
	}
	return SignUpOpen
}
