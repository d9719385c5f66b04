package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestInsertUser(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, err := s.InsertUser(ctx, chat.User{Username: "Maya", DisplayName: "Maya Ökafor", Email: "Maya@x.org", CreatedAt: at}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		if got, hash, err := s.UserByUsername(ctx, "mAYA"); err != nil || got != maya || hash != "hash" {
			t.Errorf("by username: %+v, %q, %v; want %+v", got, hash, err, maya)
		}
		if _, err := s.InsertUser(ctx, chat.User{Username: "maYA", DisplayName: "x", CreatedAt: at}, "h"); !errors.Is(err, chat.ErrUsernameTaken) {
			t.Errorf("the same name in other letters: %v", err)
		}
		if _, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "x", Email: "mAYA@X.org", CreatedAt: at}, "h"); !errors.Is(err, chat.ErrEmailTaken) {
			t.Errorf("the same address in other letters: %v", err)
		}
		theo, jonas := newUser(t, s, "theo"), newUser(t, s, "jonas") // without addresses: no clash
		if list, err := s.ListUsers(ctx, []chat.UserID{jonas, 9999, maya.ID}); err != nil || len(list) != 2 || list[0].ID != maya.ID || list[1].ID != jonas {
			t.Errorf("list: %+v, %v", list, err)
		}
		if _, err := s.UserByID(ctx, theo+1000); !errors.Is(err, chat.ErrUserNotFound) {
			t.Errorf("unknown: %v", err)
		}
	})
}

func TestRooms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, theo, ines := newUser(t, s, "maya"), newUser(t, s, "theo"), newUser(t, s, "ines")
		room := newRoom(t, s, maya, "Größe_100%")

		if _, _, err := s.InsertRoom(ctx, chat.Room{Name: "GRÖSSE_100%", Kind: chat.RoomPublic, CreatedBy: theo, CreatedAt: at}, ""); err != nil {
			t.Errorf("ß and SS are different letters when folded: %v", err)
		}
		if _, _, err := s.InsertRoom(ctx, chat.Room{Name: "größe_100%", Kind: chat.RoomPublic, CreatedBy: theo, CreatedAt: at}, ""); !errors.Is(err, chat.ErrRoomNameTaken) {
			t.Errorf("the same name in other letters: %v", err)
		}
		for range 2 { // private names may repeat
			if _, _, err := s.InsertRoom(ctx, chat.Room{Name: "secret", Kind: chat.RoomPrivate, CreatedBy: theo, CreatedAt: at}, ""); err != nil {
				t.Error(err)
			}
		}
		keyed, created, err := s.InsertRoom(ctx, chat.Room{Name: "keyed", Kind: chat.RoomPublic, CreatedBy: theo, CreatedAt: at}, "key")
		if err != nil || !created {
			t.Fatalf("keyed: %v, %v", created, err)
		}
		if again, created, err := s.InsertRoom(ctx, chat.Room{Name: "keyed", Kind: chat.RoomPublic, CreatedBy: theo, CreatedAt: at}, "key"); err != nil || created || again.ID != keyed.ID {
			t.Errorf("a retry: %+v, created %v, %v", again, created, err)
		}
		if list, err := s.BrowseRooms(ctx, theo, "E_100%", "", 10); err != nil || len(list) != 2 {
			t.Errorf("browse takes wildcards literally: %+v, %v", list, err)
		}

		post(t, s, room, maya, "hello", "k1")
		post(t, s, room, maya, "world", "k2")
		if m, joined, err := s.InsertMember(ctx, room, theo, chat.RoleMember, at); err != nil || !joined || m.Role != chat.RoleMember {
			t.Errorf("join: %+v, %v, %v", m, joined, err)
		}
		if _, joined, err := s.InsertMember(ctx, room, theo, chat.RoleMember, at); err != nil || joined {
			t.Errorf("join twice: %v, %v", joined, err)
		}
		if _, _, err := s.InsertMember(ctx, room, 9999, chat.RoleMember, at); !errors.Is(err, chat.ErrUserNotFound) {
			t.Errorf("nobody joins: %v", err)
		}
		if _, _, err := s.InsertMember(ctx, 9999, theo, chat.RoleMember, at); !errors.Is(err, chat.ErrRoomNotFound) {
			t.Errorf("join nothing: %v", err)
		}
		view, err := s.RoomForUser(ctx, room, theo)
		if err != nil || view.LastReadNumber != 2 || view.MemberCount != 2 || view.Role != chat.RoleMember {
			t.Errorf("view: %+v, %v; what was said before counts as read", view, err)
		}

		post(t, s, room, maya, "new", "k3")
		for _, step := range []struct {
			number, want int64
			moved        bool
		}{{1, 2, false}, {3, 3, true}, {3, 3, false}, {99, 3, false}} {
			if last, moved, err := s.MarkRead(ctx, room, theo, step.number); err != nil || last != step.want || moved != step.moved {
				t.Errorf("mark %d: %d, %v, %v; want %+v", step.number, last, moved, err, step)
			}
		}
		post(t, s, room, maya, "newer", "k4")
		if last, moved, err := s.MarkRead(ctx, room, theo, 99); err != nil || last != 4 || !moved {
			t.Errorf("mark past the end: %d, %v, %v; want 4", last, moved, err)
		}
		if _, _, err := s.MarkRead(ctx, room, ines, 1); !errors.Is(err, chat.ErrNotMember) {
			t.Errorf("a stranger marks: %v", err)
		}

		name := "renamed"
		if r, err := s.UpdateRoom(ctx, room, chat.RoomChange{Name: &name}); err != nil || r.Name != name || r.Revision != 5 {
			t.Errorf("update: %+v, %v", r, err)
		}
		if left, err := s.DeleteMember(ctx, room, maya); err != nil || !left {
			t.Errorf("leave: %v, %v", left, err)
		}
		if members, err := s.ListMembers(ctx, room, 0, 10); err != nil || len(members) != 1 || members[0].Role != chat.RoleOwner {
			t.Errorf("the room passes to whoever is left: %+v, %v", members, err)
		}
		if left, err := s.DeleteMember(ctx, room, maya); err != nil || left {
			t.Errorf("leave twice: %v, %v", left, err)
		}
		rooms, err := s.ListRooms(ctx, theo)
		if err != nil || len(rooms) != 5 {
			t.Errorf("theo is in %d rooms, %v; want 5", len(rooms), err)
		}
		for _, r := range rooms {
			if r.MemberCount != 1 {
				t.Errorf("%s has %d members, want 1", r.Name, r.MemberCount)
			}
		}
	})
}

// The room that was talked in last comes first. The engine is not asked to sort, so this is the only place that says so.
func TestListRooms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, theo := newUser(t, s, "maya"), newUser(t, s, "theo")
		first, second, third := newRoom(t, s, maya, "first"), newRoom(t, s, maya, "second"), newRoom(t, s, maya, "third")
		newRoom(t, s, theo, "not hers")
		later := chat.Message{Room: second, Author: maya, Body: "x", ClientKey: "k", CreatedAt: at.Add(time.Second)}
		if _, _, err := s.InsertMessage(ctx, later); err != nil {
			t.Fatal(err)
		}
		list, err := s.ListRooms(ctx, maya)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		for i, want := range []chat.RoomID{second, first, third} { // of the same moment: the older room
			view, err := s.RoomForUser(ctx, want, maya)
			if err != nil || list[i] != view {
				t.Errorf("at %d: %+v, want %+v, %v", i, list[i], view, err)
			}
		}
	})
}

// A room of any size goes, batch after batch, and nothing of the others.
func TestDeleteRoom(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx, place := t.Context(), storetest.URL(t, engine)
			s := storetest.Open(t, place)
			storetest.Fill(t, place, storetest.Data{Users: 20, Rooms: 3, RoomsOf: 2, Quiet: 4507, Messages: 5000})
			if err := s.DeleteRoom(ctx, storetest.Quiet); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteRoom(ctx, storetest.Quiet); !errors.Is(err, chat.ErrRoomNotFound) {
				t.Errorf("a second time: %v", err)
			}
			var messages, members int
			if err := storetest.Raw(t, place).QueryRowContext(ctx, `SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM members WHERE room_id = 1)`).
				Scan(&messages, &members); err != nil || messages != 493 || members != 0 {
				t.Errorf("left are %d messages and %d members of the room, %v; want those 493 of other rooms", messages, members, err)
			}
		})
	}
}
