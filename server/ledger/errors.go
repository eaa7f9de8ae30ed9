package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/padwarden/padwarden/server/custody"
)

// known are the errors that already say what they mean.
var known = []error{
	custody.ErrNotFound, custody.ErrStale, custody.ErrConflict, custody.ErrUnavailable,
	ErrKey, ErrBroken,
}

// failed turns an error of the database into the house's words. A caller whose
// own context ended is told so; whatever else cannot be named is
// ErrUnavailable: nothing was granted.
func failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	meaning := custody.ErrUnavailable
	switch {
	case slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }):
		return fmt.Errorf("%s: %w", doing, err)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	case errors.Is(err, sql.ErrNoRows), refers(err):
		meaning = custody.ErrNotFound
	case exists(err):
		meaning = custody.ErrConflict
	case undecodable(err):
		meaning = ErrBroken
	}
	return fmt.Errorf("%s: %w (%w)", doing, meaning, err)
}

// PostgreSQL's error codes, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgForeignKey    = "23503"
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
)

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// sqliteCode returns an extended result code, https://sqlite.org/rescode.html.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// exists: a key is there already.
func exists(err error) bool {
	code := sqliteCode(err)
	return pgCode(err) == pgUnique || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// undecodable: a column that holds JSON does not hold what was written there.
func undecodable(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}

// refers: the row names another that is not there.
func refers(err error) bool {
	return pgCode(err) == pgForeignKey || sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// passing: the same transaction may well succeed at the next try.
func passing(err error) bool {
	code := pgCode(err)
	return code == pgSerialization || code == pgDeadlock
}

// unreachable: the fault is the database's or the way to it, not this
// transaction's, and would meet every other one as well.
func unreachable(err error) bool {
	if code := pgCode(err); code != "" {
		// 08 connection, 25006 read-only, 53 resources, 57P shut down, 58 system.
		return code[:2] == "08" || code == "25006" || code[:2] == "53" || code[:3] == "57P" || code[:2] == "58"
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || pgconn.SafeToRetry(err)
}
