package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/internal/chat"
)

// uniques names every unique index by the text in which SQLite reports its violation. Postgres reports the name itself.
var uniques = map[string]string{
	"users.username_key":                      "users_username_key",
	"users.email_key":                         "users_email_key",
	"rooms.name_key":                          "rooms_public_name",
	"rooms.created_by, rooms.creation_key":    "rooms_creation_key",
	"messages.author_id, messages.client_key": "messages_author_client_key",
	"messages.room_id, messages.number":       "messages_room_number",
	"messages.room_id, messages.revision":     "messages_room_revision",
	"sessions.refresh_hash":                   "sessions_refresh_hash",
}

// violated returns the name of the unique index that an error is about, empty when it is about none.
func violated(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" { // unique_violation
		return pg.ConstraintName
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		_, columns, _ := strings.Cut(lite.Error(), "UNIQUE constraint failed: ")
		columns, _, _ = strings.Cut(columns, " (") // the driver appends its code
		return uniques[columns]
	}
	return ""
}

// foreign reports whether an error says that a row refers to one that does not exist.
func foreign(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &pg) && pg.Code == "23503" ||
		errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// repeatable reports whether the engine undid the transaction and asks for another try.
func repeatable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") // serialization_failure, deadlock_detected
}

// classify gives errors of the engine their kind: a database that is away or full is not the caller's fault and passes. Errors that are
// classified already, and those that are a caller's own end, stay as they are.
func classify(err error) error {
	var known *chat.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	if full(err) {
		return chat.ErrDiskFull.Because(err)
	}
	if away(err) {
		return chat.ErrUnavailable.Because(err)
	}
	return err
}

// full reports whether the database's disk has no space left.
func full(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &pg) && pg.Code == "53100" || // disk_full
		errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_FULL
}

// away reports whether the database could not be reached, did not answer in time, or is shutting down.
func away(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return true
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.Timeout(err) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) { // operator_intervention, insufficient_resources, connection_exception, read-only
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08") || pg.Code == "25006"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return true
		}
		return false
	}
	// What is left of pgx's errors are broken connections: "unexpected EOF", "connection reset by peer", "conn closed".
	return pgconn.SafeToRetry(err) || brokenConn(err)
}

// brokenConn reports whether a network connection ended under a query.
func brokenConn(err error) bool {
	var op net.Error
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, net.ErrClosed)
}
