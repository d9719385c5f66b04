package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Event is an event as it travels over the socket; ok is false for one that the contract does not know.
func Event(e chat.Event) (out contract.Event, ok bool) {
	id, at, revision := contract.ID(e.Room), contract.Time(e.At), contract.Revision(e.Revision)
	switch e.Type {
	case chat.EventMessagePosted:
		out.SetMessagePostedEvent(contract.MessagePostedEvent{
			Type: contract.MessagePostedEventTypeMessagePosted, RoomID: id, Revision: revision, At: at, Data: messageData(e),
		})
	case chat.EventMessageEdited:
		out.SetMessageEditedEvent(contract.MessageEditedEvent{
			Type: contract.MessageEditedEventTypeMessageEdited, RoomID: id, Revision: revision, At: at, Data: messageData(e),
		})
	case chat.EventMessageDeleted:
		out.SetMessageDeletedEvent(contract.MessageDeletedEvent{
			Type: contract.MessageDeletedEventTypeMessageDeleted, RoomID: id, Revision: revision, At: at, Data: messageData(e),
		})
	case chat.EventRoomUpdated:
		out.SetRoomUpdatedEvent(contract.RoomUpdatedEvent{
			Type: contract.RoomUpdatedEventTypeRoomUpdated, RoomID: id, Revision: revision, At: at,
			Data: contract.RoomEventData{Room: Room(*e.RoomNow)},
		})
	case chat.EventRoomDeleted:
		out.SetRoomDeletedEvent(contract.RoomDeletedEvent{Type: contract.RoomDeletedEventTypeRoomDeleted, RoomID: id, At: at})
	case chat.EventMemberJoined:
		out.SetMemberJoinedEvent(contract.MemberJoinedEvent{
			Type: contract.MemberJoinedEventTypeMemberJoined, RoomID: id, At: at,
			Data: contract.MemberJoinedEventData{User: User(e.Member.User), Role: contract.Role(e.Member.Role)},
		})
	case chat.EventMemberLeft:
		out.SetMemberLeftEvent(contract.MemberLeftEvent{
			Type: contract.MemberLeftEventTypeMemberLeft, RoomID: id, At: at, Data: contract.UserEventData{UserID: contract.ID(e.User)},
		})
	case chat.EventReadMarked:
		out.SetReadMarkedEvent(contract.ReadMarkedEvent{
			Type: contract.ReadMarkedEventTypeReadMarked, RoomID: id, At: at,
			Data: contract.ReadMark{RoomID: id, LastReadNumber: e.LastRead},
		})
	case chat.EventTypingStarted:
		out.SetTypingStartedEvent(contract.TypingStartedEvent{
			Type: contract.TypingStartedEventTypeTypingStarted, RoomID: id, At: at, Data: contract.UserEventData{UserID: contract.ID(e.User)},
		})
	case chat.EventNoticeAdded:
		out.SetNoticeAddedEvent(contract.NoticeAddedEvent{Type: contract.NoticeAddedEventTypeNoticeAdded, At: at})
	case chat.EventAccountUpdated:
		out.SetAccountUpdatedEvent(contract.AccountUpdatedEvent{Type: contract.AccountUpdatedEventTypeAccountUpdated, At: at})
	case chat.EventEventsMissed:
		out.SetEventsMissedEvent(contract.EventsMissedEvent{Type: contract.EventsMissedEventTypeEventsMissed, At: at})
	default:
		return contract.Event{}, false
	}
	return out, true
}

func messageData(e chat.Event) contract.MessageEventData {
	return contract.MessageEventData{Message: Message(*e.Message)}
}
