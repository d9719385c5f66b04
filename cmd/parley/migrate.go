package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"parley/internal/app"
	"parley/internal/config"
	"parley/internal/store"
	"parley/internal/telemetry"
)

type migrateCmd struct {
	Status migrateStatusCmd `cmd:"" help:"List the steps and which are applied."`
	Up     migrateUpCmd     `cmd:"" help:"Apply every step that is missing."`
	Down   migrateDownCmd   `cmd:"" help:"Take the newest step back."`
	Redo   migrateRedoCmd   `cmd:"" help:"Take the newest step back and apply it again."`
	Create migrateCreateCmd `cmd:"" help:"Write the next step's file, for who works on Parley."`
}

type (
	migrateStatusCmd struct{}
	dryRun           struct {
		DryRun bool `help:"Print the SQL that would run; change nothing."`
	}
	migrateUpCmd struct {
		dryRun
	}
	migrateDownCmd struct {
		dryRun
	}
	migrateRedoCmd struct {
		dryRun
	}
	migrateCreateCmd struct {
		Name string        `arg:"" help:"What the step does, such as add_reactions."`
		Dir  string        `help:"The folder with the steps." default:"internal/store/migrations" type:"path"`
		Only store.Dialect `help:"The one engine that the step is for: sqlite or postgres." enum:",sqlite,postgres" default:""`
	}
)

// withStore runs f on the database of the settings. The purpose of a command that writes is its name; that of one that reads is empty, and
// then it works beside a running server.
func withStore(ctx context.Context, e env, purpose string, f func(*store.Store) error) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(e.stderr, c.Log.Level, c.Log.Format)
	s, err := app.OpenStoreFor(ctx, c, log, purpose)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// Run prints a line a step.
func (migrateStatusCmd) Run(ctx context.Context, e env) error {
	return withStore(ctx, e, "", func(s *store.Store) error {
		list, err := s.Migrations(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
		for _, m := range list {
			state, name := "missing", m.Name
			if m.Applied {
				state = "applied " + m.AppliedAt.UTC().Format(time.DateTime)
			}
			if !m.Known {
				name = "(of a newer parley)"
			}
			_, _ = fmt.Fprintf(w, "%05d\t%s\t%s\n", m.Version, name, state)
		}
		return w.Flush()
	})
}

// Run prints what it applied.
func (c migrateUpCmd) Run(ctx context.Context, e env) error {
	if c.DryRun {
		return printPlan(ctx, e, (*store.Store).PlanUp)
	}
	return withStore(ctx, e, "migrate", func(s *store.Store) error {
		done, err := s.MigrateUp(ctx)
		for _, m := range done {
			_, _ = fmt.Fprintf(e.stdout, "applied %s in %s\n", m.Name, m.Took.Round(time.Microsecond))
		}
		if err == nil && len(done) == 0 {
			_, _ = fmt.Fprintln(e.stdout, "nothing to apply: the schema is up to date")
		}
		return err
	})
}

// Run prints what it took back.
func (c migrateDownCmd) Run(ctx context.Context, e env) error {
	if c.DryRun {
		return printPlan(ctx, e, (*store.Store).PlanDown)
	}
	return withStore(ctx, e, "migrate", func(s *store.Store) error {
		m, err := s.MigrateDown(ctx)
		if err == nil {
			_, _ = fmt.Fprintf(e.stdout, "took back %s in %s\n", m.Name, m.Took.Round(time.Microsecond))
		}
		return err
	})
}

// Run prints what it applied again.
func (c migrateRedoCmd) Run(ctx context.Context, e env) error {
	if c.DryRun {
		return printPlan(ctx, e, (*store.Store).PlanRedo)
	}
	return withStore(ctx, e, "migrate", func(s *store.Store) error {
		m, err := s.MigrateRedo(ctx)
		if err == nil {
			_, _ = fmt.Fprintf(e.stdout, "took back and applied %s in %s\n", m.Name, m.Took.Round(time.Microsecond))
		}
		return err
	})
}

// Run prints the path of the file it made.
func (c migrateCreateCmd) Run(e env) error {
	if settings, _ := config.Load(e.environ); settings.Env == config.Production { // other settings do not matter here
		return errors.New("a step is written in Parley's source tree and built into the binary; production has no use for it")
	}
	path, err := store.CreateMigration(c.Dir, c.Name, c.Only)
	if err == nil {
		_, _ = fmt.Fprintln(e.stdout, path)
	}
	return err
}

// printPlan prints SQL that can be read, and run by hand: each step as the transaction that it would be.
func printPlan(ctx context.Context, e env, plan func(*store.Store, context.Context) ([]store.Planned, error)) error {
	return withStore(ctx, e, "", func(s *store.Store) error {
		steps, err := plan(s, ctx)
		if err != nil {
			return err
		}
		if len(steps) == 0 {
			_, _ = fmt.Fprintln(e.stdout, "-- nothing to do")
		}
		for _, step := range steps {
			printStep(e.stdout, step)
		}
		return nil
	})
}

func printStep(w io.Writer, step store.Planned) {
	direction, begin, end := "up", "BEGIN;\n", "COMMIT;\n"
	if step.Down {
		direction = "down"
	}
	if !step.Transaction {
		begin, end = "", ""
	}
	_, _ = fmt.Fprintf(w, "-- %s, %s\n%s%s%s\n", step.Name, direction, begin, step.SQL, end)
}
