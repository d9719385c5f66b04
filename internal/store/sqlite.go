package store

import (
	"context"
	"database/sql"
	"net/url"
	"runtime"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// openSQLite opens one writer and a pool of readers on a file.
//
// One writer: with a pool of writers most transactions fail with SQLITE_BUSY under load. Writers wait in Go instead, at the gate, which is
// first come first served; database/sql would hand the freed connection to a random waiter. synchronous=FULL makes a commit durable before
// it is acknowledged; with group commit it costs no throughput.
func (s *Store) openSQLite(ctx context.Context, path string) error {
	s.dialect, s.gate = SQLite, make(chan struct{}, 1)
	var err error
	if s.write, err = sql.Open("sqlite", sqliteDSN(path, "cache_size(-65536)", "journal_mode(WAL)", "synchronous(FULL)")+"&_txlock=immediate"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	if err := s.write.PingContext(ctx); err != nil { // makes the file and switches it to WAL before a reader opens it
		return err
	}
	if s.read, err = sql.Open("sqlite", sqliteDSN(path, "cache_size(-8192)", "query_only(1)")); err != nil {
		return err
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s.read.PingContext(ctx)
}

// sqliteDSN spells a connection string; busy_timeout comes first, because the pragmas after it may have to wait.
func sqliteDSN(path string, pragmas ...string) string {
	v := url.Values{}
	for _, p := range append([]string{"busy_timeout(10000)"}, append(pragmas, "foreign_keys(1)", "temp_store(2)")...) {
		v.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
}
