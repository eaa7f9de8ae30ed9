package demo

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
)

// TestTheConsoleFollowsTheWardInABrowser: the one-time link signs in, the pool view shows
// every iPad of the whole house, and follows a nurse's tap by itself.
func TestTheConsoleFollowsTheWardInABrowser(t *testing.T) {
	tab := browsertest.Open(t)
	h := hospital(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	link, err := h.SignIn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(link), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.querySelectorAll('#rows [data-state=clean]').length === 5`)
	a := h.at(0, "4E-01")
	if _, err := a.badgeIn(ctx); err != nil {
		t.Fatal(err)
	}
	tab.Until(`document.querySelector('#row-PW4E-01').dataset.state === 'in_use' && document.querySelector('#row-PW4E-01').textContent.includes('Ada Okafor')`)
	tab.Until(`document.querySelector('#row-PW4E-01').dataset.state === 'locked'`)
	tab.Do(chromedp.Navigate(link))
	tab.Until(`document.body.innerText.toLowerCase().includes('sign')`)
	if os.Getenv("PADWARDEN_SHOTS") != "" {
		tab.Do(chromedp.Navigate(h.App.URL + "/console/devices/PW4E-01"))
		tab.Judge("ward-device")
	}
}
