package service_test

import (
	"context"
	"errors"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Whoever connects asks for each of their rooms. A node to which everybody comes at once would ask the database once for each person and each room.
func TestMembersRequire_reads_all_rooms_with_the_first(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		n := nodes(t, s, nil, &told{})[0]
		theo, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "Theo"}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		actor := chat.Actor{User: theo.ID}
		var rooms []chat.RoomID
		for _, name := range []string{"one", "two", "three", "later"} {
			room, _, err := n.Rooms.Create(ctx, actor, chat.NewRoom{Name: name, Kind: chat.RoomPrivate})
			if err != nil {
				t.Fatal(err)
			}
			rooms = append(rooms, room.ID)
		}
		// Past the service, so that whatever is answered from here on was read before.
		drop := func(room chat.RoomID) {
			t.Helper()
			if left, err := s.DeleteMember(ctx, room, theo.ID); err != nil || !left {
				t.Fatal(left, err)
			}
		}
		drop(rooms[3])
		n.Members.ChangedAll()
		if err := n.Members.Require(ctx, actor, rooms[0]); err != nil {
			t.Fatal(err)
		}
		drop(rooms[1])
		if err := n.Members.Require(ctx, actor, rooms[1]); err != nil {
			t.Errorf("the second room was not read with the first: %v", err)
		}
		drop(rooms[2])
		n.Members.Changed(rooms[2], theo.ID)
		if err := n.Members.Require(ctx, actor, rooms[2]); !errors.Is(err, chat.ErrRoomNotFound) {
			t.Errorf("a removal that was told of: %v", err)
		}
		if err := n.Members.Require(ctx, actor, rooms[3]); !errors.Is(err, chat.ErrRoomNotFound) {
			t.Errorf("a room of before: %v", err)
		}
		n.Members.ChangedAll()
		if err := n.Members.Require(ctx, actor, rooms[1]); !errors.Is(err, chat.ErrRoomNotFound) {
			t.Errorf("after everything was forgotten: %v", err)
		}
	})
}
