package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Problem is a refusal as the server words it (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Title) }

// Answer is what a tap is answered: what is asked next.
type Answer struct {
	Asks     string `json:"asks"` // "", pin, takeover, choose
	Nonce    string `json:"nonce"`
	Sentence string `json:"sentence"`
}

// Tap is a badge at the page's own reader.
func (p *Page) Tap(ctx context.Context, badge string) (Answer, error) {
	var a Answer
	err := p.post(ctx, "/kiosk/tap", map[string]any{"badge": badge, "nonce": p.takeNonce()}, &a)
	if err == nil {
		p.heed(a)
	}
	return a, err
}

// PIN types a PIN on the pad. Granted, the state says who holds the device;
// otherwise its Asks says what is asked again.
func (p *Page) PIN(ctx context.Context, pin string) (PageState, error) {
	return p.act(ctx, "/kiosk/pin", map[string]any{"pin": pin, "nonce": p.takeNonce()}, true)
}

// Emergency opens the device by the badge that was tapped, and nothing else.
func (p *Page) Emergency(ctx context.Context) (PageState, error) {
	return p.act(ctx, "/kiosk/emergency", map[string]any{"nonce": p.takeNonce()}, true)
}

// Explain says why there was the emergency that the page asks about.
func (p *Page) Explain(ctx context.Context, why string) (PageState, error) {
	s, _ := p.Shown()
	if s.Explain == nil {
		return s, errors.New("the page asks about no emergency")
	}
	return p.act(ctx, "/kiosk/explain", map[string]any{"epoch": s.Epoch, "device": s.Explain.Device, "version": s.Explain.Version, "why": why}, true)
}

// TakeOver asks for a device that is locked with another's session.
func (p *Page) TakeOver(ctx context.Context) (PageState, error) {
	return p.act(ctx, "/kiosk/takeover", map[string]any{"nonce": p.takeNonce()}, false)
}

// Touch is a finger on the page: evidence that the holder is there.
func (p *Page) Touch(ctx context.Context) (PageState, error) {
	s, _ := p.Shown()
	return p.act(ctx, "/kiosk/touch", map[string]any{"epoch": s.Epoch}, true)
}

// Return is "I'm done".
func (p *Page) Return(ctx context.Context) (PageState, error) {
	s, _ := p.Shown()
	return p.act(ctx, "/kiosk/return", map[string]any{"epoch": s.Epoch}, false)
}

// Work is the holder working: it leaves a canary of the session that the page
// shows on the device. It takes a page that shows an open session.
func (p *Page) Work() error {
	s, live := p.Shown()
	if !live || s.State != inUse || s.Holder == "" {
		return fmt.Errorf("%w in use (state %q)", errNotShown, s.State)
	}
	return p.d.Plant(Canary{Holder: s.Holder, Epoch: s.Epoch})
}

// Plant leaves a canary where the person at the device leaves data. The same
// one is kept once.
func (d *Device) Plant(c Canary) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.vol.plant(d.opt.Kind, c) {
		return errors.New("nobody is signed in to this Shared iPad")
	}
	return nil
}

// act posts and reads a state. present: a granted one is evidence of presence.
func (p *Page) act(ctx context.Context, path string, body map[string]any, present bool) (PageState, error) {
	var s PageState
	if err := p.post(ctx, path, body, &s); err != nil {
		return s, err
	}
	p.heed(Answer{Asks: s.Asks, Nonce: s.Nonce})
	if w := p.d.env.Watch; w != nil && s.State != "" {
		if present && s.State == inUse {
			w.Touched(p.d.opt.Serial, p.d.now())
		}
		w.Answered(p.d.opt.Serial, s)
	}
	return s, nil
}

// post sends one action as the page's script does: same origin, JSON, cookie.
func (p *Page) post(ctx context.Context, path string, body map[string]any, into any) error {
	v, _ := p.d.watchView()
	if _, live := p.Shown(); !live {
		return errNotShown
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("asking %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, onHost(v.start, path), bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("asking %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", onHost(v.start, ""))
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return postJSON(p.browser(v), req, into)
}

// postJSON sends req and reads a JSON answer, or a [Problem].
func postJSON(client *http.Client, req *http.Request, into any) error {
	answer, err := roundTrip(client, req)
	var h *httpError
	if errors.As(err, &h) {
		problem := &Problem{}
		if json.Unmarshal(answer, problem) != nil || problem.Title == "" {
			problem.Title = strings.TrimSpace(string(answer[:min(len(answer), 200)]))
		}
		problem.Status = h.status
		return problem
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", req.URL.Path, err)
	}
	return nil
}

// takeNonce uses the page's nonce up: it is single-use.
func (p *Page) takeNonce() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.nonce
	p.nonce = ""
	return n
}

// heed takes the next nonce and question from an answer.
func (p *Page) heed(a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.Nonce != "" {
		p.nonce = a.Nonce
	}
	p.asks = a.Asks
}

// Asks is what the page asks of the person now: "", pin, takeover or choose.
func (p *Page) Asks() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asks
}
