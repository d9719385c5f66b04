package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

const defaultPeople = 50

// ListPeople implements GET /api/v1/admin/people.
func (h *handler) ListPeople(ctx context.Context, p contract.ListPeopleParams) (*contract.PersonPage, error) {
	list, more, err := h.service.People.List(ctx, actor(ctx), p.Query.Value, p.After.Value, p.Limit.Or(defaultPeople))
	if err != nil {
		return nil, err
	}
	page := &contract.PersonPage{Items: make([]contract.Person, len(list)), HasMore: more}
	for i, u := range list {
		page.Items[i] = wire.Person(u)
	}
	return page, nil
}

// UpdatePerson implements PATCH /api/v1/admin/people/{user_id}.
func (h *handler) UpdatePerson(ctx context.Context, in *contract.UpdatePersonInput, p contract.UpdatePersonParams) (*contract.Person, error) {
	var change chat.PersonChange
	if role, ok := in.Role.Get(); ok {
		as := chat.ServerRole(role)
		change.Role = &as
	}
	if deactivated, ok := in.Deactivated.Get(); ok {
		change.Deactivated = &deactivated
	}
	u, err := h.service.People.Update(ctx, actor(ctx), chat.UserID(p.UserID), change, device(ctx))
	if err != nil {
		return nil, err
	}
	out := wire.Person(u)
	return &out, nil
}

// DeletePerson implements DELETE /api/v1/admin/people/{user_id}.
func (h *handler) DeletePerson(ctx context.Context, p contract.DeletePersonParams) error {
	return h.service.People.Delete(ctx, actor(ctx), chat.UserID(p.UserID), device(ctx))
}
