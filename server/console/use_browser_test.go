package console

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	chrome "github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/identity"
)

// A manager at 06:40: what 07:00 needs, what can be done about it, the last
// weeks as pictures and as numbers, and the file; then a ward where nothing was
// ever counted.
func TestUseInABrowser(t *testing.T) {
	d := used(t, nil, "07:00", "14:30", "21:00")
	d.used = map[string]*wardUse{"4B": pastWeeks(d.now, 7)}
	base := chrome.Serve(t, d.app)
	tab := chrome.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Navigate(base + "/console/use?ward=4B"))
	drawn := func() { // what is not empty
		t.Helper()
		tab.Until(`document.readyState === 'complete' && document.querySelectorAll('.chart').length === 5 && document.querySelectorAll('[data-chart]').length > 3 &&
			[...document.querySelectorAll('[data-chart]')].every(f => f.querySelector('canvas')?.width > 0)`)
	}
	drawn()
	if says := tab.Eval(`document.querySelector('.forecast .verdict').textContent`); !strings.HasPrefix(says, "07:00 needs ") || !strings.Contains(says, "4 clean, 3 can be made ready") {
		t.Errorf("it says %q", says)
	}
	tab.Judge("use-1-week")
	tab.Eval(`document.querySelector('#chart-use').scrollIntoView()`)
	tab.Judge("use-2-charts")

	// The picture is drawn again in the other theme's colours, and the size of the page.
	ink := `(() => { const c = document.querySelector('#chart-usable canvas'); return c.width + ' ' + c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => (a * 31 + b) | 0, 0); })()`
	tab.Look(1180, 820, "light")
	// A page hears of a theme when it next draws, and of a size just after.
	tab.Eval(`window.settled = 0, requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => { window.settled = 1; }))), 1`)
	tab.Until(`window.settled === 1`)
	light := tab.Eval(ink)
	tab.Look(1180, 820, "dark")
	tab.Until(ink + ` !== '` + light + `'`)
	tab.Look(820, 1180, "dark")
	tab.Until(ink + `.split(' ')[0] !== '` + strings.Fields(light)[0] + `'`)

	// Its numbers are there for who sees no picture.
	tab.Do(chromedp.Click(`#chart-usable summary`))
	tab.Until(`document.querySelector('#chart-usable table').checkVisibility() && document.querySelectorAll('#chart-usable tbody tr').length === 7`)
	tab.Eval(`document.querySelector('#chart-usable').scrollIntoView()`)
	tab.Judge("use-3-numbers")

	for days, rows := range map[string]string{"28 days": "28", "1 day": "24"} {
		tab.Eval(`[...document.querySelectorAll('.tabs a')].find(a => a.textContent === '` + days + `').click()`)
		tab.Until(`document.querySelector('.tabs [aria-current]')?.textContent === '` + days + `'`)
		drawn()
		tab.Until(`document.querySelectorAll('#chart-use tbody tr').length === ` + rows)
		tab.Eval(`document.querySelector('#chart-use').scrollIntoView()`)
		tab.Judge("use-4-" + strings.ReplaceAll(days, " ", "-"))
	}

	folder := t.TempDir()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder})
		return err
	}))
	tab.Eval(`document.querySelector('.export button').click()`)
	var file string
	for until := time.Now().Add(10 * time.Second); file == "" && time.Now().Before(until); time.Sleep(30 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(folder, "padwarden-use-4B-2026-02-03-2026-03-02.csv")); len(found) == 1 {
			if raw, err := os.ReadFile(found[0]); err == nil {
				file = string(raw)
			}
		}
	}
	if lines := strings.Count(file, "\r\n"); lines != 1+27*24+7 || !strings.HasPrefix(file, "ward,ward_name,from,to,badge_ins") {
		t.Errorf("the file has %d lines: %.200s", lines, file)
	}

	tab.Eval(`(() => { const w = document.getElementById('ward'); w.value = '5A'; w.dispatchEvent(new Event('change')); })()`)
	tab.Until(`document.readyState === 'complete' && new URLSearchParams(location.search).get('ward') === '5A' && document.body.textContent.includes('Nothing was counted yet')`)
	tab.Judge("use-5-nothing-yet")
	tab.Do(chromedp.Navigate(base + "/console/use"))
	drawn()
	tab.Judge("use-6-all-wards")
}
