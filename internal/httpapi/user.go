package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

// Me implements GET /api/v1/me.
func (h *handler) Me(ctx context.Context) (*contract.Me, error) {
	u, err := h.service.Users.Me(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	me := wire.Me(u)
	return &me, nil
}

// ListUsers implements GET /api/v1/users.
func (h *handler) ListUsers(ctx context.Context, p contract.ListUsersParams) (*contract.UserList, error) {
	ids := make([]chat.UserID, len(p.Ids))
	for i, id := range p.Ids {
		ids[i] = chat.UserID(id)
	}
	users, err := h.service.Users.Lookup(ctx, actor(ctx), ids)
	if err != nil {
		return nil, err
	}
	list := &contract.UserList{Items: make([]contract.User, len(users))}
	for i, u := range users {
		list.Items[i] = wire.User(u)
	}
	return list, nil
}
