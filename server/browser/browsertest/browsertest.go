// Package browsertest looks at our pages in a real browser: Chromium without
// a window, driven by tests.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"
)

// Tab is one open page.
type Tab struct {
	context.Context
	t     testing.TB
	shots string // where pictures go; empty: none are taken
}

// Serve serves app on a loopback address until the test ends.
func Serve(t testing.TB, app *fiber.App) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
	return "http://" + l.Addr().String()
}

// Open starts a browser of its own for the test, or skips it where there is
// none. Errors that the page throws fail the test. Pictures are taken only into
// the directory in PADWARDEN_SHOTS, as PADWARDEN_SHOTS_AS says: png or webp.
func Open(t testing.TB) *Tab {
	t.Helper()
	if name, _, _ := strings.Cut(t.Name(), "/"); strings.HasPrefix(name, "Test") && !strings.HasSuffix(name, "InABrowser") {
		t.Fatalf("%s looks at pages in a browser: let its name end with InABrowser, for the race detector leaves those out", name)
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed, so the pages are not looked at in a browser")
	}
	tab, err := start(t, path)
	for n := 1; err != nil && n < 3; n++ { // Chromium now and then crashes before it has begun
		t.Logf("the browser did not start, once more: %v", err)
		tab, err = start(t, path)
	}
	if err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return &Tab{Context: tab, t: t, shots: os.Getenv("PADWARDEN_SHOTS")}
}

// start starts a browser that lives as long as the test.
func start(t testing.TB, path string) (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.NoFirstRun)
	browser, closeBrowser := chromedp.NewExecAllocator(t.Context(), options...)
	tab, closePage := chromedp.NewContext(browser, chromedp.WithListener(func(e any) {
		if thrown, ok := e.(*runtime.EventExceptionThrown); ok {
			t.Errorf("the page threw: %s", thrown.ExceptionDetails.Text)
		}
	}))
	t.Cleanup(func() { closePage(); closeBrowser() })
	_, err := chromedp.Run(tab, chromedp.Func(func(context.Context, *chromedp.Target) error { return nil }))
	return tab, err
}

// Step is something done in the page that answers nothing.
type Step = chromedp.Action[chromedp.Void]

// Do takes steps, and fails the test at the first that does not work.
func (tab *Tab) Do(steps ...Step) {
	tab.t.Helper()
	for i, step := range steps {
		run(tab, fmt.Sprintf("step %d of %d", i+1, len(steps)), step)
	}
}

// run does one thing in bounded time and returns what it answers.
func run[T any](tab *Tab, what string, action chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab, 20*time.Second)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	for ; err != nil && went(err) && ctx.Err() == nil; out, err = chromedp.Run(ctx, action) {
		time.Sleep(30 * time.Millisecond)
	}
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
	return out
}

// went: the page went away between finding a thing on it and doing something to
// it, as one does that was left a moment before. Nothing was done, so it is done again.
func went(err error) bool {
	return strings.Contains(err.Error(), "Could not find node with given id") || strings.Contains(err.Error(), "No node with given id found")
}

// Eval returns what a script answers.
func (tab *Tab) Eval(script string) string {
	tab.t.Helper()
	return run(tab, script, chromedp.Evaluate[string](`String(`+script+`)`))
}

// Until waits for a script to answer true. A page that is just going cannot
// answer, and is asked again.
func (tab *Tab) Until(script string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab, 10*time.Second)
	defer cancel()
	for {
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+script+`)`)); err == nil && yes {
			return
		}
		select {
		case <-ctx.Done():
			tab.t.Fatalf("waited in vain for %s; the page says:\n%s", script, tab.Eval(`document.body.innerText`))
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Look sets the size and the theme.
func (tab *Tab) Look(width, height int64, theme string) {
	tab.t.Helper()
	tab.Do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}))
}

// The looks that a ward has: an iPad held either way, by day and by night.
var looks = []struct {
	name          string
	width, height int64
	theme         string
}{{"portrait-light", 820, 1180, "light"}, {"landscape-dark", 1180, 820, "dark"}, {"landscape-light", 1180, 820, "light"}, {"portrait-dark", 820, 1180, "dark"}}

// Judge fails the test where the page is wider than the screen, or where
// axe-core finds a fault, in two looks that have both themes and both ways to
// hold an iPad between them. Where pictures are asked for it takes all four.
func (tab *Tab) Judge(name string) {
	tab.t.Helper()
	for i, l := range looks {
		if i >= 2 && tab.shots == "" {
			return
		}
		tab.Look(l.width, l.height, l.theme)
		tab.Shot(name + "-" + l.name)
		if i < 2 {
			tab.axe(name + " " + l.name)
		}
		if wide := tab.Eval(`document.documentElement.scrollWidth > innerWidth`); wide == "true" {
			tab.t.Errorf("%s %s: the page is wider than the screen", name, l.name)
		}
	}
}

// Shot takes a picture of what is on the screen, if any are asked for.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	if tab.shots == "" {
		return
	}
	params, ending := page.CaptureScreenshotParams{}, ".png"
	if os.Getenv("PADWARDEN_SHOTS_AS") == "webp" {
		quality := int64(55)
		params, ending = page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality}, ".webp"
	}
	picture := run(tab, "taking a picture", func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		taken, err := chromedp.Call(ctx, page.CaptureScreenshot, params)
		if err != nil {
			return nil, err
		}
		return taken.Data, nil
	})
	if err := os.WriteFile(filepath.Join(tab.shots, name+ending), picture, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// axe checks the page against WCAG 2.2 AA and axe-core's best practices.
func (tab *Tab) axe(name string) {
	tab.t.Helper()
	if tab.Eval(`'axe' in window`) != "true" {
		source, err := os.ReadFile("../../web/testdata/axe.min.js")
		if err != nil {
			tab.t.Fatal(err)
		}
		run(tab, "loading axe-core", chromedp.Evaluate[int](string(source)+";0"))
	}
	raw := run(tab, "running axe-core", chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	var faults []struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	if err := json.Unmarshal([]byte(raw), &faults); err != nil {
		tab.t.Fatal(err)
	}
	for _, f := range faults {
		var where []string
		for _, n := range f.Nodes {
			where = append(where, fmt.Sprintf("%.160s: %s", n.HTML, n.FailureSummary))
		}
		tab.t.Errorf("%s: %s (%s)\n  %s", name, f.Help, f.ID, strings.Join(where, "\n  "))
	}
}
