package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"parley/internal/app"
	"parley/internal/config"
	"parley/internal/store"
	"parley/internal/store/archive"
	"parley/internal/telemetry"
)

type backupCmd struct {
	File  string `arg:"" help:"The file to write, or - for standard output."`
	Force bool   `help:"Replace a file that is there already."`
}

// Run writes a backup of the database of the settings.
func (b backupCmd) Run(ctx context.Context, e env) error {
	return withExistingStore(ctx, e, func(s *store.Store) error {
		if b.File == "-" {
			summary, err := archive.Backup(ctx, s, e.stdout, b.options(e))
			if err == nil {
				_, _ = fmt.Fprintln(e.stderr, told("backed up", summary))
			}
			return err
		}
		var summary archive.Summary
		err := replaceFile(b.File, b.Force, func(w io.Writer) (err error) {
			summary, err = archive.Backup(ctx, s, w, b.options(e))
			return err
		})
		if err == nil {
			_, _ = fmt.Fprintf(e.stdout, "%s to %s\n", told("backed up", summary), b.File)
		}
		return err
	})
}

func (backupCmd) options(e env) archive.Options {
	return archive.Options{Parley: version, Now: time.Now().Truncate(time.Second), Progress: func(t archive.TableSummary) {
		_, _ = fmt.Fprintf(e.stderr, "%s: %d rows\n", t.Name, t.Rows)
	}}
}

// withExistingStore is withStore for commands that make no sense on a database that is not there: they must not make one.
func withExistingStore(ctx context.Context, e env, f func(*store.Store) error) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	if c.Database.Engine == config.SQLite {
		if _, err := os.Stat(c.Database.Path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database at %s (PARLEY_DATA_DIR)", c.Database.Path)
		}
	}
	s, err := app.OpenStore(ctx, c, telemetry.NewLogger(e.stderr, c.Log.Level, c.Log.Format))
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// replaceFile lets write fill a file of that name. It appears whole and synced to the disk, or not at all, and only its owner can read it.
func replaceFile(name string, force bool, write func(io.Writer) error) (err error) {
	absent := func() error {
		if _, err := os.Lstat(name); !force && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already (--force replaces it)", name), err)
		}
		return nil
	}
	if err := absent(); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is the one that counts
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), absent()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// syncFolder makes a rename last through a loss of power.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// told says what went in or out of a backup, on one line.
func told(verb string, s archive.Summary) string {
	return fmt.Sprintf("%s %d tables with %d rows, schema %d, of %s", verb, len(s.Tables), s.Rows, s.Header.Schema,
		s.Header.CreatedAt.Format(time.RFC3339))
}
