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

// MaySignUp returns nil where a stranger may make an account: where anybody may, and on a server that nobody has an account on.
func (o Options) MaySignUp() error {
	switch {
	case o.FirstAccount, o.SignUp == SignUpOpen:
		return nil
	case o.SignUp == SignUpInvite:
		return ErrInviteNeeded
	}
	return ErrSignUpClosed
}
