package ledger

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *database, log *slog.Logger) error {
	provider, err := migrationsFor(db, log)
	if err != nil {
		return fmt.Errorf("preparing to migrate: %w", err)
	}
	done, err := provider.Up(ctx)
	for _, m := range done {
		log.Info("migrated the ledger", "migration", m.Source.Path, "took", m.Duration)
	}
	return failed(ctx, "migrating the ledger", err)
}

// migrationsFor is the same migrations on either database. On PostgreSQL,
// servers that start together take turns.
func migrationsFor(db *database, log *slog.Logger) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	// goose's global registry is left out, so that nothing else in the binary
	// can add a migration to ours.
	options := []goose.ProviderOption{goose.WithSlog(log), goose.WithDisableGlobalRegistry(true)}
	if !db.locksRows {
		return goose.NewProvider(goose.DialectSQLite3, db.write.DB, files, options...)
	}
	turns, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db.write.DB, files, append(options, goose.WithSessionLocker(turns))...)
}
