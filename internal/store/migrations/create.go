package migrations

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

const template = `-- Why: what this step is for.
--
-- While a new version is rolled out, nodes of the old one serve on this schema too. If they can, begin a line with the mark
-- (parley:compatible-with %d, see docs/why/migrations.md); if not, they say that they are not ready.

-- +goose Up

-- +goose Down
`

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Create writes the next step into a folder, empty but for what belongs into it, and returns its path. Only names the one engine that it is
// for, "sqlite" or "postgres"; empty is both.
func Create(folder, name, only string) (string, error) {
	if !nameForm.MatchString(name) {
		return "", fmt.Errorf("%q is no name for a step: use lower case letters, digits and underscores, such as add_reactions", name)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("there are no steps in %s: run this in Parley's source tree, or say --dir", folder)
	}
	newest := int64(0)
	for _, existing := range names {
		version, err := versionOf(filepath.Base(existing))
		if err != nil {
			return "", fmt.Errorf("%s: %w", existing, err)
		}
		newest = max(newest, version)
	}
	suffix := ".sql"
	if only != "" {
		suffix = "." + only + ".sql"
	}
	path := filepath.Join(folder, fmt.Sprintf("%05d_%s%s", newest+1, name, suffix))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // source code is for everybody to read
	if err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(f, template, newest); err != nil {
		_ = f.Close() // the first error is the one that counts
		return "", err
	}
	return path, f.Close()
}
