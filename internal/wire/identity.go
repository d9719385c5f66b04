package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// WaysIn are how a person can get into their account. Issuer and subject are the provider's business and stay here.
func WaysIn(w chat.WaysIn, providerOf func(chat.Identity) string) contract.WaysIn {
	out := contract.WaysIn{HasPassword: w.Password, Items: make([]contract.Identity, len(w.Identities))}
	for n, i := range w.Identities {
		out.Items[n] = contract.Identity{
			ID: contract.ID(i.ID), Label: i.Label, LinkedAt: contract.Time(i.LinkedAt), UsedAt: contract.Time(i.UsedAt),
		}
		if id := providerOf(i); id != "" {
			out.Items[n].ProviderID = contract.NewOptString(id)
		}
	}
	return out
}
