package custody

import "time"

// inFlight is longer than any connection to a device may live: a connect seen
// that much after a hand-over cannot be older than it.
const inFlight = 2 * time.Minute

func (d *decision) authenticated(e Authenticated) error {
	c := d.prev
	if e.Enrolment == c.Enrolment {
		return nil // the device repeats itself: its first answer was lost
	}
	explained := c.Risk.Erase && (c.State == Wiping || c.State == Unproven)
	d.next.Enrolment, d.next.Returning = e.Enrolment, true
	d.next.Fresh, d.next.SignedOut, d.next.AppleUser, d.next.Passcode = false, false, "", time.Time{}
	d.next.Risk.Settled = true
	switch {
	case c.State == Enrolling, c.State == Retired:
		d.note(KindEnrolment, "device", "authenticated")
	case c.State == Lost:
		d.note(KindEnrolment, "device", "authenticated")
		d.lostAndEnrolled()
	case explained:
		d.restartRun()
		d.note(KindEnrolment, "device", "came back after the erase")
	default:
		d.endRun("ended by an enrolment that no erase explains")
		d.note(KindEnrolment, "device", "authenticated, and no erase of ours explains it")
		d.unproven(CauseReenrolled, "Enrolled again, and no erase of ours explains it. Wipe it.")
	}
	return nil
}

// restartRun takes the plan back to its first step under the same run; what
// the row already shows lets the plan skip ahead.
func (d *decision) restartRun() {
	r := &d.next.Run
	if !r.Active() {
		return
	}
	r.Step, r.Entered, r.Command, r.Acked, r.Subject = "", d.now, "", false, ""
	r.HandedOver, r.NotBefore = time.Time{}, time.Time{}
	r.Nudges, r.NudgeAt = 0, d.now.Add(d.p.repush(0))
}

func (d *decision) tokenUpdated(e TokenUpdated) error {
	c := d.prev
	if e.Enrolment != c.Enrolment || !c.Returning {
		return nil // another enrolment's, or a new push token
	}
	d.next.Returning = false
	d.nudge = true
	if e.Awaiting {
		d.cameBackErased()
		return nil
	}
	switch c.State {
	case Enrolling:
		d.unproven(CauseFirst, "Enrolled for the first time: what is on it is unknown. Wipe it.")
	case Wiping, Unproven:
		d.endRun("unproven: enrolled again without AwaitingConfiguration")
		d.unproven(CauseReenrolled, "Came back enrolled, but not from Setup Assistant: that is no evidence of an erase. Wipe it again.")
	}
	return nil
}

// cameBackErased: AwaitingConfiguration under a new enrolment. Where no wipe
// of ours is running, somebody erased it by hand or it is new: a wipe run
// starts whose erase has already happened.
func (d *decision) cameBackErased() {
	c := d.prev
	switch c.State {
	case Enrolling, Unproven, Wiping:
		if !c.Run.Active() || c.Run.Goal != GoalWipe {
			d.startWipe(CauseFirst, "device")
		}
		d.next.Fresh = true
		d.next.Proof = d.next.Proof.climb(ProofReturned, d.now, "AwaitingConfiguration, under a new enrolment")
		d.note(KindEnrolment, "device", "awaiting configuration: it was erased")
	}
}

func (d *decision) checkedOut(e CheckedOut) error {
	c := d.prev
	if e.Enrolment != c.Enrolment {
		return nil
	}
	d.note(KindEnrolment, "device", "checked out")
	// An erase explains that the enrolment it ended checks out, not that the one it led to does.
	explained := c.Risk.Erase && !c.Returning && !c.Fresh && (c.State == Wiping || c.State == Unproven)
	if explained || c.State == Enrolling || c.State == Retired || c.State == Lost {
		return nil
	}
	d.endRun("ended: the management was removed")
	d.unproven(CauseCheckedOut, "The management was removed on the iPad. Enrol it again.")
	return nil
}

// appleSignIn: somebody signed in to Apple on a Shared iPad.
func (d *decision) appleSignIn(e AppleSignIn) error {
	c := d.prev
	if e.Enrolment != c.Enrolment || !d.p.Fleet.Shared() {
		return nil
	}
	known := e.Account != "" && e.Account == c.AppleUser
	switch c.State {
	case Clean:
		d.next.Epoch++
		d.next.Holder, d.next.AppleUser = "", e.Account
		d.next.Risk, d.next.Lock, d.next.Returning = Risk{}, Lock{}, false
		d.note(KindAppleSignIn, "device", "%s", e.Account)
		d.startWipe(CauseStranger, "device")
		d.next.Run.NotBefore = d.now.Add(d.p.SignInGrace)
	case InUse, Locked:
		if known {
			if c.SignedOut {
				d.next.SignedOut = false
				d.note(KindAppleSignIn, "device", "%s", e.Account)
			}
			return nil
		}
		d.next.AppleUser = e.Account
		d.note(KindAppleSignIn, "device", "%s: not the holder's account", e.Account)
		d.startWipe(CauseStranger, "device")
	case Wiping, Unproven:
		if known && c.Risk.Request == "" && c.Run.Command == "" {
			return nil // it repeats itself, and nothing has been asked of the device yet
		}
		if !known && c.State == Wiping {
			d.next.Cause = CauseSignIn // two people's data: neither calls it back nor claims it
		}
		d.next.AppleUser, d.next.Fresh = e.Account, false
		d.restartRun()
		d.note(KindAppleSignIn, "device", "%s: the wipe starts again", e.Account)
	default:
		d.next.AppleUser = e.Account
	}
	return nil
}

// seen settles a destructive command that the device did not answer, unless the
// run still holds it: then this very connect is told it again.
func (d *decision) seen() error {
	c, r := d.prev, d.prev.Risk
	again := c.Run.Active() && c.Run.Command == r.Command && !c.Run.Acked
	if r.Open() && !again && d.now.Sub(r.HandedOver) >= inFlight {
		d.next.Risk.Settled = true
	}
	return nil
}

// mislaid has a command asked again under another id, for the queue that lost
// it knows the old one. What may have taken data is not asked twice: nobody
// knows whether it was lost before the device got it, or its answer after.
func (d *decision) mislaid(e Mislaid) error {
	r := &d.next.Run
	if !r.Active() || e.Command == "" || r.Command != e.Command || r.Acked || d.prev.Risk.Command == e.Command {
		return ErrStale
	}
	r.Command, r.HandedOver, r.NotBefore = "", time.Time{}, time.Time{}
	d.note(KindReport, "", "%s was not answered, and is asked again", e.Command)
	d.nudge = true
	return nil
}
