package store_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// The database itself refuses to change or remove what is in the audit, whoever asks.
func TestAuditEntries_stay(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx, place := context.Background(), storetest.URL(t, engine)
			s := storetest.Open(t, place)
			maya := newUser(t, s, "maya")
			if err := s.Record(ctx, []chat.AuditEntry{{At: at, Action: chat.AuditSessionOpened, Actor: maya, User: maya}}, nil); err != nil {
				t.Fatal(err)
			}
			driver := map[store.Dialect]string{store.SQLite: "sqlite", store.Postgres: "pgx"}[engine]
			db, err := sql.Open(driver, place)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			for _, statement := range []string{"UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"} {
				if _, err := db.ExecContext(ctx, statement); err == nil || !strings.Contains(err.Error(), "never changed") {
					t.Errorf("%s: %v", statement, err)
				}
			}
			if list, err := s.ListAuditEntries(ctx, maya); err != nil || len(list) != 1 || list[0].Action != chat.AuditSessionOpened {
				t.Errorf("the audit is %+v, %v", list, err)
			}
		})
	}
}
