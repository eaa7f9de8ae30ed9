package console

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// TestTroublesAreShown: the server's above every page and once, a device's
// beside it, both escaped and in the API; and not to who is not signed in.
func TestTroublesAreShown(t *testing.T) {
	d := newDesk(t)
	d.console.Troubles = func() []Trouble {
		return []Trouble{{Kind: "certificate_refused", Sentence: "Apple refuses it. " + evil, Since: d.now, Severe: true},
			{Kind: "certificate_ending", Sentence: "It ends in 3 days."}}
	}
	d.console.DeviceTroubles = func(id custody.DeviceID) []Trouble {
		if id != "DMQX13" && id != "DMQX14" { // the second acknowledged its erase, and has no token any more
			return nil
		}
		return []Trouble{{Kind: "push", Sentence: "It cannot be woken. " + evil, Since: d.now.Add(-time.Minute), Severe: true}}
	}
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	for path, n := range map[string]int{"/console": 1, "/console/devices/DMQX13": 1, "/console/devices/DMQX14": 0, "/console/devices/DMQX00": 0} {
		_, page, _ := d.ask("GET", path, "", as(cookie, csrf))
		if strings.Count(page, "Apple refuses it.") != 1 || strings.Count(page, "It ends in 3 days.") != 1 {
			t.Errorf("%s does not say once what the server has", path)
		}
		if got := strings.Count(page, "It cannot be woken."); got != n {
			t.Errorf("%s says %d times what the iPad has, want %d", path, got, n)
		}
		if strings.Contains(page, evil) {
			t.Errorf("%s is not escaped", path)
		}
	}
	if status, _, _ := d.ask("GET", "/api/v1/troubles/", ""); status != 401 {
		t.Errorf("not signed in: %d", status)
	}
	if _, body, _ := d.ask("GET", "/api/v1/troubles/", "", as(cookie, csrf)); !strings.Contains(body, `"kind":"certificate_refused"`) {
		t.Errorf("the API: %s", body)
	}
	if _, body, _ := d.ask("GET", "/api/v1/devices/DMQX13", "", as(cookie, csrf)); !strings.Contains(body, `"kind":"push"`) {
		t.Errorf("the API on a device: %s", body)
	}
}

// TestAStreamTellsTroublesAsTheyChange: no change of a device's row says so, and each is told once.
func TestAStreamTellsTroublesAsTheyChange(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 20 * time.Millisecond
	var trouble atomic.Bool
	d.console.DeviceTroubles = func(id custody.DeviceID) []Trouble {
		if id != "DMQX13" || !trouble.Load() {
			return nil
		}
		return []Trouble{{Kind: "push", Sentence: "It cannot be woken.", Severe: true}}
	}
	cookie, _ := d.signedIn(identity.Manager, "4B")
	next := d.watch(cookie, "/console/events?ward=4B")
	next("snapshot")
	trouble.Store(true)
	if row, _ := next("device"); !strings.Contains(row, "It cannot be woken.") {
		t.Errorf("trouble is no news: %s", row)
	}
	trouble.Store(false)
	if row, _ := next("device"); strings.Contains(row, "It cannot be woken.") || !strings.Contains(row, "row-DMQX13") {
		t.Errorf("its end is no news: %s", row)
	}
}
