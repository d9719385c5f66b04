package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// production are settings that production accepts, for a database.
func production(t *testing.T, database string) []string {
	t.Helper()
	return settings(t.TempDir(), "PARLEY_ENV=production", "PARLEY_PUBLIC_URL=https://chat.example.org", "PARLEY_CORS_ORIGINS=none",
		"PARLEY_REDIS_URL=memory", "PARLEY_DATABASE_URL="+database, "PARLEY_AUTH_ARGON2_MEMORY_KIB=47104", "PARLEY_LOG_FORMAT=text",
		"PARLEY_AUTH_SIGNING_KEYS=k1:8Nnf_ekZQ4a7PqRb2TjZxVw0HcLm6uYsGoEiDtKf1Xk")
}

// Each database is what PARLEY_DATABASE_URL says for a fresh one of an engine.
func onEach(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.URL(t, store.Postgres))
	})
}

func TestServe_never_migrates_in_production(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		env := production(t, database)
		start(t, env, "serve").exits(t, 1, "the database's schema is older than this binary needs", "run: parley migrate up")
		start(t, env, "migrate", "status").exits(t, 0, "00001  00001_init.sql", "missing")
		start(t, env, "migrate", "up").exits(t, 0, "applied 00001_init.sql")
		start(t, env, "serve").serving(t)
	})
}

func TestServe_refuses_a_newer_schema_unless_it_is_marked(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		env := production(t, database)
		start(t, env, "migrate", "up").exits(t, 0)
		place := database
		if database == "sqlite" {
			place = filepath.Join(strings.TrimPrefix(env[3], "PARLEY_DATA_DIR="), "parley.db")
		}
		execute := func(statement string) {
			t.Helper()
			if _, err := storetest.Raw(t, place).ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		applied := "true"
		if database == "sqlite" {
			applied = "1"
		}
		execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99001, " + applied + ")")
		start(t, env, "serve").exits(t, 1, "newer than this binary knows", "99001", "run the newer binary")
		start(t, env, "migrate", "up").exits(t, 1, "newer than this binary knows")
		start(t, env, "migrate", "down").exits(t, 1, "newer than this binary knows")
		start(t, env, "migrate", "status").exits(t, 0, "99001  (of a newer parley)")

		execute("INSERT INTO schema_compatibility (version, compatible_with) VALUES (99001, 99000)")
		start(t, env, "serve").exits(t, 1, "newer than this binary knows")
		execute("UPDATE schema_compatibility SET compatible_with = 1")
		start(t, env, "serve").serving(t)
	})
}

func TestMigrate_dry_run_prints_and_changes_nothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		env := settings(t.TempDir(), "PARLEY_DATABASE_URL="+database)
		start(t, env, "migrate", "up", "--dry-run").exits(t, 0, "-- 00001_init.sql, up\nBEGIN;\n", "CREATE TABLE messages (", "COMMIT;")
		start(t, env, "migrate", "down", "--dry-run").exits(t, 1, "no step is applied")
		start(t, env, "migrate", "up").exits(t, 0, "applied 00001_init.sql") // it still had everything to do
		start(t, env, "migrate", "up", "--dry-run").exits(t, 0, "-- nothing to do")
		start(t, env, "migrate", "down", "--dry-run").exits(t, 0, ", down\n", "DROP ")
		start(t, env, "migrate", "redo", "--dry-run").exits(t, 0, ", down\n", ", up\n")
		start(t, env, "migrate", "redo").exits(t, 0, "took back and applied ")
		start(t, env, "migrate", "down").exits(t, 0, "took back ")
		start(t, env, "migrate", "up").exits(t, 0, "applied ")
	})
}

// Two at once: one waits for the other, and both end well.
func TestMigrate_one_at_a_time(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		env := settings(t.TempDir(), "PARLEY_DATABASE_URL="+database)
		both := []*process{start(t, env, "migrate", "up"), start(t, env, "migrate", "up")}
		applied := 0
		for _, p := range both {
			p.exits(t, 0)
			applied += strings.Count(p.said(), "applied 00001_init.sql")
		}
		if applied != 1 {
			t.Errorf("the first step was applied %d times", applied)
		}
	})
}

func TestMigrate_create(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "00041_add_things.sql"), nil)
	create := func(args ...string) *process {
		return start(t, nil, append([]string{"migrate", "create", "--dir", dir}, args...)...)
	}
	create("add_reactions").exits(t, 0, "00042_add_reactions.sql")
	create("faster_search", "--only", "postgres").exits(t, 0, "00043_faster_search.postgres.sql")
	create("Add Reactions").exits(t, 1, "is no name for a step")
	create("x", "--only", "mysql").exits(t, 2)
	start(t, nil, "migrate", "create", "x", "--dir", t.TempDir()).exits(t, 1, "there are no steps in")
	start(t, []string{"PARLEY_ENV=production"}, "migrate", "create", "x", "--dir", dir).exits(t, 1, "production has no use for it")
	text, err := os.ReadFile(filepath.Join(dir, "00042_add_reactions.sql"))
	if err != nil || !strings.Contains(string(text), "-- +goose Up\n") || !strings.Contains(string(text), "-- +goose Down\n") {
		t.Errorf("the step is:\n%s\n%v", text, err)
	}
}
