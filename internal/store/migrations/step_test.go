package migrations

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// faults says what is wrong with a step that a database would only say later, or never.
func faults(step Step) []string {
	var list []string
	fault := func(format string, args ...any) { list = append(list, step.Name+": "+fmt.Sprintf(format, args...)) }
	for direction, text := range map[string]string{"up": step.Up, "down": step.Down} {
		if len(statements(text)) == 0 {
			fault("%s does nothing: say SELECT 1; with the reason", direction)
		}
		if step.Transaction {
			if strings.Contains(strings.ToUpper(text), "CONCURRENTLY") {
				fault("%s: CONCURRENTLY does not run in a transaction", direction)
			}
			continue
		}
		// Interrupted after any statement, it is run again from the first: each must not mind what is there already.
		dropped := map[string]bool{}
		for _, s := range statements(text) {
			if name := dropIndex.FindStringSubmatch(s); name != nil {
				dropped[name[1]] = true
			}
			name := createIndex.FindStringSubmatch(s)
			switch {
			case name != nil && !dropped[name[1]]:
				// An interrupted CREATE INDEX CONCURRENTLY leaves an index that is never used, and IF NOT EXISTS is content with it.
				fault("%s: DROP INDEX CONCURRENTLY IF EXISTS %s must come before %q", direction, name[1], s)
			case !repeatable.MatchString(s):
				fault("%s: %q fails when it is run again", direction, s)
			}
		}
	}
	return list
}

var (
	createIndex = regexp.MustCompile(`(?i)^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?(\w+)`)
	dropIndex   = regexp.MustCompile(`(?i)^DROP INDEX (?:CONCURRENTLY )?IF EXISTS (\w+)`)
	repeatable  = regexp.MustCompile(`(?i)^(CREATE (UNIQUE )?INDEX (CONCURRENTLY )?|CREATE TABLE IF NOT EXISTS|DROP \w+ (CONCURRENTLY )?IF EXISTS|` +
		`ALTER TABLE \w+ (ADD COLUMN IF NOT EXISTS|DROP COLUMN IF EXISTS|VALIDATE CONSTRAINT)|INSERT [^;]* ON CONFLICT|UPDATE |DELETE |SELECT |VACUUM|ANALYZE)`)
	comment = regexp.MustCompile(`(?m)--.*$`)
)

func statements(text string) []string {
	var list []string
	for s := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";") {
		if s = strings.Join(strings.Fields(s), " "); s != "" {
			list = append(list, s)
		}
	}
	return list
}

func steps(t *testing.T, dialect string, folder fs.FS) []Step {
	t.Helper()
	fsys, err := ForDialect(folder, dialect)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Steps(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		for _, step := range steps(t, dialect, files) {
			for _, fault := range faults(step) {
				t.Errorf("%s: %s", dialect, fault)
			}
		}
	}
}

// The numbers follow each other: a step that comes in behind one that is applied already would never be applied there.
func TestSteps_are_numbered_without_gaps(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	last, place := int64(0), map[string]string{}
	for _, name := range names {
		version, err := versionOf(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if version != last && version != last+1 {
			t.Errorf("%s comes after number %d", name, last)
		}
		last = version
		base, only, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), ".")
		for _, dialect := range []string{"sqlite", "postgres"} {
			if only != "" && only != dialect {
				continue
			}
			key := dialect + base[:5]
			if other := place[key]; other != "" {
				t.Errorf("%s and %s are the same step for %s", name, other, dialect)
			}
			place[key] = name
		}
	}
}

// Each rule is broken once on purpose: a check that cannot fail proves nothing.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ head, up, down, want string }{
		"fine":                       {"", "CREATE TABLE a (id BIGINT);", "DROP TABLE a;", ""},
		"no_way_back":                {"", "CREATE TABLE a (id BIGINT);", "-- none", "down does nothing"},
		"concurrently_inside":        {"", "CREATE INDEX CONCURRENTLY i ON a (id);", "DROP INDEX i;", "does not run in a transaction"},
		"not_repeatable":             {"-- +goose NO TRANSACTION\n", "CREATE TABLE a (id BIGINT);", "DROP TABLE IF EXISTS a;", "fails when it is run again"},
		"way_back_not_repeatable":    {"-- +goose NO TRANSACTION\n", "CREATE TABLE IF NOT EXISTS a (id BIGINT);", "DROP TABLE a;", "fails when it is run again"},
		"half_an_index":              {"-- +goose NO TRANSACTION\n", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (id);", "DROP INDEX CONCURRENTLY IF EXISTS i;", "must come before"},
		"whole_index":                {"-- +goose NO TRANSACTION\n", "DROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE INDEX CONCURRENTLY i ON a (id);", "DROP INDEX CONCURRENTLY IF EXISTS i;", ""},
		"insert_that_can_be_run_two": {"-- +goose NO TRANSACTION\n", "INSERT INTO a (id) VALUES (1);", "SELECT 1;", "fails when it is run again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step, err := parse("00001_x.sql", tt.head+"-- +goose Up\n"+tt.up+"\n-- +goose Down\n"+tt.down+"\n")
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(faults(step), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestForDialect(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	folder := fstest.MapFS{
		"00001_a.sql":          file("-- +goose Up\nCREATE TABLE a (id BIGINT PRIMARY KEY, at BIGINT);\n-- +goose Down\nDROP TABLE a;\n"),
		"00002_b.postgres.sql": file("-- +goose Up\nSELECT 'p';\n-- +goose Down\nSELECT 'p';\n"),
		"00003_c.sqlite.sql":   file("-- Why.\n-- parley:compatible-with 1\n\n-- +goose Up\nSELECT 's';\n-- +goose Down\nSELECT 's';\n"),
	}
	sqlite, postgres := steps(t, "sqlite", folder), steps(t, "postgres", folder)
	if len(sqlite) != 2 || len(postgres) != 2 || sqlite[1].Version != 3 || postgres[1].Version != 2 {
		t.Fatalf("sqlite %+v, postgres %+v", sqlite, postgres)
	}
	if !strings.Contains(sqlite[0].Up, "id INTEGER PRIMARY KEY, at BIGINT") || !strings.Contains(postgres[0].Up, "id BIGINT PRIMARY KEY") {
		t.Errorf("the key is not each engine's own:\n%s\n%s", sqlite[0].Up, postgres[0].Up)
	}
	marked := sqlite[1]
	if !strings.Contains(marked.Up, "SELECT 's';\nINSERT INTO schema_compatibility (version, compatible_with) VALUES (3, 1)") ||
		!strings.Contains(marked.Down, "DELETE FROM schema_compatibility WHERE version = 3;\nSELECT 's';") {
		t.Errorf("the mark is not recorded:\n%s\n%s", marked.Up, marked.Down)
	}
	for name, mark := range map[string]string{
		"with_itself": "-- parley:compatible-with 3", "misspelt": "-- parley:compatible-to 1", "without_number": "-- parley:compatible-with",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ForDialect(fstest.MapFS{"00003_c.sql": file(mark + "\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n")}, "sqlite")
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSteps_refuses(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][2]string{
		"no_number":   {"init.sql", "-- +goose Up\n-- +goose Down\n"},
		"few_digits":  {"1_init.sql", "-- +goose Up\n-- +goose Down\n"},
		"no_way_back": {"00001_init.sql", "-- +goose Up\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Steps(fstest.MapFS{file[0]: {Data: []byte(file[1])}}); err == nil {
				t.Error("accepted")
			}
		})
	}
}
