package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotEmpty says that a database that was to be filled holds something already.
var ErrNotEmpty = errors.New("the database is not empty")

// Loader fills a database with rows from elsewhere, in one transaction.
type Loader struct {
	tx     *sql.Tx
	store  *Store
	insert map[string]*sql.Stmt // by SQL text
}

// rowsPerInsert bounds one statement; so do the engines: 32,766 parameters on SQLite, 65,535 on Postgres.
const (
	rowsPerInsert   = 500
	paramsPerInsert = 32_000
)

// Load runs f in one write transaction: what it inserts is there whole when Load returns nil, and not at all otherwise. Nobody else writes
// meanwhile. It needs no prepared queries, so it works at every level of the schema.
func (s *Store) Load(ctx context.Context, f func(*Loader) error) (err error) {
	if s.gate != nil {
		select {
		case s.gate <- struct{}{}:
			defer func() { <-s.gate }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin load: %w", classify(err))
	}
	l := &Loader{tx: tx, store: s, insert: map[string]*sql.Stmt{}}
	defer func() {
		for _, stmt := range l.insert {
			_ = stmt.Close() // the transaction's end closes them too
		}
		if err != nil {
			_ = tx.Rollback() // the first error is the one that counts
		}
	}()
	if err = s.unhurried(ctx, tx); err != nil {
		return fmt.Errorf("begin load: %w", classify(err))
	}
	if err = f(l); err != nil {
		return err
	}
	if err = tx.Commit(); err != nil {
		return fmt.Errorf("commit load: %w", classify(err))
	}
	return nil
}

// Tables lists the tables of the database that is filled, referenced ones first.
func (l *Loader) Tables(ctx context.Context) ([]Table, error) {
	tables, err := l.store.tables(ctx, l.tx)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", classify(err))
	}
	return tables, nil
}

// Claim makes sure that every table is empty and stays so for everybody else until the transaction ends; ErrNotEmpty when one is not.
func (l *Loader) Claim(ctx context.Context, tables []Table) error {
	for _, t := range tables {
		if l.store.dialect == Postgres { // on SQLite there is one writer anyway
			if _, err := l.tx.ExecContext(ctx, "LOCK TABLE "+quoted(t.Name)+" IN EXCLUSIVE MODE"); err != nil {
				return fmt.Errorf("lock %s: %w", t.Name, classify(err))
			}
		}
		var one int
		err := l.tx.QueryRowContext(ctx, "SELECT 1 FROM "+quoted(t.Name)+" LIMIT 1").Scan(&one)
		if err == nil {
			return fmt.Errorf("%w: table %s has rows", ErrNotEmpty, t.Name)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("look into %s: %w", t.Name, classify(err))
		}
	}
	return nil
}

// Insert adds rows, whose values are in the order of the table's columns.
func (l *Loader) Insert(ctx context.Context, t Table, rows [][]any) error {
	most := max(1, min(rowsPerInsert, paramsPerInsert/len(t.Columns)))
	for chunk := range slices.Chunk(rows, most) {
		stmt, err := l.statement(ctx, t, len(chunk)) //nolint:sqlclosecheck // kept for the next chunk; Load closes it
		if err != nil {
			return fmt.Errorf("insert into %s: %w", t.Name, classify(err))
		}
		args := make([]any, 0, len(chunk)*len(t.Columns))
		for _, row := range chunk {
			args = append(args, row...)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return fmt.Errorf("insert into %s, rows from %s to %s: %w", t.Name, t.keyText(chunk[0]), t.keyText(chunk[len(chunk)-1]), classify(err))
		}
	}
	return nil
}

func (l *Loader) statement(ctx context.Context, t Table, rows int) (*sql.Stmt, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", quoted(t.Name), quoted(t.names()...))
	for i := range rows {
		b.WriteString([]string{"(", ", ("}[min(i, 1)])
		for j := range t.Columns {
			fmt.Fprintf(&b, "%s$%d", []string{"", ", "}[min(j, 1)], i*len(t.Columns)+j+1)
		}
		b.WriteString(")")
	}
	if stmt := l.insert[b.String()]; stmt != nil {
		return stmt, nil
	}
	stmt, err := l.tx.PrepareContext(ctx, b.String())
	if err == nil {
		l.insert[b.String()] = stmt
	}
	return stmt, err
}

// counted are the nouns whose identifiers come from the table counters: each is the name of its table.
var counted = []string{"users", "rooms", "messages", "audit_entries", "notices"}

// RaiseCounters sees to it that no identifier in the tables is handed out again.
func (l *Loader) RaiseCounters(ctx context.Context, tables []Table) error {
	has := func(name string) bool {
		return slices.ContainsFunc(tables, func(t Table) bool { return t.Name == name })
	}
	for _, noun := range counted {
		if !has("counters") || !has(noun) {
			continue
		}
		//nolint:gosec // the name is one of the list above
		text := fmt.Sprintf(`INSERT INTO counters (name, next) SELECT CAST($1 AS TEXT), max(id) + 1 FROM %s HAVING max(id) IS NOT NULL
ON CONFLICT (name) DO UPDATE SET next = CASE WHEN counters.next < excluded.next THEN excluded.next ELSE counters.next END`, quoted(noun))
		_, err := l.tx.ExecContext(ctx, text, noun)
		if err != nil {
			return fmt.Errorf("raise counter of %s: %w", noun, classify(err))
		}
	}
	return nil
}
