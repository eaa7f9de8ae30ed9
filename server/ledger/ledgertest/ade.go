package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var adeCases = map[string]func(*testing.T, Fresh){
	"Apple's list, page by page": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		wantEqual(t, value[string](t)(l.ADEState(t.Context(), "list")), "")
		seen := Start.Add(time.Minute).Truncate(time.Millisecond)
		at := func(serial, profile string) ledger.Assigned {
			return ledger.Assigned{Serial: custody.DeviceID(serial), Model: "iPad", Family: "iPad", Profile: profile, Status: "empty", Seen: seen}
		}
		page := func(p ledger.AssignedPage) { t.Helper(); must(t, l.KeepAssigned(t.Context(), p)) }
		list := func() (out []string) {
			for _, d := range value[[]ledger.Assigned](t)(l.AssignedDevices(t.Context(), "", 10)) {
				out = append(out, string(d.Serial)+" "+d.Ward+" "+d.Profile+" "+d.Status)
			}
			return out
		}
		page(ledger.AssignedPage{First: true, Devices: []ledger.Assigned{at("X1", ""), at("D001", "p0")}, State: "one"})
		page(ledger.AssignedPage{Devices: []ledger.Assigned{at("D000", ""), at("D001", "p1"), at("D001", "p2")}, State: "two"})
		wantEqual(t, list(), []string{"D000 4B  empty", "D001 4B p2 empty", "X1   empty"})
		wantEqual(t, value[[]ledger.Assigned](t)(l.AssignedDevices(t.Context(), "", 1))[0].Seen, seen)
		wantEqual(t, len(value[[]ledger.Assigned](t)(l.AssignedDevices(t.Context(), "D001", 10))), 1)
		wantEqual(t, value[string](t)(l.ADEState(t.Context(), "list")), "two")

		must(t, l.SetAssigned(t.Context(), "p9", []custody.DeviceID{"D000", "nobody"}))
		must(t, l.SetAssigned(t.Context(), "p9", nil))
		page(ledger.AssignedPage{Removed: []custody.DeviceID{"X1", "nobody"}, State: "three"})
		wantEqual(t, list(), []string{"D000 4B p9 assigned", "D001 4B p2 empty"})

		page(ledger.AssignedPage{First: true, Devices: []ledger.Assigned{at("X2", "")}, State: "anew"})
		wantEqual(t, list(), []string{"X2   empty"})
	},
	"what is defined at Apple": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 0)
		must(t, l.SetADEState(t.Context(), "profile", "a'\"?0"))
		must(t, l.SetADEState(t.Context(), "profile", "b'\"?0"))
		wantEqual(t, value[string](t)(l.ADEState(t.Context(), "profile")), "b'\"?0")
	},
}
