package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestInsertMessage(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya := newUser(t, s, "maya")
		room, other := newRoom(t, s, maya, "releases"), newRoom(t, s, maya, "random")

		first := post(t, s, room, maya, "It's \"quoted\", \\ and \u2028 日本語 🙂", "k1")
		if first.Number != 1 || first.Revision != 1 || !first.CreatedAt.Equal(at) {
			t.Errorf("first message is %+v, want number 1, revision 1", first)
		}
		if again, err := s.MessageByNumber(ctx, room, 1); err != nil || again != first {
			t.Errorf("read back %+v, %v; want %+v", again, err, first)
		}
		if m := post(t, s, other, maya, "elsewhere", "k2"); m.Number != 1 {
			t.Errorf("another room starts at %d, want 1", m.Number)
		}

		t.Run("a retry gets the first message", func(t *testing.T) {
			m, created, err := s.InsertMessage(ctx, chat.Message{Room: room, Author: maya, Body: "changed", ClientKey: "k1", CreatedAt: at})
			if err != nil || created || m != first {
				t.Errorf("got %+v, created %v, %v; want the first", m, created, err)
			}
		})
		t.Run("a key used in another room is refused", func(t *testing.T) {
			_, _, err := s.InsertMessage(ctx, chat.Message{Room: other, Author: maya, Body: "x", ClientKey: "k1", CreatedAt: at})
			if !errors.Is(err, chat.ErrClientKeyReused) {
				t.Errorf("got %v, want %v", err, chat.ErrClientKeyReused)
			}
		})
		t.Run("a room that does not exist is not found", func(t *testing.T) {
			_, _, err := s.InsertMessage(ctx, chat.Message{Room: 999, Author: maya, Body: "x", ClientKey: "k3", CreatedAt: at})
			if !errors.Is(err, chat.ErrRoomNotFound) {
				t.Errorf("got %v, want %v", err, chat.ErrRoomNotFound)
			}
		})
		t.Run("refused posts spend no number", func(t *testing.T) {
			if m := post(t, s, room, maya, "second", "k4"); m.Number != 2 || m.Revision != 2 {
				t.Errorf("got number %d, revision %d, want 2 and 2", m.Number, m.Revision)
			}
		})
		t.Run("an author given up before the batch is not stored", func(t *testing.T) {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if _, _, err := s.InsertMessage(gone, chat.Message{Room: room, Author: maya, Body: "x", ClientKey: "k5", CreatedAt: at}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		})
	})
}

// Everybody posts at once, some with a key used before, some with a key of the same moment, some into a room that is not there. Afterwards
// numbers and revisions are contiguous, each acknowledged message is there once with the number it was acknowledged with, each author's
// messages are in the order in which they were sent, and the hook saw every room in order.
func TestInsertMessageConcurrently(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		const authors, rooms, each = 24, 5, 30
		ctx := context.Background()
		owner := newUser(t, s, "owner")
		var ids []chat.RoomID
		for i := range rooms {
			ids = append(ids, newRoom(t, s, owner, key("room-", i)))
		}
		var hookMu sync.Mutex
		announced := map[chat.RoomID][]int64{}
		s.OnPosted(func(list []chat.Message) {
			hookMu.Lock()
			defer hookMu.Unlock()
			for _, m := range list {
				announced[m.Room] = append(announced[m.Room], m.Number)
			}
		})

		var mu sync.Mutex
		acknowledged := map[chat.RoomID][]chat.Message{}
		var wg sync.WaitGroup
		for a := range authors {
			user := newUser(t, s, key("user-", a))
			wg.Go(func() {
				for i := range each {
					room := ids[(a+i)%rooms]
					m := chat.Message{Room: room, Author: user, Body: strings.Repeat("x", i), ClientKey: key(i), CreatedAt: at}
					got, created, err := s.InsertMessage(ctx, m)
					if err != nil || !created {
						t.Errorf("post %d of %d: created %v, %v", i, a, created, err)
						continue
					}
					mu.Lock()
					acknowledged[room] = append(acknowledged[room], got)
					mu.Unlock()
					switch i % 5 {
					case 1: // a retry beside other people's posts
						if again, created, err := s.InsertMessage(ctx, m); err != nil || created || again != got {
							t.Errorf("retry: %+v, created %v, %v; want %+v", again, created, err, got)
						}
					case 2:
						m.Room = 4242
						m.ClientKey = key("lost-", i)
						if _, _, err := s.InsertMessage(ctx, m); !errors.Is(err, chat.ErrRoomNotFound) {
							t.Errorf("post to nowhere: %v", err)
						}
					}
				}
			})
		}
		for i := range each { // twins of one moment: the same key twice at once
			m := chat.Message{Room: ids[0], Author: owner, Body: "twin", ClientKey: key("twin-", i), CreatedAt: at}
			var created [2]bool
			var got [2]chat.Message
			var pair sync.WaitGroup
			for j := range 2 {
				pair.Go(func() {
					var err error
					if got[j], created[j], err = s.InsertMessage(ctx, m); err != nil {
						t.Errorf("twin: %v", err)
					}
				})
			}
			pair.Wait()
			if created[0] == created[1] || got[0] != got[1] {
				t.Errorf("twins: created %v, %+v and %+v", created, got[0], got[1])
			}
			mu.Lock()
			acknowledged[ids[0]] = append(acknowledged[ids[0]], got[0])
			mu.Unlock()
		}
		wg.Wait()

		for _, room := range ids {
			history, err := s.ListMessagesAfter(ctx, room, 0, authors*each+each)
			if err != nil {
				t.Fatal(err)
			}
			acked := acknowledged[room]
			slices.SortFunc(acked, func(a, b chat.Message) int { return int(a.Number - b.Number) })
			if !slices.Equal(history, acked) {
				t.Errorf("room %d: history has %d messages, %d were acknowledged, or they differ", room, len(history), len(acked))
			}
			lastOf := map[chat.UserID]int{}
			for i, m := range history {
				if m.Number != int64(i+1) || m.Revision != int64(i+1) {
					t.Fatalf("room %d: message %d has number %d, revision %d", room, i+1, m.Number, m.Revision)
				}
				if m.Author != owner {
					if n := len(m.Body); n < lastOf[m.Author] {
						t.Errorf("room %d: author %d out of order at %d", room, m.Author, m.Number)
					} else {
						lastOf[m.Author] = n
					}
				}
			}
			// What is sent again is told of again, out of its order. The first time has the order.
			seen := map[int64]bool{}
			announced[room] = slices.DeleteFunc(announced[room], func(n int64) bool {
				again := seen[n]
				seen[n] = true
				return again
			})
			if !slices.IsSorted(announced[room]) || len(announced[room]) != len(history) {
				t.Errorf("room %d: %d announced for %d stored, in order: %v", room, len(announced[room]), len(history), slices.IsSorted(announced[room]))
			}
		}
	})
}

func TestChanges(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya := newUser(t, s, "maya")
		room := newRoom(t, s, maya, "releases")
		for i := range 4 {
			post(t, s, room, maya, "text", key(i))
		}
		edited, err := s.EditMessage(ctx, room, 2, "new text", at)
		if err != nil || edited.Body != "new text" || edited.Revision != 5 || !edited.EditedAt.Equal(at) {
			t.Errorf("edited %+v, %v", edited, err)
		}
		deleted, err := s.DeleteMessage(ctx, room, 3, at)
		if err != nil || deleted.Body != "" || deleted.Revision != 6 || !deleted.Deleted() {
			t.Errorf("deleted %+v, %v", deleted, err)
		}
		for what, change := range map[string]func() (chat.Message, error){
			"edit a tombstone":   func() (chat.Message, error) { return s.EditMessage(ctx, room, 3, "x", at) },
			"delete a tombstone": func() (chat.Message, error) { return s.DeleteMessage(ctx, room, 3, at) },
		} {
			if _, err := change(); !errors.Is(err, chat.ErrMessageDeleted) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := s.EditMessage(ctx, room, 99, "x", at); !errors.Is(err, chat.ErrMessageNotFound) {
			t.Errorf("edit nothing: %v", err)
		}
		if r, err := s.RoomByID(ctx, room); err != nil || r.Revision != 6 || r.LastNumber != 4 {
			t.Errorf("room is %+v, %v; refused changes must not spend a revision", r, err)
		}
		changes, err := s.ListChanges(ctx, room, 3, 10)
		if err != nil || len(changes) != 3 || changes[0].Number != 4 || changes[1] != edited || changes[2] != deleted {
			t.Errorf("changes since 3: %+v, %v", changes, err)
		}
		before, err := s.ListMessagesBefore(ctx, room, 4, 2)
		if err != nil || len(before) != 2 || before[0].Number != 2 || before[1].Number != 3 {
			t.Errorf("two before 4: %+v, %v", before, err)
		}
	})
}

// What the group commit has taken is written before the store closes; afterwards posts are refused and nothing hangs.
func TestCloseFinishesPosts(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya := newUser(t, s, "maya")
		room := newRoom(t, s, maya, "releases")
		var wg sync.WaitGroup
		started := make(chan struct{}, 1)
		for i := range 8 {
			wg.Go(func() {
				for j := 0; ; j++ {
					_, _, err := s.InsertMessage(context.Background(), chat.Message{Room: room, Author: maya, Body: "x", ClientKey: key(i, "-", j), CreatedAt: at})
					if err != nil {
						if !errors.Is(err, chat.ErrUnavailable) {
							t.Errorf("after close: %v", err)
						}
						return
					}
					select {
					case started <- struct{}{}:
					default:
					}
				}
			})
		}
		<-started
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}
