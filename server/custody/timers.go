package custody

import (
	"time"
)

// Wake is a row's one next wake: the earliest moment at which [Tick] has
// something to do. Zero means never. The idle deadlines of a session are
// live's and not in it.
func Wake(c Custody, p Policy) time.Time {
	var wake time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (wake.IsZero() || t.Before(wake)) {
			wake = t
		}
	}
	switch c.State {
	case InUse:
		sooner(c.Opened.Add(p.Longest))
		sooner(c.Until)
	case Locked:
		sooner(c.ResumeUntil)
		sooner(c.Opened.Add(p.Longest))
	case Wiping:
		sooner(c.WipeAsked.Add(p.Overdue))
	case Clean:
		sooner(c.Reserved.Until)
	}
	if c.Run.Active() {
		sooner(c.Run.NudgeAt)
	}
	return wake
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

func (d *decision) idle(e Idle) error {
	if d.prev.State != InUse || d.prev.Epoch != e.Epoch {
		return ErrStale
	}
	if d.p.Fleet == SharedGuest { // a guest's session cannot be locked, only ended
		d.startWipe(CauseIdle, "timer")
		return nil
	}
	d.startLock(CauseIdle, "timer")
	return nil
}

// liveLost fails safe (P6): an open session becomes locked and its holder may
// resume; other states keep their place; nothing is wiped because of it.
func (d *decision) liveLost() error {
	if d.prev.State == InUse {
		d.startLock(CauseLiveLost, "timer")
	}
	return nil
}

func (d *decision) tick() error {
	c := d.prev
	switch c.State {
	case InUse:
		if due(c.Opened.Add(d.p.Longest), d.now) {
			d.startWipe(CauseTooLong, "timer")
			return nil
		}
		if due(c.Until, d.now) {
			d.startLock(CauseEmergency, "timer")
			return nil
		}
	case Locked:
		if due(c.Opened.Add(d.p.Longest), d.now) {
			d.startWipe(CauseTooLong, "timer")
			return nil
		}
		if due(c.ResumeUntil, d.now) {
			d.startWipe(CauseResumeOver, "timer")
			return nil
		}
	case Wiping:
		if due(c.WipeAsked.Add(d.p.Overdue), d.now) {
			d.overdue()
		}
	case Clean:
		if due(c.Reserved.Until, d.now) {
			d.next.Reserved = Reservation{}
		}
	}
	if r := d.next.Run; r.Active() && due(r.NudgeAt, d.now) {
		d.next.Run.Nudges++
		d.schedule()
		d.nudge = true
	}
	return nil
}

// schedule sets when the device is nudged next if it does not come by itself:
// after the policy's wait, or when a held step is let go.
func (d *decision) schedule() {
	r := &d.next.Run
	r.NudgeAt = d.now.Add(d.p.repush(r.Nudges))
	if r.NotBefore.After(d.now) && r.NotBefore.Before(r.NudgeAt) {
		r.NudgeAt = r.NotBefore
	}
}

// overdue ends the wipe in the history and leaves its run working: what is
// proven late is proven.
func (d *decision) overdue() {
	sentence := Sentence(d.prev)
	d.note(KindWipeEnded, "timer", "unproven: %s", sentence)
	d.next.Run.Ended = true
	d.unproven(CauseOverdue, sentence)
}

// repush is the wait after n nudges without a connect: the policy's waits,
// then doubling, up to twelve times the last.
func (p Policy) repush(n int) time.Duration {
	if len(p.Repush) == 0 {
		return 30 * time.Second
	}
	if n < len(p.Repush) {
		return p.Repush[n]
	}
	last := p.Repush[len(p.Repush)-1]
	wait := last
	for i := len(p.Repush); i <= n && wait < 12*last; i++ {
		wait *= 2
	}
	return min(wait, 12*last)
}
