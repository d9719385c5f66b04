package store

import (
	"context"
	"database/sql"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// postgresConns bounds the pool of one node. A group-committing node rarely has more than a handful busy.
const postgresConns = 24

func (s *Store) openPostgres(ctx context.Context, url string) error {
	s.dialect = Postgres
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.read, s.write = db, db
	return db.PingContext(ctx)
}
