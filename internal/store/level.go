package store

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"parley/internal/store/migrations"
)

// A level says how far a schema is in a way that holds for both engines. The version that the database remembers does not: a step that only
// Postgres has leaves SQLite one version behind although nothing is missing there. A database is at level n when every step of its engine
// up to n is applied, and n is the largest such number.

// Level returns the level of the database's schema; ErrSchemaNew when this binary does not know it.
func (s *Store) Level(ctx context.Context) (int64, error) {
	steps, err := s.known()
	if err != nil {
		return 0, err
	}
	if err := s.refuseUnknown(ctx); err != nil {
		return 0, wrapMigrate("level", err)
	}
	have, err := s.versions(ctx)
	if err != nil {
		return 0, wrapMigrate("level", err)
	}
	for _, step := range steps {
		if _, applied := have[step.Version]; !applied {
			return step.Version - 1, nil
		}
	}
	return s.LatestLevel()
}

// LatestLevel is the level of a schema to which every step that this binary knows, of either engine, was applied.
func (s *Store) LatestLevel() (int64, error) {
	latest := int64(0)
	for _, dialect := range []Dialect{SQLite, Postgres} {
		steps, err := s.stepsOf(dialect)
		if err != nil {
			return 0, err
		}
		names, err := fs.Glob(steps, "*.sql")
		if err != nil {
			return 0, fmt.Errorf("read migrations: %w", err)
		}
		for _, name := range names {
			digits, _, _ := strings.Cut(path.Base(name), "_")
			version, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read migrations: %s does not begin with a number: %w", name, err)
			}
			latest = max(latest, version)
		}
	}
	return latest, nil
}

// MigrateTo brings the schema up or down to a level and returns the steps it took, in their order. Steps down lose what they remove.
func (s *Store) MigrateTo(ctx context.Context, level int64) (done []Migration, err error) {
	err = s.migrating(ctx, func(p *goose.Provider) error {
		have, err := p.GetDBVersion(ctx)
		if err != nil || have == level {
			return err
		}
		move := p.UpTo
		if have > level {
			move = p.DownTo
		}
		results, err := move(ctx, level)
		done = applied(results)
		return err
	})
	return done, wrapMigrate(fmt.Sprintf("to %d", level), err)
}

// stepsOf returns the steps of an engine.
func (s *Store) stepsOf(dialect Dialect) (fs.FS, error) {
	if s.steps != nil {
		return s.steps, nil
	}
	steps, err := migrations.FS(string(dialect))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return steps, nil
}
