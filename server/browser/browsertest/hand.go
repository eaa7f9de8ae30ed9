package browsertest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Fingers makes the tab a thing that is touched, as an iPad is, not pointed at.
func (tab *Tab) Fingers() {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
		return err
	}))
}

// Touch puts a finger on the middle of what selector finds first, and lifts it.
func (tab *Tab) Touch(selector string) {
	tab.t.Helper()
	tab.touch(selector, 1)
}

// Press puts a finger on what selector finds first and keeps it there until the
// script answers true, then lifts it: a slow hand, or a quick server.
func (tab *Tab) Press(selector, until string) {
	tab.t.Helper()
	down, up := tab.finger(selector)
	tab.dispatch(down)
	tab.Until(until)
	tab.dispatch(up)
}

// TouchTwice is a glove's: two touches at one place, faster than anybody reads.
func (tab *Tab) TouchTwice(selector string) {
	tab.t.Helper()
	tab.touch(selector, 2)
}

func (tab *Tab) touch(selector string, times int) {
	tab.t.Helper()
	down, up := tab.finger(selector)
	for range times {
		tab.dispatch(down, up)
	}
}

// finger returns the events of a finger in the middle of what selector finds.
func (tab *Tab) finger(selector string) (down, up input.DispatchTouchEventParams) {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`document.querySelector(%q)?.getClientRects().length`, selector))
	raw := tab.Eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: 'nearest' });
		const r = e.getBoundingClientRect(); return JSON.stringify({ x: r.x + r.width / 2, y: r.y + r.height / 2 }); })()`, selector))
	var at struct{ X, Y float64 }
	if err := json.Unmarshal([]byte(raw), &at); err != nil {
		tab.t.Fatal(err)
	}
	return input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: at.X, Y: at.Y}}},
		input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}}
}

func (tab *Tab) dispatch(events ...input.DispatchTouchEventParams) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, e := range events {
			if _, err := chromedp.Call(ctx, input.DispatchTouchEvent, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Before has every page run a script before its own, as a browser with another
// clock or without a feature would be.
func (tab *Tab) Before(script string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// In puts the tab in a time zone, and gives it to somebody who reads a language.
func (tab *Tab) In(zone, language string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0 (iPad)", AcceptLanguage: language})
		return err
	}))
}
