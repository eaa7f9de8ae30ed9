package errand

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Free reports whether a device may be asked something beside its plan: it is
// enrolled, it is not being locked, wiped or set up, and no command of a plan
// is out. While an open waits for the device, its clinician is at it and the
// errand may go.
func Free(c custody.Custody) bool {
	switch {
	case c.Enrolment == "" || c.Returning || c.Risk.Open():
		return false
	case c.State == custody.Enrolling || c.State == custody.Wiping || c.State == custody.Retired:
		return false
	case !c.Run.Active():
		return true
	}
	return c.Run.Goal == custody.GoalOpen && (c.Run.Command == "" || c.Run.Acked)
}

// choice is what a connected device is to be told.
type choice struct {
	ask      ledger.Ask
	found    bool
	again    bool         // it has the command, or may have it: the same one under the same id
	overtook []ledger.Ask // outstanding, and not for this hand-over any more
}

// choose picks from a device's asks, which come lowest rank first. Idle says
// that the device reports Idle: it then has no answer to what is outstanding,
// and gets that again.
func choose(kinds Kinds, asks []ledger.Ask, c custody.Custody, idle bool, now time.Time) (ch choice) {
	if !Free(c) {
		return ch
	}
	busy := false
	for _, a := range asks {
		if !a.Outstanding(now) {
			continue
		}
		if !fits(kinds, a, c) {
			ch.overtook = append(ch.overtook, a)
			continue
		}
		busy = true
		if idle && !ch.found {
			ch.ask, ch.found, ch.again = a, true, true
		}
	}
	if busy {
		return ch
	}
	for _, a := range asks {
		waits := a.HandedOver.IsZero() && a.Answered.IsZero() && now.Before(a.Expires) && !now.Before(a.NotBefore)
		if waits && fits(kinds, a, c) {
			ch.ask, ch.found = a, true
			return ch
		}
	}
	return ch
}

// fits reports whether an ask may go to the device as it stands.
func fits(kinds Kinds, a ledger.Ask, c custody.Custody) bool {
	k, ok := kinds.of(a.Kind)
	return ok && (!k.Personal || a.Epoch == c.Epoch) && (k.In == nil || k.In(c))
}
