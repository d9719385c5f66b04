package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"parley/internal/store"
	"parley/internal/store/transfer"
)

type storeCmd struct {
	Copy storeCopyCmd `cmd:"" help:"Copy a database into another one, of the same or the other engine."`
}

type storeCopyCmd struct {
	From    string `required:"" placeholder:"URL" help:"Where the data is: postgres://… or sqlite:FILE."`
	To      string `required:"" placeholder:"URL" help:"Where it goes, an empty database: postgres://… or sqlite:FILE."`
	Restart bool   `help:"Throw away an unfinished copy in the target and begin anew."`
}

// Run copies and verifies. Interrupted, it goes on where it was when it is run again.
func (c storeCopyCmd) Run(ctx context.Context, e env) error {
	from, err := place(c.From)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	to, err := place(c.To)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if !strings.Contains(from, "://") {
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--from: there is no database at %s", from)
		}
	}
	// Both ends are held where that is possible: a source that is written to between two runs would make the second one fail at its end.
	source, err := store.Open(ctx, store.Options{URL: from, Purpose: "copy"})
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	target, err := store.Open(ctx, store.Options{URL: to, Purpose: "copy"})
	if err != nil {
		return errors.Join(fmt.Errorf("--to: %w", err), source.Close())
	}
	return errors.Join(c.copy(ctx, e, transfer.Options{From: source, To: target, Source: anonymous(from), Restart: c.Restart}), target.Close(), source.Close())
}

func (storeCopyCmd) copy(ctx context.Context, e env, o transfer.Options) error {
	o.Progress = func(table string, arrived, all int64) {
		_, _ = fmt.Fprintf(e.stderr, "%s: %d of %d rows\n", table, arrived, all)
	}
	r, err := transfer.Copy(ctx, o)
	switch {
	case errors.Is(err, store.ErrNotEmpty):
		return fmt.Errorf("%w; name an empty one", err)
	case errors.Is(err, transfer.ErrDiffers), errors.Is(err, transfer.ErrOtherSource):
		return fmt.Errorf("%w; --restart throws the unfinished copy away", err)
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w; run the same command again to go on", err)
	case err != nil:
		return err
	}
	for _, t := range r.Tables {
		_, _ = fmt.Fprintf(e.stdout, "%s: %d rows, sha256 %s\n", t.Name, t.Rows, t.SHA256)
	}
	_, err = fmt.Fprintf(e.stdout, "copied %d tables with %d rows; both sides were read again and are the same\n", len(r.Tables), r.Rows)
	return err
}

// place turns what the command line calls a database into what the store calls one.
func place(text string) (string, error) {
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return text, nil
	}
	file, ok := strings.CutPrefix(text, "sqlite:")
	if !ok || file == "" {
		return "", errors.New("say postgres://user@host/database or sqlite:FILE")
	}
	return filepath.Abs(file)
}

// anonymous names a database without its password, for the note in the target.
func anonymous(place string) string {
	u, err := url.Parse(place)
	if err != nil || u.Scheme == "" {
		return place
	}
	user := ""
	if u.User != nil {
		user = u.User.Username() + "@"
	}
	return u.Scheme + "://" + user + u.Host + u.Path
}
