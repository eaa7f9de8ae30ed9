package errand

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

func TestOnlyALostIPadIsLookedFor(t *testing.T) {
	for name, k := range Lost() {
		for _, s := range []custody.State{custody.Clean, custody.InUse, custody.Locked, custody.Wiping, custody.Unproven, custody.Retired, custody.Lost} {
			if k.In(custody.Custody{State: s}) != (s == custody.Lost) {
				t.Errorf("%s of an iPad that is %s", name, s)
			}
		}
		if body, err := k.Encode("id", nil, custody.ReturnToService); err != nil || len(body) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPlaceIsKeptAsItWasSaid(t *testing.T) {
	read := Lost()[Location].Read
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	b, err := read(plan.Report{Place: &plan.Place{Latitude: 52.0123456, Longitude: -4.5, Within: 12.4, At: at}})
	var p Place
	if err != nil || json.Unmarshal(b, &p) != nil || p != (Place{Latitude: 52.0123456, Longitude: -4.5, Within: 12.4, At: at}) || p.String() != "52.01235, -4.50000, within 12 m" {
		t.Errorf("%s %v %v", b, p, err)
	}
	for _, r := range []plan.Report{{}, {Place: &plan.Place{Latitude: 91}}, {Place: &plan.Place{Longitude: -181}}} {
		if b, err := read(r); err == nil {
			t.Errorf("%+v is at %s", r.Place, b)
		}
	}
	if s := (Place{Within: -1}).String(); s != "0.00000, 0.00000" {
		t.Error(s)
	}
}
