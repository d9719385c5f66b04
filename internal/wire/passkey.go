package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Passkey is a passkey as its owner sees it.
func Passkey(p chat.Passkey) contract.Passkey {
	out := contract.Passkey{
		ID: contract.ID(p.ID), Name: contract.PasskeyName(p.Name), CreatedAt: contract.Time(p.CreatedAt), Synced: p.BackedUp,
	}
	if !p.UsedAt.IsZero() {
		out.UsedAt = contract.NewOptTime(contract.Time(p.UsedAt))
	}
	return out
}
