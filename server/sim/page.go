package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// PageState is what the badge page is told, as /kiosk/state has it.
type PageState struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Ward     string `json:"ward"`
	State    string `json:"state"` // clean, in_use, locked, wiping, unproven …
	Epoch    int64  `json:"epoch"`
	Holder   string `json:"holder"`
	Mine     bool   `json:"mine"`
	Open     bool   `json:"open"`
	Opening  bool   `json:"opening"`
	Warned   bool   `json:"warned"`
	WarnIn   int64  `json:"warn_in_ms"`
	LockIn   int64  `json:"lock_in_ms"`
	Lock     string `json:"lock"`
	Proof    string `json:"proof"`
	Asks     string `json:"asks"`
	Nonce    string `json:"nonce"`
	Sentence string `json:"sentence"`

	Assurance string `json:"assurance"` // how its holder showed who they are
	// Explain is an emergency that its holder has not explained.
	Explain *struct {
		Device  string `json:"device"`
		Version int64  `json:"version"`
	} `json:"explain"`
}

// inUse is the state of a device with an open session.
const inUse = "in_use"

// Watcher is told what devices and people see, as it happens and in order per
// device. Its methods must not block for long.
type Watcher interface {
	// Shown: page (a name, unique per device) shows s, while the device is as t says.
	Shown(device, page string, s PageState, t Truth)
	// Hidden: page shows nothing any more.
	Hidden(device, page string)
	// Answered: a person's request at the page was granted with s.
	Answered(device string, s PageState)
	// Touched: the server accepted evidence of presence by then.
	Touched(device string, by time.Time)
	// Executed: the device took a command.
	Executed(device string, e Executed)
}

// view is what of a device's state the page depends on.
type view struct {
	usable bool
	web    *web
	start  string // the web clip's address
	lit    bool   // a person can see and touch it
}

// same: the page goes on through the change from v to w.
func (v view) same(w view) bool { return v.usable == w.usable && v.web == w.web && v.start == w.start }

// look works out the view. The page runs only on a lit, unlocked screen, in
// front, on a network, and a moment longer: iPadOS suspends it then. Under mu.
func (d *Device) look() view {
	v := d.vol
	w := v.home(d.opt.Kind)
	lit := d.showing()
	now := view{lit, w, v.startURL(), lit}
	if dimmed := (view{true, now.web, now.start, false}); !lit && d.online() && d.glow.same(dimmed) {
		return dimmed
	}
	return now
}

// showing reports whether a person can see and touch the page. Under mu.
func (d *Device) showing() bool {
	v := d.vol
	w := v.home(d.opt.Kind)
	return d.online() && d.screen && !v.locked && !v.setup && !v.awaiting && v.mdm != nil && v.lost == nil &&
		(v.front || v.appLock() != "") && w != nil && v.startURL() != ""
}

// afterglow keeps the page's events coming for a moment after the screen went
// dark: iPadOS suspends a page a little later. Nobody can touch it then. Under mu.
func (d *Device) afterglow() {
	if !d.view.usable {
		return
	}
	d.glow = d.view
	d.agenda.drop("glow")
	d.agenda.at(d.env.Timing.Linger, "glow", func(context.Context) {
		d.update(func() { d.glow = view{} })
	})
}

// Page is the badge page on a device's screen. It opens the web clip's start
// address once, then follows the server's events with the cookie it was given,
// which lives in the device's (or the account's) volume and ends with it.
type Page struct {
	d *Device

	mu    sync.Mutex
	shown PageState
	live  bool
	fresh chan struct{} // closed when shown or live changes
	asks  string        // of the last tap's answer
	nonce string
	err   error // why the page could not be shown
}

func newPage(d *Device) *Page { return &Page{d: d, fresh: make(chan struct{})} }

// name is what the page is called to the watcher.
const pageName = "screen"

// run keeps the page up while it can be, until ctx ends.
func (p *Page) run(ctx context.Context) {
	for ctx.Err() == nil {
		v, changed := p.d.watchView()
		if !v.usable || p.d.opt.Lent {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		err := p.show(ctx, v, changed)
		p.hide(err)
		select {
		case <-changed: // look again at once
		default:
			_ = pause(ctx, p.d.env.Clock, p.d.env.Timing.Page) // ends with ctx
		}
	}
}

func (d *Device) watchView() (view, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.view, d.changed
}

// PageAddress is where the page of a lent device starts, for a browser; empty
// while it has none on its screen. It works once.
func (d *Device) PageAddress() string {
	v, _ := d.watchView()
	if !v.usable {
		return ""
	}
	return v.start
}

// Poll has the device connect without a push, as one does that is never reached by any.
func (d *Device) Poll() { d.update(func() { d.planConnect(0, "") }) }

// show opens the page and follows it until changed, ctx or an error ends that.
func (p *Page) show(ctx context.Context, v view, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		for now := v; now.same(v); now, changed = p.d.watchView() {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	})
	defer watch.Wait()
	defer cancel()
	if v.web.opened != v.start {
		if err := p.open(ctx, v); err != nil {
			return err
		}
	}
	return p.follow(ctx, v)
}

// open follows the web clip's start address: it works once and gives the cookie.
func (p *Page) open(ctx context.Context, v view) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.start, nil)
	if err != nil {
		return fmt.Errorf("opening the page: %w", err)
	}
	if _, err := roundTrip(p.browser(v), req); err != nil {
		return fmt.Errorf("opening the page: %w", err)
	}
	v.web.opened = v.start
	return nil
}

// browser is the HTTP client with the cookies of who is at the device. It has
// no timeout, because an event stream has no end.
func (p *Page) browser(v view) *http.Client {
	return &http.Client{Transport: p.d.env.HTTP, Jar: v.web.jar}
}

// put shows s, after the watcher has compared it with the device's truth.
func (p *Page) put(s PageState) {
	if w := p.d.env.Watch; w != nil {
		w.Shown(p.d.opt.Serial, pageName, s, p.d.Truth())
	}
	p.change(func() {
		p.shown, p.live, p.err = s, true, nil
		p.nonce, p.asks = s.Nonce, s.Asks
	})
}

func (p *Page) hide(err error) {
	if w := p.d.env.Watch; w != nil {
		w.Hidden(p.d.opt.Serial, pageName)
	}
	p.change(func() { p.live, p.err = false, err })
}

func (p *Page) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.fresh)
	p.fresh = make(chan struct{})
}

// Shown returns what the page shows, and whether a person can see it.
func (p *Page) Shown() (PageState, bool) {
	v, _ := p.d.watchView()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown, p.live && v.lit
}

// errNotShown: there is no page in front of the person.
var errNotShown = errors.New("the page is not shown")

// Await waits until the page shows a state that want accepts, and returns it.
// Nothing is seen on a dark screen. When ctx ends first, the error says what was shown last.
func (p *Page) Await(ctx context.Context, want func(PageState) bool) (PageState, error) {
	for {
		v, changed := p.d.watchView()
		p.mu.Lock()
		s, live, fresh, err := p.shown, p.live, p.fresh, p.err
		p.mu.Unlock()
		if live && v.lit && want(s) {
			return s, nil
		}
		select {
		case <-fresh:
		case <-changed:
		case <-ctx.Done():
			return s, fmt.Errorf("waiting for %s's page (last %q, epoch %d, live %t, trouble: %v): %w",
				p.d.opt.Serial, s.State, s.Epoch, live, err, ctx.Err())
		}
	}
}
