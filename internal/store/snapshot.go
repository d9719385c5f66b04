package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-faster/jx"
)

// Snapshot is the database at one moment. Whatever is written meanwhile, everything read from it is of that moment; nobody who writes waits
// for it. On SQLite the write-ahead log cannot shrink while it is open.
type Snapshot struct {
	tx     *sql.Tx
	store  *Store
	tables []Table
}

// Snapshot calls f with the database as it is now. It needs no prepared queries, so it works at every level of the schema.
func (s *Store) Snapshot(ctx context.Context, f func(*Snapshot) error) (err error) {
	options := &sql.TxOptions{ReadOnly: true}
	if s.dialect == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.read.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin snapshot: %w", classify(err))
	}
	defer func() { // nothing was written: there is nothing to commit
		if end := tx.Rollback(); end != nil && !errors.Is(end, sql.ErrTxDone) {
			err = errors.Join(err, end)
		}
	}()
	if err := s.unhurried(ctx, tx); err != nil {
		return fmt.Errorf("begin snapshot: %w", classify(err))
	}
	n := &Snapshot{tx: tx, store: s}
	// The first read is what fixes the moment.
	if n.tables, err = s.tables(ctx, tx); err != nil {
		return fmt.Errorf("list tables: %w", classify(err))
	}
	return f(n)
}

// unhurried lifts, for one transaction, the limits that keep a request from holding the database up: here a statement may take minutes.
func (s *Store) unhurried(ctx context.Context, tx *sql.Tx) error {
	if s.dialect == SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, `SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`)
	return err
}

// Tables lists the tables, referenced ones first.
func (n *Snapshot) Tables() []Table { return n.tables }

// Rows calls f with each row of a table in the order of the key, after a key, at most limit of them; a nil key starts at the beginning and
// a limit of 0 has no end. The row is valid during the call only. A value that the other engine would not take is an error.
func (n *Snapshot) Rows(ctx context.Context, t Table, after []any, limit int, f func(row []any) error) (err error) {
	text, args := n.store.rowsSQL(t, after, limit)
	rows, err := n.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Name, classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row, pointers := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range row {
		pointers[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		if err := t.normal(row); err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", t.Name, classify(err))
	}
	return nil
}

// rowsSQL orders text by its bytes on both engines; Postgres would use the database's language.
func (s *Store) rowsSQL(t Table, after []any, limit int) (text string, args []any) {
	var order, holders []string
	for i, name := range t.Key {
		column := quoted(name)
		isText := slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == name && c.Kind == Text })
		if s.dialect == Postgres && isText {
			column += ` COLLATE "C"`
		}
		order = append(order, column)
		holders = append(holders, fmt.Sprintf("$%d", i+1))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s FROM %s", quoted(t.names()...), quoted(t.Name))
	if after != nil {
		fmt.Fprintf(&b, " WHERE (%s) > (%s)", strings.Join(order, ", "), strings.Join(holders, ", "))
		args = after
	}
	fmt.Fprintf(&b, " ORDER BY %s", strings.Join(order, ", "))
	if limit > 0 {
		fmt.Fprintf(&b, " LIMIT %d", limit)
	}
	return b.String(), args
}

// Count returns how many rows a table has.
func (n *Snapshot) Count(ctx context.Context, t Table) (rows int64, err error) {
	err = n.tx.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted(t.Name)).Scan(&rows)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.Name, classify(err))
	}
	return rows, nil
}

// Digest reads a whole table.
func (n *Snapshot) Digest(ctx context.Context, t Table) (Digest, error) {
	d, e := NewDigester(), &jx.Encoder{}
	err := n.Rows(ctx, t, nil, 0, func(row []any) error {
		d.Add(EncodeRow(e, row))
		return nil
	})
	return d.Sum(), err
}
