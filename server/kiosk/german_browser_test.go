package kiosk

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

// Somebody who reads German has the whole page so, what the core says too; what
// they say of an emergency is in the history as everybody reads it.
func TestAGermanPageInABrowser(t *testing.T) {
	h := newHouse(t)
	german := func(r *http.Request) { r.Header.Set("Accept-Language", "de-DE,de;q=0.9") }
	if _, page, _ := h.ask("GET", "/kiosk", "", german); !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, "Ausweis an den Leser halten") {
		t.Error("the page is not German")
	}
	h.signIn(annaBadge, annaPIN)
	h.lock()
	_, state, _ := h.ask("GET", "/kiosk/state", "", german)
	const mine = "Is this yours? Tap your badge to go on where you left off."
	said := h.kiosk.words.Match("de", "").Say(mine)
	if said == mine || strings.Count(state, said) != 2 || strings.Contains(state, mine) {
		t.Error(state)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })

	tab := browsertest.Open(t)
	base := browsertest.Serve(t, h.app)
	tab.In("Europe/Berlin", "de-DE,de")
	tab.Fingers()
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07."+strconv.FormatInt(h.row(ipad).Epoch, 10)+"."+strconv.FormatInt(h.row(ipad).Run.ID, 10)), chromedp.WaitVisible("#ready"))
	tab.Judge("kiosk-de-1-ready")
	fits(t, tab)
	tab.Do(chromedp.KeyEvent(benBadge + "\r"))
	tab.Until(showing("pin"))
	tab.Judge("kiosk-de-2-pin")
	fits(t, tab)
	tab.Touch("#emergency")
	tab.Touch("#urgently-yes")
	tab.Until(showing("session"))
	tab.Judge("kiosk-de-3-emergency")
	fits(t, tab)
	tab.Touch("#say-why")
	tab.Touch("#reasons button:first-child")
	tab.Until(showing("session") + ` && document.getElementById('say-why').hidden`)
	if all := h.emergencies(); len(all) != 1 || all[0].Reason != "A patient needed help at once" {
		t.Errorf("%+v", all)
	}
	tab.Touch("#done")
	tab.Until(showing("leaving"))
	tab.Judge("kiosk-de-4-done")
	fits(t, tab)
	if _, err := h.Apply(t.Context(), ipad, custody.Return{By: "ben"}); err != nil {
		t.Fatal(err)
	}
	tab.Until(showing("wiping"))
	tab.Judge("kiosk-de-5-wiping")
	fits(t, tab)
	english := tab.Eval(`document.querySelector('#wiping').innerText`)
	for _, word := range []string{"iPad has", "Proven", "Usually", "removed", "began"} {
		if strings.Contains(english, word) {
			t.Errorf("%q in the German page: %s", word, english)
		}
	}
}
