package custody

import "time"

// Isolation keeps a device where it is, with whoever has it, until a named
// person has disinfected it. It is beside custody: data and germs are two
// things, and a device may be proven clean of the one only.
type Isolation struct {
	By  string    `json:"by,omitempty"` // staff
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at,omitzero"`
}

// On reports whether the device is isolated.
func (i Isolation) On() bool { return i.By != "" }

// RefusedIsolated: isolated, so not to be had until it is released.
const RefusedIsolated = "isolated"

func refuseIsolated() error {
	return refuse(RefusedIsolated, "This iPad is kept in isolation. Use another iPad, or have it disinfected and released.")
}

func (d *decision) isolate(e Isolate) error {
	switch {
	case e.By == "" || e.Why == "":
		return refuse(RefusedOther, "Isolation needs a name and a reason.")
	case d.prev.Isolation.On():
		return refuse(RefusedOther, "This iPad is isolated already.")
	case d.prev.State == Retired:
		return refuse(RefusedUnavailable, "This iPad is retired.")
	}
	d.next.Isolation = Isolation{By: e.By, Why: brief(e.Why), At: d.now}
	d.note(KindIsolated, e.By, "%s", e.Why)
	return nil
}

func (d *decision) release(e Release) error {
	switch {
	case e.By == "" || e.Why == "":
		return refuse(RefusedOther, "A release needs a name, and how it was disinfected.")
	case !d.prev.Isolation.On():
		return refuse(RefusedOther, "This iPad is not isolated.")
	}
	d.next.Isolation = Isolation{}
	d.note(KindReleased, e.By, "%s", e.Why)
	return nil
}

// lockNow is a manager's lock: like idleness, without the waiting.
func (d *decision) lockNow(e LockNow) error {
	switch {
	case e.Epoch != 0 && e.Epoch != d.prev.Epoch:
		return ErrStale
	case e.By == "":
		return refuse(RefusedOther, "A lock needs a name.")
	case d.prev.State == Locked:
		return refuse(RefusedOther, "This iPad is locked already.")
	case d.prev.State != InUse:
		return refuse(RefusedOther, "Nobody is signed in on this iPad, so there is nothing to lock.")
	case d.p.Fleet == SharedGuest:
		return refuse(RefusedOther, "A guest's session cannot be locked, only ended: wipe this iPad.")
	}
	d.startLock(CauseManager, e.By)
	d.because(e.By, e.Why)
	return nil
}

// reinstate brings a retired device back. Where it was is unknown, so it is wiped first.
func (d *decision) reinstate(e Reinstate) error {
	switch {
	case d.prev.State != Retired:
		return refuse(RefusedOther, "This iPad is not retired.")
	case e.By == "":
		return refuse(RefusedOther, "Who brings it back must be named.")
	}
	d.note(KindRetired, e.By, "back in service")
	if d.prev.Enrolment == "" { // retired before it was ever enrolled
		d.enter(Enrolling, CauseReinstated)
		return nil
	}
	d.unproven(CauseReinstated, "Back in service after it was retired: what is on it is unknown. Wipe it.")
	return nil
}
