package ledger_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

func TestSQLite(t *testing.T) { ledgertest.Run(t, ledgertest.SQLite) }

func TestPostgres(t *testing.T) {
	ledgertest.Postgres(t)
	ledgertest.Run(t, ledgertest.Postgres)
}
