package mdm_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/plan"
)

// 200 devices at once, each with a canary in its report. What the steward kept
// is read when all is over: each must have been told its own, under its own
// certificate, and answered with its own command.
func TestACrowdStaysApart(t *testing.T) {
	const devices = 200
	ids := make([]custody.DeviceID, devices)
	for n := range ids {
		ids[n] = custody.DeviceID(fmt.Sprintf("S%04d", n))
	}
	s := serve(t, custody.ReturnToService, ids...)
	s.steward.next = func(r plan.Report) *plan.Command {
		return &plan.Command{UUID: r.Command, Body: []byte("for " + string(r.Device))}
	}
	ipads := make([]*ipad, devices)
	var wg sync.WaitGroup
	few := make(chan struct{}, 6) // issuing a certificate is all RSA: a crowd of that tests the CPU
	for n, id := range ids {
		ipads[n] = s.ipad(id)
		wg.Go(func() {
			few <- struct{}{}
			defer func() { <-few }()
			ipads[n].enrol(1, int64(n)+1)
		})
	}
	if wg.Wait(); t.Failed() {
		return
	}
	for n, id := range ids {
		wg.Go(func() {
			p := ipads[n]
			for range 3 {
				status, b := p.report("Acknowledged", "canary-"+string(id), `<key>MessageResult</key><string>`+string(id)+`</string>`)
				if status != http.StatusOK || string(b) != "for "+string(id) {
					t.Errorf("%s was answered %d %q", id, status, b)
				}
			}
		})
	}
	wg.Wait()
	hashes := map[custody.DeviceID]string{}
	for _, p := range ipads {
		hashes[p.serial] = ca.Hash(p.cert)
	}
	_, reports := s.steward.heard()
	for _, r := range reports {
		if r.Command != "canary-"+string(r.Device) || r.MessageResult != string(r.Device) || r.Enrolment != hashes[r.Device] {
			t.Errorf("kept %+v", r)
		}
	}
	if len(reports) != 3*devices {
		t.Errorf("%d reports", len(reports))
	}
	for i, ev := range s.steward.events {
		var under string
		switch ev := ev.(type) {
		case custody.Authenticated:
			under = ev.Enrolment
		case custody.TokenUpdated:
			under = ev.Enrolment
		}
		if under != hashes[s.steward.about[i]] {
			t.Errorf("%s was told of under another's certificate", s.steward.about[i])
		}
	}
}
