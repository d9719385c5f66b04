package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// openSQLite opens one writer and a pool of readers on a file.
//
// One writer: with a pool of writers most transactions fail with SQLITE_BUSY under load. Writers wait in Go instead, at the gate, which is
// first come first served; database/sql would hand the freed connection to a random waiter. synchronous=FULL makes a commit durable before
// it is acknowledged; with group commit it costs no throughput.
func (s *Store) openSQLite(ctx context.Context, o Options) error {
	s.dialect, s.url, s.gate = SQLite, o.URL, make(chan struct{}, 1)
	var err error
	if o.Purpose != "" {
		if s.lock, err = TakeLock(ctx, o.URL, o.Purpose, s.log); err != nil {
			return err
		}
	}
	makePrivate(o.URL)
	patience := lockPatience
	if o.Timeout > 0 {
		patience = min(patience, o.Timeout)
	}
	if s.write, err = sql.Open("sqlite", sqliteDSN(o.URL, patience, "cache_size(-65536)", "journal_mode(WAL)", "synchronous(FULL)")+"&_txlock=immediate"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	if err := s.write.PingContext(ctx); err != nil { // makes the file and switches it to WAL before a reader opens it
		return s.damage(err)
	}
	if s.read, err = sql.Open("sqlite", sqliteDSN(o.URL, lockPatience, "cache_size(-8192)", "query_only(1)")); err != nil {
		return err
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s.damage(s.read.PingContext(ctx))
}

// makePrivate makes a database that is not there yet, for its owner's eyes only; the engine would leave it to the umask, and others on the machine could
// read what people wrote. The engine's other files get the rights of this one. One that is there stays as its host wants it.
func makePrivate(path string) {
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil { // else it is there, or cannot be, as the engine will say
		_ = f.Close() // nothing was written
	}
}

// lockPatience is how long a statement waits for another program that holds the file.
const lockPatience = 10 * time.Second

// sqliteDSN spells a connection string; busy_timeout comes first, because the pragmas after it may have to wait.
func sqliteDSN(path string, patience time.Duration, pragmas ...string) string {
	v := url.Values{}
	for _, p := range append([]string{fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds())}, append(pragmas, "foreign_keys(1)", "temp_store(2)")...) {
		v.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
}

// ErrDamaged says that a SQLite file cannot be trusted: it is damaged, or no SQLite database at all. Nothing was written to it.
var ErrDamaged = errors.New("the database is damaged, or is no SQLite database")

// damage gives the engine's word for a damaged file the file's name.
func (s *Store) damage(err error) error {
	if !damaged(err) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, s.url, err)
}

// checkBudget bounds how long a start looks for damage. A gigabyte or so is read in that time; parley doctor reads all of it.
const checkBudget = time.Second

// CheckDamage looks through a SQLite file for damage, as far as that goes quickly: ErrDamaged when it finds some. Postgres checks its pages
// itself.
func (s *Store) CheckDamage(ctx context.Context) error {
	if s.dialect != SQLite {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	var found string
	err := s.read.QueryRowContext(bounded, "PRAGMA quick_check(1)").Scan(&found)
	switch {
	case err != nil && bounded.Err() != nil:
		return ctx.Err() // the budget is spent, unless the caller gave up
	case err != nil:
		return fmt.Errorf("check for damage: %w", s.damage(err))
	case found != "ok":
		return fmt.Errorf("%w: %s: %s", ErrDamaged, s.url, found)
	}
	return nil
}
