package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// User is a person as others see them.
func User(u chat.User) contract.User {
	out := contract.User{ID: contract.ID(u.ID), Username: contract.Username(u.Username), DisplayName: u.DisplayName}
	if u.Deactivated() {
		out.Deactivated = contract.NewOptBool(true)
	}
	return out
}

// Me is a person as they see themselves.
func Me(u chat.User) contract.Me {
	me := contract.Me{
		ID: contract.ID(u.ID), Username: contract.Username(u.Username), DisplayName: u.DisplayName, CreatedAt: contract.Time(u.CreatedAt),
		Role: contract.ServerRole(u.Role),
	}
	if u.Email != "" {
		me.Email = contract.NewOptString(u.Email)
	}
	if u.PendingEmail != "" {
		me.PendingEmail = contract.NewOptString(u.PendingEmail)
	}
	return me
}
