package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

const defaultMembers = 200

// ListMembers implements GET /api/v1/rooms/{room_id}/members.
func (h *handler) ListMembers(ctx context.Context, p contract.ListMembersParams) (*contract.MemberPage, error) {
	list, more, err := h.service.Members.List(ctx, actor(ctx), chat.RoomID(p.RoomID), chat.UserID(p.After.Value), p.Limit.Or(defaultMembers))
	if err != nil {
		return nil, err
	}
	page := &contract.MemberPage{Items: make([]contract.Member, len(list)), HasMore: more}
	for i, m := range list {
		page.Items[i] = wire.Member(m)
	}
	return page, nil
}

// AddMember implements POST /api/v1/rooms/{room_id}/members.
func (h *handler) AddMember(ctx context.Context, in *contract.AddMemberInput, p contract.AddMemberParams) (*contract.Member, error) {
	m, err := h.service.Members.Add(ctx, actor(ctx), chat.RoomID(p.RoomID), in.Username)
	if err != nil {
		return nil, err
	}
	out := wire.Member(m)
	return &out, nil
}

// RemoveMember implements DELETE /api/v1/rooms/{room_id}/members/{user_id}.
func (h *handler) RemoveMember(ctx context.Context, p contract.RemoveMemberParams) error {
	return h.service.Members.Remove(ctx, actor(ctx), chat.RoomID(p.RoomID), chat.UserID(p.UserID))
}
