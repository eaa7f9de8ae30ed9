package custody

import "time"

// Downtime is a clean iPad set aside and sealed for when the network is gone:
// it has no app lock, so it works without us, and a passcode that lies in an
// envelope. Who broke the seal is named when the iPad is brought back.
type Downtime struct {
	By string    `json:"by,omitempty"` // staff
	At time.Time `json:"at,omitzero"`
}

// On reports whether the device is set aside.
func (a Downtime) On() bool { return a.By != "" }

// Sealed is what a device is called that is set aside for a downtime. A word of
// [Shown] like [Reset].
const Sealed State = "sealed"

// RefusedSealed: set aside for a downtime, so not to be had by a tap.
const RefusedSealed = "sealed"

func refuseSealed() error {
	return refuse(RefusedSealed, "This iPad is sealed for a network downtime. Use another iPad.")
}

// setAside takes a clean device out of what is offered and starts the plan that
// removes its app lock and looks for the passcode. Only an erase removes a
// passcode that nobody has to remember, so no other fleet kind is sealed.
func (d *decision) setAside(e SetAside) error {
	c := d.prev
	switch {
	case e.By == "":
		return refuse(RefusedOther, "Who sets an iPad aside must be named.")
	case d.p.Fleet != ReturnToService:
		return refuse(RefusedOther, "Only an iPad that this ward erases after use can be sealed: its passcode goes with the erase.")
	case c.State != Clean:
		return refuse(RefusedOther, "Only a clean iPad can be sealed.")
	case c.Isolation.On():
		return refuseIsolated()
	case c.Downtime.On():
		return refuse(RefusedOther, "This iPad is sealed already.")
	}
	d.next.Downtime, d.next.Reserved = Downtime{By: e.By, At: d.now}, Reservation{}
	d.next.Lock = Lock{}.climb(LockMark{Rung: LockRequested, How: "set aside for a downtime"}, d.now)
	d.note(KindSetAside, e.By, "")
	d.startRun(GoalSeal)
	return nil
}

// bringBack ends the seal. Whoever used it had it as others have theirs, so it
// was a hand-over; and used or not it is wiped, for it has a passcode.
func (d *decision) bringBack(e BringBack) error {
	switch {
	case e.Epoch != 0 && e.Epoch != d.prev.Epoch:
		return ErrStale
	case e.By == "":
		return refuse(RefusedOther, "Who brings it back must be named.")
	case !d.prev.Downtime.On():
		return refuse(RefusedOther, "This iPad is not sealed.")
	}
	if e.Who == "" {
		d.note(KindBroughtBack, e.By, "its seal was not broken")
	} else {
		d.next.Epoch++
		d.note(KindBroughtBack, e.By, "used by %s", brief(e.Who))
	}
	d.startWipe(CauseDowntime, e.By)
	return nil
}

// sealFailed: it may have a passcode and no app lock, so nobody gets it as it is.
func (d *decision) sealFailed(sentence string) {
	d.endRun("")
	d.unproven(CauseFailed, sentence)
}

// looked writes down that a named person looked at what is kept of a device.
func (d *decision) looked(e Looked) error {
	if e.By == "" || e.What == "" {
		return refuse(RefusedOther, "Who looks, and at what, must be named.")
	}
	d.note(KindLooked, e.By, "%s", e.What)
	return nil
}
