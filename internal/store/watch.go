package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing/fstest"
)

// TableLock is a lock that a step of a migration held on a table or index that was there before it.
type TableLock struct {
	Relation string `json:"relation"`
	Mode     string `json:"mode"`
	// Blocks says who has to wait while it is held: readers and writers, writers, nobody.
	Blocks string `json:"blocks"`
}

// lockModes are Postgres' modes from the strongest down, and who waits for each.
var lockModes = []struct{ mode, blocks string }{
	{"AccessExclusiveLock", "readers and writers"},
	{"ExclusiveLock", "writers"},
	{"ShareRowExclusiveLock", "writers"},
	{"ShareLock", "writers"},
	{"ShareUpdateExclusiveLock", "nobody"},
	{"RowExclusiveLock", "nobody"},
	{"RowShareLock", "nobody"},
	{"AccessShareLock", "nobody"},
}

// watchSQL goes to the end of a step, in its transaction, where every lock that it took is still held.
const watchSQL = `
-- +goose StatementBegin
INSERT INTO parley_rehearsal.locks SELECT l.relation, l.mode FROM pg_locks l JOIN parley_rehearsal.known k ON k.relation = l.relation
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());
-- +goose StatementEnd
`

// Steps returns the steps of this store's engine. On Postgres they are such that a scratch database notes which locks each one takes. A step
// that is in no transaction holds no lock at its end, so nothing is noted of it.
func (s *Store) Steps() (fs.FS, error) {
	steps, err := s.stepsOf(s.dialect)
	if err != nil || s.dialect == SQLite {
		return steps, err
	}
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	watched := fstest.MapFS{}
	for _, name := range names {
		data, err := fs.ReadFile(steps, name)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		if !OutsideTransaction(data) {
			up, down, both := strings.Cut(string(data), "-- +goose Down")
			data = []byte(up + watchSQL)
			if both {
				data = append(data, "\n-- +goose Down"+down+watchSQL...)
			}
		}
		watched[name] = &fstest.MapFile{Data: data}
	}
	return watched, nil
}

// OutsideTransaction says whether a step asks to be run in no transaction.
func OutsideTransaction(step []byte) bool {
	return strings.Contains(string(step), "+goose NO TRANSACTION")
}

// watch makes what watchSQL writes to, and the schema that the other database's tables are in.
func (x *Scratch) watch(ctx context.Context, other *Store) error {
	var schema string
	if err := other.read.QueryRowContext(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return fmt.Errorf("watch locks: %w", classify(err))
	}
	for _, text := range []string{
		"CREATE SCHEMA IF NOT EXISTS " + quoted(schema),
		"CREATE SCHEMA parley_rehearsal",
		"CREATE TABLE parley_rehearsal.locks (relation OID, mode TEXT)",
		"CREATE TABLE parley_rehearsal.known (relation OID, name TEXT)",
	} {
		if _, err := x.write.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("watch locks: %w", classify(err))
		}
	}
	return nil
}

// Expect forgets what was noted and takes what is there now for what a lock would matter on.
func (x *Scratch) Expect(ctx context.Context) error {
	if x.dialect == SQLite {
		return nil
	}
	_, err := x.write.ExecContext(ctx, `WITH a AS (DELETE FROM parley_rehearsal.locks), b AS (DELETE FROM parley_rehearsal.known)
INSERT INTO parley_rehearsal.known SELECT t.oid, t.relname FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace AND s.nspname = current_schema()
WHERE t.relname NOT LIKE 'goose\_db\_version%'`)
	if err != nil {
		return fmt.Errorf("watch locks: %w", classify(err))
	}
	return nil
}

// Locks returns the strongest lock that was noted on each table and index since Expect, those that make others wait first. SQLite has one
// lock for everything, which a step holds from its first write to its end: writers wait.
func (x *Scratch) Locks(ctx context.Context) (locks []TableLock, err error) {
	if x.dialect == SQLite {
		return []TableLock{{Relation: "the whole database", Mode: "RESERVED", Blocks: "writers"}}, nil
	}
	rows, err := x.read.QueryContext(ctx, `SELECT k.name, l.mode FROM parley_rehearsal.locks l JOIN parley_rehearsal.known k ON k.relation = l.relation ORDER BY k.name`)
	if err != nil {
		return nil, fmt.Errorf("read locks: %w", classify(err))
	}
	return strongest(rows)
}

func strongest(rows *sql.Rows) (locks []TableLock, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	locks = []TableLock{}
	rank := map[string]int{}
	for rows.Next() {
		var name, mode string
		if err := rows.Scan(&name, &mode); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(lockModes, func(m struct{ mode, blocks string }) bool { return m.mode == mode })
		if r, seen := rank[name]; i >= 0 && (!seen || i < r) {
			rank[name] = i
		}
	}
	for name, i := range rank {
		locks = append(locks, TableLock{Relation: name, Mode: lockModes[i].mode, Blocks: lockModes[i].blocks})
	}
	slices.SortFunc(locks, func(a, b TableLock) int {
		if r := rank[a.Relation] - rank[b.Relation]; r != 0 {
			return r
		}
		return strings.Compare(a.Relation, b.Relation)
	})
	return locks, rows.Err()
}
