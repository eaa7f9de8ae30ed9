package custody

import (
	"fmt"
	"time"
)

// LockWord is what a lock is to people. A dark screen is never called a lock,
// and a lock that nothing has confirmed is called unconfirmed.
type LockWord string

const (
	// LockHolds: confirmed, and enforced by what How names.
	LockHolds LockWord = "locked"
	// LockUnconfirmed: asked for, and not yet, or never, confirmed.
	LockUnconfirmed LockWord = "lock_unconfirmed"
	// LockScreenOff: all that was reached is a dark screen, which a touch wakes.
	LockScreenOff LockWord = "screen_off_only"
)

// ShownLock is the lock of a device as people are told of it.
type ShownLock struct {
	Word     LockWord
	Strength Strength
	How      string
	Since    time.Time // since when the word holds; zero: not known
}

// ShowLock says what the lock of a locked device is. A device that live has
// closed before its row was told has no ladder yet: it is unconfirmed.
func ShowLock(c Custody) ShownLock {
	l := c.Lock
	s := ShownLock{Word: LockUnconfirmed, Strength: l.Strength, How: l.How, Since: l.Requested.At}
	working := c.Run.Goal == GoalLock && c.Run.Active()
	switch {
	case l.Rung == LockConfirmed && l.Strength == Enforced:
		s.Word, s.Since = LockHolds, firstOf(l.Confirmed.At, l.At)
	case l.Rung == LockConfirmed, l.Rung == LockAcknowledged && l.Strength == ScreenOff && !working:
		s.Word, s.Since = LockScreenOff, firstOf(l.Acknowledged.At, l.At)
	case s.Since.IsZero() && l.Rung == LockRequested:
		s.Since = l.At
	case s.Since.IsZero() && l.Rung == "":
		s.How = ""
	}
	return s
}

func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// BestLock is the strongest lock that a ward's policy can give, and why, in a
// sentence. It promises nothing of a device: that is what [ShowLock] says.
func (p Policy) BestLock() (Strength, string) {
	switch {
	case p.Fleet == SharedIPad:
		return Enforced, fmt.Sprintf("Signed out of Apple once it has been locked for %s; until then only the screen is off.", p.SignOutAfter)
	case p.Fleet == SharedGuest:
		return ScreenOff, "A guest's session has no passcode: it can be ended, but not locked."
	case p.Target == TargetKioskApp:
		return Enforced, "An app lock, seen in the iPad's list of profiles."
	case p.Target == TargetPasscode:
		return Enforced, "The holder's passcode, once the iPad has shown that there is one."
	}
	return ScreenOff, "This ward's iPads have neither a passcode nor an app lock that was ever seen to hold: a lock only turns the screen off."
}
