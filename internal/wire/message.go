package wire

import (
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
)

// Message is a message as clients see it.
func Message(m chat.Message) contract.Message {
	return contract.Message{
		ID: contract.ID(m.ID), RoomID: contract.ID(m.Room), Number: contract.Number(m.Number), Revision: contract.Revision(m.Revision),
		AuthorID: contract.ID(m.Author), Body: m.Body, ClientKey: m.ClientKey,
		CreatedAt: contract.Time(m.CreatedAt), EditedAt: optTime(m.EditedAt), DeletedAt: optTime(m.DeletedAt),
	}
}

// Messages are messages as clients see them.
func Messages(list []chat.Message) []contract.Message {
	out := make([]contract.Message, len(list))
	for i, m := range list {
		out[i] = Message(m)
	}
	return out
}

func optTime(t time.Time) contract.OptTime {
	if t.IsZero() {
		return contract.OptTime{}
	}
	return contract.NewOptTime(contract.Time(t))
}
