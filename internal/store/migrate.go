package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	Applied   bool
	AppliedAt time.Time
	Took      time.Duration
}

// ErrSchemaOld and ErrSchemaNew say that the database's schema is not the one this binary was built for.
var (
	ErrSchemaOld = errors.New("the database's schema is older than this binary needs")
	ErrSchemaNew = errors.New("the database's schema is newer than this binary knows")
)

func (s *Store) goose() (*goose.Provider, error) {
	fsys, err := s.stepsOf(s.dialect)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectPostgres
	if s.dialect == SQLite {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, s.write, fsys, goose.WithDisableGlobalRegistry(true))
}

// MigrateUp applies every step that is missing and returns those it applied.
func (s *Store) MigrateUp(ctx context.Context) ([]Migration, error) {
	p, err := s.goose()
	if err != nil {
		return nil, err
	}
	done, err := p.Up(ctx)
	return applied(done), wrapMigrate("up", err)
}

// MigrateDown takes the newest step back.
func (s *Store) MigrateDown(ctx context.Context) (Migration, error) {
	p, err := s.goose()
	if err != nil {
		return Migration{}, err
	}
	done, err := p.Down(ctx)
	if err != nil {
		return Migration{}, wrapMigrate("down", err)
	}
	return applied([]*goose.MigrationResult{done})[0], nil
}

// Migrations lists every step this binary knows, oldest first.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := s.goose()
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, wrapMigrate("status", err)
	}
	list := make([]Migration, 0, len(status))
	for _, m := range status {
		list = append(list, Migration{
			Version: m.Source.Version, Name: m.Source.Path, Applied: m.State == goose.StateApplied, AppliedAt: m.AppliedAt,
		})
	}
	return list, nil
}

// CheckSchema returns nil when the schema is exactly the one this binary knows, ErrSchemaOld or ErrSchemaNew otherwise, and
// ErrUnfinishedCopy while parley store copy is filling the database.
func (s *Store) CheckSchema(ctx context.Context) error {
	p, err := s.goose()
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return wrapMigrate("check", err)
	case have < want:
		return fmt.Errorf("%w: it is at version %d, this binary needs %d", ErrSchemaOld, have, want)
	case have > want:
		return fmt.Errorf("%w: it is at version %d, this binary knows %d", ErrSchemaNew, have, want)
	}
	return s.checkFinished(ctx)
}

func applied(results []*goose.MigrationResult) []Migration {
	list := make([]Migration, 0, len(results))
	for _, r := range results {
		list = append(list, Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: r.Direction == "up", Took: r.Duration})
	}
	return list
}

func wrapMigrate(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("migrate %s: %w", what, classify(err))
}
