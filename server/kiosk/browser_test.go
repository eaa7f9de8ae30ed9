package kiosk

import (
	"encoding/json"
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

// pin touches the digits and OK, as a thumb does.
func pin(tab *browsertest.Tab, digits string) {
	for _, d := range digits {
		tab.Touch(fmt.Sprintf(`button[data-digit="%c"]`, d))
	}
	tab.Touch("#enter")
}

// nameless fails the test where the page, shown or not, names Anna or an app of hers.
func nameless(t *testing.T, tab *browsertest.Tab, when string) {
	t.Helper()
	page := tab.Eval(`document.documentElement.outerHTML`)
	for _, name := range []string{"Anna", "Berg", "Charting", "charts.example.org"} {
		if strings.Contains(page, name) {
			t.Errorf("%s the page still holds %q", when, name)
		}
	}
}

// A shift at the iPad, with fingers and a badge: tap, PIN, the ward's apps,
// warned, still here, locked, back, done by mistake, done, cleaned.
func TestPageInABrowser(t *testing.T) {
	h := newHouse(t)
	h.policy.WebApps = []custody.WebApp{{Name: "Charting", URL: "https://charts.example.org/"}, {Name: "Lab results", URL: "https://lab.example.org/"},
		{Name: "Medication round", URL: "https://meds.example.org/"}, {Name: "Imaging", URL: "https://images.example.org/"}, {Name: "Bed board", URL: "https://beds.example.org/"}}
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	// A reader's Enter must not press whatever has the focus.
	badge := func(number string) {
		h.advance(10 * time.Second)
		tab.Do(chromedp.KeyEvent(number + "\r"))
	}
	tab.Look(820, 1180, "light")
	tab.Fingers()
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	weighs(t, tab, base)
	tab.Judge("kiosk-1-ready")
	fits(t, tab)

	badge(annaBadge)
	tab.Until(showing("pin"))
	for _, d := range "5829" {
		tab.Touch(fmt.Sprintf(`button[data-digit="%c"]`, d))
	}
	tab.Until(`document.querySelectorAll('#dots .full').length === 4`)
	tab.Judge("kiosk-2-pin")
	fits(t, tab)
	pin(tab, "11")
	tab.Until(`document.getElementById('pin-say').textContent.includes('do not go together')`)
	tab.Judge("kiosk-3-pin-wrong")
	pin(tab, annaPIN)
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'Anna Berg' && document.querySelectorAll('.tile').length === 5`)
	if got := tab.Eval(`[...document.querySelectorAll('.tile')].map(a => [a.getAttribute('href'), a.rel, a.referrerPolicy, a.target, a.innerText.trim()].join(' ')).join('|')`); !strings.HasPrefix(got, "https://charts.example.org/ noreferrer noopener no-referrer  C\nCharting|") {
		t.Errorf("the tiles: %s", got)
	}
	tab.Judge("kiosk-4-session")
	fits(t, tab)

	h.advance(80 * time.Second)
	h.set(ipad, func(c *custody.Custody) { c.Run.Done = true })
	h.warn()
	tab.Until(showing("warn"))
	tab.Judge("kiosk-5-warned")
	fits(t, tab)
	before := h.told()
	tab.Touch("#stay")
	tab.Until(`document.getElementById('warn').hidden`)
	if n := h.told() - before; n != 1 {
		t.Errorf("one touch, told %d times", n)
	}

	badge(annaBadge)
	tab.Until(showing("choose"))
	tab.Judge("kiosk-6-choose")
	fits(t, tab)
	tab.Touch("#choose-stay")
	tab.Until(showing("session"))

	h.lock()
	tab.Until(showing("locked"))
	nameless(t, tab, "locked,")
	tab.Judge("kiosk-7-locked")
	fits(t, tab)
	badge(benBadge)
	tab.Until(showing("pin"))
	pin(tab, benPIN)
	tab.Until(showing("takeover"))
	tab.Judge("kiosk-8-takeover")
	fits(t, tab)
	tab.Touch("#takeover-no")
	tab.Until(showing("locked"))
	badge(annaBadge) // within the PIN grace
	tab.Until(showing("session") + ` && document.querySelectorAll('.tile').length === 5`)

	// Twice at one place is a glove, and gives nothing back.
	tab.TouchTwice("#done")
	tab.Until(showing("leaving"))
	decided(tab)
	tab.Judge("kiosk-6b-done")
	fits(t, tab)
	if h.row(ipad).State != custody.InUse {
		t.Fatal("two touches at one place gave it back")
	}
	if got := tab.Eval(`document.getElementById('leaving-usual').textContent`); got != "Usually 3 to 5 minutes on this ward." {
		t.Errorf("what happens next: %q", got)
	}
	tab.Touch("#leaving-no")
	tab.Until(showing("session"))
	// Wherever the second one lands.
	tab.Eval(`['done', 'leaving-yes'].forEach(id => document.getElementById(id).click())`)
	tab.Until(showing("leaving"))
	settled(tab)
	if h.row(ipad).State != custody.InUse {
		t.Fatal("a second touch that came at once gave it back")
	}
	decided(tab)
	tab.Touch("#leaving-yes")
	tab.Until(showing("wiping"))
	nameless(t, tab, "given back,")
	h.set(ipad, func(c *custody.Custody) { c.Proof.Rung = custody.ProofAcknowledged })
	tab.Until(`document.querySelector('[aria-current]')?.dataset.rung === 'acknowledged'`)
	h.advance(4 * time.Minute)
	_ = h.Say(t.Context(), ipad, "4B", "tap")
	tab.Until(`document.getElementById('since').textContent === 'It began 4 min ago.'`)
	tab.Judge("kiosk-9-wiping")
	fits(t, tab)
	h.advance(4 * time.Minute)
	_ = h.Say(t.Context(), ipad, "4B", "tap")
	tab.Until(`document.getElementById('since').textContent.includes('longer than usual')`)

	h.set(ipad, func(c *custody.Custody) { c.Cause, c.Holder = custody.CauseStranger, "" })
	tab.Until(`document.getElementById('wiping-title').textContent === 'Tap your badge' && document.getElementById('ladder').hidden`)
	tab.Judge("kiosk-9b-invited")
	fits(t, tab)
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Unproven })
	tab.Until(showing("hands"))
	tab.Judge("kiosk-10-hands")
	fits(t, tab)
	if h.row(ipad).State != custody.Unproven {
		t.Error("the page changed custody by itself")
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Cause = custody.Clean, "" })
	tab.Until(showing("ready"))
	h.set(ipad, func(c *custody.Custody) { c.Enrolment = "cert-after-the-wipe" })
	tab.Until(showing("ended"))
	tab.Judge("kiosk-13-ended")
	tab.Do(chromedp.Navigate(base+"/kiosk"), chromedp.WaitVisible("h1"))
	tab.Judge("kiosk-14-sorry")
}

// decided lets the time pass in which a second touch is still the first.
func decided(tab *browsertest.Tab) {
	tab.Eval(`setTimeout(() => window.decided = true, 650, window.decided = false)`)
	tab.Until(`window.decided`)
}

// told is how many touches live was told of.
func (h *house) told() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.touches
}

// maxWeight is what the page may weigh with all that it loads, as it is sent:
// it has to be there at once over a ward's worst Wi-Fi.
const maxWeight = 60 << 10

// weighs adds up what the page has loaded, and fails the test where it is too
// much, or is loaded from elsewhere.
func weighs(t *testing.T, tab *browsertest.Tab, base string) {
	t.Helper()
	tab.Until(`document.readyState === 'complete' && document.body.dataset.apps`)
	raw := tab.Eval(`JSON.stringify([...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter(e => !e.name.endsWith('/events')).map(e => ({ name: e.name, size: e.transferSize })))`)
	var loaded []struct {
		Name string
		Size int
	}
	if err := json.Unmarshal([]byte(raw), &loaded); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, l := range loaded {
		total += l.Size
		if !strings.HasPrefix(l.Name, base+"/") || l.Size == 0 {
			t.Errorf("%s: %d bytes", l.Name, l.Size)
		}
	}
	if len(loaded) < 15 || total < 10<<10 || total > maxWeight {
		t.Errorf("the page loads %d files of %d bytes in all, more than %d", len(loaded), total, maxWeight)
	}
	t.Logf("the page weighs %d bytes in %d files", total, len(loaded))
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

// fits fails the test where something to touch is smaller than a gloved finger
// needs, or where an iPad held either way does not show all of the view at once.
func fits(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, held := range [][2]int64{{1180, 820}, {820, 1180}} {
		tab.Look(held[0], held[1], "light")
		small := tab.Eval(`[...document.querySelectorAll('button, a')].filter(b => b.offsetParent && Math.min(b.offsetWidth, b.offsetHeight) < 60).map(b => b.textContent).join(', ')`)
		if small != "" {
			t.Errorf("smaller than 60 px: %s", small)
		}
		if over := tab.Eval(`document.documentElement.scrollHeight - innerHeight`); over != "0" {
			t.Errorf("%d by %d: %s px are below the screen's edge", held[0], held[1], over)
		}
	}
}
