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

// A nurse adds a key to herself on an iPad, and signs in with it from then on:
// no badge, no PIN, no name.
func TestKeyInABrowser(t *testing.T) {
	h := newHouse(t)
	base := browsertest.Local(browsertest.Serve(t, h.app))
	ring := h.takesKeys(base)
	tab := browsertest.Open(t)
	said := func(words string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`document.getElementById('notice').textContent.includes(%q)`, words))
	}
	tab.Look(820, 1180, "light")
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	key := tab.Key(false)
	tab.Judge("kiosk-key-1-ready")

	tab.Do(chromedp.Click("#use-key")) // a key that nobody knows
	said("No key answered")

	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	tab.Do(chromedp.Click("#add-key"))
	tab.Until(showing("addkey"))
	tab.Judge("kiosk-key-2-add")
	fits(t, tab)
	tab.Do(chromedp.Click("#addkey-yes"))
	tab.Until(showing("keyadded"))
	tab.Judge("kiosk-key-3-added")
	tab.Do(chromedp.Click("#keyadded-ok"))
	tab.Until(showing("session"))
	for _, p := range ring.keys {
		if p.Owner != "clinician:anna" || strings.Join(p.Transports, "") != "usb" || p.Name != "Added on iPad 4B-07" || p.BackupEligible() {
			t.Errorf("%+v", p)
		}
	}
	tab.Do(chromedp.Click("#add-key"))
	tab.Until(showing("addkey"))
	tab.Do(chromedp.Click("#addkey-yes"))
	said("registered already")
	tab.Do(chromedp.Click("#addkey-no"))
	tab.Until(showing("session"))

	h.lock()
	tab.Until(showing("locked"))
	tab.Judge("kiosk-key-4-locked")
	key.Touched(false)
	tab.Do(chromedp.Click("#use-key"))
	tab.Until(showing("key-wait") + ` && !(` + showing("locked") + `)`)
	tab.Judge("kiosk-key-5-waits")
	tab.Do(chromedp.Click("#key-cancel"))
	tab.Until(showing("locked") + ` && document.getElementById('notice').hidden`)

	tab.Do(chromedp.Click("#use-key"))
	tab.Until(showing("key-wait"))
	tab.Do(chromedp.KeyEvent(benBadge + "\r")) // a tap is the other way
	tab.Until(showing("pin"))
	tab.Judge("kiosk-key-6-pin")
	key.Touched(true)
	tab.Do(chromedp.Click("#use-key"))
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'Anna Berg'`)

	h.lock()
	tab.Until(showing("locked"))
	key.Verified(false)
	tab.Do(chromedp.Click("#use-key"))
	said("No key answered")
	key.Verified(true)
	key.Rewind(1)
	tab.Do(chromedp.Click("#use-key"))
	said("may have been copied")
	if h.row(ipad).State != custody.Locked {
		t.Error("a copy opened it")
	}
}

// After five minutes the PIN is asked again; and a passkey that the iPad itself
// would keep cannot be added.
func TestAddingAKeyInABrowser(t *testing.T) {
	h := newHouse(t)
	base := browsertest.Local(browsertest.Serve(t, h.app))
	ring := h.takesKeys(base)
	tab := browsertest.Open(t)
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	tab.Key(true)
	h.signIn(annaBadge, annaPIN)
	tab.Until(showing("session"))
	h.advance(freshFor)
	h.post("touch", m{"epoch": h.state().Epoch}) // she is there all the while
	tab.Do(chromedp.Click("#add-key"))
	tab.Until(showing("pin") + ` && document.getElementById('pin-say').textContent.includes('once more')`)
	tab.Judge("kiosk-key-7-again")
	for _, d := range annaPIN {
		tab.Do(chromedp.Click(fmt.Sprintf(`button[data-digit="%c"]`, d)))
	}
	tab.Do(chromedp.Click("#enter"))
	tab.Until(showing("addkey"))
	tab.Do(chromedp.Click("#addkey-yes"))
	tab.Until(showing("key-wait"))
	time.Sleep(500 * time.Millisecond) // long enough for a passkey of the iPad's own to be made
	if len(ring.keys) != 0 {
		t.Errorf("the iPad keeps a passkey: %v", ring.keys)
	}
	h.lock() // the browser's asking ends with the session
	tab.Until(showing("locked") + ` && document.body.dataset.waits === ''`)
}
