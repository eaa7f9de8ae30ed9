package ledgertest

import (
	"fmt"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var deviceCases = map[string]func(*testing.T, Fresh){
	"devices are found by serial and name, a page at a time": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 3)
		ctx := t.Context()
		must(t, l.AddWard(ctx, ledger.Ward{ID: "5A"}))
		for id, name := range map[custody.DeviceID]string{"S1": "Östlich 1", "S2": "100% clean", "S3": "under_score", "S4": `back\slash`} {
			must(t, l.AddDevice(ctx, ledger.Device{ID: id, Ward: "5A", Name: name}))
		}
		find := func(s ledger.DeviceSearch, all int64, want ...custody.DeviceID) {
			t.Helper()
			if s.Limit == 0 {
				s.Limit = 50
			}
			got, n, err := l.FindDevices(ctx, s)
			must(t, err)
			ids := []custody.DeviceID{}
			for _, d := range got {
				ids = append(ids, d.ID)
				wantEqual(t, d.Custody.Device, d.ID)
			}
			wantEqual(t, ids, append([]custody.DeviceID{}, want...))
			wantEqual(t, n, all)
		}
		find(ledger.DeviceSearch{Text: "ÖSTLICH s1", Everywhere: true}, 1, "S1")
		find(ledger.DeviceSearch{Text: "%", Everywhere: true}, 1, "S2")
		find(ledger.DeviceSearch{Text: "_", Everywhere: true}, 1, "S3")
		find(ledger.DeviceSearch{Text: `\`, Everywhere: true}, 1, "S4")
		find(ledger.DeviceSearch{Text: "' OR 1=1 --", Everywhere: true}, 0)
		find(ledger.DeviceSearch{Text: "d00", Wards: []string{"4B"}, Limit: 2}, 3, "D000", "D001")
		find(ledger.DeviceSearch{Text: "d00", Wards: []string{"4B"}, Limit: 2, Offset: 2}, 3, "D002")
		find(ledger.DeviceSearch{Text: "d00", Wards: []string{"5A"}}, 0)
		find(ledger.DeviceSearch{}, 0)
		find(ledger.DeviceSearch{Everywhere: true, State: custody.Clean}, 0)
		must(t, l.RenameDevice(ctx, "S1", "Südlich", line("renamed")))
		find(ledger.DeviceSearch{Text: "südlich", Everywhere: true, State: custody.Enrolling}, 1, "S1")
		wantEqual(t, value[[]ledger.WardDeed](t)(l.WardLog(ctx, "5A", 5))[0].What, "renamed")
		wantEqual(t, value[map[string]ledger.Numbers](t)(l.Count(ctx)), map[string]ledger.Numbers{"4B": {Devices: 3}, "5A": {Devices: 4}})
	},
	"a device moves with its custody, its record and both wards' logs": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		ctx := t.Context()
		must(t, l.AddWard(ctx, ledger.Ward{ID: "5A"}))
		must(t, l.AddWard(ctx, ledger.Ward{ID: "6C"}))
		must(t, l.RemoveWard(ctx, "6C", 1, Start))
		ch := Advance(rows[0], custody.KindMoved)
		ch.Next.Ward, ch.Entries[0].Actor, ch.Entries[0].At = "5A", "staff:Ada", Start
		must(t, l.Commit(ctx, ch))
		wantEqual(t, row(t, l, "D000").Ward, "5A")
		wantEqual(t, value[ledger.Device](t)(l.Device(ctx, "D000")).Ward, "5A")
		name := value[ledger.Device](t)(l.Device(ctx, "D000")).Name
		for ward, what := range map[string]string{"4B": "moved to ward 5A.", "5A": "moved here from ward 4B."} {
			d := value[[]ledger.WardDeed](t)(l.WardLog(ctx, ward, 5))
			wantEqual(t, len(d), 1)
			wantEqual(t, d[0].What, fmt.Sprintf("iPad %s (D000): %s", name, what))
			wantEqual(t, d[0].By, "staff:Ada")
		}
		for _, to := range []string{"nowhere", "6C"} { // unknown, and removed
			bad := Advance(rows[1], custody.KindMoved)
			bad.Next.Ward = to
			wantErr(t, l.Commit(ctx, bad), custody.ErrNotFound)
			wantEqual(t, row(t, l, "D001"), rows[1])
			wantEqual(t, value[ledger.Device](t)(l.Device(ctx, "D001")).Ward, "4B")
		}
	},
}
