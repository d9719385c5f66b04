package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parley/internal/chat"
	"parley/internal/store/pgquery"
	"parley/internal/store/query"
)

// mark is a read mark to be moved to a number, and where it is then. Marks share transactions (see groupCommit): every reader of every
// message moves one, and a transaction for each would keep the posts waiting behind a thousand syncs of the disk.
type mark struct {
	reader
	number int64
	last   int64
	moved  bool
}

// reader says whose mark it is.
type reader struct {
	room chat.RoomID
	user chat.UserID
}

// MarkRead moves a member's read mark forward to a number, at most to the newest message, and returns where it is; moved is false when
// it was there or further already. Of several calls at the same moment only the one that goes furthest moves it.
func (s *Store) MarkRead(ctx context.Context, id chat.RoomID, user chat.UserID, number int64) (last int64, moved bool, err error) {
	m, err := s.marks.do(ctx, id, mark{reader: reader{id, user}, number: number})
	if err != nil {
		return 0, false, fmt.Errorf("mark read: %w", err)
	}
	return m.last, m.moved, nil
}

// writeMarks moves the marks of a batch, each reader's to the furthest number, and answers the others with where it is then.
func (s *Store) writeMarks(batch []*request[mark]) {
	furthest := make(map[reader]*request[mark], len(batch))
	for _, r := range batch {
		if f, known := furthest[r.what.reader]; !known || r.what.number > f.what.number {
			furthest[r.what.reader] = r
		}
	}
	marks := make([]*request[mark], 0, len(furthest))
	for _, r := range batch {
		if furthest[r.what.reader] == r {
			marks = append(marks, r)
		}
	}
	move := s.moveMarks
	if s.dialect == Postgres {
		move = s.moveMarksPostgres
	}
	// Not the context of any one reader: the others must not fail when one hangs up.
	if err := move(context.Background(), marks); err != nil {
		for _, r := range marks {
			r.err = err
		}
	}
	for _, r := range batch {
		if f := furthest[r.what.reader]; f != r {
			r.what.last, r.err = f.what.last, f.err
		}
	}
}

// moveMarks moves marks in one transaction. A reader who is no member gets an error and does not spoil the others.
func (s *Store) moveMarks(ctx context.Context, marks []*request[mark]) error {
	return s.tx(ctx, func(q *query.Queries) error {
		for _, r := range marks {
			if err := moveMark(ctx, q, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func moveMark(ctx context.Context, q *query.Queries, r *request[mark]) (err error) {
	room, user := int64(r.what.room), int64(r.what.user)
	r.what.last, err = q.MarkRead(ctx, query.MarkReadParams{Number: r.what.number, RoomID: room, UserID: user})
	if r.what.moved = err == nil; !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	r.what.last, err = q.LastReadNumber(ctx, query.LastReadNumberParams{RoomID: room, UserID: user})
	if errors.Is(err, sql.ErrNoRows) {
		r.err, err = chat.ErrNotMember, nil
	}
	return err
}

// moveMarksPostgres does what moveMarks does in one statement, and a second one when some marks did not move.
func (s *Store) moveMarksPostgres(ctx context.Context, marks []*request[mark]) error {
	var p pgquery.MarkReadParams
	for _, r := range marks {
		p.RoomIds, p.UserIds = append(p.RoomIds, int64(r.what.room)), append(p.UserIds, int64(r.what.user))
		p.Numbers = append(p.Numbers, r.what.number)
	}
	var moved []pgquery.MarkReadRow
	var there []pgquery.ListReadNumbersRow
	err := repeat(func() error {
		return s.pgx(ctx, func(conn *pgx.Conn) (err error) {
			q := pgquery.New(conn)
			if moved, err = q.MarkRead(ctx, p); err != nil || len(moved) == len(marks) {
				return err
			}
			there, err = q.ListReadNumbers(ctx, pgquery.ListReadNumbersParams{RoomIds: p.RoomIds, UserIds: p.UserIds})
			return err
		})
	})
	if err != nil {
		return err
	}
	answers := make(map[reader]mark, len(marks))
	for _, r := range there {
		answers[reader{chat.RoomID(r.RoomID), chat.UserID(r.UserID)}] = mark{last: r.LastReadNumber}
	}
	for _, r := range moved {
		answers[reader{chat.RoomID(r.RoomID), chat.UserID(r.UserID)}] = mark{last: r.LastReadNumber, moved: true}
	}
	for _, r := range marks {
		a, member := answers[r.what.reader]
		if !member {
			r.err = chat.ErrNotMember
		}
		r.what.last, r.what.moved = a.last, a.moved
	}
	return nil
}
