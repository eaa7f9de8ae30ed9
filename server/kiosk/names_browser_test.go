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

// Names are text, whatever is in them: markup does nothing, what is written
// from the right turns nothing else around, and 200 characters push nothing off
// the screen, in every view that shows one.
func TestNamesOfAllKindsInABrowser(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("Very long name of an iPad ", 8)[:200]
	h.called[ipad] = `<img src=x onerror="window.broken=1"><b>Bay 3</b>`
	h.called[spare] = strings.Repeat("W", 200)
	h.wardName = "جناح الجراحة " + strings.Repeat("ا", 187)
	h.names["anna"] = `</script><script>window.broken=1</script>` + long
	h.names["ben"] = "د. ليلى حداد"
	for i := range 24 {
		h.policy.WebApps = append(h.policy.WebApps, custody.WebApp{Name: fmt.Sprintf("<i>%s%02d</i>", strings.Repeat("W", 30), i), URL: fmt.Sprintf("https://a.example.org/%d?a=1&b='\"", i)})
	}
	tab := browsertest.Open(t)
	tab.Fingers()
	tab.Do(chromedp.Navigate(browsertest.Serve(t, h.app)+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	whole := func(view string) {
		t.Helper()
		tab.Judge("kiosk-names-" + view)
		if tab.Eval(`Boolean(window.broken) || document.querySelectorAll('main img, main b, main i:not(.dots i), header b').length > 0`) != "false" {
			t.Errorf("%s: a name is taken for markup", view)
		}
	}
	whole("1-ready")
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session") + ` && document.querySelectorAll('.tile').length === 24`)
	whole("2-session")
	if got := tab.Eval(`document.querySelectorAll('.tile')[7].getAttribute('href')`); got != `https://a.example.org/7?a=1&b='"` {
		t.Errorf("an address came out as %s", got)
	}
	tab.Do(chromedp.Navigate(tab.Eval(`location.href`))) // as the server writes it
	tab.Until(`document.body.dataset.apps`)
	if got := tab.Eval(`Boolean(window.broken) + document.getElementById('holder').textContent`); got != "false"+h.names["anna"] {
		t.Errorf("the server wrote %.80s", got)
	}
	h.lock()
	tab.Until(showing("locked"))
	whole("3-locked")
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	h.advance(time.Minute)
	h.signIn(benBadge, benPIN)
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'د. ليلى حداد'`)
	whole("4-right-to-left")
	h.advance(5 * time.Second)
	tab.Do(chromedp.KeyEvent(annaBadge + "\r"))
	tab.Until(showing("pin"))
	pin(tab, annaPIN)
	tab.Until(`document.getElementById('notice').textContent.includes('In use by \u2068د. ليلى حداد\u2069, active')`)
	whole("5-refused")
}

// What an address of ours kept in the browser ends with the session, and the
// iPad is still the iPad: its own cookie stays.
func TestThePageForgetsInABrowser(t *testing.T) {
	h := newHouse(t)
	tab := browsertest.Open(t)
	tab.Do(chromedp.Navigate(browsertest.Serve(t, h.app)+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	keep := func() {
		t.Helper()
		tab.Eval(`[window.kept = 0, localStorage.setItem('draft', 'x'), sessionStorage.setItem('draft', 'x'), document.cookie = 'draft=x; path=/',
			caches.open('draft').then(c => c.put('/draft', new Response('x'))).then(() => new Promise(done => { const o = indexedDB.open('draft'); o.onsuccess = () => { o.result.close(); done(); } })).then(() => window.kept = 1)]`)
		tab.Until(`window.kept`)
	}
	const kept = `localStorage.length + sessionStorage.length + document.cookie.length`
	count := func() {
		tab.Eval(`[window.left = -1, Promise.all([caches.keys(), indexedDB.databases()]).then(([c, d]) => window.left = c.length + d.length + ` + kept + `)]`)
	}
	forgotten := func(when string) {
		t.Helper()
		for range 100 {
			count()
			tab.Until(`window.left >= 0`)
			if tab.Eval(`window.left`) == "0" {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("%s there is still something: %s", when, tab.Eval(`JSON.stringify([localStorage, sessionStorage, document.cookie])`))
	}
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	keep()
	h.lock()
	tab.Until(showing("locked"))
	count()
	tab.Until(`window.left > 0`) // it is hers still
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Wiping })
	tab.Until(showing("wiping"))
	forgotten("after a wipe that came from elsewhere")

	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	h.advance(time.Minute)
	h.signIn(benBadge, benPIN)
	tab.Until(showing("session"))
	keep()
	tab.Do(chromedp.Click("#done"))
	tab.Until(showing("leaving"))
	decided(tab)
	tab.Do(chromedp.Click("#leaving-yes"))
	tab.Until(showing("wiping"))
	forgotten("given back,")
	tab.Do(chromedp.Navigate(tab.Eval(`location.href`)))
	tab.Until(showing("wiping")) // by the iPad's cookie
}
