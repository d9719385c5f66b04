package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Options are the ways into the server.
func Options(o chat.Options) contract.AuthOptions {
	out := contract.AuthOptions{
		SignUp: contract.SignUpPolicy(o.Effective()), FirstAccount: o.FirstAccount, PasswordReset: o.PasswordReset, Passkeys: o.Passkeys,
		Providers: make([]contract.AuthProvider, len(o.Providers)),
	}
	for i, p := range o.Providers {
		out.Providers[i] = contract.AuthProvider{ID: p.ID, Name: p.Name}
	}
	return out
}
