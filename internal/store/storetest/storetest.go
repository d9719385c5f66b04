// Package storetest gives tests a fresh, migrated database on every engine: SQLite in a file of its own, Postgres in a database of its
// own on the server that PARLEY_TEST_POSTGRES_URL names (make test starts one). It knows the store and nothing above it.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley/internal/store"
)

// Run runs a test once on every engine. Without a Postgres server that half is skipped, loudly, and where CI=true it fails.
func Run(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, URL(t, engine)))
		})
	}
}

// URL returns the place of a fresh and empty database. It goes away with the test.
func URL(tb testing.TB, engine store.Dialect) string {
	tb.Helper()
	if engine == store.SQLite {
		return filepath.Join(tb.TempDir(), "parley.db")
	}
	server := os.Getenv("PARLEY_TEST_POSTGRES_URL")
	if server == "" {
		if os.Getenv("CI") == "true" {
			tb.Fatal("PARLEY_TEST_POSTGRES_URL is not set: nothing would be tested on Postgres")
		}
		tb.Skip("PARLEY_TEST_POSTGRES_URL is not set: NOT TESTED ON POSTGRES (make test starts a server)")
	}
	name := "parley_" + strings.ToLower(rand.Text())
	execute(tb, server, "CREATE DATABASE "+name)
	tb.Cleanup(func() { execute(tb, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatalf("PARLEY_TEST_POSTGRES_URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// Open opens the database at a place, migrates it and makes it ready. It is closed with the test.
func Open(tb testing.TB, place string) *store.Store {
	tb.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: place})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	if _, err := s.MigrateUp(ctx); err != nil {
		tb.Fatal(err)
	}
	if err := s.Prepare(ctx); err != nil {
		tb.Fatal(err)
	}
	return s
}

// creating lets one database be created at a time: Postgres copies a template that nobody else may be using.
var creating sync.Mutex

func execute(tb testing.TB, server, statement string) {
	tb.Helper()
	creating.Lock()
	defer creating.Unlock()
	db, err := sql.Open("pgx", server)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	// Another test process may hold the template at this moment; Postgres says so at once, so ask again.
	for attempt := 0; ; attempt++ {
		if _, err = db.ExecContext(context.Background(), statement); err == nil {
			return
		}
		if attempt == 50 || !strings.Contains(err.Error(), "being accessed by other users") {
			tb.Fatalf("%s: %v", statement, err)
		}
		if _, err := db.ExecContext(context.Background(), "SELECT pg_sleep(0.05)"); err != nil {
			tb.Fatal(err)
		}
	}
}
