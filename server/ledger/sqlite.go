package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite", without cgo

	"github.com/padwarden/padwarden/server/custody"
)

// openSQLite opens the file with one connection that writes and several that
// only read. With the write-ahead log readers never wait for the writer, and
// synchronous FULL makes every commit reach the disk before it is answered
// (https://sqlite.org/pragma.html#pragma_synchronous).
func openSQLite(ctx context.Context, o Options) (database, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return database{}, fmt.Errorf("opening %s: %w", o.Path, errors.Join(custody.ErrUnavailable, err))
	}
	release, err := lockFile(path + ".lock")
	if err != nil {
		return database{}, err
	}
	db := database{
		clock:    "CAST(unixepoch('subsec') * 1000 AS BIGINT)",
		prepares: true,
		release:  release,
	}
	// The log and the index of it take their mode from the file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return database{}, fmt.Errorf("opening %s: %w", path, errors.Join(custody.ErrUnavailable, err, release()))
	}
	// Opening a connection applies the pragmas; the writer goes first, since
	// journal_mode=WAL is a property of the file.
	db.write = sqlitePool(path, 1, url.Values{
		"_txlock": {"immediate"}, // a transaction that will write never has to be upgraded
		"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "journal_mode(wal)", "synchronous(full)"},
	})
	db.read = sqlitePool(path, o.Connections, url.Values{
		"_pragma": {"busy_timeout(5000)", "query_only(1)"},
	})
	if err := db.write.PingContext(ctx); err != nil {
		return database{}, errors.Join(failed(ctx, "opening "+path, err), db.close())
	}
	return db, nil
}

func sqlitePool(path string, most int, options url.Values) *bun.DB {
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	pool, err := sql.Open("sqlite", name.String())
	if err != nil { // only an unregistered driver, which the import rules out
		panic(err)
	}
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	return bun.NewDB(pool, sqlitedialect.New())
}
