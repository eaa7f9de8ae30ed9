package console

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// emptyLedger is the file of a ledger with nothing in it: a test that needs many
// ledgers copies it, which is much faster than bringing each schema up to date.
var emptyLedger = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "padwarden")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "empty.db")
	l, err := ledger.Open(context.Background(), ledger.Options{Path: path, Key: ledgertest.Key})
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// newPeople is a real ledger of who is at the console.
func newPeople(t *testing.T) *ledger.Ledger {
	t.Helper()
	file, err := emptyLedger()
	if err != nil {
		t.Fatal(err)
	}
	o := ledgertest.SQLite(t)
	if err := os.WriteFile(o.Path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return ledgertest.Open(t, o)
}
