package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Person is somebody as those see them who run the server.
func Person(u chat.Person) contract.Person {
	out := contract.Person{
		ID: contract.ID(u.ID), Username: contract.Username(u.Username), DisplayName: u.DisplayName,
		Role: contract.ServerRole(u.Role), CreatedAt: contract.Time(u.CreatedAt), TwoFactor: u.TwoFactor,
	}
	if u.Deactivated() {
		out.DeactivatedAt = contract.NewOptTime(contract.Time(u.DeactivatedAt))
	}
	return out
}
