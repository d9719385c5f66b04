// Package migrations holds the one schema of both engines as numbered steps with their way back. It knows SQL files, not how to run them.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
)

//go:embed *.sql
var files embed.FS

// FS returns the steps of one dialect, "sqlite" or "postgres". A file named NNNNN_x.sql is for both; NNNNN_x.postgres.sql and
// NNNNN_x.sqlite.sql are only for theirs.
func FS(dialect string) (fs.FS, error) { return ForDialect(files, dialect) }

// ForDialect picks the steps of one dialect out of a folder and writes them the way the engine wants: SQLite wants INTEGER, not BIGINT, for
// a key that is its row id, and both want the mark of compatibility as a statement.
func ForDialect(folder fs.FS, dialect string) (fs.FS, error) {
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		base, only, special := strings.Cut(strings.TrimSuffix(name, ".sql"), ".")
		if special && only != dialect {
			continue
		}
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		text := string(data)
		if dialect == "sqlite" {
			text = strings.ReplaceAll(text, "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
		}
		if text, err = recordCompatibility(base+".sql", text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[base+".sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return out, nil
}
