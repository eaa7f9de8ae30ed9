package console

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// emptyLedger is the file of a ledger with the desk's iPads and nobody in it: a test that needs many
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
	h := &hospital{rows: map[custody.DeviceID]custody.Custody{}, sessions: map[custody.DeviceID]custody.Session{}, entries: map[custody.DeviceID][]ledger.Recorded{}}
	h.fill()
	wards, err := h.Wards(context.Background())
	for _, w := range wards {
		w.Policy = custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
		err = errors.Join(err, l.AddWard(context.Background(), w))
	}
	for _, d := range h.devices {
		err = errors.Join(err, l.AddDevice(context.Background(), d))
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// newPeople is a real ledger of who is at the console.
func newPeople(t testing.TB) *ledger.Ledger {
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
