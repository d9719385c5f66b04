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

// OpenStore opens the database of the settings, for the commands that work on it without serving.
func OpenStore(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
	o := store.Options{URL: c.Database.URL, Logger: log}
	if c.Database.Engine == config.SQLite {
		o.URL = c.Database.Path
		if err := os.MkdirAll(filepath.Dir(o.URL), 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory (PARLEY_DATA_DIR): %w", err)
		}
	}
	return store.Open(ctx, o)
}

// openStore waits for a database that is away, up to the setting: at the start of a machine it may be slower than we are.
func openStore(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, max(c.DatabaseWait, time.Second))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		s, err := OpenStore(ctx, c, log)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, chat.ErrUnavailable) {
			return nil, err
		}
		log.WarnContext(ctx, "the database is away; trying again", slog.Duration("in", pause), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the database stayed away for %s (PARLEY_DATABASE_WAIT): %w", c.DatabaseWait, err)
		case <-time.After(pause): //nolint:forbidigo // a pause between tries, not a point in time
		}
	}
}

// prepareSchema brings the schema up in development and refuses any other than this binary's in production.
func (a *App) prepareSchema(ctx context.Context) error {
	if a.config.DevAutomigrate {
		done, err := a.store.MigrateUp(ctx)
		if err != nil {
			return err
		}
		for _, m := range done {
			a.log.InfoContext(ctx, "migrated", slog.String("step", m.Name), slog.Duration("took", m.Took))
		}
	}
	if err := a.store.CheckSchema(ctx); err != nil {
		if errors.Is(err, store.ErrSchemaOld) {
			return fmt.Errorf("%w; run: parley migrate up", err)
		}
		return fmt.Errorf("%w; run the newer binary, or restore a backup", err)
	}
	return a.store.Prepare(ctx)
}
