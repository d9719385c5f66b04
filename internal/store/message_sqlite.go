package store

import (
	"context"
	"slices"

	"github.com/go-faster/jx"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// insertPosts writes posts in one transaction and sets their numbers and revisions. Posts to a room that does not exist get their error
// here and do not spoil the others.
func (s *Store) insertPosts(ctx context.Context, posts []*request[post]) error {
	return s.tx(ctx, func(q *query.Queries) error {
		rooms, err := q.ReserveNumbers(ctx, query.ReserveNumbersParams{Now: millis(posts[len(posts)-1].what.msg.CreatedAt), Batch: roomsJSON(posts)})
		if err != nil {
			return err
		}
		if err := assign(posts, rooms); err != nil {
			return err
		}
		return q.InsertMessages(ctx, messagesJSON(posts))
	})
}

// assign gives the posts of each room the numbers and revisions that were reserved for it, in the order in which they were sent.
func assign(posts []*request[post], reserved []query.ReserveNumbersRow) error {
	rooms, counts, places := countRooms(posts)
	before := make(map[chat.RoomID]query.ReserveNumbersRow, len(reserved))
	for _, r := range reserved {
		at, _ := slices.BinarySearch(rooms, r.ID)
		r.LastNumber -= counts[at]
		r.Revision -= counts[at]
		before[chat.RoomID(r.ID)] = r
	}
	for i, p := range posts {
		r, exists := before[p.what.msg.Room]
		if !exists {
			p.what.created, p.err = false, chat.ErrRoomNotFound
			continue
		}
		p.what.msg.Number, p.what.msg.Revision = r.LastNumber+places[i], r.Revision+places[i]
		p.what.created, p.err = true, nil
	}
	if len(reserved) == 0 {
		return errNothingToInsert
	}
	return nil
}

func roomsJSON(posts []*request[post]) string {
	rooms, counts, _ := countRooms(posts)
	var e jx.Encoder
	e.ArrStart()
	for i, r := range rooms {
		e.ObjStart()
		e.FieldStart("r")
		e.Int64(r)
		e.FieldStart("n")
		e.Int64(counts[i])
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.String()
}

func messagesJSON(posts []*request[post]) string {
	var e jx.Encoder
	e.ArrStart()
	for _, r := range posts {
		if !r.what.created {
			continue
		}
		p := &r.what
		e.ObjStart()
		e.FieldStart("i")
		e.Int64(int64(p.msg.ID))
		e.FieldStart("r")
		e.Int64(int64(p.msg.Room))
		e.FieldStart("n")
		e.Int64(p.msg.Number)
		e.FieldStart("v")
		e.Int64(p.msg.Revision)
		e.FieldStart("a")
		e.Int64(int64(p.msg.Author))
		e.FieldStart("k")
		e.Str(p.msg.ClientKey)
		e.FieldStart("b")
		e.Str(p.msg.Body)
		e.FieldStart("t")
		e.Int64(millis(p.msg.CreatedAt))
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.String()
}
