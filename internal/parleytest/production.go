package parleytest

import (
	"context"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Production starts a server as production does: with what it requires, behind https, on a database that somebody migrated before.
func Production(tb testing.TB, list ...Option) *Server {
	tb.Helper()
	place := storetest.URL(tb, store.SQLite)
	s, err := store.Open(context.Background(), store.Options{URL: place})
	if err != nil {
		tb.Fatal(err)
	}
	_, err = s.MigrateUp(context.Background())
	if closing := s.Close(); err != nil || closing != nil {
		tb.Fatalf("migrate: %v, %v", err, closing)
	}
	return Start(tb, append([]Option{At(place), With(
		"PARLEY_ENV=production", "PARLEY_PUBLIC_URL=https://chat.example.org", "PARLEY_CORS_ORIGINS=none", "PARLEY_DATABASE_URL=sqlite",
		"PARLEY_REDIS_URL=memory", "PARLEY_AUTH_ARGON2_MEMORY_KIB=47104", "PARLEY_AUTH_SIGNING_KEYS=test:hVx8qHT3aRz1mJd0K9uYw2sBnLcE5gIoP7fDvX4tQ6k",
	)}, list...)...)
}
