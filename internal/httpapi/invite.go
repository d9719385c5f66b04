package httpapi

import (
	"context"
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

const defaultInvites = 50

// LookAtInvite implements POST /api/v1/auth/invite.
func (h *handler) LookAtInvite(ctx context.Context, in *contract.LookAtInviteInput) (*contract.Invitation, error) {
	view, err := h.limits.invite(ctx, func() (chat.InviteView, error) { return h.service.Invites.Look(ctx, in.Token) })
	if err != nil {
		return nil, err
	}
	out := wire.Invitation(view)
	return &out, nil
}

// ListInvites implements GET /api/v1/admin/invites.
func (h *handler) ListInvites(ctx context.Context, p contract.ListInvitesParams) (*contract.InvitePage, error) {
	list, more, err := h.service.Invites.List(ctx, actor(ctx), chat.InviteID(p.Before.Value), p.Limit.Or(defaultInvites))
	if err != nil {
		return nil, err
	}
	page := &contract.InvitePage{Items: make([]contract.Invite, len(list)), HasMore: more}
	for i, view := range list {
		page.Items[i] = h.invite(view)
	}
	return page, nil
}

// CreateInvite implements POST /api/v1/admin/invites.
func (h *handler) CreateInvite(ctx context.Context, in *contract.CreateInviteInput) (*contract.CreatedInvite, error) {
	view, secret, err := h.service.Invites.Create(ctx, actor(ctx), chat.NewInvite{
		Role: chat.ServerRole(in.Role), Room: chat.RoomID(in.RoomID.Value), Note: in.Note.Value,
		Life: time.Duration(in.ExpiresIn) * time.Second, MaxUses: in.MaxUses,
	}, device(ctx))
	if err != nil {
		return nil, err
	}
	return &contract.CreatedInvite{Invite: h.invite(view), Token: secret}, nil
}

// RevokeInvite implements DELETE /api/v1/admin/invites/{invite_id}.
func (h *handler) RevokeInvite(ctx context.Context, p contract.RevokeInviteParams) error {
	return h.service.Invites.Revoke(ctx, actor(ctx), chat.InviteID(p.InviteID), device(ctx))
}

func (h *handler) invite(view chat.InviteView) contract.Invite {
	return wire.Invite(view, h.service.Invites.State(view.Invite))
}
