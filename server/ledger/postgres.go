package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/padwarden/padwarden/server/custody"
)

// openPostgres opens a bounded pool.
func openPostgres(ctx context.Context, o Options) (database, error) {
	config, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return database{}, fmt.Errorf("reading the database's address: %w", errors.Join(custody.ErrUnavailable, err))
	}
	// bun writes values into the statement, so no two statements are alike:
	// preparing them would cost a round trip each and keep nothing of use.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	// What bun's quoting of strings stands on.
	config.RuntimeParams["standard_conforming_strings"] = "on"
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["application_name"] = "padwarden"

	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(waitForDisk))
	pool.SetMaxOpenConns(o.Connections)
	pool.SetMaxIdleConns(o.Connections)
	db := bun.NewDB(pool, pgdialect.New())
	if err := db.PingContext(ctx); err != nil {
		return database{}, errors.Join(failed(ctx, "reaching PostgreSQL", err), db.Close())
	}
	return database{
		write: db, read: db,
		clock:     "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
		locksRows: true,
		release:   func() error { return nil },
	}, nil
}

// waitForDisk undoes a server's or a role's synchronous_commit = off, under
// which COMMIT answers before it is durable. Stronger settings are kept
// (https://www.postgresql.org/docs/current/runtime-config-wal.html).
func waitForDisk(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false)
		WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}
