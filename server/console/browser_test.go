package console

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// A manager's way: the link, the pool that follows by itself, one device, a
// wipe that is asked twice, signing out.
func TestConsoleInABrowser(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 200 * time.Millisecond
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"))
	tab.Judge("console-1-start")
	tab.Do(chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.querySelector('#row-DMQX10 .clock').textContent.includes('locks in')`)
	tab.Judge("console-2-pool")

	if title := tab.Eval(`document.title`); title != "Ward iPads · padwarden" {
		t.Errorf("a device's name ran as a script: the title is %q", title)
	}
	if n := tab.Eval(`document.querySelectorAll('#rows img, #rows script').length`); n != "0" {
		t.Errorf("a device's name became %s elements", n)
	}
	clean := tab.Eval(`document.querySelector('[data-count=clean] b').textContent`)
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Claim{By: "gina"}); err != nil {
		t.Fatal(err)
	}
	tab.Until(`document.querySelector('#row-DMQX00').dataset.state === 'in_use' && document.querySelector('#row-DMQX00').textContent.includes('Gina')`)
	if now := tab.Eval(`document.querySelector('[data-count=clean] b').textContent`); clean != "4" || now != "3" {
		t.Errorf("clean: %s, then %s", clean, now)
	}

	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX14"), chromedp.WaitVisible("#live"))
	tab.Judge("console-3-device")
	press(tab, "wipe")
	tab.Do(chromedp.WaitVisible("#wipe"))
	tab.Judge("console-4-wipe")
	tab.Do(chromedp.Click(`#wipe [data-does="wipe"]`))
	tab.Until(`document.querySelector('.pill').textContent === 'Being wiped'`)
	if row, _ := d.Custody(t.Context(), "DMQX14"); row.State != custody.Wiping || row.Cause != custody.CauseManager {
		t.Errorf("%+v", row)
	}
	tab.Judge("console-5-history")

	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX11"), chromedp.WaitVisible("#live"))
	press(tab, "lost")
	tab.Do(chromedp.WaitVisible("#lost"))
	tab.Judge("console-6-lost")
	tab.Do(chromedp.Click(`#lost [data-does="lost"]`))
	tab.Until(`document.querySelector('#lost .error').textContent === 'Say why it is called lost.'`)
	tab.Do(chromedp.SendKeys("#lost-why", "not in its dock"), chromedp.SendKeys("#lost-message", "Please bring me to ward 4B."), chromedp.SendKeys("#lost-phone", "+1 555 0100"))
	tab.Do(chromedp.Click(`#lost [data-does="lost"]`))
	tab.Until(`document.querySelector('.pill').textContent === 'Lost'`)
	if row, _ := d.Custody(t.Context(), "DMQX11"); row.Lost.Message != "Please bring me to ward 4B." || row.Lost.Phone != "+1 555 0100" {
		t.Errorf("%+v", row.Lost)
	}
	tab.Judge("console-7-is-lost")

	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX01"), chromedp.WaitVisible("#live"))
	press(tab, "isolate")
	tab.Do(chromedp.WaitVisible("#isolate"), chromedp.SendKeys("#isolate-why", "Norovirus in bay 3"))
	tab.Do(chromedp.Click(`#isolate [data-does="isolate"]`))
	tab.Until(`document.querySelector('.pill').textContent === 'Isolated'`)
	tab.Judge("console-8-isolated")

	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX02"), chromedp.WaitVisible("#live"))
	press(tab, "set-aside")
	tab.Do(chromedp.WaitVisible("#set-aside"), chromedp.Click(`#set-aside [data-does="set-aside"]`))
	tab.Until(`/^\d{8}$/.test(document.querySelector('#set-aside .link').textContent)`)
	tab.Judge("console-9-sealed")

	tab.Do(chromedp.Click("#set-aside [data-closes]"), chromedp.Click("#sign-out"))
	tab.Until(`location.pathname === '/console/start'`)
}

// press presses a deed's button at once: the page may renew itself between a
// look for a button and a press on it, as it does not under a finger.
func press(tab *browsertest.Tab, deed string) {
	tab.Eval(`document.querySelector('[data-opens="` + deed + `"]').click()`)
}
