package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

// ListMessages implements GET /api/v1/rooms/{room_id}/messages.
func (h *handler) ListMessages(ctx context.Context, p contract.ListMessagesParams) (*contract.MessagePage, error) {
	page, err := h.service.Messages.History(ctx, actor(ctx), chat.RoomID(p.RoomID), optional(p.Before), optional(p.After), p.Limit.Or(chat.DefaultPage))
	if err != nil {
		return nil, err
	}
	return &contract.MessagePage{Items: wire.Messages(page.Messages), HasMore: page.More, Revision: contract.Revision(page.Revision), History: h.history()}, nil
}

// PostMessage implements POST /api/v1/rooms/{room_id}/messages.
func (h *handler) PostMessage(ctx context.Context, in *contract.PostMessageInput, p contract.PostMessageParams) (contract.PostMessageRes, error) {
	m, created, err := h.service.Messages.Post(ctx, actor(ctx), chat.NewMessage{
		Room: chat.RoomID(p.RoomID), Body: string(in.Body), ClientKey: string(in.ClientKey),
	})
	if err != nil {
		return nil, err
	}
	out := wire.Message(m)
	if created {
		return (*contract.PostMessageCreated)(&out), nil
	}
	return (*contract.PostMessageOK)(&out), nil
}

// EditMessage implements PATCH /api/v1/rooms/{room_id}/messages/{number}.
func (h *handler) EditMessage(ctx context.Context, in *contract.EditMessageInput, p contract.EditMessageParams) (*contract.Message, error) {
	return message(h.service.Messages.Edit(ctx, actor(ctx), chat.RoomID(p.RoomID), int64(p.Number), string(in.Body)))
}

// DeleteMessage implements DELETE /api/v1/rooms/{room_id}/messages/{number}.
func (h *handler) DeleteMessage(ctx context.Context, p contract.DeleteMessageParams) (*contract.Message, error) {
	return message(h.service.Messages.Delete(ctx, actor(ctx), chat.RoomID(p.RoomID), int64(p.Number)))
}

// ListChanges implements GET /api/v1/rooms/{room_id}/changes.
func (h *handler) ListChanges(ctx context.Context, p contract.ListChangesParams) (*contract.ChangePage, error) {
	leave, err := h.catchUp(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	c, err := h.service.Messages.Changes(ctx, actor(ctx), chat.RoomID(p.RoomID), p.Since, p.Limit.Or(chat.DefaultChange))
	if err != nil {
		return nil, err
	}
	return &contract.ChangePage{
		Items: wire.Messages(c.Messages), HasMore: c.More, Revision: c.Revision, Room: wire.RoomView(c.Room), History: h.history(),
	}, nil
}

func message(m chat.Message, err error) (*contract.Message, error) {
	if err != nil {
		return nil, err
	}
	out := wire.Message(m)
	return &out, nil
}

func optional(o contract.OptInt64) *int64 {
	if v, set := o.Get(); set {
		return &v
	}
	return nil
}
