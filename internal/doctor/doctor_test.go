package doctor_test

import (
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/doctor"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// installation is a data folder with a migrated database in it, or a Postgres database, and the settings that name it.
type installation struct {
	place   string
	environ []string
	clock   func() time.Time
}

func install(t *testing.T, engine store.Dialect) *installation {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	i := &installation{place: filepath.Join(dir, "parley.db"), environ: []string{"PARLEY_DATA_DIR=" + dir}, clock: time.Now}
	if engine == store.Postgres {
		i.place = storetest.URL(t, engine)
		i.environ = append(i.environ, "PARLEY_DATABASE_URL="+i.place)
	}
	s := storetest.Open(t, i.place)
	ctx := context.Background()
	u, err := s.InsertUser(ctx, chat.User{Username: "maya", DisplayName: "Maya", CreatedAt: time.Now()}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.InsertRoom(ctx, chat.Room{Name: "r", Kind: chat.RoomPublic, CreatedBy: u.ID, CreatedAt: time.Now()}, ""); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *installation) examine() []doctor.Finding {
	c, err := config.Load(i.environ)
	return doctor.Examine(context.Background(), doctor.Options{
		Config: c, Settings: err, Clock: i.clock, Timeout: 5 * time.Second,
		Open: func(ctx context.Context) (*store.Store, error) {
			url := c.Database.URL
			if c.Database.Engine == config.SQLite {
				url = c.Database.Path
			}
			return store.Open(ctx, store.Options{URL: url})
		},
	})
}

// execute changes the database behind the store's back.
func (i *installation) execute(t *testing.T, statement string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(i.place, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, i.place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// A server for tests may run without fsync, which the doctor rightly complains about.
func withoutDurability(findings []doctor.Finding) []doctor.Finding {
	return slices.DeleteFunc(findings, func(f doctor.Finding) bool { return f.Check == "durability" })
}

func TestExamine_healthy(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			i := install(t, engine)
			findings := withoutDurability(i.examine())
			for _, f := range findings {
				if f.Level == doctor.Faulty || f.Level == doctor.Warning && f.Check != "disk" {
					t.Errorf("%+v", f)
				}
			}
			for _, check := range []string{"settings", "clock", "data folder", "database", "database clock", "integrity", "schema", "invariants", "encryption keys"} {
				if !slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Check == check && f.Level == doctor.OK }) {
					t.Errorf("no word about %s in %+v", check, findings)
				}
			}
		})
	}
}

const (
	newKey = "new:w3Jx7Q0m2vYk9hS4dPzL5tRb1nGcE8uAoWiXfHjKyM0"
	sealed = "INSERT INTO totp_keys (user_id, sealed, last_step, created_at) SELECT id, 'old:sealed', 1, 0 FROM users"
)

// Each check is made to fail once on purpose.
func TestExamine_finds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, i *installation)
		check string
		level doctor.Level
		says  string
	}{
		{"setting", func(_ *testing.T, i *installation) { i.environ = append(i.environ, "PARLEY_HTTP_ADDR=x") }, "settings", doctor.Faulty, "PARLEY_HTTP_ADDR"},
		{"clock", func(_ *testing.T, i *installation) { i.clock = func() time.Time { return time.Unix(0, 0) } }, "clock", doctor.Faulty, "1970"},
		{"clock_skew", func(_ *testing.T, i *installation) {
			i.clock = func() time.Time { return time.Now().Add(30*time.Second - time.Hour) } // the answer takes a while
		}, "database clock", doctor.Faulty, "by 59m"},
		{"message_from_the_future", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "UPDATE rooms SET active_at = active_at + 86400000")
		}, "newest message", doctor.Warning, "yet to come"},
		{"readable_folder", func(t *testing.T, i *installation) {
			t.Helper()
			chmod(t, filepath.Dir(i.place), 0o755)
		}, "data folder", doctor.Warning, "chmod 0700"},
		{"readable_database", func(t *testing.T, i *installation) {
			t.Helper()
			chmod(t, filepath.Dir(i.place), 0o755)
			chmod(t, i.place, 0o644)
		}, "file", doctor.Warning, "chmod 0600"},
		{"leftover", func(t *testing.T, i *installation) {
			t.Helper()
			if err := os.WriteFile(i.place+".rehearsal-1", nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "file", doctor.Warning, "left by a rehearsal"},
		{"no_database", func(t *testing.T, i *installation) {
			t.Helper()
			i.environ = []string{"PARLEY_DATA_DIR=" + t.TempDir()}
		}, "database", doctor.Faulty, "migrate up"},
		{"no_schema", func(t *testing.T, i *installation) {
			t.Helper()
			dir := t.TempDir()
			i.place = filepath.Join(dir, "parley.db")
			i.environ = []string{"PARLEY_DATA_DIR=" + dir}
			i.execute(t, "PRAGMA user_version = 1")
		}, "schema", doctor.Faulty, "none yet"},
		{"old_schema", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "DELETE FROM goose_db_version WHERE version_id > 0")
		}, "schema", doctor.Faulty, "older"},
		{"new_schema", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		}, "schema", doctor.Faulty, "newer"},
		{"unfinished_copy", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "CREATE TABLE store_copy (table_name TEXT PRIMARY KEY)")
		}, "schema", doctor.Faulty, "unfinished copy"},
		{"broken_invariant", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "UPDATE rooms SET member_count = 7")
		}, "invariants", doctor.Faulty, "member_count: room 1 says it has 7 members, it has 1"},
		{"no_account_yet", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "DELETE FROM members; DELETE FROM rooms; DELETE FROM users")
			i.environ = append(i.environ, "PARLEY_SETUP_LINK=true")
		}, "accounts", doctor.Warning, "parley admin setup-link"},
		{"nobody_owns_the_server", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "UPDATE users SET role = 'member'")
		}, "invariants", doctor.Faulty, "server_owner"},
		{"lost_encryption_key", func(t *testing.T, i *installation) {
			t.Helper()
			i.environ = append(i.environ, "PARLEY_AUTH_ENCRYPTION_KEYS="+newKey)
			i.execute(t, sealed)
		}, "encryption keys", doctor.Faulty, `1 people's authenticator apps are sealed with the key "old"`},
		{"older_encryption_key", func(t *testing.T, i *installation) {
			t.Helper()
			i.environ = append(i.environ, "PARLEY_AUTH_ENCRYPTION_KEYS="+newKey+",old:8J-9yXz0m4JTqX1oQ3m1bqQm0f8yqf0u1nN2cXh5r7E")
			i.execute(t, sealed)
		}, "encryption keys", doctor.Warning, "before you take the key out"},
		{"damaged_file", func(t *testing.T, i *installation) {
			t.Helper()
			i.execute(t, "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'messages_room_number'")
		}, "integrity", doctor.Faulty, ""},
		{"redis_away", func(_ *testing.T, i *installation) {
			i.environ = append(i.environ, "PARLEY_REDIS_URL=redis://127.0.0.1:1")
		}, "redis", doctor.Faulty, "refused"},
		{"postgres_away", func(_ *testing.T, i *installation) {
			i.environ = append(i.environ, "PARLEY_DATABASE_URL=postgres://x@127.0.0.1:1/x")
		}, "database", doctor.Faulty, "PARLEY_DATABASE_URL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			i := install(t, store.SQLite)
			test.spoil(t, i)
			findings := i.examine()
			found := slices.ContainsFunc(findings, func(f doctor.Finding) bool {
				return f.Check == test.check && f.Level == test.level && strings.Contains(f.Detail+"; "+f.Fix, test.says)
			})
			if !found {
				t.Errorf("want %s %s %q, got %+v", test.check, test.level, test.says, findings)
			}
		})
	}
}

// A server that takes the connection and then says nothing is reported within the timeout.
func TestExamine_silent_server(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	i := install(t, store.SQLite)
	i.environ = append(i.environ, "PARLEY_REDIS_URL=redis://"+silent.Addr().String(), "PARLEY_DATABASE_URL=postgres://x@"+silent.Addr().String()+"/x?sslmode=disable")
	c, err := config.Load(i.environ)
	if err != nil {
		t.Fatal(err)
	}
	findings := doctor.Examine(context.Background(), doctor.Options{
		Config: c, Clock: time.Now, Timeout: 200 * time.Millisecond,
		Open: func(ctx context.Context) (*store.Store, error) {
			return store.Open(ctx, store.Options{URL: c.Database.URL})
		},
	})
	for _, check := range []string{"database", "redis"} {
		if !slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Check == check && f.Level == doctor.Faulty }) {
			t.Errorf("no fault of %s in %+v", check, findings)
		}
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
