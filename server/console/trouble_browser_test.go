package console

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// TestTroublesInABrowser: an open page says what the server and an iPad come to
// have, and that it is over, without being loaded again.
func TestTroublesInABrowser(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 200 * time.Millisecond
	var trouble atomic.Bool
	d.console.Troubles = func() []Trouble {
		ending := Trouble{Kind: "certificate_ending", Sentence: "The push certificate ends on 2027-03-01, in 12 days. Renew it at Apple's Push Certificates Portal, under the Apple Account that made it: with another account's every iPad would have to enrol again."}
		if !trouble.Load() {
			return []Trouble{ending}
		}
		return []Trouble{{Kind: "unreachable", Sentence: "Apple's push service cannot be reached or is in trouble, so no iPad is woken. " + evil, Since: d.now, Severe: true}, ending}
	}
	d.console.DeviceTroubles = func(id custody.DeviceID) []Trouble {
		if id != "DMQX13" || !trouble.Load() {
			return nil
		}
		return []Trouble{{Kind: KindPush, Sentence: "Apple's push service does not know this iPad any more. It cannot be woken until it says itself how to; restart it on Wi-Fi, or enrol it again.", Since: d.now, Severe: true}}
	}
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.querySelectorAll('#troubles p').length === 1`)
	trouble.Store(true)
	tab.Until(`document.querySelectorAll('#troubles p').length === 2 && document.querySelector('#row-DMQX13').textContent.includes('does not know this iPad')`)
	if n := tab.Eval(`document.querySelectorAll('#troubles img, #troubles script').length`); n != "0" {
		t.Errorf("a sentence became %s elements", n)
	}
	tab.Judge("console-trouble-pool")
	trouble.Store(false)
	tab.Until(`document.querySelectorAll('#troubles p').length === 1 && !document.querySelector('#row-DMQX13').textContent.includes('does not know this iPad')`)

	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX13"), chromedp.WaitVisible("#live"))
	trouble.Store(true)
	tab.Until(`document.querySelector('#live').textContent.includes('does not know this iPad')`)
	tab.Judge("console-trouble-device")
	trouble.Store(false)
	tab.Until(`!document.querySelector('#live').textContent.includes('does not know this iPad') && document.querySelectorAll('#troubles p').length === 1`)
}
