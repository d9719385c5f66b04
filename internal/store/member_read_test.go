package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// A batch of read marks leaves every mark where one at a time would have left it, tells each caller where that is, and says "moved" to
// exactly one of those who moved it, so that one event goes out.
func TestMarkTogether(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		owner := newUser(t, s, "owner")
		readers := []chat.UserID{owner, newUser(t, s, "theo"), newUser(t, s, "ines"), newUser(t, s, "stranger")}
		stranger := readers[3]
		var rooms []chat.RoomID
		for i := range 3 {
			room := newRoom(t, s, owner, key("room-", i))
			for _, user := range readers[1:3] {
				if _, _, err := s.InsertMember(ctx, room, user, chat.RoleMember, at); err != nil {
					t.Fatal(err)
				}
			}
			rooms = append(rooms, room)
		}
		type spot struct {
			room chat.RoomID
			user chat.UserID
		}
		marks, newest := map[spot]int64{}, map[chat.RoomID]int64{}
		rapid.Check(t, func(t *rapid.T) {
			room := rapid.SampledFrom(rooms).Draw(t, "posted in")
			newest[room]++
			if got := s.InsertTogether([]chat.Message{{Room: room, Author: owner, Body: "x", ClientKey: key(room, "-", newest[room]), CreatedAt: at}}); got[0].Err != nil {
				t.Fatal(got[0].Err)
			}
			batch := make([]store.Mark, rapid.IntRange(1, 10).Draw(t, "marks"))
			far := map[spot]int64{}
			for i := range batch {
				m := store.Mark{Room: rapid.SampledFrom(rooms).Draw(t, "room"), User: rapid.SampledFrom(readers).Draw(t, "reader")}
				m.Number = rapid.Int64Range(0, newest[m.Room]+2).Draw(t, "number")
				k := spot{m.Room, m.User}
				batch[i], far[k] = m, max(far[k], min(m.Number, newest[m.Room]))
			}
			moved := map[spot]int{}
			for i, got := range s.MarkTogether(batch) {
				k := spot{batch[i].Room, batch[i].User}
				if k.user == stranger {
					if !errors.Is(got.Err, chat.ErrNotMember) {
						t.Fatalf("a stranger marks: %+v", got)
					}
					continue
				}
				if got.Err != nil || got.Last != max(marks[k], far[k]) {
					t.Fatalf("%+v: %+v; it was at %d, and the furthest of the batch is %d", batch[i], got, marks[k], far[k])
				}
				if got.Moved {
					moved[k]++
				}
			}
			for k, number := range far {
				if k.user == stranger {
					continue
				}
				if want := number > marks[k]; moved[k] > 1 || (moved[k] == 1) != want {
					t.Fatalf("%+v: %d were told that it moved; it moved: %v", k, moved[k], want)
				}
				marks[k] = max(marks[k], number)
			}
		})
	})
}

// Many readers of many messages at once, while messages come in: no mark is lost, none passes the newest message.
func TestMarkReadConcurrently(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		const readers, messages = 16, 20
		ctx := context.Background()
		owner := newUser(t, s, "owner")
		room := newRoom(t, s, owner, "releases")
		var wg sync.WaitGroup
		for i := range readers {
			user := newUser(t, s, key("user-", i))
			if _, _, err := s.InsertMember(ctx, room, user, chat.RoleMember, at); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for last, before := int64(0), int64(0); last < messages; before = last {
					var err error
					if last, _, err = s.MarkRead(ctx, room, user, messages); err != nil || last < before {
						t.Errorf("mark: at %d after %d, %v", last, before, err)
						return
					}
				}
			})
		}
		for i := range messages {
			post(t, s, room, owner, "text", key(i))
		}
		wg.Wait()
	})
}
