package httpapi

import (
	"context"

	"parley/internal/contract"
)

// Reauthenticate implements POST /api/v1/me/reauthenticate. A wrong password or code takes from the budget that changing the password takes from.
func (h *handler) Reauthenticate(ctx context.Context, in *contract.ReauthenticateInput) error {
	return h.limits.proof(ctx, actor(ctx), func() error {
		return h.service.Proofs.WithPassword(ctx, actor(ctx), in.CurrentPassword, secondFactor(in.Code, in.RecoveryCode), device(ctx))
	})
}

// BeginPasskeyReauthentication implements POST /api/v1/me/reauthenticate/passkey/begin.
func (h *handler) BeginPasskeyReauthentication(ctx context.Context) (*contract.PasskeyChallenge, error) {
	c, err := h.service.Proofs.BeginPasskey(ctx, actor(ctx))
	return h.passkeyChallenge(c, err)
}

// FinishPasskeyReauthentication implements POST /api/v1/me/reauthenticate/passkey/finish.
func (h *handler) FinishPasskeyReauthentication(ctx context.Context, in *contract.PasskeySignInInput) error {
	return h.service.Proofs.WithPasskey(ctx, actor(ctx), in.Ticket, in.Credential, device(ctx))
}

// BeginProviderReauthentication implements POST /api/v1/me/reauthenticate/provider.
func (h *handler) BeginProviderReauthentication(ctx context.Context, in *contract.ProviderInput) (*contract.LinkIdentityHeaders, error) {
	trip, err := h.service.Proofs.BeginProvider(ctx, actor(ctx), in.ProviderID)
	return h.trip(trip, err)
}
