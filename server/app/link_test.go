package app

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
)

// A link is printed until an administrator can sign in without one.
func TestNeedsLink(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir()})
	ctx := t.Context()
	wants := func(want bool, why string) {
		t.Helper()
		if got, err := a.NeedsLink(ctx); err != nil || got != want {
			t.Errorf("%s: %v, %v", why, got, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wants(true, "an empty folder")
	for _, s := range []ledger.Staff{{ID: "m", Name: "Maria", Role: "manager", Wards: []string{"4B"}, Active: true},
		{ID: "a", Name: "Ada", Role: "administrator", Active: true}} {
		must(a.Ledger.AddStaff(ctx, s))
	}
	key := func(id, staff string) {
		must(a.Ledger.AddPasskey(ctx, ledger.Passkey{ID: ledger.PasskeyID([]byte(id)), Credential: []byte(id), Owner: ledger.StaffOwner(staff), Name: id, PublicKey: []byte{1}, AAGUID: make([]byte, 16), Created: time.Now()}))
	}
	key("k1", "m")
	wants(true, "a manager has a passkey")
	key("k2", "a")
	wants(false, "an administrator has one")
	must(a.Ledger.SuspendPasskey(ctx, ledger.PasskeyID([]byte("k2")), "copied", time.Now()))
	wants(true, "it was stopped")
	key("k3", "a")
	must(a.Ledger.SetStaffActive(ctx, "a", false))
	wants(true, "the account is closed")
}
