package kiosk

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

// An emergency as it is: a badge, two touches, and a question afterwards; then
// the sealed code, and a PIN that is chosen.
func TestPeopleInABrowser(t *testing.T) {
	h := newHouse(t)
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	enter := func(pin string) {
		t.Helper()
		for _, d := range pin {
			tab.Do(chromedp.Click(fmt.Sprintf(`button[data-digit="%c"]`, d)))
		}
		tab.Do(chromedp.Click("#enter"))
	}
	asks := func(what string) { t.Helper(); tab.Until(fmt.Sprintf(`document.body.dataset.asks === %q`, what)) }
	tapped := func(number string) {
		t.Helper()
		h.advance(5 * time.Second)
		tab.Do(chromedp.KeyEvent(number + "\r"))
	}
	free := func() {
		h.set(ipad, func(c *custody.Custody) {
			c.State, c.Holder, c.Assurance, c.Until = custody.Clean, "", "", time.Time{}
		})
		tab.Until(showing("ready"))
	}
	tab.Look(820, 1180, "light")
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	time.Sleep(300 * time.Millisecond) // the stream's first event

	tapped(annaBadge)
	tab.Until(showing("pin") + ` && !document.getElementById('emergency').hidden`)
	fits(t, tab)
	tab.Do(chromedp.Click("#emergency"))
	tab.Until(showing("urgently"))
	tab.Judge("kiosk-people-1-emergency")
	tab.Do(chromedp.Click("#urgently-no"))
	tab.Until(showing("pin"))
	tab.Do(chromedp.Click("#emergency"), chromedp.Click("#urgently-yes"))
	tab.Until(showing("session") + ` && !document.getElementById('urgent').hidden && !document.getElementById('say-why').hidden`)
	tab.Judge("kiosk-people-2-opened")
	fits(t, tab)
	tab.Do(chromedp.Click("#say-why"))
	tab.Until(showing("explain"))
	tab.Judge("kiosk-people-2b-why")
	tab.Do(chromedp.Click("#explain-later"))
	tab.Until(showing("session"))
	tab.Do(chromedp.Click("#say-why"), chromedp.Click("#reasons button:first-child"))
	tab.Until(showing("session") + ` && document.getElementById('say-why').hidden`)
	if all := h.emergencies(); len(all) != 1 || all[0].Reason != "A patient needed help at once" {
		t.Errorf("%+v", all)
	}
	free()

	code, err := h.ids().NewEmergencyCode(t.Context(), h.ward, "4B", "ward 4B")
	if err != nil {
		t.Fatal(err)
	}
	free()
	tab.Until(`!document.getElementById('use-code').hidden`)
	tab.Judge("kiosk-people-3-ready")
	tab.Do(chromedp.Click("#use-code"))
	asks("code")
	tab.Judge("kiosk-people-4-code")
	tab.Do(chromedp.Click("#pin-cancel"))
	tab.Until(showing("ready"))
	tab.Do(chromedp.Click("#use-code"))
	asks("code")
	enter(code)
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'Emergency code of ward 4B'`)
	free()

	if code, err = h.ids().ResetPIN(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	tapped(annaBadge)
	tab.Until(showing("pin"))
	enter(code)
	asks("newpin")
	tab.Judge("kiosk-people-5-newpin")
	enter("730518")
	asks("again")
	enter("730519")
	tab.Until(`document.body.dataset.asks === 'newpin' && document.getElementById('pin-say').textContent.includes('not the same')`)
	enter("123456")
	asks("again")
	enter("123456")
	tab.Until(`document.body.dataset.asks === 'newpin' && document.getElementById('pin-say').textContent.includes('guess')`)
	enter("730518")
	asks("again")
	enter("730518")
	tab.Until(showing("session") + ` && document.getElementById('holder').textContent === 'Anna Berg'`)

	tab.Do(chromedp.Click("#change-pin"))
	asks("newpin")
	tab.Do(chromedp.Click("#pin-cancel"))
	tab.Until(showing("session"))
	h.lock()
	tab.Until(showing("locked"))

	if _, err := h.kiosk.put(t.Context(), h.row(ipad), ask{Asks: asksNewCard, Badge: []byte("new"), Clinician: "anna",
		How: custody.AssurancePasskey, With: "passkey:k", Sentence: "The badge that was tapped is not known here. Is it yours, Anna Berg?"}); err != nil {
		t.Fatal(err)
	}
	_ = h.Say(t.Context(), ipad, "4B", "tap")
	tab.Until(showing("newcard"))
	tab.Judge("kiosk-people-6-newcard")
	tab.Do(chromedp.Click("#newcard-yes"))
	tab.Until(showing("session"))
}
