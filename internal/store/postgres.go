package store

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresConns bounds the pool of one node. A group-committing node rarely has more than a handful busy.
const postgresConns = 24

const (
	// connectTimeout bounds one attempt to connect, unless the URL has a connect_timeout.
	connectTimeout = 5 * time.Second
	// keepAlive is how often an idle connection is probed, so that the pool learns of a server that vanished.
	keepAlive = 15 * time.Second
	// closeGrace is how long the good-byes of a closing pool may take.
	closeGrace = time.Second
	// migrationLockTimeout bounds how long a step of a migration waits for a table that others use. While it waits, everybody who comes
	// later waits behind it: better to fail, and be run again, than to stop the service.
	migrationLockTimeout = 10 * time.Second
)

func (s *Store) openPostgres(ctx context.Context, o Options) error {
	s.dialect, s.url = Postgres, o.URL
	config, err := postgresConfig(o.URL)
	if err != nil {
		return err
	}
	if s.timeout > 0 {
		s.links = newLinks(config.DialFunc, s.timeout)
		config.DialFunc = s.links.DialContext
		// The server's end of the same limits: of a node that vanished in the middle of a transaction, the server keeps the locks until it
		// notices, and everybody else's posts to that room wait for them.
		limit := strconv.FormatInt(s.timeout.Milliseconds(), 10)
		setDefault(config, "statement_timeout", limit)
		setDefault(config, "idle_in_transaction_session_timeout", limit)
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.read, s.write = db, db
	return db.PingContext(ctx)
}

// postgresConfig reads a URL. Its errors do not hold the password.
func postgresConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.DialFunc = (&net.Dialer{Timeout: config.ConnectTimeout, KeepAlive: keepAlive}).DialContext
	setDefault(config, "application_name", "parley")
	return config, nil
}

// setDefault sets a parameter of the session unless the URL does.
func setDefault(config *pgx.ConnConfig, name, value string) {
	if _, set := config.RuntimeParams[name]; !set {
		config.RuntimeParams[name] = value
	}
}
