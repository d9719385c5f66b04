// Package rehearsal tries the pending steps of the schema on a copy of the real data, up and down again, and reports what an operator wants to
// know before doing it for good: whether it works, how long each step takes, whom its locks keep waiting, and whether the way back leads
// back. It writes to nothing but the copy, and knows nothing of settings or of the command line.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parley/internal/store"
	"parley/internal/store/transfer"
)

// NoLevel as Options.From rehearses what is pending.
const NoLevel = -1

// Options say what to rehearse.
type Options struct {
	Store *store.Store
	// From, unless NoLevel, is the level to which the copy is taken back first, so that steps can be rehearsed which were applied already.
	From int64
	// Clock times the copying.
	Clock func() time.Time
}

// Report is what a rehearsal found. It holds when there are no Problems.
type Report struct {
	Engine      store.Dialect `json:"engine"`
	Level       int64         `json:"level"`  // the database's
	From        int64         `json:"from"`   // where the rehearsal started
	Target      int64         `json:"target"` // where the steps lead
	CopyBytes   int64         `json:"copy_bytes"`
	CopySeconds float64       `json:"copy_seconds"`
	Back        []Step        `json:"back"` // to From, where that was asked for
	Up          []Step        `json:"up"`
	Down        []Step        `json:"down"`
	Tables      []Table       `json:"tables"`
	Problems    []string      `json:"problems"`
	// Notes are worth knowing and no problem.
	Notes []string `json:"notes"`
}

// Step is one step of the schema as it went.
type Step struct {
	Version int64             `json:"version"`
	Name    string            `json:"name"`
	Seconds float64           `json:"seconds"`
	Locks   []store.TableLock `json:"locks"`
}

// Table is how many rows a table had before the steps, after them, and after they were taken back; -1 where there was no such table.
type Table struct {
	Name   string `json:"name"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Back   int64  `json:"back"`
}

// Run rehearses. The error is about what kept it from finding out; what it found out is in the report.
func Run(ctx context.Context, o Options) (r Report, err error) {
	r = Report{
		Engine: o.Store.Dialect(), Back: []Step{}, Up: []Step{}, Down: []Step{}, Tables: []Table{}, Problems: []string{}, Notes: []string{},
	}
	if r.Level, err = o.Store.Level(ctx); err != nil {
		return r, err
	}
	if r.Target, err = o.Store.LatestLevel(); err != nil {
		return r, err
	}
	r.From = r.Level
	if o.From != NoLevel {
		if o.From < 0 || o.From > r.Level {
			return r, fmt.Errorf("cannot start from level %d: the database is at %d, and only what it has can be taken back", o.From, r.Level)
		}
		r.From = o.From
	}
	pending, err := steps(ctx, o.Store, r.From)
	if err != nil || len(pending) == 0 {
		return r, err
	}
	scratch, err := fill(ctx, o, &r)
	if scratch != nil {
		// The copy goes away also when somebody pulls the plug.
		defer func() { err = errors.Join(err, scratch.Drop(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return r, err
	}
	return r, (&run{report: &r, scratch: scratch, pending: pending}).all(ctx)
}

// steps lists the steps of this engine above a level.
func steps(ctx context.Context, s *store.Store, from int64) ([]store.Migration, error) {
	all, err := s.Migrations(ctx)
	return slices.DeleteFunc(all, func(m store.Migration) bool { return m.Version <= from }), err
}

// fill makes the copy.
func fill(ctx context.Context, o Options, r *Report) (*store.Scratch, error) {
	watched, err := o.Store.Steps()
	if err != nil {
		return nil, err
	}
	started := o.Clock()
	scratch, err := o.Store.Scratch(ctx, watched)
	if err != nil {
		return nil, err
	}
	if !scratch.Filled {
		if _, err := transfer.Copy(ctx, transfer.Options{From: o.Store, To: scratch.Store, Source: "rehearsal"}); err != nil {
			return scratch, err
		}
		if err := drift(ctx, o.Store, scratch.Store, r); err != nil {
			return scratch, err
		}
	}
	r.CopySeconds = o.Clock().Sub(started).Seconds()
	r.CopyBytes, err = scratch.Size(ctx)
	return scratch, err
}

// drift notes where the real schema is not what the steps make. The copy was made by the steps, so there the rehearsal does not speak for
// the real thing. A copy that the engine made has the drift in it.
func drift(ctx context.Context, real, made *store.Store, r *Report) error {
	a, err := real.Outline(ctx)
	if err != nil {
		return err
	}
	b, err := made.Outline(ctx)
	if err != nil {
		return err
	}
	for _, d := range differences(a, b) {
		r.Notes = append(r.Notes, "the real database is not what the migrations make, so the copy differs there: "+d)
	}
	return nil
}

// state is what the way back has to lead back to.
type state struct {
	outline map[string]string
	rows    map[string]store.Digest
}

func look(ctx context.Context, s *store.Store) (st state, err error) {
	if st.outline, err = s.Outline(ctx); err != nil {
		return st, err
	}
	st.rows = map[string]store.Digest{}
	err = s.Snapshot(ctx, func(n *store.Snapshot) error {
		for _, t := range n.Tables() {
			d, err := n.Digest(ctx, t)
			if err != nil {
				return err
			}
			st.rows[t.Name] = d
		}
		return nil
	})
	return st, err
}

// run is a rehearsal on its copy.
type run struct {
	report  *Report
	scratch *store.Scratch
	pending []store.Migration // oldest first
}

// errFailed ends a rehearsal whose report says why.
var errFailed = errors.New("a step failed")

func (r *run) all(ctx context.Context) error {
	err := r.cycle(ctx)
	if errors.Is(err, errFailed) {
		return nil
	}
	return err
}

func (r *run) cycle(ctx context.Context) error {
	if err := r.invariants(ctx, "before the steps"); err != nil {
		return err
	}
	if r.report.From < r.report.Level {
		applied := slices.DeleteFunc(slices.Clone(r.pending), func(m store.Migration) bool { return !m.Applied })
		if err := r.down(ctx, applied, &r.report.Back); err != nil {
			return err
		}
	}
	before, err := look(ctx, r.scratch.Store)
	if err != nil {
		return err
	}
	for _, m := range r.pending {
		if err := r.step(ctx, m, m.Version, &r.report.Up); err != nil {
			return err
		}
	}
	if err := r.invariants(ctx, "after the steps"); err != nil {
		return err
	}
	after, err := look(ctx, r.scratch.Store)
	if err != nil {
		return err
	}
	if err := r.down(ctx, r.pending, &r.report.Down); err != nil {
		return err
	}
	back, err := look(ctx, r.scratch.Store)
	if err != nil {
		return err
	}
	r.compare(before, after, back)
	return nil
}

func (r *run) down(ctx context.Context, list []store.Migration, into *[]Step) error {
	for _, m := range slices.Backward(list) {
		if err := r.step(ctx, m, m.Version-1, into); err != nil {
			return err
		}
	}
	return nil
}

// step moves the copy by one step to a level, and writes down what that took.
func (r *run) step(ctx context.Context, m store.Migration, level int64, into *[]Step) error {
	if err := r.scratch.Expect(ctx); err != nil {
		return err
	}
	done, err := r.scratch.MigrateTo(ctx, level)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.problem("%s: %v", m.Name, err)
		return errFailed
	}
	locks, err := r.scratch.Locks(ctx)
	if err != nil {
		return err
	}
	for _, d := range done {
		*into = append(*into, Step{Version: d.Version, Name: d.Name, Seconds: d.Took.Seconds(), Locks: locks})
	}
	return nil
}

func (r *run) invariants(ctx context.Context, when string) error {
	faults, err := r.scratch.Invariants(ctx)
	for _, f := range faults {
		r.problem("%s, %s: %s", when, f.Check, f.Detail)
	}
	return err
}

func (r *run) compare(before, after, back state) {
	for _, d := range differences(before.outline, back.outline) {
		r.problem("taking the steps back left another schema: %s", d)
	}
	names := maps.Clone(before.rows)
	maps.Copy(names, after.rows)
	maps.Copy(names, back.rows)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		count := func(s state) int64 {
			if d, there := s.rows[name]; there {
				return d.Rows
			}
			return -1
		}
		r.report.Tables = append(r.report.Tables, Table{Name: name, Before: count(before), After: count(after), Back: count(back)})
		if before.rows[name] != back.rows[name] {
			r.problem("taking the steps back left other rows in table %s: %d before, %d now", name, count(before), count(back))
		}
	}
}

func (r *run) problem(format string, args ...any) {
	r.report.Problems = append(r.report.Problems, fmt.Sprintf(format, args...))
}

// differences names what is only in one of two outlines, or is not the same in both.
func differences(a, b map[string]string) (list []string) {
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inA := a[name]
		y, inB := b[name]
		switch {
		case !inB:
			list = append(list, name+" is gone")
		case !inA:
			list = append(list, name+" is new")
		case x != y:
			list = append(list, fmt.Sprintf("%s is %q instead of %q", name, y, x))
		}
	}
	return list
}
