package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/padwarden/padwarden/server/ledger"
)

// Key is the key of the suite's ledgers.
var Key = [32]byte{'t', 'e', 's', 't'}

// SQLite is a file in the test's own folder.
func SQLite(t testing.TB) ledger.Options {
	return ledger.Options{Path: filepath.Join(t.TempDir(), "ward 4?b%20#ü.db"), Key: Key}
}

// Postgres is a schema of the test's own on the server that the environment
// variable PADWARDEN_TEST_POSTGRES (a postgres:// address) names, dropped with
// the test. Without one the test is skipped.
func Postgres(t testing.TB) ledger.Options {
	t.Helper()
	server := os.Getenv("PADWARDEN_TEST_POSTGRES")
	if server == "" {
		t.Skip("PADWARDEN_TEST_POSTGRES names no PostgreSQL server, so nothing was tested on one")
	}
	admin, err := sql.Open("pgx", server)
	must(t, err)
	schema := "padwarden_" + strings.ToLower(rand.Text())
	_, err = admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	must(t, err)
	t.Cleanup(func() {
		// The test's context has ended by now.
		if _, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(server)
	must(t, err)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return ledger.Options{DSN: address.String(), Key: Key}
}
