package main

import (
	"context"
	"fmt"
	"log/slog"

	"parley/internal/app"
	"parley/internal/config"
	"parley/internal/telemetry"
	"parley/web"
)

type serveCmd struct{}

// Run serves until the context ends, which a signal does, or until a listener fails.
func (serveCmd) Run(ctx context.Context, e env) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(e.stderr, c.Log.Level, c.Log.Format)
	for _, w := range c.Warnings {
		log.WarnContext(ctx, w)
	}
	a, err := app.Start(ctx, app.Options{Config: c, Logger: log, Web: web.Files()})
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "serving", slog.String("version", version), slog.String("addr", a.Addr()), slog.String("ops_addr", a.OpsAddr()),
		slog.String("database", string(c.Database.Engine)))
	if link := a.SetupLink(); link != "" {
		// Not in the log, which others may read and keep; and not as a field, where secrets are struck out.
		log.WarnContext(ctx, "this server has no account yet; the link to make the owner's is on standard output, and parley admin setup-link prints another")
		_, _ = fmt.Fprintf(e.stdout, "\n  This Parley has no account yet. Make the owner's here, within a day:\n  %s\n\n", link)
	} else if c.Env == config.Development {
		_, _ = fmt.Fprintf(e.stdout, "\n  Parley is at http://%s\n  Open it and choose \"Create an account\" to make the first one.\n\n", a.Addr())
	}
	select {
	case <-ctx.Done():
	case err = <-a.Failed():
	}
	ctx = context.WithoutCancel(ctx) // it has ended, which is why we stop
	log.InfoContext(ctx, "stopping; a second signal ends it at once", slog.Duration("grace", c.HTTP.ShutdownGrace))
	grace, cancel := context.WithTimeout(ctx, c.HTTP.ShutdownGrace)
	defer cancel()
	if stopErr := a.Stop(grace); err == nil {
		err = stopErr
	}
	return err
}
