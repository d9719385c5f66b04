package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"parley/internal/bench"
)

// tableCmd measures everything that has a bar, one thing after the other.
type tableCmd struct {
	Only    []string      `enum:"posts,idle,history,start,growth,nodes" default:"posts,idle,history,start,growth,nodes" help:"Parts: posts, idle, history, start, growth, nodes."`
	Engines []string      `enum:"sqlite,postgres" default:"sqlite,postgres" help:"Databases. Postgres is a cluster of its own with its usual settings, so it syncs. Growth is measured on the first; nodes need Postgres and Redis."`
	Each    time.Duration `default:"3s" help:"How long each load is measured."`
	Save    string        `help:"Write the figures as JSON into this file." type:"path"`
	Plot    string        `help:"Draw growth into this file (SVG)." type:"path"`
}

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// Validate bounds it.
func (t *tableCmd) Validate() error {
	if t.Each < 100*time.Millisecond || t.Each > time.Minute {
		return errors.New("--each is from 100ms to 1m")
	}
	return nil
}

// figures are all that was measured.
type figures struct {
	Rows   []*row   `json:"rows"`
	Growth []growth `json:"growth,omitempty"`
}

// row is one figure's place in the table.
type row struct {
	Name  string          `json:"name"`
	Bar   string          `json:"bar"`
	Cells map[string]cell `json:"cells"` // by column
}

// cell is what was measured in one column. Values have the units in their names.
type cell struct {
	Values map[string]float64 `json:"values"`
	Text   string             `json:"text"`
	Missed bool               `json:"missed"`
	Faults []string           `json:"faults,omitempty"`
}

// say adds a figure to the text. What misses its bar is bold.
func (c *cell) say(figure string, missed bool) {
	if missed {
		figure, c.Missed = "**"+figure+"**", true
	}
	if c.Text != "" {
		c.Text += " · "
	}
	c.Text += figure
}

// survey is one run of the table.
type survey struct {
	cmd      *tableCmd
	at       place
	out      output
	postgres *helper
	made     int // databases
	figures  figures
}

// Run measures, part by part, and prints Markdown. It fails when something that was sent did not arrive as it should, not when a bar is missed: a
// machine may be slow.
func (t *tableCmd) Run(ctx context.Context, out output, at place) (err error) {
	s := &survey{cmd: t, at: at, out: out}
	if slices.Contains(t.Engines, postgres) || slices.Contains(t.Only, "nodes") {
		if s.postgres, err = startPostgres(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.postgres.stop()) }()
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"posts", s.posts}, {"idle", s.idle}, {"history", s.history}, {"start", s.start}, {"nodes", s.nodes}, {"growth", s.grow},
	} {
		if !slices.Contains(t.Only, part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return s.tell()
}

// tell prints and writes everything.
func (s *survey) tell() error {
	if _, err := fmt.Fprint(s.out.stdout, s.figures.markdown()); err != nil {
		return err
	}
	if s.cmd.Save != "" {
		raw, err := json.MarshalIndent(s.figures, "", "  ")
		if err == nil {
			err = os.WriteFile(s.cmd.Save, append(raw, '\n'), 0o644)
		}
		if err != nil {
			return err
		}
	}
	if s.cmd.Plot != "" && len(s.figures.Growth) > 0 {
		if err := os.WriteFile(s.cmd.Plot, s.figures.plot(), 0o644); err != nil {
			return err
		}
	}
	for _, r := range s.figures.Rows {
		for column, c := range r.Cells {
			if len(c.Faults) > 0 {
				return fmt.Errorf("%s, %s: %s", r.Name, column, strings.Join(c.Faults, "; "))
			}
		}
	}
	return nil
}

func (s *survey) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out.stderr, format+"\n", args...)
}

// on starts the server on a fresh database of the engine.
func (s *survey) on(ctx context.Context, engine string, do func(bench.Server) error) error {
	w := want{database: engine}
	if engine == postgres {
		if err := s.inPostgres(ctx, &w); err != nil {
			return err
		}
	}
	return s.at.onParley(ctx, w, do)
}

func (s *survey) inPostgres(ctx context.Context, w *want) (err error) {
	s.made++
	w.database, err = s.postgres.database(ctx, fmt.Sprintf("bench_%d", s.made))
	w.helpers = []int{s.postgres.pid()}
	return err
}

// add finds the row or makes it, and fills one of its cells.
func (s *survey) add(name, bar, column string, c cell) {
	s.say("%s, %s: %s (%s)", name, column, c.Text, bar)
	for _, r := range s.figures.Rows {
		if r.Name == name {
			r.Cells[column] = c
			return
		}
	}
	s.figures.Rows = append(s.figures.Rows, &row{name, bar, map[string]cell{column: c}})
}

// load runs a plan and says what was wrong with it.
func (s *survey) load(ctx context.Context, plan bench.Plan, to bench.Server) (*bench.Report, []string, error) {
	plan.BodyBytes, plan.Drain = bodyBytes, 20*time.Second
	if plan.Via == "" {
		plan.Via = bench.ViaHTTP
	}
	r, err := bench.Run(ctx, plan, to, bench.Options{})
	if err != nil {
		return nil, nil, err
	}
	if ctx.Err() != nil {
		return nil, nil, errors.New("interrupted")
	}
	if r.Cost == nil {
		return nil, nil, errors.New("processor time can be read on Linux only")
	}
	faults := faultsOf(r)
	if l := r.Ledger; l != (bench.Ledger{}) {
		faults = append(faults, fmt.Sprintf("%+v", l))
	}
	return r, faults, nil
}
