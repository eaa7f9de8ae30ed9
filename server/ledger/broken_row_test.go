package ledger_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// TestABrokenRowHidesNoOther: what a hand has spoilt in the database is said,
// is no outage, and keeps nobody from the rows beside it.
func TestABrokenRowHidesNoOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.db")
	l, err := ledger.Open(t.Context(), ledger.Options{Path: path, Key: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, ward := range []string{"good", "bad"} {
		must(l.AddWard(t.Context(), ledger.Ward{ID: ward, Name: ward, Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}))
	}
	for _, id := range []custody.DeviceID{"D1", "D2", "D3"} {
		must(l.AddDevice(t.Context(), ledger.Device{ID: id, Ward: "good", Name: string(id)}))
	}
	spoil := func(l *ledger.Ledger, statement string) error {
		_, err := l.Raw().ExecContext(t.Context(), statement)
		return err
	}
	must(spoil(l, "UPDATE custody SET body = '{' WHERE device = 'D2'"))
	must(spoil(l, "UPDATE wards SET policy = '{\"lock\":\"soon\"}' WHERE id = 'bad'"))

	var got []custody.DeviceID
	err = l.Rows(t.Context(), 0, func(c custody.Custody) error { got = append(got, c.Device); return nil })
	if len(got) != 2 || got[0] != "D1" || got[1] != "D3" {
		t.Errorf("read %v beside the broken row", got)
	}
	some, err2 := l.Custodies(t.Context(), []custody.DeviceID{"D1", "D2", "D3"})
	if must(err2); len(some) != 2 || some["D1"].Device != "D1" || some["D3"].Device != "D3" {
		t.Errorf("read %v beside the broken row", some)
	}
	_, rowErr := l.Custody(t.Context(), "D2")
	_, policyErr := l.Policy(t.Context(), "bad")
	for what, err := range map[string]error{"all rows": err, "the row": rowErr, "the policy": policyErr} {
		if !errors.Is(err, ledger.ErrBroken) || errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrBroken and no outage", what, err)
		}
	}
}
