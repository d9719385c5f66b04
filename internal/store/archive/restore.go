package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"parley/internal/store"
)

// Restore fills an empty database from a backup that Verify has found whole. The database is brought to the level of the backup's schema,
// filled in one transaction, and then brought up to this binary's level. If filling fails, the database stays empty; if the migration
// after it fails, what the backup held is in it, whole, at the level that the error names.
func Restore(ctx context.Context, s *store.Store, r io.Reader, h Header) (Summary, error) {
	latest, err := s.LatestLevel()
	if err != nil {
		return Summary{}, err
	}
	if h.Schema > latest {
		return Summary{}, fmt.Errorf("%w: its schema is at level %d, this binary knows %d", ErrNewer, h.Schema, latest)
	}
	if source, _, err := s.UnfinishedCopy(ctx); err != nil || source != "" {
		return Summary{}, errors.Join(store.ErrNotEmpty, store.ErrUnfinishedCopy, err)
	}
	before, err := s.Level(ctx)
	if err != nil {
		return Summary{}, err
	}
	// Before any step is taken back: that must not happen to a database which holds something.
	if err := s.Load(ctx, func(l *store.Loader) error { return claim(ctx, l) }); err != nil {
		return Summary{}, fmt.Errorf("restore: %w", err)
	}
	if _, err := s.MigrateTo(ctx, h.Schema); err != nil {
		return Summary{}, fmt.Errorf("restore: %w", err)
	}
	summary, err := fill(ctx, s, r, h)
	if err != nil {
		_, back := s.MigrateTo(context.WithoutCancel(ctx), before)
		return Summary{}, errors.Join(fmt.Errorf("restore: %w", err), back)
	}
	if _, err := s.MigrateTo(ctx, latest); err != nil {
		return Summary{}, fmt.Errorf("restored at level %d of the schema, but not migrated to %d: %w", h.Schema, latest, err)
	}
	return summary, nil
}

func claim(ctx context.Context, l *store.Loader) error {
	tables, err := l.Tables(ctx)
	if err != nil {
		return err
	}
	// What clients hold of any earlier history of this database is not of this one.
	return errors.Join(l.Claim(ctx, tables), l.EndHistory(ctx))
}

func fill(ctx context.Context, s *store.Store, r io.Reader, h Header) (summary Summary, err error) {
	err = s.Load(ctx, func(l *store.Loader) error {
		tables, err := l.Tables(ctx)
		if err != nil {
			return err
		}
		if err := errors.Join(l.Claim(ctx, tables), h.fits(tables)); err != nil {
			return err
		}
		if summary, err = rows(ctx, l, r); err != nil {
			return err
		}
		if summary.Header.CreatedAt != h.CreatedAt || summary.Header.Schema != h.Schema {
			return errors.New("the file changed after it was verified")
		}
		if err := l.RaiseCounters(ctx, tables); err != nil {
			return err
		}
		return l.SkipNumbers(ctx)
	})
	return summary, err
}

// batch is how many rows are kept before they are inserted.
const batch = 500

func rows(ctx context.Context, l *store.Loader, r io.Reader) (Summary, error) {
	var table store.Table
	var pending [][]any
	flush := func() error {
		if len(pending) == 0 {
			return nil
		}
		err := l.Insert(ctx, table, pending)
		pending = pending[:0]
		return err
	}
	s, err := read(ctx, r, func(t store.Table, row []any) error {
		if t.Name != table.Name || len(pending) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
		table = t
		pending = append(pending, row)
		return nil
	})
	if err == nil {
		err = flush()
	}
	return s, err
}
