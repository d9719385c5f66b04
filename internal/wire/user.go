package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// User is a person as others see them.
func User(u chat.User) contract.User {
	return contract.User{ID: contract.ID(u.ID), Username: contract.Username(u.Username), DisplayName: u.DisplayName}
}

// Me is a person as they see themselves.
func Me(u chat.User) contract.Me {
	me := contract.Me{
		ID: contract.ID(u.ID), Username: contract.Username(u.Username), DisplayName: u.DisplayName, CreatedAt: contract.Time(u.CreatedAt),
	}
	if u.Email != "" {
		me.Email = contract.NewOptString(u.Email)
	}
	return me
}
