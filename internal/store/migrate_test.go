package store_test

import (
	"context"
	"errors"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			s, err := store.Open(ctx, store.Options{URL: storetest.URL(t, engine)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := s.CheckSchema(ctx); !errors.Is(err, store.ErrSchemaOld) {
				t.Errorf("an empty database: %v, want %v", err, store.ErrSchemaOld)
			}
			up, err := s.MigrateUp(ctx)
			if err != nil || len(up) == 0 {
				t.Fatalf("up: %d steps, %v", len(up), err)
			}
			if err := s.CheckSchema(ctx); err != nil {
				t.Errorf("after up: %v", err)
			}
			for range up {
				if m, err := s.MigrateDown(ctx); err != nil || m.Applied {
					t.Fatalf("down: %+v, %v", m, err)
				}
			}
			again, err := s.MigrateUp(ctx)
			if err != nil || len(again) != len(up) {
				t.Errorf("up again: %d steps, %v", len(again), err)
			}
			if more, err := s.MigrateUp(ctx); err != nil || len(more) != 0 {
				t.Errorf("up with nothing to do: %d steps, %v", len(more), err)
			}
			list, err := s.Migrations(ctx)
			if err != nil || len(list) != len(up) || !list[0].Applied {
				t.Errorf("status: %+v, %v", list, err)
			}
		})
	}
}
