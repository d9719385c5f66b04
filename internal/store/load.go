package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrNotEmpty says that a database that was to be filled holds something already.
var ErrNotEmpty = errors.New("the database is not empty")

// Loader fills a database with rows from elsewhere, in one transaction.
type Loader struct {
	conn   *sql.Conn // the one the transaction is on
	tx     *sql.Tx
	store  *Store
	insert map[string]*sql.Stmt // SQLite, by table
}

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
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin load: %w", classify(err))
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin load: %w", classify(err))
	}
	l := &Loader{conn: conn, tx: tx, store: s, insert: map[string]*sql.Stmt{}}
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
func (l *Loader) Insert(ctx context.Context, t Table, rows [][]any) (err error) {
	if len(rows) == 0 {
		return nil
	}
	if l.store.dialect == Postgres {
		err = l.copyIn(ctx, t, rows)
	} else {
		err = l.insertEach(ctx, t, rows)
	}
	if err != nil {
		return fmt.Errorf("insert into %s, rows from %s to %s: %w", t.Name, t.keyText(rows[0]), t.keyText(rows[len(rows)-1]), classify(err))
	}
	return nil
}

// copyIn uses Postgres' COPY, on the connection that the transaction is on.
func (l *Loader) copyIn(ctx context.Context, t Table, rows [][]any) error {
	return l.conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, t.names(), pgx.CopyFromRows(rows))
		return err
	})
}

// insertEach runs one prepared statement a row: without a server to talk to, that is faster than statements of many rows, which SQLite has to
// be given thousands of parameters for (300,000 messages: 4.8 s of CPU instead of 24.4 s).
func (l *Loader) insertEach(ctx context.Context, t Table, rows [][]any) error {
	stmt := l.insert[t.Name]
	if stmt == nil {
		var holders []string
		for i := range t.Columns {
			holders = append(holders, fmt.Sprintf("$%d", i+1))
		}
		//nolint:gosec // the names are those of the schema, and quoted
		text := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quoted(t.Name), quoted(t.names()...), strings.Join(holders, ", "))
		var err error
		if stmt, err = l.tx.PrepareContext(ctx, text); err != nil {
			return err
		}
		l.insert[t.Name] = stmt
	}
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// counted are the nouns whose identifiers come from the table counters: each is the name of its table.
var counted = []string{"users", "rooms", "messages", "audit_entries", "notices", "identities", "invites", "passkeys", "mails"}

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

// numbersLost is more accounts, and more rooms, than can have been made between a backup and its restore.
const numbersLost = 1_000_000

// SkipNumbers leaves out the numbers of the accounts and of the rooms that may have been made after the tables were written. Those accounts are
// gone, but their sessions in Redis and their access tokens are not, and would open whatever account got the same number. Those rooms are gone, but
// what a browser has not sent yet would go to whatever room got the same number.
func (l *Loader) SkipNumbers(ctx context.Context) error {
	if _, err := l.tx.ExecContext(ctx, `UPDATE counters SET next = next + $1 WHERE name IN ('users', 'rooms')`, numbersLost); err != nil {
		return fmt.Errorf("skip numbers: %w", classify(err))
	}
	return nil
}
