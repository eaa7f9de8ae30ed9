package ledger_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// TestLoad: what is loaded in bulk is what adding a device and committing a
// change leaves in every table, to the byte, but for the name and the time of
// the transaction.
func TestLoad(t *testing.T) {
	dump := func(load bool) (all []string) {
		o := ledgertest.SQLite(t)
		l := ledgertest.Open(t, o)
		if err := l.AddWard(t.Context(), ledger.Ward{ID: "4B"}); err != nil {
			t.Fatal(err)
		}
		first := custody.Custody{Device: "D000", Ward: "4B", State: custody.Enrolling, Version: 1}
		if !load {
			if err := l.AddDevice(t.Context(), ledger.Device{ID: "D000", Ward: "4B", Name: "D000"}); err != nil {
				t.Fatal(err)
			}
		}
		ch := ledgertest.Advance(first, custody.KindClean, custody.KindSessionOpened)
		ch.Next.State, ch.Next.Holder, ch.Next.Epoch = custody.InUse, "ada", 3
		if load {
			ledgertest.Load(t, o, []custody.Change{ch})
		} else if err := l.Commit(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{
			"SELECT json_array(id, udid, ward, name, model, os_version, build, topic, folded) FROM devices",
			"SELECT json_array(device, ward, state, holder, epoch, version, entries, body) FROM custody",
			"SELECT json_array(device, seq, body) FROM history ORDER BY seq",
		} {
			var rows []string
			if err := l.Raw().NewRaw(query).Scan(t.Context(), &rows); err != nil {
				t.Fatal(err)
			}
			all = append(all, rows...)
		}
		if err := l.Verify(t.Context(), "D000"); err != nil {
			t.Error(err)
		}
		return all
	}
	made, loaded := dump(false), dump(true)
	if len(made) != len(loaded) || len(made) != 4 {
		t.Fatalf("%d rows were made and %d loaded", len(made), len(loaded))
	}
	for i := range made {
		if made[i] != loaded[i] {
			t.Errorf("made   %s\nloaded %s", made[i], loaded[i])
		}
	}
}
