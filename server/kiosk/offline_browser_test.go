package kiosk

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

// ahead lets a test move the page's clocks: its own, and the wall's.
const ahead = `(() => {
	const own = performance.now.bind(performance), wall = Date.now;
	window.ahead = 0; window.wallAhead = 0;
	performance.now = () => own() + window.ahead;
	Date.now = () => wall() + window.wallAhead;
})()`

const (
	bannered   = `!document.getElementById('offline').hidden`
	unbannered = `document.getElementById('offline').hidden`
)

// What cannot be had says whose it is and where to go, and names nobody once it
// is locked. A lost connection is said at once, however it was lost; without it
// the page locks itself at its time, and what the server says rules again.
func TestRefusalAndLostConnectionInABrowser(t *testing.T) {
	h := newHouse(t)
	h.kiosk.Beat = 200 * time.Millisecond
	h.policy.WebApps = []custody.WebApp{{Name: "Charting", URL: "https://charts.example.org/"}}
	line := browsertest.NewLine(t, browsertest.Serve(t, h.app))
	tab := browsertest.Open(t)
	tab.Before(ahead)
	tab.Fingers()
	tab.Do(chromedp.Navigate(line.Base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	h.advance(20 * time.Second)
	tab.Do(chromedp.KeyEvent(benBadge + "\r"))
	tab.Until(showing("pin"))
	for i, d := range benPIN {
		tab.Do(chromedp.KeyEvent(string(d))) // by keyboard, one key at a time
		tab.Until(`document.querySelectorAll('#dots .full').length === ` + string(rune('1'+i)))
	}
	tab.Touch("#enter")
	tab.Until(`document.getElementById('notice').textContent.includes('In use by Anna Berg') && document.getElementById('notice').textContent.includes('4B-09')`)
	tab.Judge("kiosk-11-refused")
	h.lock() // what was said of its holder goes with the session
	tab.Until(showing("locked"))
	nameless(t, tab, "locked after a refusal,")
	h.advance(10 * time.Second)
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce}) // within the PIN grace
	tab.Until(showing("session"))

	tab.Until(unbannered)
	if tab.Eval(`dispatchEvent(new Event('offline')) && `+bannered) != "true" { // looked at within the event: the next beat is near
		t.Error("the page does not say at once that there is no network")
	}
	tab.Until(unbannered) // the next beat
	line.Die()
	tab.Until(bannered)
	line.Mend()
	tab.Until(unbannered)

	line.Cut()
	tab.Until(bannered)
	tab.Judge("kiosk-12-offline")
	tab.Eval(`window.ahead += 92e3`)
	tab.Until(showing("session") + ` && ` + showing("warn"))
	tab.Eval(`window.ahead += 30e3`)
	tab.Until(showing("locked") + ` && document.getElementById('holder').textContent === '' && !document.querySelector('.tile')`)
	nameless(t, tab, "locked by itself,")
	tab.Judge("kiosk-12b-locked-offline")
	tab.Do(chromedp.KeyEvent(annaBadge + "\r"))
	tab.Until(`document.getElementById('notice').textContent.includes('no connection')`)
	if s := h.state(); s.State != custody.InUse {
		t.Fatalf("the server's word is %s", s.State)
	}
	line.Mend() // her touches came from elsewhere, and the server has her signed in
	tab.Until(unbannered + ` && ` + showing("session"))

	line.Cut()
	tab.Until(bannered)
	h.lock()
	tab.Eval(`window.ahead += 121e3`)
	tab.Until(showing("locked"))
	line.Mend()
	tab.Until(unbannered + ` && ` + showing("locked"))
	nameless(t, tab, "locked by both,")

	h.stop() // the server ends its streams
	tab.Until(bannered)
}

// An iPad that slept wakes with the session's time over: a browser may stop its
// own clock meanwhile, so the page reads the wall's too, and closes itself
// before it could ask the server. A page that never heard of its server again
// knows its time from the start; and a wall clock that is wrong moves nothing.
func TestTimePassesInSleepInABrowser(t *testing.T) {
	h := newHouse(t)
	line := browsertest.NewLine(t, browsertest.Serve(t, h.app))
	tab := browsertest.Open(t)
	tab.Before(ahead + `; window.wallAhead = -9 * 3600e3; window.EventSource = class extends EventTarget {};`) // no stream ever
	tab.In("Europe/Berlin", "en-GB")
	tab.Do(chromedp.Navigate(line.Base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.signIn(annaBadge, annaPIN)
	tab.Do(chromedp.Navigate(line.Base + "/kiosk"))
	tab.Until(showing("session"))
	if got := tab.Eval(`document.getElementById('until').textContent`); got != "Signed in until 21:00" { // 7:00 UTC and 13 h
		t.Errorf("nine hours slow: %q", got)
	}
	if got := tab.Eval(`document.getElementById('left').textContent`); !strings.HasPrefix(got, "1:5") && got != "2:00" {
		t.Errorf("nine hours slow it locks in %s", got)
	}
	line.Cut()
	tab.Eval(`window.wallAhead += 121e3`)
	tab.Until(showing("locked") + ` && document.getElementById('holder').textContent === ''`)
}

// settled waits until what the page asked before has been answered.
func settled(tab *browsertest.Tab) {
	tab.Eval(`fetch('/kiosk/state').then(() => { window.settled = true }, window.settled = false)`)
	tab.Until(`window.settled`)
}

// Touches are told once in a quarter of a minute, and at once while the warning
// shows or an app is opened; and only a hand's.
func TestOnlyHandsAreTouchesInABrowser(t *testing.T) {
	h := newHouse(t)
	h.policy.WebApps = []custody.WebApp{{Name: "Charting", URL: "https://charts.example.org/"}}
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	tab.Before(ahead)
	tab.Fingers()
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	answered := func(want int, after string) {
		t.Helper()
		settled(tab)
		if n := h.told(); n != want {
			t.Errorf("after %s live was told of %d touches, not %d", after, n, want)
		}
	}
	tab.Eval(`['pointerdown', 'keydown', 'touchstart', 'click', 'scroll'].forEach(e => document.getElementById('session-title').dispatchEvent(new Event(e, { bubbles: true })))`)
	tab.Eval(`document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', bubbles: true }))`)
	tab.Eval(`[document.getElementById('stay').click(), scrollBy(0, 40)]`)
	answered(0, "what a script does")
	tab.Touch("#session-title")
	answered(1, "a touch")
	tab.Touch("#session-title")
	tab.Eval(`window.ahead += 14e3`)
	tab.Touch("#session-title")
	answered(1, "two more in a quarter of a minute")
	tab.Eval(`window.ahead += 2e3`)
	tab.Do(chromedp.KeyEvent("\t"))
	answered(2, "a key, later")
	h.warn()
	tab.Until(showing("warn"))
	h.mu.Lock()
	was := h.touches
	h.mu.Unlock()
	tab.Press("#stay", `fetch('/kiosk/state').then(r => r.json()).then(s => window.over = !s.warned) && window.over`)
	tab.Until(`document.getElementById('warn').hidden`)
	answered(was+1, "a touch while it warns")
	tab.Until(showing("session")) // and not what lay under the finger, which was slower than the answer
	// The click may also come when what is shown has changed already.
	h.warn()
	tab.Until(showing("warn"))
	tab.Eval(`addEventListener('click', (e) => { window.hit = e.target.closest('[id]').id }, true)`)
	tab.Press("#stay", `document.getElementById('warn').hidden = true`)
	tab.Until(`window.hit === 'done'`)
	answered(was+2, "a press whose click came late")
	tab.Until(showing("session") + ` && !(` + showing("leaving") + `)`)
	// What the app's server would see is not there: the address leads nowhere, and the page goes.
	tab.Eval(`document.querySelector('.tile').addEventListener('click', (e) => { e.preventDefault(); window.tapped = true })`)
	tab.Touch(".tile")
	tab.Until(`window.tapped`)
	answered(5, "an app was opened")
	tab.Eval(`Object.defineProperty(navigator, 'onLine', { value: false, configurable: true })`)
	tab.Eval(`window.tapped = false`)
	tab.Touch(".tile")
	tab.Until(`window.tapped && document.getElementById('notice').textContent.includes('no app can be opened')`)

	h.warn()
	tab.Until(showing("warn"))
	tab.Do(chromedp.KeyEvent(benBadge + "\r")) // whoever is asked for a PIN is not asked whether Anna is here
	tab.Until(showing("pin") + ` && document.getElementById('warn').hidden`)
	tab.Touch("#pin-cancel")
	tab.Until(showing("session") + ` && ` + showing("warn"))
}
