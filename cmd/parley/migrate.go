package main

import (
	"context"
	"errors"
	"fmt"
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
}

type (
	migrateStatusCmd struct{}
	migrateUpCmd     struct{}
	migrateDownCmd   struct{}
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
			state := "missing"
			if m.Applied {
				state = "applied " + m.AppliedAt.UTC().Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(w, "%05d\t%s\t%s\n", m.Version, m.Name, state)
		}
		return w.Flush()
	})
}

// Run prints what it applied.
func (migrateUpCmd) Run(ctx context.Context, e env) error {
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
func (migrateDownCmd) Run(ctx context.Context, e env) error {
	return withStore(ctx, e, "migrate", func(s *store.Store) error {
		m, err := s.MigrateDown(ctx)
		if err == nil {
			_, _ = fmt.Fprintf(e.stdout, "took back %s in %s\n", m.Name, m.Took.Round(time.Microsecond))
		}
		return err
	})
}
