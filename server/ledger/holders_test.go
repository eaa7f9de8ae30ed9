package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// TestRowsOfOldGetTheirHolder: a row written before holders had a column is
// found by its holder after the next start.
func TestRowsOfOldGetTheirHolder(t *testing.T) {
	o := ledger.Options{Path: filepath.Join(t.TempDir(), "old.db"), Key: [32]byte{1}}
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ch := ledgertest.Advance(ledgertest.Populate(t, l, 2)[1])
	ch.Next.Holder = "anna"
	if err := l.Commit(t.Context(), ch); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Raw().ExecContext(t.Context(), "UPDATE custody SET holder = NULL"); err != nil {
		t.Fatal(err)
	}
	if held, err := l.HeldBy(t.Context(), "anna"); err != nil || len(held) != 0 {
		t.Fatalf("%v, %v: the column was not emptied", held, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = ledgertest.Open(t, o)
	held, err := l.HeldBy(t.Context(), "anna")
	if err != nil || len(held) != 1 || held[0].Device != ch.Next.Device {
		t.Errorf("%+v, %v", held, err)
	}
}
