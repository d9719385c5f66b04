package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/store"
)

// storeTimeout bounds what a serving node waits for its database. It is longer than a healthy database ever takes and shorter than people
// wait.
const storeTimeout = 5 * time.Second

// OpenStore opens the database of the settings for a command that only reads. It works beside a running server.
func OpenStore(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
	return openStore(ctx, c, store.Options{Logger: log})
}

// OpenStoreFor opens the database of the settings for a command that writes, whose name is the purpose. A SQLite file then belongs to it
// alone until the store is closed.
func OpenStoreFor(ctx context.Context, c config.Config, log *slog.Logger, purpose string) (*store.Store, error) {
	return openStore(ctx, c, store.Options{Logger: log, Purpose: purpose})
}

// openStore waits for a database that is away, up to the setting: at the start of a machine it may be slower than we are. What waiting does
// not mend is told at once, with the setting to look at.
func openStore(ctx context.Context, c config.Config, o store.Options) (*store.Store, error) {
	o.URL = c.Database.URL
	if c.Database.Engine == config.SQLite {
		o.URL = c.Database.Path
		if err := os.MkdirAll(filepath.Dir(o.URL), 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory (PARLEY_DATA_DIR): %w", err)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, max(c.DatabaseWait, time.Second))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		s, err := store.Open(waiting, o)
		if err == nil {
			return s, nil
		}
		var away *chat.Error
		if !errors.As(err, &away) {
			return nil, explain(c, err)
		}
		if waiting.Err() == nil {
			o.Logger.WarnContext(ctx, "the database is away; trying again", slog.Duration("in", pause), slog.Any("error", away.Unwrap()))
		}
		timer := time.NewTimer(pause)
		select {
		case <-waiting.Done():
			timer.Stop()
			if ctx.Err() != nil {
				return nil, fmt.Errorf("stopped while waiting for the database: %w", ctx.Err())
			}
			return nil, fmt.Errorf("the database stayed away for %s (PARLEY_DATABASE_WAIT): %w", c.DatabaseWait, away.Unwrap())
		case <-timer.C:
		}
	}
}

// openServing opens the database and makes it ready. One that goes away between the two is waited for like one that was never there: a database
// that is starting takes connections before it is steady.
func (a *App) openServing(ctx context.Context) (err error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		if a.store, err = openStore(ctx, a.config, store.Options{Logger: a.log, Purpose: "serve", Timeout: storeTimeout}); err != nil {
			return err
		}
		if err = a.prepareSchema(ctx); !errors.Is(err, chat.ErrUnavailable) || attempt == attempts {
			return err
		}
		a.log.WarnContext(ctx, "the database went away while it was made ready; trying again", slog.Any("error", err))
		if err := a.store.Close(); err != nil {
			return fmt.Errorf("close the database: %w", err)
		}
	}
}

// explain adds to an error of opening what somebody has to look at or do.
func explain(c config.Config, err error) error {
	setting := "PARLEY_DATABASE_URL"
	if c.Database.Engine == config.SQLite {
		setting = "PARLEY_DATA_DIR"
	}
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w; stop that one first", err)
	case errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("%w; nothing was written to it. Move it away and restore a backup: parley restore FILE", err)
	}
	return fmt.Errorf("%w (%s)", err, setting)
}

// prepareSchema brings the schema up in development, and refuses any that this binary cannot run on.
func (a *App) prepareSchema(ctx context.Context) error {
	if err := a.store.CheckDamage(ctx); err != nil {
		return explain(a.config, err)
	}
	if a.config.DevAutomigrate {
		done, err := a.store.MigrateUp(ctx)
		if err != nil {
			return explain(a.config, err)
		}
		for _, m := range done {
			a.log.InfoContext(ctx, "migrated", slog.String("step", m.Name), slog.Duration("took", m.Took))
		}
	}
	switch err := a.store.CheckSchema(ctx); {
	case errors.Is(err, store.ErrSchemaOld):
		return fmt.Errorf("%w; run: parley migrate up", err)
	case errors.Is(err, store.ErrSchemaNew):
		return fmt.Errorf("%w; run the newer binary, or restore a backup", err)
	case err != nil:
		return explain(a.config, err)
	}
	if err := a.store.Prepare(ctx); err != nil {
		return err
	}
	return a.store.BeginHistory(ctx)
}
