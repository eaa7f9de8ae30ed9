package console

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// unbroken is as long as a name may be, and has no place to break.
var unbroken = strings.Repeat("Wardwithoutspaces", 12)[:200]

// odd adds iPads whose names are hard to show.
func (h *hospital) odd() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, name := range map[custody.DeviceID]string{"DMQX40": unbroken, "DMQX41": "جناح الجراحة 4B"} {
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
	if wide := tab.Eval(`document.querySelector('#row-DMQX40').scrollWidth <= document.querySelector('#row-DMQX40').clientWidth && document.querySelector('#row-DMQX41 bdi') !== null`); wide != "true" {
		t.Error("a long name is wider than its card, or one from right to left is not kept apart")
	}

	// She filters, and the address is the filter.
	tab.Eval(`(document.getElementById('show').value = 'hands', document.getElementById('show').dispatchEvent(new Event('change', {bubbles: true})))`)
	tab.Until(`location.search === '?show=hands' && document.readyState === 'complete' && document.querySelectorAll('#rows > *').length === 2`)
	tab.Judge("pool-filtered")
	tab.Do(chromedp.NavigateBack())
	tab.Until(`location.search === '' && document.querySelectorAll('#rows > *').length === 12`)
	// The page has only just opened when she presses the first key.
	tab.Eval(`(Object.defineProperty(KeyboardEvent.prototype, 'timeStamp', {get: () => 5}), 0)`)
	tab.Do(chromedp.Focus("#rows [data-pick]"), chromedp.KeyEvent("/"))
	tab.Until(`document.activeElement.id === 'q'`)
	tab.Do(chromedp.KeyEvent("nobody of this name\r"))
	tab.Until(`location.search.startsWith('?q=nobody') && document.readyState === 'complete' && !document.getElementById('none').hidden`)
	tab.Judge("pool-no-match")

	// A reader's card that begins with a slash is no search.
	tab.Do(chromedp.Focus("h1 ~ form button"))
	tab.Eval(`'/0451'.split('').forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})))`)
	time.Sleep(200 * time.Millisecond)
	if where := tab.Eval(`document.activeElement.id`); where == "q" {
		t.Error("a badge's number went to the search")
	}

	// She opens the unproven one, and takes it; her colleague's page says so by itself.
	ben := browsertest.Open(t)
	d.enter(ben, base, "Ben Adler", identity.Manager, "4B")
	tab.Do(chromedp.Navigate(base+"/console?show=hands"), chromedp.WaitVisible("#row-DMQX14 .name"), chromedp.Click("#row-DMQX14 .name"), chromedp.WaitVisible("#take"))
	tab.Until(`document.readyState === 'complete'`)
	tab.Judge("story-unproven")
	tab.Eval(`document.getElementById('take').click()`)
	tab.Until(`document.querySelector('.says').textContent.includes('Needs hands: Maria Keller has it.')`)
	ben.Until(`document.querySelector('#row-DMQX14').textContent.includes('Maria Keller has it')`)
	tab.Judge("story-taken")
	for id, name := range map[string]string{"DMQX12": "story-lock-unconfirmed", "DMQX00": "story-clean", "DMQX13": "story-wiping"} {
		tab.Do(chromedp.Navigate(base+"/console/devices/"+id), chromedp.WaitVisible(".says"))
		tab.Judge(name)
	}

	// She locks two at once.
	tab.Do(chromedp.Navigate(base+"/console?view=table"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.readyState === 'complete'`)
	tab.Judge("pool-table")
	pick := func(ids ...string) {
		for _, id := range ids {
			tab.Eval(`document.querySelector('#row-` + id + ` [data-pick]').click()`)
		}
	}
	pick("DMQX10", "DMQX40")
	tab.Until(`document.getElementById('picked').textContent === '2 iPads selected'`)
	tab.Eval(`document.querySelector('[data-bulk=lock]').click()`)
	tab.Until(`document.querySelectorAll('#bulk-lock .names li').length === 2`)
	tab.Do(chromedp.Click("#bulk-lock [data-doit]"))
	tab.Until(`document.querySelector('#bulk-lock .error').textContent.startsWith('Say why')`)
	tab.Judge("pool-bulk-lock")
	tab.Do(chromedp.SendKeys("#bulk-lock-why", "left alone at the shift change"), chromedp.Click("#bulk-lock [data-doit]"))
	tab.Until(`document.querySelector('#bulk-lock .results p').textContent === '2 done.'`)
	tab.Do(chromedp.KeyEvent(kb.Escape))
	tab.Until(`!document.getElementById('bulk-lock').open && document.activeElement.id === 'all' && document.getElementById('selection').hidden`)
	ben.Until(`['DMQX10', 'DMQX40'].every((id) => document.getElementById('row-' + id).dataset.state === 'locked')`)

	// What she wipes needs a second person, who sees it at once and approves.
	pick("DMQX10", "DMQX00")
	tab.Eval(`document.querySelector('[data-bulk=wipe]').click()`)
	tab.Do(chromedp.WaitVisible("#bulk-wipe-why"), chromedp.SendKeys("#bulk-wipe-why", "norovirus"), chromedp.Click("#bulk-wipe [data-doit]"))
	tab.Until(`document.querySelector('#bulk-wipe .results p')?.textContent === '1 done, 1 waiting for a second person:'`)
	tab.Judge("pool-bulk-result")
	tab.Do(chromedp.KeyEvent(kb.Escape))
	ben.Until(`document.getElementById('approvals').textContent.includes('Maria Keller asks to wipe it')`)
	ben.Do(chromedp.Click("#approvals a"), chromedp.WaitVisible(`[data-opens=approve]`))
	ben.Until(`document.readyState === 'complete'`)
	ben.Judge("story-second-person")
	press(ben, "approve")
	ben.Do(chromedp.WaitVisible("#approve"), chromedp.Click(`#approve [data-does=approve]`))
	tab.Until(`document.getElementById('row-DMQX10').dataset.state === 'wiping'`)
	if row, _ := d.Custody(t.Context(), "DMQX10"); row.State != custody.Wiping {
		t.Errorf("%+v", row)
	}

	// Her sign-in ends while she writes: it is said there, and what she wrote stays.
	tab.Eval(`document.getElementById('unpick').click()`)
	pick("DMQX01")
	tab.Eval(`document.querySelector('[data-bulk=isolate]').click()`)
	tab.Do(chromedp.WaitVisible("#bulk-isolate-why"), chromedp.SendKeys("#bulk-isolate-why", "bay 3"))
	tab.Eval(`(window.gone = fetch('/console/sign-out', {method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRF-Token': document.body.dataset.csrf}, body: '{}'}).then((r) => { window.out = r.status; }), 0)`)
	tab.Until(`window.out === 200`)
	tab.Do(chromedp.Click("#bulk-isolate [data-doit]"))
	tab.Until(`document.querySelector('#bulk-isolate .error').textContent.includes('Your sign-in has ended') && document.querySelector('#bulk-isolate .error a[target]') !== null`)
	tab.Judge("pool-signed-out")
	if why := tab.Eval(`document.getElementById('bulk-isolate-why').value`); why != "bay 3" {
		t.Errorf("what was written is gone: %q", why)
	}
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Eval(`(fetch('/console/start', {method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: 'token=` + token + `', redirect: 'manual'}).then(() => { window.back = true; }), 0)`)
	tab.Until(`window.back === true`)
	tab.Do(chromedp.Click("#bulk-isolate [data-doit]"))
	tab.Until(`document.querySelector('#bulk-isolate .results p')?.textContent === '1 done.'`)
	if row, _ := d.Custody(t.Context(), "DMQX01"); row.Isolation.Why != "bay 3" || row.Isolation.By != "staff:Maria Keller" {
		t.Errorf("%+v", row.Isolation)
	}
}

// The numbers follow the server's clock: a browser that is hours wrong shows the same.
func TestABrowsersClockDecidesNothingInABrowser(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 300 * time.Millisecond
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `{ const Real = Date, ahead = 29 * 3600e3; globalThis.Date = class extends Real { constructor(...a) { a.length ? super(...a) : super(Real.now() + ahead); } static now() { return Real.now() + ahead; } }; }`})
		return err
	}))
	d.enter(tab, base, "Maria Keller", identity.Manager, "4B")
	tab.Until(`/^idle 0:2\d, locks in 1:[34]\d$/.test(document.querySelector('#row-DMQX10 .clock').textContent)`)
	tab.Do(chromedp.Navigate(base + "/console/devices/DMQX14"))
	tab.Until(`/Erase acknowledged \d\d:52:00, no/.test(document.querySelector('.says')?.textContent)`)

	d.devices = nil
	tab.Do(chromedp.Navigate(base + "/console"))
	d.stop() // the server ends: the page says at once that it may be old
	tab.Until(`!document.getElementById('offline').hidden`)
	tab.Judge("pool-offline")
}
