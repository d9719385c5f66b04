package store

import (
	"context"
	"errors"
	"fmt"
)

// progressTable exists in a database while it is being filled from another one, and only then. It is no part of the schema: a copy makes it
// with its first row and drops it with its last, so that a database that lacks it is whole.
const progressTable = "store_copy"

// ErrUnfinishedCopy says that the database is being filled from another one and must not be served.
var ErrUnfinishedCopy = errors.New("the database is an unfinished copy")

// Progress is how far a copy of one table is: the key of the last row that arrived, as canonical text, and how many arrived.
type Progress struct {
	Table string
	Key   string
	Rows  int64
}

// UnfinishedCopy returns from where the database is being filled and how far that is; an empty source when it is not.
func (s *Store) UnfinishedCopy(ctx context.Context) (source string, progress []Progress, err error) {
	there, err := s.hasProgress(ctx)
	if err != nil || !there {
		return "", nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT table_name, source, last_key, copied FROM "+progressTable+" ORDER BY table_name")
	if err != nil {
		return "", nil, fmt.Errorf("read progress: %w", classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p Progress
		if err := rows.Scan(&p.Table, &source, &p.Key, &p.Rows); err != nil {
			return "", nil, fmt.Errorf("read progress: %w", err)
		}
		progress = append(progress, p)
	}
	return source, progress, rows.Err()
}

func (s *Store) hasProgress(ctx context.Context) (bool, error) { return s.hasTable(ctx, progressTable) }

// checkFinished refuses a database that a copy has not finished: it looks like one that lacks some messages.
func (s *Store) checkFinished(ctx context.Context) error {
	there, err := s.hasProgress(ctx)
	if err == nil && there {
		err = fmt.Errorf("%w: let parley store copy finish it", ErrUnfinishedCopy)
	}
	return err
}

// BeginProgress notes that the tables are about to be filled from a source.
func (l *Loader) BeginProgress(ctx context.Context, source string, tables []Table) error {
	_, err := l.tx.ExecContext(ctx, "CREATE TABLE "+progressTable+
		" (table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, last_key TEXT NOT NULL, copied BIGINT NOT NULL)")
	for _, t := range tables {
		if err == nil {
			_, err = l.tx.ExecContext(ctx, "INSERT INTO "+progressTable+" (table_name, source, last_key, copied) VALUES ($1, $2, '', 0)", t.Name, source)
		}
	}
	if err != nil {
		return fmt.Errorf("begin progress: %w", classify(err))
	}
	return nil
}

// SetProgress notes how far a table is. It fails when somebody else moved it since: then two copies are running.
func (l *Loader) SetProgress(ctx context.Context, from, to Progress) error {
	res, err := l.tx.ExecContext(ctx, "UPDATE "+progressTable+" SET last_key = $1, copied = $2 WHERE table_name = $3 AND last_key = $4 AND copied = $5",
		to.Key, to.Rows, to.Table, from.Key, from.Rows)
	if err != nil {
		return fmt.Errorf("set progress: %w", classify(err))
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errors.New("another copy into the same database is running"), err)
	}
	return nil
}

// EndProgress says that the copy is whole.
func (l *Loader) EndProgress(ctx context.Context) error {
	if _, err := l.tx.ExecContext(ctx, "DROP TABLE "+progressTable); err != nil {
		return fmt.Errorf("end progress: %w", classify(err))
	}
	return nil
}
