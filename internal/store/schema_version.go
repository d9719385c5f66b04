package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/pressly/goose/v3"

	"parley/internal/store/migrations"
)

// What a database remembers of its migrations is read here without goose, which makes its table where there is none: looking must change
// nothing, and work beside a server that writes.
const (
	versionTable       = goose.DefaultTablename
	compatibilityTable = "schema_compatibility"
)

// ErrSchemaOld and ErrSchemaNew say that this binary cannot run on the database's schema.
var (
	ErrSchemaOld = errors.New("the database's schema is older than this binary needs")
	ErrSchemaNew = errors.New("the database's schema is newer than this binary knows")
)

// Migrations lists every step that this binary knows or the database remembers, oldest first.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	steps, err := s.known()
	if err != nil {
		return nil, err
	}
	have, err := s.versions(ctx)
	if err != nil {
		return nil, wrapMigrate("status", err)
	}
	list := make([]Migration, 0, len(steps))
	for _, step := range steps {
		at, done := have[step.Version]
		list = append(list, Migration{Version: step.Version, Name: step.Name, Applied: done, Known: true, AppliedAt: at})
	}
	for _, version := range unknown(steps, have) {
		list = append(list, Migration{Version: version, Applied: true, AppliedAt: have[version]})
	}
	slices.SortFunc(list, func(a, b Migration) int { return int(a.Version - b.Version) })
	return list, nil
}

// CheckSchema returns nil when this binary can run on the schema: every step it knows is applied, and any other is marked as one that
// binaries like this can live with. Otherwise it is ErrSchemaOld or ErrSchemaNew, and ErrUnfinishedCopy while parley store copy is filling
// the database.
func (s *Store) CheckSchema(ctx context.Context) error {
	steps, err := s.known()
	if err != nil {
		return err
	}
	have, err := s.versions(ctx)
	if err != nil {
		return wrapMigrate("check", err)
	}
	if newer := unknown(steps, have); len(newer) > 0 {
		if err := s.checkCompatible(ctx, newer); err != nil {
			return err
		}
		s.log.DebugContext(ctx, "the schema is newer, and marked as one for this binary too", slog.Any("steps", newer))
	}
	for _, step := range steps {
		if _, applied := have[step.Version]; !applied {
			return fmt.Errorf("%w: it is at version %d and lacks %s", ErrSchemaOld, newest(have), step.Name)
		}
	}
	return s.checkFinished(ctx)
}

// checkCompatible returns nil when each of these steps is marked as one that binaries of this one's level can serve on.
func (s *Store) checkCompatible(ctx context.Context, newer []int64) error {
	level, err := s.LatestLevel()
	if err != nil {
		return err
	}
	marks, err := s.compatibility(ctx)
	if err != nil {
		return wrapMigrate("check", err)
	}
	for _, version := range newer {
		if oldest, marked := marks[version]; !marked || oldest > level {
			return fmt.Errorf("%w: it has step %d, this binary knows %d steps and is not among those that can run on it", ErrSchemaNew, version, level)
		}
	}
	return nil
}

// refuseUnknown is ErrSchemaNew when a newer binary has changed the schema: its steps are not ours to add to or to take back.
func (s *Store) refuseUnknown(ctx context.Context) error {
	steps, err := s.known()
	if err != nil {
		return err
	}
	have, err := s.versions(ctx)
	if err != nil {
		return err
	}
	if newer := unknown(steps, have); len(newer) > 0 {
		return fmt.Errorf("%w: it has step %d; use the binary that made it", ErrSchemaNew, newer[len(newer)-1])
	}
	return nil
}

// known returns the steps that this binary has for its engine, in order.
func (s *Store) known() ([]migrations.Step, error) {
	fsys, err := s.stepsOf(s.dialect)
	if err != nil {
		return nil, err
	}
	steps, err := migrations.Steps(fsys)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return steps, nil
}

// unknown returns the versions of a database that no step has, ascending.
func unknown(steps []migrations.Step, have map[int64]time.Time) []int64 {
	rest := maps.Clone(have)
	for _, step := range steps {
		delete(rest, step.Version)
	}
	return slices.Sorted(maps.Keys(rest))
}

func newest(have map[int64]time.Time) int64 {
	version := int64(0)
	for v := range have {
		version = max(version, v)
	}
	return version
}

// versions returns the steps that the database remembers and when each was applied. A database without that table remembers none.
func (s *Store) versions(ctx context.Context) (have map[int64]time.Time, err error) {
	have = map[int64]time.Time{}
	there, err := s.hasTable(ctx, versionTable)
	if err != nil || !there {
		return have, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT version_id, tstamp FROM "+versionTable+" WHERE version_id > 0")
	if err != nil {
		return nil, fmt.Errorf("read schema versions: %w", classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var version int64
		var at time.Time
		if err := rows.Scan(&version, &at); err != nil {
			return nil, fmt.Errorf("read schema versions: %w", err)
		}
		have[version] = at
	}
	return have, rows.Err()
}

// compatibility returns, for each step that is marked, the oldest level whose binaries can serve on it.
func (s *Store) compatibility(ctx context.Context) (marks map[int64]int64, err error) {
	marks = map[int64]int64{}
	there, err := s.hasTable(ctx, compatibilityTable)
	if err != nil || !there {
		return marks, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT version, compatible_with FROM "+compatibilityTable)
	if err != nil {
		return nil, fmt.Errorf("read schema compatibility: %w", classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var version, oldest int64
		if err := rows.Scan(&version, &oldest); err != nil {
			return nil, fmt.Errorf("read schema compatibility: %w", err)
		}
		marks[version] = oldest
	}
	return marks, rows.Err()
}

func (s *Store) hasTable(ctx context.Context, name string) (bool, error) {
	text := "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1"
	if s.dialect == Postgres {
		text = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	var n int
	if err := s.read.QueryRowContext(ctx, text, name).Scan(&n); err != nil {
		return false, fmt.Errorf("look for table %s: %w", name, classify(err))
	}
	return n > 0, nil
}
