package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Rows from elsewhere may have identifiers above what was counted there: none of them is handed out again. A transaction that fails leaves
// nothing, and a database that holds something is not filled.
func TestLoad(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		tables, err := s.Tables(ctx)
		if err != nil {
			t.Fatal(err)
		}
		users := tables[slices.IndexFunc(tables, func(t store.Table) bool { return t.Name == "users" })]
		row := make([]any, len(users.Columns))
		for i, c := range users.Columns {
			switch {
			case c.Name == "id":
				row[i] = int64(4242)
			case c.Name == "role":
				row[i] = "member"
			case c.Nullable:
			case c.Kind == store.Integer:
				row[i] = int64(1)
			case c.Kind == store.Boolean:
				row[i] = true
			default:
				row[i] = "maya"
			}
		}
		failed := errors.New("on purpose")
		for _, end := range []error{failed, nil} {
			err := s.Load(ctx, func(l *store.Loader) error {
				if err := l.Claim(ctx, tables); err != nil {
					return err
				}
				if err := l.Insert(ctx, users, [][]any{row}); err != nil {
					return err
				}
				if err := l.RaiseCounters(ctx, tables); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		if id := newUser(t, s, "theo"); id != 4243 {
			t.Errorf("the next user is %d, want 4243", id)
		}
		if err := s.Load(ctx, func(l *store.Loader) error { return l.Claim(ctx, tables) }); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("a database that holds something: %v", err)
		}
	})
}
