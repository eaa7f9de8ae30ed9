package custody

import "fmt"

// Move: a named person takes a device to another ward. Keeps says that what it
// was proven by is enough there, and that it is set up there as it is here; the
// ward's own policy is for who asks to compare. Epoch as in [Wipe].
type Move struct {
	By, To string
	Keeps  bool
	Epoch  int64
}

// NewPolicy: the ward's policy was changed by By, to a version of it. The row's
// timers are its from now on; what somebody was told stays as it was told.
type NewPolicy struct {
	By      string
	Version int64
}

func (Move) event()      {}
func (NewPolicy) event() {}

// move changes the ward of a device that nobody has. Where the other ward asks
// for more than it was proven by, it is clean no longer.
func (d *decision) move(e Move) error {
	c := d.prev
	switch {
	case e.Epoch != 0 && e.Epoch != c.Epoch:
		return ErrStale
	case e.By == "" || e.To == "":
		return refuse(RefusedOther, "Who moves it, and to which ward, must be named.")
	case e.To == c.Ward:
		return refuse(RefusedOther, "This iPad is on that ward already.")
	case c.State == InUse || c.State == Locked:
		return refuse(RefusedOther, "Somebody's session is on this iPad. Move it once it is clean.")
	case c.State == Wiping:
		return refuse(RefusedOther, "This iPad is being wiped. Move it once it is clean.")
	case c.State == Lost:
		return refuse(RefusedOther, "This iPad is lost. Say that it is found first.")
	case c.Isolation.On():
		return refuse(RefusedIsolated, "This iPad is kept in isolation. Release it first.")
	case c.Downtime.On():
		return refuse(RefusedSealed, "This iPad is sealed for a downtime. Bring it back first.")
	}
	d.endRun("ended: moved to another ward")
	d.next.Ward, d.next.Reserved, d.next.Rules = e.To, Reservation{}, 0
	d.note(KindMoved, e.By, "from ward %s to ward %s", c.Ward, e.To)
	if c.State == Clean && !e.Keeps {
		d.unproven(CauseOtherWard, "It comes from a ward whose iPads are set up or proven differently. Wipe it.")
	}
	return nil
}

// below: a clean device was proven, and by less than the policy asks for since it
// was changed. A person's word stands.
func below(c Custody, p Policy) bool {
	return c.State == Clean && gradeRank[c.Proof.Grade] > 0 && !p.Accepts(c.Proof.Grade) && !c.Proof.Attested
}

// newPolicy has the row published anew where it has timers that run. What was
// clean by less than the policy asks for now is clean no longer.
func (d *decision) newPolicy(e NewPolicy) error {
	c := d.prev
	if below(c, d.p) {
		d.next.Rules = e.Version
		d.endRun("ended: the ward asks for more")
		d.unproven(CauseBelowGrade, fmt.Sprintf("The ward asks for more now than %v. Wipe it.", c.Proof.Grade))
		return nil
	}
	held := c.State == InUse || c.State == Locked || c.State == Wiping || c.Run.Active()
	if !held || e.Version <= c.Rules {
		return nil
	}
	d.next.Rules = e.Version
	d.note(KindPolicy, e.By, "the ward's policy changed, version %d", e.Version)
	return nil
}
