// Package transfer copies one database into another, of whatever engine. It knows the store's tables and rows, and nothing of what they mean,
// of settings or of the command line.
//
// A copy goes table by table, referenced ones first, and within a table in the order of the key, in batches. Each batch and the note of how
// far it got are one transaction in the target, so a copy that was interrupted goes on behind the last row that arrived. While the note
// exists the target refuses to be served. Before it is removed, every table is read again on both sides: the copy is done when counts and
// hashes are the same.
//
// All of a run is read from one snapshot of the source. What is written to the source between two runs can be missed by the second; then the
// hashes differ and nothing is taken for finished. So stop the server before, and start it on the target after.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-faster/jx"

	"parley/internal/store"
)

// What can go wrong with a copy besides a database that is away.
var (
	ErrOtherSource = errors.New("the target is an unfinished copy of another database")
	ErrDiffers     = errors.New("the copy differs from its source")
)

// Options say what to copy where.
type Options struct {
	From, To *store.Store
	// Source names From in the target, so that a copy goes on from the same source only.
	Source string
	// Restart throws away an unfinished copy and begins anew.
	Restart bool
	// Batch is how many rows travel in one transaction; 0 is a good number.
	Batch int
	// Progress, if any, is told after each batch how many of a table's rows have arrived.
	Progress func(table string, arrived, all int64)
}

const defaultBatch = 2000

// Result is what was copied.
type Result struct {
	Tables  []Table
	Rows    int64
	Resumed bool // it went on where an earlier one was interrupted
}

// Table is one table of a result, the same on both sides.
type Table struct {
	Name string
	store.Digest
}

// Copy fills an empty database, or goes on filling one that it has begun to. The target gets the schema that the source has.
func Copy(ctx context.Context, o Options) (r Result, err error) {
	if o.Batch == 0 {
		o.Batch = defaultBatch
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	level, err := o.From.Level(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("copy from: %w", err)
	}
	if source, _, err := o.From.UnfinishedCopy(ctx); err != nil || source != "" {
		return Result{}, fmt.Errorf("copy from: %w", errors.Join(err, store.ErrUnfinishedCopy))
	}
	progress, err := prepare(ctx, o, level)
	if err != nil {
		return Result{}, fmt.Errorf("copy to: %w", err)
	}
	err = o.From.Snapshot(ctx, func(n *store.Snapshot) error {
		if err := sameTables(ctx, n, o.To); err != nil {
			return err
		}
		if progress == nil {
			if progress, err = begin(ctx, o, n.Tables()); err != nil {
				return err
			}
		} else {
			r.Resumed = true
		}
		for _, t := range n.Tables() {
			if err := table(ctx, o, n, t, progress[t.Name]); err != nil {
				return err
			}
		}
		if r.Tables, err = compare(ctx, n, o.To); err != nil {
			return err
		}
		return o.To.Load(ctx, func(l *store.Loader) error { return l.EndProgress(ctx) })
	})
	for _, t := range r.Tables {
		r.Rows += t.Rows
	}
	if err != nil {
		return Result{}, fmt.Errorf("copy: %w", err)
	}
	return r, nil
}

// prepare brings the target to a level of the schema and returns how far an unfinished copy in it is; nil for an empty target.
func prepare(ctx context.Context, o Options, level int64) (map[string]store.Progress, error) {
	source, list, err := o.To.UnfinishedCopy(ctx)
	if err != nil {
		return nil, err
	}
	if source != "" && o.Restart {
		if err := discard(ctx, o.To); err != nil {
			return nil, err
		}
		source = ""
	}
	if source == "" {
		// Before any step is taken back: that must not happen to a database which holds something.
		if err := o.To.Load(ctx, func(l *store.Loader) error { return claim(ctx, l) }); err != nil {
			return nil, err
		}
		_, err := o.To.MigrateTo(ctx, level)
		return nil, err
	}
	if source != o.Source {
		return nil, fmt.Errorf("%w: of %s", ErrOtherSource, source)
	}
	if has, err := o.To.Level(ctx); err != nil || has != level {
		return nil, errors.Join(fmt.Errorf("%w: the source's schema is at level %d now, the copy's at %d", ErrDiffers, level, has), err)
	}
	progress := map[string]store.Progress{}
	for _, p := range list {
		progress[p.Table] = p
	}
	return progress, nil
}

// discard takes an unfinished copy away, by taking back the schema it is in: some tables let nobody delete a row. The note goes last, so
// that this too can be interrupted.
func discard(ctx context.Context, s *store.Store) error {
	if _, err := s.MigrateTo(ctx, 0); err != nil {
		return err
	}
	return s.Load(ctx, func(l *store.Loader) error { return l.EndProgress(ctx) })
}

func claim(ctx context.Context, l *store.Loader) error {
	tables, err := l.Tables(ctx)
	if err != nil {
		return err
	}
	// The source may be written to after the copy and before the copy is served: then clients hold revisions that mean something else here.
	return errors.Join(l.Claim(ctx, tables), l.EndHistory(ctx))
}

// begin makes sure that the target is empty and leaves the note that it is being filled, in one transaction.
func begin(ctx context.Context, o Options, tables []store.Table) (map[string]store.Progress, error) {
	err := o.To.Load(ctx, func(l *store.Loader) error {
		if err := claim(ctx, l); err != nil {
			return err
		}
		return l.BeginProgress(ctx, o.Source, tables)
	})
	if err != nil {
		return nil, err
	}
	progress := map[string]store.Progress{}
	for _, t := range tables {
		progress[t.Name] = store.Progress{Table: t.Name}
	}
	return progress, nil
}

// sameTables refuses two databases whose tables or columns are not the same.
func sameTables(ctx context.Context, n *store.Snapshot, to *store.Store) error {
	theirs, err := to.Tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range n.Tables() {
		i := slices.IndexFunc(theirs, func(o store.Table) bool { return o.Name == t.Name })
		if i < 0 {
			return fmt.Errorf("the target has no table %s", t.Name)
		}
		if difference := store.SameShape(t, theirs[i]); difference != "" {
			return errors.New("source and target differ: " + difference)
		}
	}
	if len(theirs) != len(n.Tables()) {
		return errors.New("the target has tables that the source does not have")
	}
	return nil
}

// table copies what is missing of a table.
func table(ctx context.Context, o Options, n *store.Snapshot, t store.Table, p store.Progress) error {
	all, err := n.Count(ctx, t)
	if err != nil {
		return err
	}
	e := &jx.Encoder{}
	for {
		rows, err := next(ctx, o, n, t, p)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			to := store.Progress{Table: t.Name, Key: string(store.EncodeRow(e, t.KeyOf(rows[len(rows)-1]))), Rows: p.Rows + int64(len(rows))}
			err := o.To.Load(ctx, func(l *store.Loader) error {
				if err := l.SetProgress(ctx, p, to); err != nil {
					return err
				}
				return l.Insert(ctx, t, rows)
			})
			if err != nil {
				return err
			}
			p = to
		}
		o.Progress(t.Name, p.Rows, all)
		if len(rows) < o.Batch {
			return nil
		}
	}
}

// next reads the rows behind the last one that arrived.
func next(ctx context.Context, o Options, n *store.Snapshot, t store.Table, p store.Progress) ([][]any, error) {
	var after []any
	if p.Key != "" {
		var err error
		if after, err = t.DecodeKey([]byte(p.Key)); err != nil {
			return nil, fmt.Errorf("the note of how far %s is cannot be read: %w", t.Name, err)
		}
	}
	rows := make([][]any, 0, o.Batch)
	err := n.Rows(ctx, t, after, o.Batch, func(row []any) error {
		rows = append(rows, slices.Clone(row))
		return nil
	})
	return rows, err
}

// compare reads every table on both sides.
func compare(ctx context.Context, from *store.Snapshot, to *store.Store) (same []Table, err error) {
	err = to.Snapshot(ctx, func(n *store.Snapshot) error {
		for _, t := range from.Tables() {
			want, err := from.Digest(ctx, t)
			if err != nil {
				return err
			}
			got, err := n.Digest(ctx, t) // in the order of the source's columns
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("%w: table %s has %d rows there and %d here, or other ones; was the source written to? Begin anew", ErrDiffers, t.Name, want.Rows, got.Rows)
			}
			same = append(same, Table{Name: t.Name, Digest: got})
		}
		return nil
	})
	return same, err
}
