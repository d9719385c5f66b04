package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"parley/internal/store/migrations"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	Applied   bool
	Known     bool // false: a newer binary applied it
	AppliedAt time.Time
	Took      time.Duration
}

// Planned is a step that would be taken, and the SQL that would run.
type Planned struct {
	Name        string
	Down        bool
	SQL         string
	Transaction bool
}

// goose returns the engine of migrations over a pool. See migrating for one that may change something.
func (s *Store) goose(db *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	fsys, err := s.stepsOf(s.dialect)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectPostgres
	if s.dialect == SQLite {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, db, fsys, append(options, goose.WithDisableGlobalRegistry(true))...)
}

// migrating calls f with an engine of migrations that nobody else has at the same time: on Postgres by an advisory lock, for which the
// others wait; on SQLite there is the lock of the file (see Lock) and one writer. A schema that this binary does not know is left alone.
func (s *Store) migrating(ctx context.Context, f func(*goose.Provider) error) (err error) {
	if err := s.refuseUnknown(ctx); err != nil {
		return err
	}
	if s.dialect == SQLite {
		if s.lock == nil {
			held, err := TakeLock(ctx, s.url, migrating, s.log)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, held.Release()) }()
		}
		p, err := s.goose(s.write)
		if err != nil {
			return err
		}
		return f(p)
	}
	// Connections of its own: a step may take longer than anything else is allowed to.
	config, err := postgresConfig(s.url)
	if err != nil {
		return err
	}
	setDefault(config, "lock_timeout", strconv.FormatInt(migrationLockTimeout.Milliseconds(), 10))
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(noticeDeparture))
	defer func() { err = errors.Join(err, db.Close()) }()
	inner, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	p, err := s.goose(db, goose.WithSessionLocker(patientLock{inner, s.log}))
	if err != nil {
		return err
	}
	return f(p)
}

// noticeDeparture makes the server look, while it works on a long statement, whether we are still there. Without it a step whose process was
// killed runs to its end, to be undone then, and keeps its locks and the next migration waiting until that.
func noticeDeparture(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT set_config(name, '1s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'")
	return err
}

// patientLock says that it waits.
type patientLock struct {
	lock.SessionLocker
	log *slog.Logger
}

func (l patientLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	say := time.AfterFunc(time.Second/2, func() { l.log.InfoContext(ctx, "a migration is under way; waiting for it") })
	defer say.Stop()
	if err := l.SessionLocker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	return nil
}

// MigrateUp applies every step that is missing and returns those it applied, also when a later one failed.
func (s *Store) MigrateUp(ctx context.Context) (done []Migration, err error) {
	err = s.migrating(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			results = partial.Applied
			err = fmt.Errorf("%s: %w", partial.Failed.Source.Path, partial.Err)
		}
		done = applied(results)
		return err
	})
	return done, wrapMigrate("up", err)
}

// ErrNoStep says that there is no step to take back.
var ErrNoStep = errors.New("no step is applied that could be taken back")

// MigrateDown takes the newest step back.
func (s *Store) MigrateDown(ctx context.Context) (done Migration, err error) {
	err = s.migrating(ctx, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return ErrNoStep
		}
		if err == nil {
			done = applied([]*goose.MigrationResult{result})[0]
		}
		return err
	})
	return done, wrapMigrate("down", err)
}

// MigrateRedo takes the newest step back and applies it again.
func (s *Store) MigrateRedo(ctx context.Context) (done Migration, err error) {
	err = s.migrating(ctx, func(p *goose.Provider) error {
		back, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return ErrNoStep
		}
		if err != nil {
			return err
		}
		again, err := p.ApplyVersion(ctx, back.Source.Version, true)
		if err != nil {
			return fmt.Errorf("%s was taken back and could not be applied again: %w", back.Source.Path, err)
		}
		done = applied([]*goose.MigrationResult{again})[0]
		return nil
	})
	return done, wrapMigrate("redo", err)
}

// PlanUp returns what MigrateUp would run. It changes nothing.
func (s *Store) PlanUp(ctx context.Context) ([]Planned, error) {
	steps, have, err := s.plan(ctx)
	var plan []Planned
	for _, step := range steps {
		if _, applied := have[step.Version]; !applied {
			plan = append(plan, Planned{Name: step.Name, SQL: step.Up, Transaction: step.Transaction})
		}
	}
	return plan, wrapMigrate("up", err)
}

// PlanDown returns what MigrateDown would run. It changes nothing.
func (s *Store) PlanDown(ctx context.Context) ([]Planned, error) {
	steps, have, err := s.plan(ctx)
	if err != nil {
		return nil, wrapMigrate("down", err)
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if _, applied := have[steps[i].Version]; applied {
			return []Planned{{Name: steps[i].Name, Down: true, SQL: steps[i].Down, Transaction: steps[i].Transaction}}, nil
		}
	}
	return nil, wrapMigrate("down", ErrNoStep)
}

// PlanRedo returns what MigrateRedo would run. It changes nothing.
func (s *Store) PlanRedo(ctx context.Context) ([]Planned, error) {
	back, err := s.PlanDown(ctx)
	if err != nil {
		return nil, err
	}
	steps, _, err := s.plan(ctx)
	for _, step := range steps {
		if step.Name == back[0].Name {
			back = append(back, Planned{Name: step.Name, SQL: step.Up, Transaction: step.Transaction})
		}
	}
	return back, wrapMigrate("redo", err)
}

func (s *Store) plan(ctx context.Context) ([]migrations.Step, map[int64]time.Time, error) {
	if err := s.refuseUnknown(ctx); err != nil {
		return nil, nil, err
	}
	steps, err := s.known()
	if err != nil {
		return nil, nil, err
	}
	have, err := s.versions(ctx)
	return steps, have, err
}

// CreateMigration writes an empty next step into a folder of the source tree and returns its path. Only is the one engine that it is for;
// empty is both.
func CreateMigration(folder, name string, only Dialect) (string, error) {
	return migrations.Create(folder, name, string(only))
}

func applied(results []*goose.MigrationResult) []Migration {
	list := make([]Migration, 0, len(results))
	for _, r := range results {
		list = append(list, Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: r.Direction == "up", Known: true, Took: r.Duration})
	}
	return list
}

func wrapMigrate(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("migrate %s: %w", what, classify(err))
}
