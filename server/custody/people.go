package custody

import (
	"fmt"
	"time"
)

func (d *decision) claim(e Claim) error {
	c := d.prev
	if c.State == Wiping && c.Cause == CauseStranger && c.Holder == "" {
		return d.claimSignedIn(e)
	}
	if err := d.claimable(e.By); err != nil {
		return err
	}
	if d.p.Fleet == SharedIPad {
		return refuse(RefusedSignIn, "Sign in to this iPad with your Managed Apple Account first, then tap your badge.")
	}
	d.next.Epoch++
	d.next.Proof, d.next.Risk, d.next.Passcode = Proof{}, Risk{}, time.Time{}
	return d.open(e)
}

// claimSignedIn matches a tap with the Apple sign-in that made the device
// leave clean. The epoch already is this person's, and nobody else's: where a
// stranger signed in over a session, its holder's data is there too.
func (d *decision) claimSignedIn(e Claim) error {
	c := d.prev
	switch {
	case e.Account == "" || e.Account != c.AppleUser:
		return refuse(RefusedSignIn, "Somebody else is signed in to Apple on this iPad. Use another iPad.")
	case c.Isolation.On():
		return refuseIsolated()
	case c.Risk.Request != "":
		return refuse(RefusedTooLate, "This iPad is being cleaned already. Use another iPad.")
	case c.Reserved.For != "" && c.Reserved.For != e.By && d.now.Before(c.Reserved.Until):
		return refuse(RefusedReserved, "This iPad is kept for somebody else. Use another iPad.")
	}
	d.endRun("called back: the sign-in was matched by a tap")
	d.next.Proof = Proof{}
	return d.open(e)
}

// claimable says why a device cannot be had by who, or nil.
func (d *decision) claimable(who string) error {
	c := d.prev
	switch {
	case c.State == Clean && c.Isolation.On():
		return refuseIsolated()
	case c.Downtime.On():
		return refuseSealed()
	case below(c, d.p):
		return refuse(RefusedUnavailable, "This ward asks for more than this iPad was proven by. Use another iPad, and have this one wiped.")
	case c.Available(who, d.now):
		return nil
	case c.State == Clean:
		return refuse(RefusedReserved, "This iPad is kept for somebody else for a moment. Use another iPad.")
	case c.State == InUse:
		return refuse(RefusedInUse, "This iPad is in use. Use another iPad.")
	case c.State == Locked:
		return refuse(RefusedLockedOther, "This iPad is locked with somebody's session. Take it over, or use another iPad.")
	case c.State == Wiping:
		return refuse(RefusedCleaning, "This iPad is being cleaned. Use another iPad.")
	}
	return refuse(RefusedUnavailable, "This iPad cannot be used just now. Use another iPad.")
}

func (d *decision) open(e Claim) error {
	d.enter(InUse, "")
	d.next.Holder, d.next.Opened = e.By, d.now
	d.next.AppleUser = e.Account
	d.next.Reserved, d.next.Lock, d.next.SignedOut = Reservation{}, Lock{}, false
	d.next.Fresh, d.next.Returning = false, false // a TokenUpdate still to come is no evidence about this session
	d.next.WipeAsked, d.next.ResumeUntil = time.Time{}, time.Time{}
	d.startRun(GoalOpen)
	d.note(KindSessionOpened, e.By, "%s", e.How.Words())
	return d.admitted(e.By, e.How, e.With)
}

func (d *decision) resume(e Resume) error {
	c := d.prev
	if c.Holder == "" || c.Holder != e.By {
		if c.State == Locked {
			return refuse(RefusedLockedOther, "This iPad is locked with somebody's session. Take it over, or use another iPad.")
		}
		return refuse(RefusedNotHolder, "This iPad is not yours to resume. Use another iPad.")
	}
	switch c.State {
	case InUse:
		return d.upgraded(e)
	case Locked:
		if c.SignedOut {
			return refuse(RefusedSignIn, "Sign in to this iPad with your Managed Apple Account first, then tap your badge.")
		}
	case Wiping:
		if !callableBack(c) {
			return refuse(RefusedTooLate, "It is too late to come back to this iPad. Use another iPad.")
		}
		d.next.Proof, d.next.WipeAsked = Proof{}, time.Time{}
	default:
		return refuse(RefusedUnavailable, "This iPad cannot be used just now. Use another iPad.")
	}
	if c.Run.Goal == GoalWipe {
		d.endRun("called back by its holder")
	} else {
		d.endRun("superseded by a resume")
	}
	d.enter(InUse, "")
	d.next.ResumeUntil, d.next.Lock, d.next.Reserved = time.Time{}, Lock{}, Reservation{}
	d.startRun(GoalOpen)
	d.note(KindSessionResumed, e.By, "%s", e.How.Words())
	return d.admitted(e.By, e.How, e.With)
}

// callableBack: a wipe that came from idleness or a return may be called back
// until a destructive command of this epoch has left.
func callableBack(c Custody) bool {
	return (c.Cause == CauseReturn || c.Cause == CauseResumeOver || c.Cause == CauseIdle) && c.Risk.Request == ""
}

func (d *decision) takeOver(e TakeOver) error {
	c := d.prev
	if c.State != Locked {
		if err := d.claimable(e.By); err != nil {
			return err
		}
		return refuse(RefusedOther, "This iPad is free: tap your badge to use it.")
	}
	if c.Isolation.On() { // it would be wiped for nobody
		return refuseIsolated()
	}
	if c.Holder == e.By {
		return refuse(RefusedOther, "This is your own session: tap your badge to resume it.")
	}
	d.startWipe(CauseTakeOver, e.By)
	d.next.Reserved = Reservation{For: e.By}
	return nil
}

func (d *decision) giveBack(e Return) error {
	if (d.prev.State != InUse && d.prev.State != Locked) || d.prev.Holder != e.By {
		return refuse(RefusedNotHolder, "Only who is signed in can give this iPad back.")
	}
	d.startWipe(CauseReturn, e.By)
	return nil
}

func (d *decision) managerWipe(e Wipe) error {
	if e.Epoch != 0 && e.Epoch != d.prev.Epoch {
		return ErrStale
	}
	if d.prev.Downtime.On() {
		return refuse(RefusedSealed, "This iPad is sealed. Bring it back, and say who used it: it is wiped then.")
	}
	switch d.prev.State {
	case Clean, InUse, Locked, Unproven:
	case Wiping:
		return refuse(RefusedCleaning, "This iPad is being wiped already.")
	case Enrolling:
		return refuse(RefusedUnavailable, "This iPad is not enrolled yet, so no wipe can reach it.")
	default:
		return refuse(RefusedUnavailable, "This iPad is %s: it cannot be wiped from here.", d.prev.State)
	}
	d.startWipe(CauseManager, e.By)
	d.because(e.By, e.Why)
	return nil
}

func (d *decision) attest(e Attest) error {
	c := d.prev
	switch {
	case c.State != Unproven:
		return refuse(RefusedOther, "Only an unproven iPad can be attested clean.")
	case e.By == "" || e.Why == "":
		return refuse(RefusedOther, "An attestation needs a name and a reason.")
	case c.Risk.Open():
		return refuse(RefusedRisk, "A %s command may still be carried out on this iPad. Wait for it to connect, or wipe it again.", c.Risk.Request)
	}
	d.endRun(fmt.Sprintf("attested by %s", e.By))
	d.note(KindAttested, e.By, "%s", e.Why)
	d.next.Proof.Attested = true
	d.clean()
	d.note(KindClean, e.By, "attested")
	return nil
}

func (d *decision) revoke(e Revoke) error {
	c := d.prev
	if e.Clinician == "" || c.Holder != e.Clinician || (c.State != InUse && c.State != Locked) {
		return nil
	}
	if e.Credential != "" && e.Credential != c.Credential {
		return nil
	}
	d.startWipe(CauseRevoked, "")
	return nil
}

func (d *decision) retire(e Retire) error {
	if d.prev.State == Retired {
		return nil
	}
	if d.prev.State != Clean && d.prev.State != Enrolling {
		return refuse(RefusedOther, "Somebody's data may be on this iPad. Wipe it before it is retired.")
	}
	d.endRun("retired")
	d.enter(Retired, "")
	d.next.Reserved = Reservation{}
	d.note(KindRetired, e.By, "")
	return nil
}
