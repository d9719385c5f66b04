package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"parley/internal/chat"
	"parley/internal/store/pgquery"
)

// insertPostsPostgres does what insertPosts does in one statement, which is one round trip and its own transaction.
func (s *Store) insertPostsPostgres(ctx context.Context, posts []*request[post]) error {
	rooms, counts, places := countRooms(posts)
	n := len(posts)
	p := pgquery.InsertMessagesParams{
		Ids: make([]int64, n), RoomIds: make([]int64, n), Places: places, AuthorIds: make([]int64, n),
		ClientKeys: make([]string, n), Bodies: make([]string, n), CreatedAts: make([]int64, n),
		Rooms: rooms, Posts: counts, Now: millis(posts[n-1].what.msg.CreatedAt),
	}
	for i, r := range posts {
		m := &r.what.msg
		p.Ids[i], p.RoomIds[i], p.AuthorIds[i] = int64(m.ID), int64(m.Room), int64(m.Author)
		p.ClientKeys[i], p.Bodies[i], p.CreatedAts[i] = m.ClientKey, m.Body, millis(m.CreatedAt)
	}
	var stored []pgquery.InsertMessagesRow
	err := repeat(func() error {
		return s.pgx(ctx, func(conn *pgx.Conn) (err error) {
			stored, err = pgquery.New(conn).InsertMessages(ctx, p)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, r := range posts {
		r.what.created, r.err = false, chat.ErrRoomNotFound
	}
	for _, row := range stored {
		// By id: nothing says in which order the rows come back. Those of a batch ascend.
		i, found := slices.BinarySearchFunc(posts, chat.MessageID(row.ID), func(r *request[post], id chat.MessageID) int {
			return int(r.what.msg.ID - id)
		})
		if found {
			posts[i].what.msg.Number, posts[i].what.msg.Revision = row.Number, row.Revision
			posts[i].what.created, posts[i].err = true, nil
		}
	}
	return nil
}

// pgx lends a connection of the pool in the driver's own shape, which has arrays and one round trip where database/sql has neither.
func (s *Store) pgx(ctx context.Context, f func(*pgx.Conn) error) error {
	// Waiting for a free connection is bounded here; waiting for the server is bounded by its link.
	waiting, cancel := s.bounded(ctx)
	defer cancel()
	conn, err := s.write.Conn(waiting)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool; a broken one is found there
	return conn.Raw(func(driver any) error { return f(driver.(*stdlib.Conn).Conn()) })
}
