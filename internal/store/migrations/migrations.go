// Package migrations holds the one schema of both engines as numbered steps with their way back. It knows SQL files, not how to run them.
package migrations

import (
	"embed"
	"io/fs"
	"strings"
	"testing/fstest"
)

//go:embed *.sql
var files embed.FS

// FS returns the steps of one dialect, "sqlite" or "postgres". A file named NNNNN_x.sql is for both; NNNNN_x.postgres.sql and
// NNNNN_x.sqlite.sql are only for theirs. SQLite wants INTEGER, not BIGINT, for a key that is its row id.
func FS(dialect string) (fs.FS, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		base, only, special := strings.Cut(strings.TrimSuffix(name, ".sql"), ".")
		if special && only != dialect {
			continue
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if dialect == "sqlite" {
			data = []byte(strings.ReplaceAll(string(data), "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"))
		}
		out[base+".sql"] = &fstest.MapFile{Data: data}
	}
	return out, nil
}
