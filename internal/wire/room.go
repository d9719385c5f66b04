package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Room is a room as everybody in it sees it.
func Room(r chat.Room) contract.Room {
	return contract.Room{
		ID: contract.ID(r.ID), Name: r.Name, Kind: contract.RoomKind(r.Kind), Topic: r.Topic, CreatedBy: contract.ID(r.CreatedBy),
		CreatedAt: contract.Time(r.CreatedAt), ActiveAt: contract.Time(r.ActiveAt),
		LastNumber: r.LastNumber, Revision: contract.Revision(r.Revision), MemberCount: r.MemberCount,
	}
}

// RoomView is a room as one person sees it.
func RoomView(v chat.RoomView) contract.Room {
	r := Room(v.Room)
	if v.Member() {
		r.Role = contract.NewOptRole(contract.Role(v.Role))
		r.LastReadNumber = contract.NewOptInt64(v.LastReadNumber)
	}
	return r
}

// RoomViews are rooms as one person sees them.
func RoomViews(list []chat.RoomView) []contract.Room {
	out := make([]contract.Room, len(list))
	for i, v := range list {
		out[i] = RoomView(v)
	}
	return out
}

// Member is a person in a room.
func Member(m chat.Member) contract.Member {
	return contract.Member{User: User(m.User), Role: contract.Role(m.Role), JoinedAt: contract.Time(m.JoinedAt)}
}
