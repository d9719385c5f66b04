package store_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Two nodes post to the same rooms, edit in them and mark them read at once. Their batches hold the same rooms in every mixture, so a lock
// taken in another order would deadlock, and a counter read before its lock would number two messages alike.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	place := storetest.URL(t, store.Postgres)
	nodes := []*store.Store{storetest.Open(t, place), storetest.Open(t, place)}
	const rooms, authors, each = 6, 12, 40
	owner := newUser(t, nodes[0], "owner")
	var ids []chat.RoomID
	for i := range rooms {
		ids = append(ids, newRoom(t, nodes[0], owner, key("room-", i)))
	}
	var wg sync.WaitGroup
	for a := range authors {
		node := nodes[a%len(nodes)]
		user := newUser(t, node, key("user-", a))
		for _, room := range ids {
			if _, _, err := node.InsertMember(ctx, room, user, chat.RoleMember, at); err != nil {
				t.Fatal(err)
			}
		}
		wg.Go(func() {
			for i := range each {
				room := ids[(a*7+i)%rooms]
				m, created, err := node.InsertMessage(ctx, chat.Message{Room: room, Author: user, Body: "text", ClientKey: key(i), CreatedAt: at})
				if err != nil || !created {
					t.Errorf("post: created %v, %v", created, err)
					continue
				}
				if i%4 == 0 {
					if _, err := node.EditMessage(ctx, room, m.Number, "changed", at); err != nil {
						t.Errorf("edit: %v", err)
					}
				}
				if last, _, err := node.MarkRead(ctx, room, owner, m.Number); err != nil || last < m.Number {
					t.Errorf("mark: at %d after %d was stored, %v", last, m.Number, err)
				}
			}
		})
	}
	wg.Wait()
	stored := 0
	for _, room := range ids {
		list, err := nodes[0].ListMessagesBefore(ctx, room, math.MaxInt64, authors*each+1)
		if err != nil {
			t.Fatal(err)
		}
		edits := 0
		for i, m := range list {
			if m.Number != int64(i+1) {
				t.Fatalf("room %d: message %d has number %d", room, i+1, m.Number)
			}
			if m.Body == "changed" {
				edits++
			}
		}
		view, err := nodes[1].RoomForUser(ctx, room, owner)
		if n := int64(len(list)); err != nil || view.LastNumber != n || view.Revision != n+int64(edits) || view.LastReadNumber != n {
			t.Errorf("room %d is %+v, %v; it has %d messages and %d edits, all read", room, view, err, len(list), edits)
		}
		stored += len(list)
	}
	if stored != authors*each {
		t.Errorf("%d messages are stored, want %d", stored, authors*each)
	}
}
