package kiosk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

const shows = `getComputedStyle(document.getElementById(%q)).display !== 'none'`

func showing(id string) string { return fmt.Sprintf(shows, id) }

// A nurse's way through the page: badge by keyboard wedge, PIN by touch, work,
// warned, locked, back, taken over, cleaned.
func TestPageInABrowser(t *testing.T) {
	h := newHouse(t)
	h.policy.WebApps = []custody.WebApp{{Name: "Charting", URL: "https://charts.example.org/"}, {Name: "Lab results", URL: "https://lab.example.org/"},
		{Name: "Medication round", URL: "https://meds.example.org/"}, {Name: "Imaging", URL: "https://images.example.org/"}, {Name: "Bed board", URL: "https://beds.example.org/"}}
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	enter := func(pin string) {
		for _, d := range pin {
			tab.Do(chromedp.Click(fmt.Sprintf(`button[data-digit="%c"]`, d)))
		}
		tab.Do(chromedp.Click("#enter"))
	}
	// A reader's Enter must not press whatever has the focus.
	badge := func(number string) { tab.Do(chromedp.KeyEvent(number + "\r")) }

	tab.Look(820, 1180, "light")
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	tab.Until(`document.getElementById('offline').hidden && performance.getEntriesByType('resource').length > 5`)
	tab.Judge("kiosk-1-ready")

	time.Sleep(300 * time.Millisecond) // the stream's first event
	badge(annaBadge)
	tab.Until(showing("pin"))
	for _, d := range "5829" {
		tab.Do(chromedp.Click(fmt.Sprintf(`button[data-digit="%c"]`, d)))
	}
	tab.Judge("kiosk-2-pin")
	fits(t, tab)
	enter("11")
	tab.Until(`document.getElementById('pin-say').textContent.includes('do not go together')`)
	tab.Judge("kiosk-3-pin-wrong")
	enter(annaPIN)
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'Anna Berg'`)
	tab.Judge("kiosk-4-session")
	fits(t, tab)

	h.advance(100 * time.Second)
	h.set(ipad, func(c *custody.Custody) { c.Run.Done = true })
	h.warn()
	tab.Until(`!document.getElementById('warn').hidden`)
	tab.Judge("kiosk-5-warned")
	tab.Do(chromedp.Click("#stay"))
	tab.Until(`document.getElementById('warn').hidden`)

	h.advance(10 * time.Second)
	badge(annaBadge)
	tab.Until(showing("choose"))
	tab.Judge("kiosk-6-choose")
	tab.Do(chromedp.Click("#choose-stay"))
	tab.Until(showing("session"))

	h.lock()
	tab.Until(showing("locked"))
	if text := tab.Eval(`document.documentElement.outerHTML`); strings.Contains(text, "Anna") {
		t.Error("the locked page still holds the name")
	}
	tab.Judge("kiosk-7-locked")

	badge(benBadge)
	tab.Until(showing("pin"))
	enter(benPIN)
	tab.Until(showing("takeover"))
	tab.Judge("kiosk-8-takeover")
	tab.Do(chromedp.Click("#takeover-yes"))
	tab.Until(showing("wiping"))
	h.set(ipad, func(c *custody.Custody) { c.Proof.Rung = custody.ProofAcknowledged })
	tab.Until(`document.querySelector('[aria-current]')?.dataset.rung === 'acknowledged'`)
	tab.Judge("kiosk-9-wiping")

	h.set(ipad, func(c *custody.Custody) { c.Cause, c.Holder = custody.CauseStranger, "" })
	tab.Until(`document.getElementById('wiping-title').textContent === 'Tap your badge' && document.getElementById('ladder').hidden`)
	tab.Judge("kiosk-9b-invited")

	h.set(ipad, func(c *custody.Custody) { c.State = custody.Unproven })
	tab.Until(showing("hands"))
	tab.Judge("kiosk-10-hands")
	if h.row(ipad).State != custody.Unproven {
		t.Error("the page changed custody by itself")
	}
}

// warn is live's warning coming due.
func (h *house) warn() {
	h.mu.Lock()
	s := h.sessions[ipad]
	s.Warned, s.WarnAt, s.LockAt = true, h.now, h.now.Add(20*time.Second)
	h.sessions[ipad] = s
	h.mu.Unlock()
	_ = h.Say(h.t.Context(), ipad, "4B", "warned")
}

// What cannot be had says whose it is and where to go, and a lost connection
// is said at once.
func TestRefusalAndLostConnection(t *testing.T) {
	h := newHouse(t)
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	h.advance(20 * time.Second)
	tab.Do(chromedp.KeyEvent(benBadge + "\r"))
	tab.Until(showing("pin"))
	for _, d := range benPIN {
		tab.Do(chromedp.KeyEvent(string(d))) // by keyboard, one key at a time
		time.Sleep(300 * time.Millisecond)
	}
	tab.Do(chromedp.Click("#enter"))
	tab.Until(`document.getElementById('notice').textContent.includes('In use by Anna Berg')`)
	tab.Judge("kiosk-11-refused")
	h.lock() // what was said of its holder goes with the session
	tab.Until(showing("locked"))
	if text := tab.Eval(`document.documentElement.outerHTML`); strings.Contains(text, "Anna") {
		t.Error("a locked page names its holder in a notice")
	}

	h.stop() // the server ends its streams
	tab.Until(`!document.getElementById('offline').hidden`)
	tab.Judge("kiosk-12-offline")
}

// An iPad that slept wakes with the session's time over: a browser may stop its
// own clock meanwhile, so the page reads the wall's too, and closes itself
// before it could ask the server.
func TestTimePassesInSleep(t *testing.T) {
	h := newHouse(t)
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	h.stop()
	tab.Until(`!document.getElementById('offline').hidden`)
	tab.Eval(`(() => { const real = Date.now; Date.now = () => real() + 10 * 60e3; window.fetch = () => Promise.reject(new Error('asleep')); })()`)
	tab.Until(showing("locked") + ` && document.getElementById('holder').textContent === ''`)
}

// fits fails the test where something to touch is smaller than a gloved finger needs.
func fits(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	small := tab.Eval(`[...document.querySelectorAll('button')].filter(b => b.offsetParent && Math.min(b.offsetWidth, b.offsetHeight) < 60).map(b => b.textContent).join(', ')`)
	if small != "" {
		t.Errorf("smaller than 60 px: %s", small)
	}
}
