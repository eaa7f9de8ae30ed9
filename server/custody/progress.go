package custody

import "fmt"

// progress takes over what the plan made of a report, a connect or its own
// clock. It belongs to exactly one run.
func (d *decision) progress(e Progress) error {
	c := d.prev
	if !c.Run.Active() || e.Run.ID != c.Run.ID {
		return ErrStale
	}
	d.next.Run = e.Run
	d.next.Run.Nudges = 0
	for _, n := range e.Notes {
		d.note(KindReport, "device", "%s", n)
	}
	if w := e.Run.Waits; w != "" && w != c.Run.Waits {
		d.note(KindWaits, "", "%s", w)
		d.alert = true
	}
	if e.Settles {
		d.next.Risk.Settled = true
	}
	if e.Passcode {
		d.next.Passcode = d.now
	}
	if e.HandOver != nil {
		d.handOver(*e.HandOver)
	}
	if e.Lock != nil && (c.Run.Goal == GoalLock || c.Run.Goal == GoalLose || c.Run.Goal == GoalSeal) {
		d.next.Lock = d.next.Lock.climb(*e.Lock, d.now)
	}
	if e.Proof != "" && c.Run.Goal == GoalWipe {
		d.next.Proof = d.next.Proof.climb(e.Proof, d.now, e.How)
	}
	if d.schedule(); d.next.Run.NotBefore.After(d.now) {
		d.next.Run.NudgeAt = d.next.Run.NotBefore // until then there is nothing to tell it
	}
	switch {
	case e.Failed != "":
		d.failed(e.Failed)
	case e.Proof == ProofProven && c.Run.Goal == GoalWipe:
		d.proven(e.Grade)
	case e.Run.Done:
		d.reached()
	}
	return nil
}

// handOver records a command that leaves with this change. From here on it
// counts as delivered.
func (d *decision) handOver(h HandOver) {
	d.note(KindHandedOver, "", "%s %s attempt %d %s", h.Step, h.Request, h.Attempt, h.Command)
	if !h.Destructive {
		return
	}
	if d.next.Run.Goal == GoalWipe { // the wipe itself, not what is asked or set up around it
		d.next.Proof = d.next.Proof.climb(ProofHandedOver, d.now, h.Request+" "+h.Command)
	}
	d.next.Risk = Risk{Request: h.Request, Command: h.Command, HandedOver: d.now, Erase: d.next.Risk.Erase || h.Request == "EraseDevice"}
	if h.Request == "LogOutUser" {
		d.next.SignedOut = true
	}
}

// reached: an open or lock plan came to its end.
func (d *decision) reached() {
	switch d.next.Run.Goal {
	case GoalOpen:
		d.note(KindOpenConfirmed, "device", "")
		d.endRun("")
	case GoalLock:
		switch l := d.next.Lock; l.Rung {
		case LockConfirmed:
			d.endRun(fmt.Sprintf("confirmed: %s", l.How))
		case LockAcknowledged:
			d.endRun(fmt.Sprintf("acknowledged: %s", l.How))
		default:
			d.endRun(fmt.Sprintf("requested: %s", l.How))
		}
	case GoalSeal:
		d.endRun("")
	case GoalLose, GoalFind:
		d.lostReached()
	}
}

func (d *decision) failed(sentence string) {
	switch d.next.Run.Goal {
	case GoalWipe:
		d.endRun(fmt.Sprintf("unproven: %s", sentence))
		d.unproven(CauseFailed, sentence)
	case GoalLock:
		d.endRun(fmt.Sprintf("unconfirmed: %s", sentence))
	case GoalSeal:
		d.sealFailed(sentence)
	case GoalLose, GoalFind:
		d.lostFailed(sentence)
	default:
		d.note(KindReport, "", "open failed: %s", sentence)
		d.endRun("")
	}
}

func (d *decision) proven(g Grade) {
	d.next.Proof.Grade = g
	late := d.next.Run.Ended
	d.endRun(fmt.Sprintf("proven: %s", g))
	if !d.p.Accepts(g) {
		d.unproven(CauseBelowGrade, fmt.Sprintf("Reset, but only %s: the ward wants %s or better. Wipe it another way.", g, d.p.LeastGrade))
		return
	}
	d.clean()
	if late {
		d.note(KindClean, "device", "proven late: %s", g)
		return
	}
	d.note(KindClean, "device", "%s", g)
}
