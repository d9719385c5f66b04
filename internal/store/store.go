package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// Dialect names a database engine.
type Dialect string

// The engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say where the data is and how to reach it.
type Options struct {
	// URL is a postgres:// URL, or the path of a SQLite file.
	URL string
	// Logger gets what happens outside of a call. Nil discards it.
	Logger *slog.Logger
	// Purpose is the command that wants to write, such as "serve". It takes the lock of a SQLite file (see Lock) until Close. Empty is for who
	// only reads.
	Purpose string
	// Timeout bounds every write transaction, and on Postgres every wait for the server, so that nothing hangs when the database does. Zero
	// is for commands whose statements may take long.
	Timeout time.Duration
	// Migrations are the steps of the schema in place of this binary's own: a rehearsal watches them this way. Nil takes the binary's.
	Migrations fs.FS
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect Dialect
	url     string
	timeout time.Duration
	log     *slog.Logger
	lock    *Lock   // nil: only reads, or Postgres
	links   *links  // nil: SQLite, or no timeout
	read    *sql.DB // on Postgres the same pool as write
	write   *sql.DB
	gate    chan struct{} // SQLite: held by the one writer; nil on Postgres
	steps   fs.FS         // nil: this binary's migrations

	reads  *query.Queries // prepared
	writes *query.Queries // prepared

	ids     map[string]*block
	posts   *groupCommit[post]
	marks   *groupCommit[mark]
	posted  func([]chat.Message)
	doubted func([]chat.Message)
	history string // its name, see BeginHistory
	close   sync.Once

	populated atomic.Bool // there is an account
}

// Open connects to the database. The Store can migrate and report its version; Prepare makes it ready for everything else. A database that
// is away, and may come back, is chat.ErrUnavailable; one that refuses us, ErrRefused; a damaged SQLite file, ErrDamaged; one that another
// process writes to, ErrLocked.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{log: o.Logger, timeout: o.Timeout, steps: o.Migrations, ids: map[string]*block{}, posted: func([]chat.Message) {}, doubted: func([]chat.Message) {}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for noun, size := range map[string]int64{"users": blockSize, "rooms": blockSize, "messages": messageBlockSize, "audit_entries": blockSize, "notices": blockSize, "identities": blockSize, "invites": blockSize, "passkeys": blockSize, "mails": blockSize} {
		s.ids[noun] = &block{turn: make(chan struct{}, 1), noun: noun, size: size}
	}
	open := s.openSQLite
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		open = s.openPostgres
	}
	if err := open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", classifyOpen(err)), s.Close())
	}
	return s, nil
}

// Prepare compiles every query, which fails when the schema is not the one this binary knows, and starts the group commit.
func (s *Store) Prepare(ctx context.Context) error {
	var err error
	if s.reads, err = query.Prepare(ctx, s.read); err != nil {
		return fmt.Errorf("prepare queries: %w", classify(err))
	}
	s.writes = s.reads
	if s.write != s.read {
		if s.writes, err = query.Prepare(ctx, s.write); err != nil {
			return fmt.Errorf("prepare queries: %w", classify(err))
		}
	}
	s.posts = newGroupCommit(s.postLanes(), s.writePosts)
	s.marks = newGroupCommit(1, s.writeMarks)
	return nil
}

// OnPosted sets the function that is told of new messages after they are durable and before their authors get the acknowledgement: in
// the order of numbers, one call at a time for a room. A message that its author sends again is told of again, as it is by then. It must be quick. Call it once, before the first post.
func (s *Store) OnPosted(f func([]chat.Message)) { s.posted = f }

// Dialect returns the engine.
func (s *Store) Dialect() Dialect { return s.dialect }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Close ends the group commit after what it has taken is written, and closes the database. With a Timeout it ends in bounded time even when
// the database hangs.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		if s.posts != nil {
			s.posts.stop()
			s.marks.stop()
		}
		s.links.hurry(closeGrace)
		// Closing the pools closes what was prepared on them.
		if s.read != nil && s.read != s.write {
			err = errors.Join(err, s.read.Close())
		}
		if s.write != nil {
			err = errors.Join(err, s.write.Close())
		}
		err = errors.Join(err, s.lock.Release())
	})
	return err
}

// maxAttempts bounds how often a transaction runs that the engine asked to repeat.
const maxAttempts = 4

// tx runs f in one write transaction. f may run more than once (a deadlock on Postgres), so it has no side effect but its queries.
func (s *Store) tx(ctx context.Context, f func(*query.Queries) error) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	return repeat(func() error { return s.txOnce(ctx, f) })
}

// bounded gives a write its timeout. Nobody waits longer for the database: not a caller without a deadline, and not a lane of the group
// commit with everybody behind it.
//
// With SQLite a lane has no context that ends: there is nothing to wait for but another program's lock, for which busy_timeout is, and for each
// statement under a context that may end the driver starts a goroutine, which cost a lone post a tenth of its processor time.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.timeout <= 0 || s.dialect == SQLite && ctx.Done() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.timeout)
}

// repeat runs a transaction, again when the engine asks for it.
func repeat(once func() error) error {
	for attempt := 1; ; attempt++ {
		err := once()
		if err == nil || attempt == maxAttempts || !repeatable(err) {
			return classify(err)
		}
	}
}

func (s *Store) txOnce(ctx context.Context, f func(*query.Queries) error) (err error) {
	if s.gate != nil {
		select {
		case s.gate <- struct{}{}:
			defer func() { <-s.gate }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error is the one that counts
		}
	}()
	if err = f(s.writes.WithTx(tx)); err == nil {
		err = tx.Commit()
	}
	return ended(ctx, err)
}

// ended says that the time was up, or that the caller left, where database/sql only says that the transaction is over: it takes it back by itself
// at that moment, and whoever asks next is told as if they had done so.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// found turns a missing row into the given error and classifies any other.
func found(err error, missing *chat.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return classify(err)
}
