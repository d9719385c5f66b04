package httpapi

import (
	"context"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/service"
	"parley/internal/wire"
)

// BeginPasskeySignIn implements POST /api/v1/auth/passkeys/begin.
func (h *handler) BeginPasskeySignIn(ctx context.Context) (*contract.PasskeyChallenge, error) {
	if err := h.limits.ask(ctx, h.limits.Key("challenge", networkOf(ctx))); err != nil {
		return nil, err
	}
	c, err := h.service.Passkeys.BeginSignIn(ctx)
	return h.passkeyChallenge(c, err)
}

func (h *handler) passkeyChallenge(c service.PasskeyChallenge, err error) (*contract.PasskeyChallenge, error) {
	if err != nil {
		return nil, err
	}
	return &contract.PasskeyChallenge{Ticket: c.Ticket, Options: jx.Raw(c.Options), ExpiresIn: h.until(c.Expires)}, nil
}

// FinishPasskeySignIn implements POST /api/v1/auth/passkeys/finish. A signature cannot be guessed, so it takes from no budget of an account,
// where it would be a way to keep its owner out.
func (h *handler) FinishPasskeySignIn(ctx context.Context, in *contract.PasskeySignInInput) (*contract.SessionHeaders, error) {
	if err := h.limits.ask(ctx, h.limits.Key("challenge", networkOf(ctx))); err != nil {
		return nil, err
	}
	s, err := h.service.Passkeys.SignIn(ctx, in.Ticket, in.Credential, device(ctx))
	if err != nil {
		return nil, err
	}
	h.limits.provenHere(ctx, s.User.Username)
	return h.enter(ctx, s), nil
}

// ListPasskeys implements GET /api/v1/me/passkeys, the oldest first.
func (h *handler) ListPasskeys(ctx context.Context) (*contract.PasskeyList, error) {
	list, err := h.service.Passkeys.List(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := &contract.PasskeyList{Items: make([]contract.Passkey, len(list))}
	for i, p := range list {
		out.Items[i] = wire.Passkey(p)
	}
	return out, nil
}

// BeginPasskey implements POST /api/v1/me/passkeys/begin.
func (h *handler) BeginPasskey(ctx context.Context) (*contract.PasskeyChallenge, error) {
	c, err := h.service.Passkeys.Begin(ctx, actor(ctx))
	return h.passkeyChallenge(c, err)
}

// FinishPasskey implements POST /api/v1/me/passkeys/finish.
func (h *handler) FinishPasskey(ctx context.Context, in *contract.PasskeyInput) (*contract.Passkey, error) {
	p, err := h.service.Passkeys.Add(ctx, actor(ctx), in.Ticket, string(in.Name), in.Credential, device(ctx))
	if err != nil {
		return nil, err
	}
	out := wire.Passkey(p)
	return &out, nil
}

// RenamePasskey implements PATCH /api/v1/me/passkeys/{passkey_id}.
func (h *handler) RenamePasskey(ctx context.Context, in *contract.PasskeyNameInput, p contract.RenamePasskeyParams) error {
	return h.service.Passkeys.Rename(ctx, actor(ctx), chat.PasskeyID(p.PasskeyID), string(in.Name))
}

// DeletePasskey implements DELETE /api/v1/me/passkeys/{passkey_id}.
func (h *handler) DeletePasskey(ctx context.Context, p contract.DeletePasskeyParams) error {
	return h.service.Passkeys.Delete(ctx, actor(ctx), chat.PasskeyID(p.PasskeyID), device(ctx))
}
