package app

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

// poolPage opens the pool view in a browser.
func (r *rush) poolPage() *browsertest.Tab {
	tab := browsertest.Open(r.b)
	session := r.watcher(1000)
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "padwarden_staff", Value: session, URL: r.a.URL})
		return err
	}), chromedp.Navigate(r.a.URL+"/console"))
	tab.Until(fmt.Sprintf(`document.readyState === 'complete' && document.querySelectorAll('#main [data-id]').length >= %d`, poolSize))
	return tab
}

// change has a manager isolate an iPad, or release it, and returns the version
// that a page has to show and when it was committed.
func (r *rush) change(i, times int) (custody.DeviceID, int64, time.Time) {
	id := poolPad(i)
	var e custody.Event = custody.Isolate{By: "staff:bench", Why: "a benchmark"}
	if times%2 == 1 {
		e = custody.Release{By: "staff:bench", Why: "a benchmark"}
	}
	row, err := r.a.Steward.Apply(r.b.Context(), id, e)
	r.must(err)
	return id, row.Version, time.Now()
}

// BenchmarkPoolFirstPaint is how long Chromium takes from asking for the pool
// view of 2,000 iPads until it has painted something, and until all is there.
func BenchmarkPoolFirstPaint(b *testing.B) {
	r := newPool(b)
	tab := r.poolPage()
	var paint, whole []float64
	for b.Loop() {
		tab.Do(chromedp.Navigate("about:blank"), chromedp.Navigate(r.a.URL+"/console"))
		tab.Until(`document.readyState === 'complete' && performance.getEntriesByName('first-contentful-paint').length > 0`)
		paint = append(paint, number(b, tab.Eval(`performance.getEntriesByName('first-contentful-paint')[0].startTime`)))
		whole = append(whole, number(b, tab.Eval(`performance.getEntriesByType('navigation')[0].loadEventEnd`)))
	}
	b.ReportMetric(slices.Max(paint), "paint-ms")
	b.ReportMetric(slices.Max(whole), "loaded-ms")
}

// seen has the page keep when each version of each iPad was painted, by the
// clock that this test reads too: both are this machine's.
const seen = `(() => {
	window.painted = {};
	const look = (el) => { for (const d of el.querySelectorAll?.('[data-id][data-version]') ?? []) note(d); if (el.dataset?.id && el.dataset?.version) note(el); };
	const note = (d) => { const key = d.dataset.id + ' ' + d.dataset.version; requestAnimationFrame(() => requestAnimationFrame(() => { window.painted[key] ??= Date.now(); })); };
	new MutationObserver((all) => { for (const m of all) { for (const n of m.addedNodes) look(n); if (m.type === 'attributes') note(m.target); } })
		.observe(document.getElementById('main'), { subtree: true, childList: true, attributes: true, attributeFilter: ['data-version'] });
	return true;
})()`

// BenchmarkPoolUpdate is how long after a change's commit it is on the screen of
// who looks at 2,000 iPads.
func BenchmarkPoolUpdate(b *testing.B) {
	r := newPool(b)
	tab := r.poolPage()
	tab.Eval(seen)
	var all []float64
	for i := 0; b.Loop(); i++ {
		id, version, at := r.change(i%poolSize, i/poolSize)
		key := fmt.Sprintf("%s %d", id, version)
		tab.Until(fmt.Sprintf(`window.painted[%q]`, key))
		all = append(all, number(b, tab.Eval(fmt.Sprintf(`window.painted[%q]`, key)))-float64(at.UnixMicro())/1000)
	}
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2], "p50-ms")
	b.ReportMetric(all[(len(all)-1)*99/100], "p99-ms")
}

func number(b *testing.B, text string) float64 {
	var x float64
	if _, err := fmt.Sscan(text, &x); err != nil {
		b.Fatalf("%q is no number: %v", text, err)
	}
	return x
}

// BenchmarkKioskWeight is what the iPad's page loads, all of it, as a browser
// that takes gzip gets it; and that it loads from nowhere else.
func BenchmarkKioskWeight(b *testing.B) {
	r := newRush(b, 1)
	var bytes float64
	for b.Loop() {
		bytes = 0
		seen, queue := map[string]bool{}, []string{"/kiosk"}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			n, body := r.weigh(path)
			bytes += float64(n)
			queue = append(queue, loads(b, path, body)...)
		}
	}
	b.ReportMetric(bytes, "bytes")
}

// weigh asks for a path as a browser does and returns the bytes that came for it.
func (r *rush) weigh(path string) (int, string) {
	req, err := http.NewRequestWithContext(r.b.Context(), "GET", r.a.URL+path, nil)
	r.must(err)
	req.Header.Set("Cookie", r.cookies[0])
	req.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultTransport.RoundTrip(req)
	r.must(err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	r.must(err)
	if answer.StatusCode != http.StatusOK {
		r.b.Fatalf("%s: %s", path, answer.Status)
	}
	body := string(raw)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(strings.NewReader(body))
		r.must(err)
		plain, err := io.ReadAll(z)
		r.must(err)
		body = string(plain)
	}
	return len(raw), body
}

var loaded = regexp.MustCompile(`(?:<script[^>]* src=|<link[^>]* href=|<img[^>]* src=|from |import )["']([^"']+)["']`)

// loads are the files that a page or a module names.
func loads(b *testing.B, at, body string) (paths []string) {
	for _, m := range loaded.FindAllStringSubmatch(body, -1) {
		switch ref := m[1]; {
		case strings.HasPrefix(ref, "//") || strings.Contains(ref, "://"):
			b.Fatalf("%s loads %s, which is not ours", at, ref)
		case strings.HasPrefix(ref, "/"):
			paths = append(paths, ref)
		case strings.HasPrefix(ref, "."):
			u, err := http.NewRequest("GET", "http://x"+at, nil)
			if err != nil {
				b.Fatal(err)
			}
			next, err := u.URL.Parse(ref)
			if err != nil {
				b.Fatal(err)
			}
			paths = append(paths, next.Path)
		}
	}
	return paths
}
