package store

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"parley/internal/store/migrations"
)

// A level says how far a schema is in a way that holds for both engines. The version that the database remembers does not: a step that only
// Postgres has leaves SQLite one version behind although nothing is missing there. A database is at level n when every step of its engine
// up to n is applied, and n is the largest such number.

// Level returns the level of the database's schema; ErrSchemaNew when this binary does not know it.
func (s *Store) Level(ctx context.Context) (int64, error) {
	p, err := s.goose()
	if err != nil {
		return 0, err
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, wrapMigrate("level", err)
	}
	known := int64(0)
	for _, source := range p.ListSources() {
		if source.Version > have {
			return source.Version - 1, nil
		}
		known = source.Version
	}
	if have > known {
		return 0, fmt.Errorf("%w: it is at version %d, this binary knows %d", ErrSchemaNew, have, known)
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
func (s *Store) MigrateTo(ctx context.Context, level int64) ([]Migration, error) {
	p, err := s.goose()
	if err != nil {
		return nil, err
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return nil, wrapMigrate("to", err)
	}
	if have == level {
		return nil, nil
	}
	move := p.UpTo
	if have > level {
		move = p.DownTo
	}
	done, err := move(ctx, level)
	return applied(done), wrapMigrate(fmt.Sprintf("to %d", level), err)
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
