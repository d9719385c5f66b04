package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

// ListRooms implements GET /api/v1/rooms.
func (h *handler) ListRooms(ctx context.Context) (*contract.RoomList, error) {
	leave, err := h.catchUp(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list, err := h.service.Rooms.List(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return &contract.RoomList{Items: wire.RoomViews(list), History: h.history()}, nil
}

// CreateRoom implements POST /api/v1/rooms.
func (h *handler) CreateRoom(ctx context.Context, in *contract.CreateRoomInput, p contract.CreateRoomParams) (contract.CreateRoomRes, error) {
	view, created, err := h.service.Rooms.Create(ctx, actor(ctx), chat.NewRoom{
		Name: in.Name, Kind: chat.RoomKind(in.Kind), Topic: in.Topic.Value, CreationKey: string(p.IdempotencyKey.Value),
	})
	if err != nil {
		return nil, err
	}
	out := wire.RoomView(view)
	if created {
		return (*contract.CreateRoomCreated)(&out), nil
	}
	return (*contract.CreateRoomOK)(&out), nil
}

// BrowseRooms implements GET /api/v1/rooms/browse.
func (h *handler) BrowseRooms(ctx context.Context, p contract.BrowseRoomsParams) (*contract.RoomPage, error) {
	list, more, err := h.service.Rooms.Browse(ctx, actor(ctx), p.Query.Value, p.After.Value, p.Limit.Or(chat.DefaultPage))
	if err != nil {
		return nil, err
	}
	return &contract.RoomPage{Items: wire.RoomViews(list), HasMore: more}, nil
}

// Room implements GET /api/v1/rooms/{room_id}.
func (h *handler) Room(ctx context.Context, p contract.RoomParams) (*contract.Room, error) {
	return roomView(h.service.Rooms.View(ctx, actor(ctx), chat.RoomID(p.RoomID)))
}

// UpdateRoom implements PATCH /api/v1/rooms/{room_id}.
func (h *handler) UpdateRoom(ctx context.Context, in *contract.UpdateRoomInput, p contract.UpdateRoomParams) (*contract.Room, error) {
	var c chat.RoomChange
	if name, set := in.Name.Get(); set {
		c.Name = &name
	}
	if topic, set := in.Topic.Get(); set {
		c.Topic = &topic
	}
	return roomView(h.service.Rooms.Update(ctx, actor(ctx), chat.RoomID(p.RoomID), c))
}

// DeleteRoom implements DELETE /api/v1/rooms/{room_id}.
func (h *handler) DeleteRoom(ctx context.Context, p contract.DeleteRoomParams) error {
	return h.service.Rooms.Delete(ctx, actor(ctx), chat.RoomID(p.RoomID), device(ctx))
}

// JoinRoom implements POST /api/v1/rooms/{room_id}/join.
func (h *handler) JoinRoom(ctx context.Context, p contract.JoinRoomParams) (*contract.Room, error) {
	return roomView(h.service.Members.Join(ctx, actor(ctx), chat.RoomID(p.RoomID)))
}

// LeaveRoom implements POST /api/v1/rooms/{room_id}/leave.
func (h *handler) LeaveRoom(ctx context.Context, p contract.LeaveRoomParams) error {
	return h.service.Members.Leave(ctx, actor(ctx), chat.RoomID(p.RoomID))
}

// MarkRead implements PUT /api/v1/rooms/{room_id}/read.
func (h *handler) MarkRead(ctx context.Context, in *contract.MarkReadInput, p contract.MarkReadParams) (*contract.ReadMark, error) {
	last, err := h.service.Rooms.MarkRead(ctx, actor(ctx), chat.RoomID(p.RoomID), in.Number)
	if err != nil {
		return nil, err
	}
	return &contract.ReadMark{RoomID: p.RoomID, LastReadNumber: last}, nil
}

func roomView(v chat.RoomView, err error) (*contract.Room, error) {
	if err != nil {
		return nil, err
	}
	out := wire.RoomView(v)
	return &out, nil
}
