package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"parley/internal/store"
	"parley/internal/store/archive"
)

type restoreCmd struct {
	File  string `arg:"" help:"The backup to read, or - for standard input."`
	Check bool   `help:"Say what is in the backup and whether it is whole; change nothing."`
}

// Run fills the database of the settings, which must be empty. The backup is read to its end before the database is opened.
func (r restoreCmd) Run(ctx context.Context, e env) error {
	f, done, err := r.open(e.stdin)
	if err != nil {
		return err
	}
	defer done()
	summary, err := archive.Verify(ctx, f)
	if err != nil {
		return fmt.Errorf("%s: %w", r.File, err)
	}
	if r.Check {
		for _, t := range summary.Tables {
			_, _ = fmt.Fprintf(e.stdout, "%s: %d rows\n", t.Name, t.Rows)
		}
		_, err := fmt.Fprintf(e.stdout, "%s: whole; it holds %s, made by parley %s on %s\n",
			r.File, told("", summary)[1:], summary.Header.Parley, summary.Header.Engine)
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return withStore(ctx, e, "restore", func(s *store.Store) error {
		summary, err := archive.Restore(ctx, s, f, summary.Header)
		if errors.Is(err, store.ErrNotEmpty) {
			return fmt.Errorf("%w: a backup is restored into a new one; move the old one away first", err)
		}
		if err == nil {
			_, _ = fmt.Fprintln(e.stdout, told("restored", summary)+"; everybody has to sign in again")
		}
		return err
	})
}

// open returns the backup as something that can be read twice: standard input is put into a file of its own first, so that it too is known
// to be whole before anything is written.
func (r restoreCmd) open(stdin io.Reader) (f *os.File, done func(), err error) {
	if r.File != "-" {
		if f, err = os.Open(r.File); err != nil {
			return nil, nil, err
		}
		return f, func() { _ = f.Close() }, nil
	}
	if f, err = os.CreateTemp("", "parley-restore-*"); err != nil {
		return nil, nil, err
	}
	done = func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	if _, err = io.Copy(f, stdin); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return f, done, nil
}
