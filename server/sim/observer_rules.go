package sim

import (
	"slices"
	"time"
)

// clean is the one state in which a device is offered to people.
const clean = "clean"

// judgeHands is P1: nobody is shown a device that holds another's data.
func (o *Observer) judgeHands(device string, s PageState, t Truth, now time.Time) {
	switch s.State {
	case clean:
		o.checked(CleanHands)
		if what := t.UserData(); what != "" {
			o.broken(CleanHands, device, now, "offered as clean at epoch %d while it holds %s", s.Epoch, what)
		}
	case inUse:
		o.checked(CleanHands)
		for _, c := range t.Canaries {
			if c.Holder != s.Holder {
				o.broken(CleanHands, device, now, "in use by %s (epoch %d) while it holds the work of %s (epoch %d)",
					s.Holder, s.Epoch, c.Holder, c.Epoch)
			}
		}
	}
}

// judgeEpoch is P2 on one page: epochs only grow, and each has one holder.
func (o *Observer) judgeEpoch(device string, w *watched, p *pageSeen, s PageState, now time.Time) {
	if s.Epoch < p.highest {
		o.broken(OneHolder, device, now, "the page went from epoch %d back to %d", p.highest, s.Epoch)
	}
	p.highest = max(p.highest, s.Epoch)
	o.judgeHolder(device, w, s, now)
}

func (o *Observer) judgeHolder(device string, w *watched, s PageState, now time.Time) {
	if s.State != inUse || s.Holder == "" {
		return
	}
	first, known := w.holders[s.Epoch]
	if !known {
		o.checked(OneHolder)
		if len(w.holders) < maxKept {
			w.holders[s.Epoch] = s.Holder
		}
		return
	}
	if first != s.Holder {
		o.broken(OneHolder, device, now, "epoch %d belongs to %s and is shown as %s's", s.Epoch, first, s.Holder)
	}
}

// checkPages is P2 across pages: two that are both live may not go on showing
// different sessions of one device.
func (o *Observer) checkPages(device string, w *watched, now time.Time) {
	for a, p := range w.pages {
		for b, q := range w.pages {
			if a >= b || p.clashed || q.clashed || !p.live || !q.live || p.state.State != inUse || q.state.State != inUse {
				continue
			}
			same := p.state.Epoch == q.state.Epoch && p.state.Holder == q.state.Holder
			if !same && now.Sub(p.since) > o.lag && now.Sub(q.since) > o.lag {
				p.clashed = true
				o.broken(OneHolder, device, now, "two pages show two sessions: %s (epoch %d) and %s (epoch %d)",
					p.state.Holder, p.state.Epoch, q.state.Holder, q.state.Epoch)
			}
		}
	}
}

// idleEnded counts, for P3, a session that was seen to end after its deadline.
func (o *Observer) idleEnded(w *watched, p *pageSeen, s PageState, now time.Time) {
	if w.idle > 0 && p.live && p.state.State == inUse && s.State != inUse && !now.Before(w.touched.Add(w.idle)) {
		o.checked(IdleEnds)
	}
}

// checkIdle is P3: no page shows a session longer than two seconds (and the
// pages' lag) past its deadline. It is reported once per touch.
func (o *Observer) checkIdle(device string, w *watched, now time.Time) {
	if w.idle == 0 || w.overdue || w.touched.IsZero() {
		return
	}
	deadline := w.touched.Add(w.idle)
	for _, p := range w.pages {
		if p.live && p.state.State == inUse && now.After(deadline.Add(idleGrace+o.lag)) {
			w.overdue = true
			o.checked(IdleEnds)
			o.broken(IdleEnds, device, now, "%s's session (epoch %d) is still open %s after its idle deadline",
				p.state.Holder, p.state.Epoch, now.Sub(deadline).Round(time.Millisecond))
			return
		}
	}
}

// interrupting are the commands that take something from whoever is working:
// the destructive ones and DeviceLock.
var interrupting = []string{"EraseDevice", "LogOutUser", "DeleteUser", "RemoveApplication", "ClearPasscode", "DeviceLock"}

// lockUnderWay is how long a DeviceLock may be on its way to a device that is
// reachable: its reply, and the page's lag.
const lockUnderWay = 5 * time.Second

// Executed is part of [Watcher]. It is P5: nothing made for an ended session is
// carried out on the next one.
func (o *Observer) Executed(device string, e Executed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now, w := o.clock.Now(), o.of(device)
	if e.Effect && w.uuids[e.UUID] {
		o.note("%s carried out %s (%s) again", device, e.Request, e.UUID)
	}
	if e.Effect && len(w.uuids) < maxKept {
		w.uuids[e.UUID] = true
	}
	if !e.Effect || !slices.Contains(interrupting, e.Request) {
		return
	}
	o.checked(LateIsHarmless)
	if e.Request == "DeviceLock" && w.session.open && w.locked == w.session.epoch && now.Sub(w.lockedAt) < lockUnderWay {
		// It was for this very session, whose holder came back while it was on
		// its way: their own screen goes off. P5 is about the next hand-over.
		o.note("%s: a DeviceLock met the holder who had just come back (epoch %d)", device, w.locked)
		return
	}
	if w.session.open && w.anyLive() && len(w.suspects) < maxKept {
		w.suspects = append(w.suspects, suspect{w.session.epoch, e.Request, now.Add(o.lag)})
	}
}

// anyLive: somebody is being shown the session. Of a page that is not in front
// nobody can say what it would have shown.
func (w *watched) anyLive() bool {
	for _, p := range w.pages {
		if p.live {
			return true
		}
	}
	return false
}

// checkSuspects reports commands that no page has explained in time.
func (o *Observer) checkSuspects(device string, w *watched, now time.Time) {
	w.suspects = slices.DeleteFunc(w.suspects, func(s suspect) bool {
		if !now.After(s.until) {
			return false
		}
		o.broken(LateIsHarmless, device, now, "%s was carried out while %s's session (epoch %d) was open",
			s.request, w.holders[s.epoch], s.epoch)
		return true
	})
}
