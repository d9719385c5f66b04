package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// bothEngines runs a test with the place of an empty database of each engine.
func bothEngines(t *testing.T, test func(t *testing.T, engine store.Dialect, place string)) {
	t.Helper()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, engine, storetest.URL(t, engine))
		})
	}
}

func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Every step is applied to a database with rows in every table, taken back, and applied again. Taking it back leaves the schema and the rows
// of before, but for the tables whose rows its file in testdata/steps says are lost. After each step its file adds rows of the new tables.
func TestMigrate_every_step_goes_up_down_and_up(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, _ store.Dialect, place string) {
		s, raw := open(t, store.Options{URL: place}), storetest.Raw(t, place)
		latest, err := s.LatestLevel()
		if err != nil {
			t.Fatal(err)
		}
		to := func(level int64) {
			t.Helper()
			if _, err := s.MigrateTo(t.Context(), level); err != nil {
				t.Fatal(err)
			}
		}
		for level := int64(1); level <= latest; level++ {
			rows, lost := stepRows(t, level)
			before := contents(t, s, lost...)
			to(level)
			to(level - 1)
			if after := contents(t, s, lost...); after != before {
				t.Errorf("step %d up and down again changed the rows from\n%s\nto\n%s", level, before, after)
			}
			to(level)
			if !hasStep(t, s, level) { // only the other engine has it
				continue
			}
			if _, err := raw.ExecContext(t.Context(), rows); err != nil {
				t.Fatalf("rows of step %d: %v", level, err)
			}
		}
		if text := contents(t, s); strings.Contains(text, ": no rows") {
			t.Errorf("a step added a table and no rows for this test; put some into testdata/steps:\n%s", text)
		}
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
		to(0)
		if text := contents(t, s); text != "" {
			t.Errorf("the steps taken back leave\n%s", text)
		}
		to(latest)
	})
}

func hasStep(t *testing.T, s *store.Store, version int64) bool {
	t.Helper()
	list, err := s.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list, func(m store.Migration) bool { return m.Version == version })
}

// stepRows reads what a step's file in testdata/steps adds, and which tables' rows are lost by going up or down.
func stepRows(t *testing.T, level int64) (rows string, lost []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "steps", fmt.Sprintf("%05d.sql", level)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if list, found := strings.CutPrefix(string(data), "-- loses: "); found {
		list, _, _ = strings.Cut(list, "\n")
		lost = strings.Fields(list)
	}
	return string(data), lost
}

// contents writes down every row of every table, without those of some.
func contents(t *testing.T, s *store.Store, without ...string) string {
	t.Helper()
	var b strings.Builder
	err := s.Snapshot(t.Context(), func(n *store.Snapshot) error {
		for _, table := range n.Tables() {
			if slices.Contains(without, table.Name) {
				continue
			}
			count := 0
			err := n.Rows(t.Context(), table, nil, 0, func(row []any) error {
				count++
				_, err := fmt.Fprintf(&b, "%s: %#v\n", table.Name, row)
				return err
			})
			if err != nil {
				return err
			}
			if count == 0 {
				_, _ = fmt.Fprintf(&b, "%s: no rows\n", table.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMigrate_one_step_down_and_again(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, _ store.Dialect, place string) {
		s := open(t, store.Options{URL: place})
		if _, err := s.MigrateDown(t.Context()); !errors.Is(err, store.ErrNoStep) {
			t.Errorf("down with nothing applied: %v", err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchemaOld) {
			t.Errorf("an empty database: %v, want %v", err, store.ErrSchemaOld)
		}
		up, err := s.MigrateUp(t.Context())
		if err != nil || len(up) == 0 {
			t.Fatalf("up: %d steps, %v", len(up), err)
		}
		newest := up[len(up)-1].Name
		if m, err := s.MigrateRedo(t.Context()); err != nil || m.Name != newest || !m.Applied {
			t.Errorf("redo: %+v, %v", m, err)
		}
		if m, err := s.MigrateDown(t.Context()); err != nil || m.Name != newest || m.Applied {
			t.Errorf("down: %+v, %v", m, err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchemaOld) {
			t.Errorf("after down: %v, want %v", err, store.ErrSchemaOld)
		}
		if again, err := s.MigrateUp(t.Context()); err != nil || len(again) != 1 {
			t.Errorf("up again: %d steps, %v", len(again), err)
		}
		if more, err := s.MigrateUp(t.Context()); err != nil || len(more) != 0 {
			t.Errorf("up with nothing to do: %d steps, %v", len(more), err)
		}
		list, err := s.Migrations(t.Context())
		if err != nil || len(list) != len(up) || !list[0].Applied || list[0].AppliedAt.IsZero() {
			t.Errorf("status: %+v, %v", list, err)
		}
	})
}

// Looking at a schema must change nothing: goose makes its table where it finds none.
func TestMigrations_reading_changes_nothing(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, engine store.Dialect, place string) {
		s := open(t, store.Options{URL: place})
		if _, err := s.Migrations(t.Context()); err != nil {
			t.Error(err)
		}
		if plan, err := s.PlanUp(t.Context()); err != nil || len(plan) == 0 {
			t.Errorf("plan: %+v, %v", plan, err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchemaOld) {
			t.Error(err)
		}
		count := "SELECT count(*) FROM sqlite_schema"
		if engine == store.Postgres {
			count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
		}
		var tables int
		if err := storetest.Raw(t, place).QueryRowContext(t.Context(), count).Scan(&tables); err != nil || tables != 0 {
			t.Errorf("there are %d tables, %v", tables, err)
		}
	})
}

// A step that fails leaves nothing of itself behind, and those before it stay.
func TestMigrateUp_failing_step(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, _ store.Dialect, place string) {
		s := open(t, store.Options{URL: place, Migrations: fstest.MapFS{
			"00001_a.sql": step("CREATE TABLE a (id BIGINT PRIMARY KEY);", "DROP TABLE a;"),
			"00002_b.sql": step("CREATE TABLE b (id BIGINT PRIMARY KEY);\nINSERT INTO nowhere (id) VALUES (1);", "DROP TABLE b;"),
		}})
		done, err := s.MigrateUp(t.Context())
		if err == nil || !strings.Contains(err.Error(), "00002_b.sql") || len(done) != 1 || done[0].Name != "00001_a.sql" {
			t.Errorf("up: %+v, %v", done, err)
		}
		if text := contents(t, s); text != "a: no rows\n" {
			t.Errorf("there is\n%s", text)
		}
	})
}

// The mark is recorded with the step and goes with it; a binary from before the step goes by it.
func TestCheckSchema_compatible(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, _ store.Dialect, place string) {
		table := step("CREATE TABLE schema_compatibility (version BIGINT PRIMARY KEY, compatible_with BIGINT NOT NULL);", "DROP TABLE schema_compatibility;")
		old := fstest.MapFS{"00001_a.sql": table, "00002_b.sql": step("CREATE TABLE b (id BIGINT PRIMARY KEY);", "DROP TABLE b;")}
		mark := "INSERT INTO schema_compatibility (version, compatible_with) VALUES (3, %d);"
		check := func(compatible int) error {
			now := fstest.MapFS{
				"00001_a.sql": table, "00002_b.sql": old["00002_b.sql"],
				"00003_c.sql": step(fmt.Sprintf(mark, compatible), "DELETE FROM schema_compatibility WHERE version = 3;"),
			}
			newer := open(t, store.Options{URL: place, Migrations: now})
			if _, err := newer.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := open(t, store.Options{URL: place, Migrations: old}).CheckSchema(t.Context())
			if _, err := newer.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
			return err
		}
		for compatible := range 3 {
			if err := check(compatible); err != nil {
				t.Errorf("compatible with %d: %v", compatible, err)
			}
		}
		mark = "SELECT %d;"
		if err := check(0); !errors.Is(err, store.ErrSchemaNew) {
			t.Errorf("not marked: %v", err)
		}
	})
}

func step(up, down string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\n" + down + "\n")}
}

// Two stores at once, as two nodes do in development: both end well and each step is applied once.
func TestMigrateUp_two_at_once(t *testing.T) {
	t.Parallel()
	bothEngines(t, func(t *testing.T, _ store.Dialect, place string) {
		results := make(chan int)
		failures := make(chan error, 2)
		for range 2 {
			s := open(t, store.Options{URL: place})
			go func() {
				done, err := s.MigrateUp(context.WithoutCancel(t.Context()))
				failures <- err
				results <- len(done)
			}()
		}
		total := <-results + <-results
		if err := errors.Join(<-failures, <-failures); err != nil {
			t.Fatal(err)
		}
		list, err := open(t, store.Options{URL: place}).Migrations(t.Context())
		if err != nil || total != len(list) {
			t.Errorf("%d steps were applied, there are %d, %v", total, len(list), err)
		}
	})
}
