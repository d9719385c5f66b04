package store

import (
	"context"
	"database/sql"
	"errors"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// insertPosts writes posts in one transaction and sets their numbers and revisions. Posts to a room that does not exist get their error
// here and do not spoil the others. It would run on both engines; on Postgres insertPostsPostgres spares the round trips.
//
// The database is in this process, so a prepared statement a row is the fastest way in. Measured, 64 rows a commit, processor time a row:
// one INSERT for each row 28 µs, one INSERT with 64 rows of VALUES 27 µs, INSERT … SELECT FROM json_each 45 µs with objects and 39 µs with
// arrays. The rest of those 28 µs is the indexes and the write-ahead log.
func (s *Store) insertPosts(ctx context.Context, posts []*request[post]) error {
	return s.tx(ctx, func(q *query.Queries) error {
		exists, err := reserveNumbers(ctx, q, posts)
		if err != nil {
			return err
		}
		if !exists {
			return errNothingToInsert
		}
		for _, p := range posts {
			if m := &p.what.msg; p.what.created {
				err := q.InsertMessage(ctx, query.InsertMessageParams{
					ID: int64(m.ID), RoomID: int64(m.Room), Number: m.Number, Revision: m.Revision, AuthorID: int64(m.Author),
					ClientKey: m.ClientKey, Body: m.Body, CreatedAt: millis(m.CreatedAt),
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// reserveNumbers gives the posts of each room their numbers and revisions, in the order in which they were sent, and reports whether any
// room of theirs exists.
func reserveNumbers(ctx context.Context, q *query.Queries, posts []*request[post]) (exists bool, err error) {
	rooms, counts, places := countRooms(posts)
	before := make(map[chat.RoomID]query.ReserveNumbersRow, len(rooms))
	now := millis(posts[len(posts)-1].what.msg.CreatedAt)
	for i, room := range rooms {
		row, err := q.ReserveNumbers(ctx, query.ReserveNumbersParams{Posts: counts[i], Now: now, ID: room})
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return false, err
		}
		before[chat.RoomID(room)] = row
	}
	for i, p := range posts {
		row, exists := before[p.what.msg.Room]
		if !exists {
			p.what.created, p.err = false, chat.ErrRoomNotFound
			continue
		}
		p.what.msg.Number, p.what.msg.Revision = row.LastNumber+places[i], row.Revision+places[i]
		p.what.created, p.err = true, nil
	}
	return len(before) > 0, nil
}
