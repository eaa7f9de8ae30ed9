package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Observer is the independent check of the promises P1–P5 by what devices and
// HTTP clients saw. It knows nothing of the server's memory, and judges only
// where it has evidence: a promise it could not check is "not exercised".
//
// Pages hear of a change a little after the server has decided it, so P3 and P5
// allow for that lag.
type Observer struct {
	clock Clock
	lag   time.Duration

	mu      sync.Mutex
	devices map[string]*watched
	tally   map[string]*Promise
	notes   []string
}

var _ Watcher = (*Observer)(nil)

// The promises.
const (
	CleanHands     = "P1"
	OneHolder      = "P2"
	IdleEnds       = "P3"
	AllRecorded    = "P4"
	LateIsHarmless = "P5"
)

var promises = []string{CleanHands, OneHolder, IdleEnds, AllRecorded, LateIsHarmless}

// idleGrace is how long after its deadline a session may still be shown (P3).
const idleGrace = 2 * time.Second

// watched is what was seen of one device.
type watched struct {
	idle     time.Duration // the ward's lock deadline; 0: none
	pages    map[string]*pageSeen
	holders  map[int64]string // who was shown in each epoch: the sessions seen
	session  belief
	touched  time.Time // last evidence of presence, as late as it can have been
	overdue  bool      // P3 reported since then
	suspects []suspect
	locked   int64 // the epoch that was last shown locked, and when
	lockedAt time.Time
	uuids    map[string]bool
	history  []byte
}

type pageSeen struct {
	state   PageState
	live    bool
	highest int64
	since   time.Time // when it last changed
	clashed bool      // P2 reported since then
}

// belief is what people at the device take the session to be.
type belief struct {
	open   bool
	epoch  int64
	holder string
}

// suspect is a command that was carried out on a session that looked open. It
// is cleared if a page shows within the lag that the session had been closed.
type suspect struct {
	epoch   int64
	request string
	until   time.Time
}

// NewObserver makes an observer. lag is how far pages may be behind the server.
func NewObserver(clock Clock, lag time.Duration) *Observer {
	o := &Observer{clock: clock, lag: lag, devices: map[string]*watched{}, tally: map[string]*Promise{}}
	for _, p := range promises {
		o.tally[p] = &Promise{Name: p}
	}
	return o
}

// Expect tells the observer a device's lock deadline: how long a session may be
// idle. 0 means none, and P3 is not checked there.
func (o *Observer) Expect(device string, idle time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of(device).idle = idle
}

// Run checks what comes due with time, every tenth of a second until ctx ends.
func (o *Observer) Run(ctx context.Context) {
	for pause(ctx, o.clock, 100*time.Millisecond) == nil {
		o.Check()
	}
}

// Check judges what has come due: idle sessions, unresolved suspicions, pages that disagree.
func (o *Observer) Check() {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	for id, w := range o.devices {
		o.due(id, w, now)
	}
}

func (o *Observer) due(id string, w *watched, now time.Time) {
	o.checkIdle(id, w, now)
	o.checkSuspects(id, w, now)
	o.checkPages(id, w, now)
}

// Shown is part of [Watcher].
func (o *Observer) Shown(device, page string, s PageState, t Truth) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now, w := o.clock.Now(), o.of(device)
	p := w.page(page)
	news := !p.live || p.state.State != s.State || p.state.Epoch != s.Epoch || p.state.Holder != s.Holder
	o.idleEnded(w, p, s, now)
	o.judgeEpoch(device, w, p, s, now)
	if news {
		o.judgeHands(device, s, t, now)
		p.since, p.clashed = now, false
	}
	p.state, p.live = s, true
	o.believe(device, w, s, now)
	o.due(device, w, now)
}

// Hidden is part of [Watcher].
func (o *Observer) Hidden(device, page string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.of(device)
	o.due(device, w, o.clock.Now())
	w.page(page).live = false
}

// Answered is part of [Watcher].
func (o *Observer) Answered(device string, s PageState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now, w := o.clock.Now(), o.of(device)
	o.judgeHolder(device, w, s, now)
	o.believe(device, w, s, now)
}

// Touched is part of [Watcher].
func (o *Observer) Touched(device string, by time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of(device).touch(by)
}

// believe takes a state as what people now know of the session.
func (o *Observer) believe(device string, w *watched, s PageState, now time.Time) {
	next := belief{s.State == inUse, s.Epoch, s.Holder}
	if s.State == "locked" {
		w.locked, w.lockedAt = s.Epoch, now
	}
	if next.open && (!w.session.open || w.session.epoch != next.epoch) {
		w.touch(now) // a claim or a resume is evidence of presence
	}
	w.session = next
	if !next.open {
		w.suspects = slices.DeleteFunc(w.suspects, func(x suspect) bool { return s.Epoch >= x.epoch && !now.After(x.until) })
	}
}

func (w *watched) touch(at time.Time) {
	if at.After(w.touched) {
		w.touched, w.overdue = at, false
	}
}

func (w *watched) page(name string) *pageSeen {
	p := w.pages[name]
	if p == nil {
		p = &pageSeen{}
		w.pages[name] = p
	}
	return p
}

func (o *Observer) of(device string) *watched {
	w := o.devices[device]
	if w == nil {
		w = &watched{pages: map[string]*pageSeen{}, holders: map[int64]string{}, uuids: map[string]bool{}}
		o.devices[device] = w
	}
	return w
}

func (o *Observer) checked(promise string) { o.tally[promise].Checked++ }

func (o *Observer) broken(promise, device string, now time.Time, format string, a ...any) {
	p := o.tally[promise]
	if len(p.Violations) < maxKept {
		p.Violations = append(p.Violations, Violation{promise, device, fmt.Sprintf(format, a...), now})
	}
}

func (o *Observer) note(format string, a ...any) {
	if len(o.notes) < maxKept {
		o.notes = append(o.notes, fmt.Sprintf(format, a...))
	}
}
