package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"parley/internal/config"
	"parley/internal/store"
)

func (e *examination) database(ctx context.Context) {
	c := e.options.Config.Database
	if c.Engine == config.SQLite {
		if _, err := os.Stat(c.Path); errors.Is(err, fs.ErrNotExist) {
			e.add("database", Faulty, "there is none at "+c.Path, "run: parley migrate up")
			return
		}
	}
	s := e.reach(ctx)
	if s == nil {
		return
	}
	e.databaseClock(ctx, s)
	e.report(ctx, "durability", "acknowledged means on the disk", "change it in postgresql.conf", s.Durability)
	e.report(ctx, "integrity", "the engine finds no damage", "stop the server and restore the newest backup that is whole", s.Integrity)
	if e.schema(ctx, s) {
		e.accounts(ctx, s)
		e.report(ctx, "invariants", "everything that must hold in the data does", "make a backup, keep this report, and report it as a bug", s.Invariants)
		e.sealed(ctx, s)
	}
	if err := s.Close(); err != nil {
		e.add("database", Warning, "closing it: "+err.Error(), "")
	}
}

// reach opens the database and asks it something, or says why that cannot be done.
func (e *examination) reach(ctx context.Context) *store.Store {
	const fix = "check PARLEY_DATABASE_URL, that the server runs, and that this machine may connect"
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	started := e.options.Clock()
	s, err := e.options.Open(limited)
	if err != nil {
		e.add("database", Faulty, err.Error(), fix)
		return nil
	}
	size, err := s.Size(limited)
	if err != nil {
		e.add("database", Faulty, errors.Join(err, s.Close()).Error(), fix)
		return nil
	}
	e.add("database", OK, fmt.Sprintf("%s, %s, reached in %s", s.Dialect(), bytesText(size), e.options.Clock().Sub(started).Round(100*time.Microsecond)), "")
	e.disk(size)
	return s
}

// accounts tells whoever set up a server that it waits for its owner, and how that goes.
func (e *examination) accounts(ctx context.Context, s *store.Store) {
	inhabited, err := s.HasUsers(ctx)
	switch {
	case err != nil:
		e.add("accounts", Faulty, err.Error(), "")
	case inhabited:
		e.add("accounts", OK, "somebody has an account; sign-up is "+e.options.Config.SignUp, "")
	case e.options.Config.SetupLink:
		e.add("accounts", Warning, "nobody has an account yet", "open the link that parley serve prints at its start, or run: parley admin setup-link")
	default:
		e.add("accounts", Warning, "nobody has an account yet: whoever makes the first one owns the server", "open the page and make it")
	}
}

func (e *examination) schema(ctx context.Context, s *store.Store) bool {
	tables, err := s.Tables(ctx)
	if err == nil && len(tables) == 0 { // asked before the version, because asking for that makes a table
		e.add("schema", Faulty, "there is none yet", "run: parley migrate up")
		return false
	}
	level, levelErr := s.LatestLevel()
	if err = errors.Join(err, levelErr); err == nil {
		err = s.CheckSchema(ctx)
	}
	switch {
	case err == nil:
		e.add("schema", OK, fmt.Sprintf("level %d, the one of this binary", level), "")
		return true
	case errors.Is(err, store.ErrSchemaOld):
		e.add("schema", Faulty, err.Error(), "run: parley upgrade rehearse, then parley backup, then parley migrate up")
	case errors.Is(err, store.ErrSchemaNew):
		e.add("schema", Faulty, err.Error(), "run the newer binary, or restore a backup")
	default:
		e.add("schema", Faulty, err.Error(), "")
	}
	return false
}

// The differences between two machines' clocks that are worth a word, and that are too large for tokens and leases.
const (
	skewWarning = 2 * time.Second
	skewFault   = time.Minute
)

func (e *examination) databaseClock(ctx context.Context, s *store.Store) {
	before := e.options.Clock()
	theirs, err := s.Now(ctx)
	after := e.options.Clock()
	if err != nil {
		e.add("database clock", Faulty, err.Error(), "")
		return
	}
	// Half of the way there and back is theirs; the rest is what the clocks differ by.
	skew := theirs.Sub(before.Add(after.Sub(before) / 2)).Abs().Round(time.Millisecond)
	level, fix := OK, ""
	if skew > skewWarning {
		level, fix = Warning, "run a time service (NTP) on both machines"
	}
	if skew > skewFault {
		level = Faulty
	}
	e.add("database clock", level, fmt.Sprintf("differs from ours by %s", skew), fix)
	if newest, err := s.NewestMessage(ctx); err == nil && newest.Sub(after) > skewFault {
		e.add("newest message", Warning, fmt.Sprintf("was posted at %s, which is yet to come", newest.Format(time.RFC3339)), "check this machine's clock")
	}
}

// report runs a check that returns what it found; nothing is good.
func (e *examination) report(ctx context.Context, name, good, fix string, check func(context.Context) ([]store.Fault, error)) {
	faults, err := check(ctx)
	if err != nil {
		e.add(name, Faulty, err.Error(), "")
		return
	}
	for _, f := range faults {
		detail := f.Detail
		if f.Check != name {
			detail = f.Check + ": " + detail
		}
		e.add(name, Faulty, detail, fix)
	}
	if len(faults) == 0 {
		e.add(name, OK, good, "")
	}
}
