package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"parley/internal/store/query"
)

// historyTable names the history that the database is of. It is no data of people's: a backup must not bring the name back with an older state,
// and a copy may be older than what clients have seen by the time it is served.
const historyTable = "history"

// BeginHistory names the history if it has no name, and reads it. It needs Prepare.
func (s *Store) BeginHistory(ctx context.Context) error {
	name, err := s.reads.History(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.tx(ctx, func(q *query.Queries) error {
			if err := q.BeginHistory(ctx, rand.Text()); err != nil {
				return err
			}
			name, err = q.History(ctx)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("begin history: %w", classify(err))
	}
	s.history = name
	return nil
}

// History is the name of the history that the database was of at the start. Revisions of one history mean nothing in another.
func (s *Store) History() string { return s.history }

// EndHistory has the next start begin another history.
func (l *Loader) EndHistory(ctx context.Context) error {
	there, err := l.store.hasTable(ctx, historyTable)
	if err != nil || !there {
		return err
	}
	if _, err := l.tx.ExecContext(ctx, "DELETE FROM "+historyTable); err != nil {
		return fmt.Errorf("end history: %w", classify(err))
	}
	return nil
}
