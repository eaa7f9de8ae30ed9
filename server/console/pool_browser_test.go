package console

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// longName is as long as a name may be, and has no place to break.
var longName = strings.Repeat("Wardwithoutspaces", 12)[:200]

// odd adds iPads whose names are hard to show.
func (h *hospital) odd() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, name := range map[custody.DeviceID]string{"DMQX40": longName, "DMQX41": "جناح الجراحة 4B"} {
		h.devices = append(h.devices, ledger.Device{ID: id, Ward: "4B", Name: name})
		h.publish(custody.Custody{Device: id, Ward: "4B", State: custody.InUse, Holder: "anna", Epoch: 3, Version: 41, Enrolment: "cert", Since: h.now, Opened: h.now})
	}
}

// enter signs somebody in in a tab, which then shows the pool.
func (d *desk) enter(tab *browsertest.Tab, base, name string, role identity.Role, wards ...string) {
	d.t.Helper()
	token, err := d.ids.MintStaffToken(d.t.Context(), name, role, wards...)
	if err != nil {
		d.t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button.primary"), chromedp.Click("button.primary"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.readyState === 'complete'`)
}

// A manager's morning: she looks at the pool, filters it, opens the unproven iPad and
// takes it, locks two at once, asks for a wipe that another approves, and sees it all
// live in a second tab.
func TestAManagersMorningInABrowser(t *testing.T) {
	d := newDesk(t)
	d.odd()
	d.console.Beat = 300 * time.Millisecond
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	d.enter(tab, base, "Maria Keller", identity.Manager, "4B")
	tab.Judge("pool-cards")
	tab.Do(chromedp.Navigate(base+"/console?view=table"), chromedp.WaitVisible("#rows"))
	tab.Judge("pool-table")
	tab.Look(1180, 2200, "light")
	tab.Shot("all-table")
	tab.Do(chromedp.Navigate(base+"/console"), chromedp.WaitVisible("#rows"))
	tab.Look(820, 2200, "light")
	tab.Shot("all-cards")
}
