package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var inventoryCases = map[string]func(*testing.T, Fresh){
	"wards and their policies": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		b := ledger.Ward{ID: "b", Name: "Ward B", Policy: custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)}
		a := ledger.Ward{ID: "a", Name: "Ward A", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode)}
		must(t, l.AddWard(t.Context(), b))
		must(t, l.AddWard(t.Context(), a))
		wantErr(t, l.AddWard(t.Context(), a), custody.ErrConflict)
		a.Version, b.Version = 1, 1
		wantEqual(t, value[[]ledger.Ward](t)(l.Wards(t.Context())), []ledger.Ward{a, b})
		wantEqual(t, value[ledger.Ward](t)(l.Ward(t.Context(), "b")), b)

		faster := a.Policy.Faster(60)
		must(t, l.PutPolicy(t.Context(), "a", faster))
		wantEqual(t, value[custody.Policy](t)(l.Policy(t.Context(), "a")), faster)
		wantEqual(t, value[ledger.Ward](t)(l.Ward(t.Context(), "a")).Name, "Ward A")
		wantErr(t, l.PutPolicy(t.Context(), "x", faster), custody.ErrNotFound)
		_, err := l.Policy(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Ward(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)
	},
	"custody with its ward's policy": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		both := func() (custody.Custody, custody.Policy) {
			t.Helper()
			c, p, err := l.CustodyAndPolicy(t.Context(), rows[0].Device)
			must(t, err)
			return c, p
		}
		c, p := both()
		wantEqual(t, c, rows[0])
		wantEqual(t, p, value[custody.Policy](t)(l.Policy(t.Context(), c.Ward)))
		faster := p.Faster(60)
		must(t, l.PutPolicy(t.Context(), c.Ward, faster))
		ch := Advance(c, custody.KindReport)
		must(t, l.Commit(t.Context(), ch))
		c, p = both()
		wantEqual(t, c, ch.Next)
		wantEqual(t, p, faster)
		_, _, err := l.CustodyAndPolicy(t.Context(), "nobody's")
		wantErr(t, err, custody.ErrNotFound)
	},
	"a device comes with its custody or not at all": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 0)
		must(t, l.AddWard(t.Context(), ledger.Ward{ID: "5A"}))
		d := ledger.Device{ID: "S1", UDID: "U1", Ward: "4B", Name: "4B-07", Model: "iPad14,1", OSVersion: "18.2", Build: "22C152", Topic: "t"}
		must(t, l.AddDevice(t.Context(), d))
		c := row(t, l, "S1")
		if time.Since(c.Since).Abs() > time.Hour || c.Since.Location() != time.UTC {
			t.Fatalf("since %v", c.Since)
		}
		wantEqual(t, c, custody.Custody{Device: "S1", Ward: "4B", State: custody.Enrolling, Version: 1, Since: c.Since})

		wantErr(t, l.AddDevice(t.Context(), d), custody.ErrConflict)
		wantErr(t, l.AddDevice(t.Context(), ledger.Device{ID: "S2", UDID: "U1", Ward: "4B"}), custody.ErrConflict)
		wantErr(t, l.AddDevice(t.Context(), ledger.Device{ID: "S2", Ward: "nowhere"}), custody.ErrNotFound)
		_, err := l.Custody(t.Context(), "S2")
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Device(t.Context(), "S2")
		wantErr(t, err, custody.ErrNotFound)

		// Any number may wait for their first Authenticate.
		d0, d2 := ledger.Device{ID: "S0", Ward: "5A"}, ledger.Device{ID: "S2", Ward: "4B"}
		must(t, l.AddDevice(t.Context(), d2))
		must(t, l.AddDevice(t.Context(), d0))
		wantEqual(t, value[ledger.Device](t)(l.Device(t.Context(), "S1")), d)
		wantEqual(t, value[ledger.Device](t)(l.DeviceByUDID(t.Context(), "U1")), d)
		wantEqual(t, value[[]ledger.Device](t)(l.Devices(t.Context(), "")), []ledger.Device{d0, d, d2})
		wantEqual(t, value[[]ledger.Device](t)(l.Devices(t.Context(), "4B")), []ledger.Device{d, d2})
		_, err = l.DeviceByUDID(t.Context(), "")
		wantErr(t, err, custody.ErrNotFound)
	},
	"names are data, whatever they hold": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 0)
		name := `'; DROP TABLE devices; -- " \' \\ ?0 $1 病棟 <b>`
		must(t, l.AddDevice(t.Context(), ledger.Device{ID: custody.DeviceID(name), Ward: "4B", Name: name}))
		wantEqual(t, value[ledger.Device](t)(l.Device(t.Context(), custody.DeviceID(name))).Name, name)
	},
	"readers": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		dock := ledger.Reader{ID: "r1", Ward: "4B", Device: "D000", Credential: []byte{0, 1, 0xff, '\''}}
		wall := ledger.Reader{ID: "r2", Ward: "4B", Credential: []byte{2}}
		must(t, l.AddReader(t.Context(), dock))
		must(t, l.AddReader(t.Context(), wall))
		must(t, l.AddReader(t.Context(), ledger.Reader{ID: "r3", Ward: "4B", Credential: []byte{3}}))
		wantErr(t, l.AddReader(t.Context(), wall), custody.ErrConflict)
		wantErr(t, l.AddReader(t.Context(), ledger.Reader{ID: "r4", Ward: "4B", Device: "D000", Credential: []byte{3}}), custody.ErrConflict)
		wantErr(t, l.AddReader(t.Context(), ledger.Reader{ID: "r4", Ward: "4B", Device: "X", Credential: []byte{3}}), custody.ErrNotFound)
		wantEqual(t, value[ledger.Reader](t)(l.Reader(t.Context(), "r1")), dock)
		wantEqual(t, value[ledger.Reader](t)(l.Reader(t.Context(), "r2")), wall)
		wantEqual(t, value[ledger.Reader](t)(l.ReaderFor(t.Context(), "D000")), dock)
		_, err := l.ReaderFor(t.Context(), "D001")
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Reader(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)
	},
}
