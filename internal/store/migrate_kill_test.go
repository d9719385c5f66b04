package store_test

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"modernc.org/sqlite"

	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// migrateHere makes this test binary a process that migrates the database at this place and hangs in the middle of a step.
const migrateHere = "PARLEY_TEST_MIGRATE_HERE"

func TestMain(m *testing.M) {
	if place := os.Getenv(migrateHere); place != "" {
		hangInMigration(place)
	}
	// What is drawn is the same each time; -rapid.seed=0 asks for others.
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// pausing are two steps, the second of which stands still after half of it.
func pausing(pause string) fstest.MapFS {
	return fstest.MapFS{
		"00001_a.sql": step("CREATE TABLE a (id BIGINT PRIMARY KEY);\nINSERT INTO a (id) VALUES (1);", "DROP TABLE a;"),
		"00002_b.sql": step("ALTER TABLE a ADD COLUMN note TEXT;\nCREATE TABLE b (id BIGINT PRIMARY KEY);\nINSERT INTO b (id) SELECT id FROM a;\n"+
			pause+"\nCREATE TABLE c (id BIGINT PRIMARY KEY);\nINSERT INTO c (id) SELECT id FROM b;",
			"DROP TABLE c;\nDROP TABLE b;\nALTER TABLE a DROP COLUMN note;"),
	}
}

// hangInMigration is the process that gets killed. Both engines tell its parent when it is in the middle: Postgres shows who sleeps.
func hangInMigration(place string) {
	sqlite.MustRegisterScalarFunction("pg_sleep", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		fmt.Println("in the middle")
		select {}
	})
	s, err := store.Open(context.Background(), store.Options{URL: place, Migrations: pausing("SELECT pg_sleep(3600);")})
	if err == nil {
		_, err = s.MigrateUp(context.Background())
	}
	fmt.Println("not in the middle:", err)
	os.Exit(1)
}

// kill -9 in the middle of a step leaves the schema of before that step, and the next run finishes it.
func TestMigrateUp_killed_half_way(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, engine store.Dialect, place string) {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), migrateHere+"="+place)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if engine == store.Postgres {
			raw := storetest.Raw(t, place)
			servertest.Eventually(t, func() error {
				var sleeping int
				err := raw.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()`).Scan(&sleeping)
				if err == nil && sleeping != 1 {
					err = errors.New("the migration is not in the middle")
				}
				return err
			})
		} else if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "in the middle\n" {
			t.Fatalf("the migration says %q, %v", line, err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed

		s := open(t, store.Options{URL: place, Migrations: pausing("SELECT 1;")})
		list, err := s.Migrations(t.Context())
		if err != nil || len(list) != 2 || !list[0].Applied || list[1].Applied {
			t.Errorf("after the kill: %+v, %v", list, err)
		}
		if text := contents(t, s); text != "a: []interface {}{1}\n" {
			t.Errorf("after the kill there is\n%s", text)
		}
		done, err := s.MigrateUp(t.Context())
		if err != nil || len(done) != 1 {
			t.Errorf("up: %+v, %v", done, err)
		}
		if text := contents(t, s); !strings.Contains(text, "b: []interface {}{1}") || !strings.Contains(text, "c: []interface {}{1}") {
			t.Errorf("after up there is\n%s", text)
		}
	})
}
