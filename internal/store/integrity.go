package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Integrity asks the engine whether it finds damage in its own structures. On SQLite that reads the whole file.
func (s *Store) Integrity(ctx context.Context) (faults []Fault, err error) {
	checks := map[string]string{
		"quick_check":       "SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'",
		"foreign_key_check": `SELECT "table" || ', row ' || coalesce(rowid, '?') || ' refers to a row of ' || parent || ' that does not exist' FROM pragma_foreign_key_check`,
	}
	if s.dialect == Postgres {
		const here = " AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
		checks = map[string]string{
			"index_valid":      "SELECT 'index ' || x.indexrelid::regclass || ' is not valid: drop it and make it again' FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid WHERE NOT x.indisvalid" + here,
			"constraint_valid": "SELECT 'constraint ' || k.conname || ' of ' || t.relname || ' was never validated' FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid WHERE NOT k.convalidated" + here,
		}
	}
	for _, check := range slices.Sorted(maps.Keys(checks)) {
		found, err := s.details(ctx, check, checks[check])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", check, classify(err))
		}
		faults = append(faults, found...)
	}
	return faults, nil
}

func (s *Store) details(ctx context.Context, check, text string) (faults []Fault, err error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf("%s LIMIT %d", text, maxFaults))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		f := Fault{Check: check}
		if err := rows.Scan(&f.Detail); err != nil {
			return nil, err
		}
		faults = append(faults, f)
	}
	return faults, rows.Err()
}

// Now returns the time of the database's machine; on SQLite that is ours.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	text := "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)"
	if s.dialect == Postgres {
		text = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
	}
	var ms int64
	if err := s.read.QueryRowContext(ctx, text).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", classify(err))
	}
	return fromMillis(ms), nil
}

// NewestMessage returns when somebody last posted, the zero time when nobody has.
func (s *Store) NewestMessage(ctx context.Context) (time.Time, error) {
	var ms *int64
	if err := s.read.QueryRowContext(ctx, "SELECT max(active_at) FROM rooms").Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("newest message: %w", classify(err))
	}
	return fromMillisOrNull(ms), nil
}

// Size returns how many bytes the database takes.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	text := "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
	if s.dialect == Postgres {
		text = "SELECT pg_database_size(current_database())"
	}
	if err := s.read.QueryRowContext(ctx, text).Scan(&n); err != nil {
		return 0, fmt.Errorf("size of the database: %w", classify(err))
	}
	return n, nil
}

// Durability returns what would let the database lose what it has acknowledged.
func (s *Store) Durability(ctx context.Context) ([]Fault, error) {
	text := `SELECT name || ' is ' || setting || ': a crash can lose or damage what was acknowledged' FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`
	if s.dialect == SQLite {
		text = `SELECT 'journal_mode is ' || journal_mode FROM pragma_journal_mode WHERE journal_mode <> 'wal'`
	}
	faults, err := s.details(ctx, "durability", text)
	if err != nil {
		return nil, fmt.Errorf("durability: %w", classify(err))
	}
	return faults, nil
}
