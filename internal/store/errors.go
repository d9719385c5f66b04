package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
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
	"identities.issuer, identities.subject":   "identities_subject",
	"identities.user_id, identities.issuer":   "identities_user",
	"invites.token_hash":                      "invites_token_hash",
	"rooms.name_key":                          "rooms_public_name",
	"rooms.created_by, rooms.creation_key":    "rooms_creation_key",
	"messages.author_id, messages.client_key": "messages_author_client_key",
	"messages.room_id, messages.number":       "messages_room_number",
	"passkeys.credential":                     "passkeys_credential",
	"messages.room_id, messages.revision":     "messages_room_revision",
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

// ErrRefused says that the database server answered and will not have us: waiting does not help, somebody has to change something.
var ErrRefused = errors.New("the database server refuses the connection")

// classifyOpen gives an error of opening its kind: away and worth waiting for, or not.
func classifyOpen(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrLocked) || errors.Is(err, ErrDamaged) {
		return err
	}
	if refused(err) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code()&0xff != sqlite3.SQLITE_BUSY { // a file that cannot be opened now cannot be opened in a second
		return err
	}
	return classify(err)
}

// refused reports whether a connection failed for a reason that lasts: the password, the database's name, the certificate.
func refused(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) { // invalid_authorization_specification, invalid_catalog_name, insufficient_privilege, a parameter it does not know
		return strings.HasPrefix(pg.Code, "28") || pg.Code == "3D000" || pg.Code == "42501" || pg.Code == "42704" || pg.Code == "22023"
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || strings.Contains(err.Error(), "server refused TLS connection")
}

// full reports whether the database's disk has no space left.
func full(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100" // disk_full
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) { // the second is a full disk under the index of the write-ahead log
		return lite.Code()&0xff == sqlite3.SQLITE_FULL || lite.Code() == sqlite3.SQLITE_IOERR_SHMSIZE
	}
	return false
}

// damaged reports whether SQLite finds its file damaged, or no database at all.
func damaged(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code()&0xff == sqlite3.SQLITE_CORRUPT || lite.Code()&0xff == sqlite3.SQLITE_NOTADB)
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
	if errors.As(err, &pg) {
		return awayCode(pg.Code)
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

// awayCode reports whether a code of Postgres says that the server cannot do this now: it is going down or coming up (57P), short of
// something (53), lost the connection (08), fails at input and output (58), has taken the role of a read-only standby, or ended a statement
// or a transaction that took too long.
func awayCode(code string) bool {
	for _, class := range []string{"57P", "53", "08", "58"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return slices.Contains([]string{"25006", "57014", "25P03", "25P04", "55P03"}, code)
}

// brokenConn reports whether a network connection ended under a query.
func brokenConn(err error) bool {
	var op net.Error
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, net.ErrClosed)
}
