package custody

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Decide answers what a device's row becomes when e happens at now under the
// ward's policy. It returns a [*Refusal] when a person asks for what cannot be
// had, and [ErrStale] when the event was made for another epoch or run; the
// row is then unchanged. An event that changes nothing is no error.
func Decide(c Custody, e Event, p Policy, now time.Time) (Outcome, error) {
	d := &decision{prev: c, next: c, p: p, now: now.UTC().Truncate(time.Millisecond)}
	if err := d.apply(e); err != nil {
		return Outcome{Next: c}, err
	}
	return d.outcome(), nil
}

func (d *decision) apply(e Event) error {
	switch e := e.(type) {
	case Claim:
		return d.claim(e)
	case Resume:
		return d.resume(e)
	case TakeOver:
		return d.takeOver(e)
	case Moved:
		return d.moved(e)
	case Move:
		return d.move(e)
	case NewPolicy:
		return d.newPolicy(e)
	case Return:
		return d.giveBack(e)
	case Wipe:
		return d.managerWipe(e)
	case Attest:
		return d.attest(e)
	case Revoke:
		return d.revoke(e)
	case Explain:
		return d.explain(e)
	case Review:
		return d.review(e)
	case Retire:
		return d.retire(e)
	case Reinstate:
		return d.reinstate(e)
	case Lose:
		return d.lose(e)
	case Found:
		return d.found(e)
	case LockNow:
		return d.lockNow(e)
	case Isolate:
		return d.isolate(e)
	case Release:
		return d.release(e)
	case SetAside:
		return d.setAside(e)
	case BringBack:
		return d.bringBack(e)
	case Assign:
		return d.assign(e)
	case Looked:
		return d.looked(e)
	case Idle:
		return d.idle(e)
	case LiveLost:
		return d.liveLost()
	case Tick:
		return d.tick()
	case Authenticated:
		return d.authenticated(e)
	case TokenUpdated:
		return d.tokenUpdated(e)
	case AppleSignIn:
		return d.appleSignIn(e)
	case CheckedOut:
		return d.checkedOut(e)
	case Seen:
		return d.seen()
	case Mislaid:
		return d.mislaid(e)
	case Progress:
		return d.progress(e)
	}
	return fmt.Errorf("deciding %T: %w", e, errors.ErrUnsupported)
}

// decision is one Decide under way: next is edited, entries are gathered.
type decision struct {
	prev, next Custody
	p          Policy
	now        time.Time
	entries    []Entry
	nudge      bool
	alert      bool
}

// outcome gives the edited row its new version and seals its entries to the
// device's history.
func (d *decision) outcome() Outcome {
	if !NeedsHands(d.next) {
		d.next.Hands = Hands{}
	}
	if len(d.entries) == 0 && reflect.DeepEqual(d.prev, d.next) {
		return Outcome{Next: d.prev}
	}
	d.next.Version = d.prev.Version + 1
	for i := range d.entries {
		e := &d.entries[i]
		e.Device, e.Epoch, e.Version, e.State, e.At = d.next.Device, d.next.Epoch, d.next.Version, d.next.State, d.now
		e.Hash = Seal(d.next.Head, *e)
		d.next.Head = e.Hash
	}
	return Outcome{Next: d.next, Entries: d.entries, Changed: true, Nudge: d.nudge, Alert: d.alert}
}

func (d *decision) note(kind, actor, format string, a ...any) {
	d.entries = append(d.entries, Entry{Kind: kind, Actor: actor, Run: d.next.Run.ID, Detail: fmt.Sprintf(format, a...)})
}

func (d *decision) enter(s State, why Cause) {
	if d.next.State != s {
		d.next.Since = d.now
	}
	d.next.State, d.next.Cause = s, why
	if s != Unproven && s != Lost {
		d.next.Reason = ""
	}
	if s != Clean {
		d.next.Downtime = Downtime{}
	}
	if s != InUse {
		d.next.Until = time.Time{}
	}
}

// startRun begins a plan. Its id is the version that the row is about to get.
func (d *decision) startRun(goal Goal) {
	d.next.Run = Run{ID: d.prev.Version + 1, Goal: goal, Started: d.now, Entered: d.now, NudgeAt: d.now.Add(d.p.repush(0))}
	d.nudge = true
}

// endRun writes how the row's run ended, exactly once, and stops it.
func (d *decision) endRun(how string) {
	if d.next.Run.ID == 0 {
		return
	}
	if !d.next.Run.Ended {
		switch d.next.Run.Goal {
		case GoalLock:
			d.note(KindLockEnded, "", "%s", how)
		case GoalWipe:
			d.note(KindWipeEnded, "", "%s", how)
		}
	}
	r := &d.next.Run
	r.Done, r.Ended, r.Command, r.Acked, r.NudgeAt, r.NotBefore = true, true, "", false, time.Time{}, time.Time{}
}

// endSession writes that the holder's session is over. A lock does not end a
// session, its holder may come back.
func (d *decision) endSession(why Cause, actor string) {
	if d.next.State == InUse || d.next.State == Locked {
		d.note(KindSessionEnded, actor, "%s", why)
	}
	d.next.ResumeUntil = time.Time{}
}

// startLock closes the session and starts the lock plan.
func (d *decision) startLock(why Cause, actor string) {
	d.endRun("superseded")
	d.enter(Locked, why)
	d.next.ResumeUntil = d.now.Add(d.p.Resume)
	d.next.Lock = Lock{}.climb(LockMark{Rung: LockRequested, How: askedFor(why, actor)}, d.now)
	d.startRun(GoalLock)
	d.note(KindLockAsked, actor, "%s", why)
}

// startWipe ends the session and starts the wipe plan.
func (d *decision) startWipe(why Cause, actor string) {
	d.endSession(why, actor)
	d.endRun("superseded")
	d.enter(Wiping, why)
	d.next.WipeAsked = d.now
	d.next.Proof = Proof{}.climb(ProofRequested, d.now, askedFor(why, actor))
	d.next.Fresh = false
	d.startRun(GoalWipe)
	d.note(KindWipeAsked, actor, "%s", why)
}

// because writes down why somebody asked, if they said.
func (d *decision) because(by, why string) {
	if why != "" {
		d.note(KindReason, by, "%s", brief(why))
	}
}

// unproven says that nobody can tell whether the data is gone. A run that is
// still active goes on and may yet prove it.
func (d *decision) unproven(why Cause, sentence string) {
	d.endSession(why, "")
	d.enter(Unproven, why)
	d.next.Reason = sentence
	d.note(KindUnproven, "", "%s", sentence)
	d.alert = true
}

// clean is reached from proof and from a named person's attestation, and from nowhere else.
func (d *decision) clean() {
	d.enter(Clean, d.next.Cause)
	d.next.Holder, d.next.AppleUser, d.next.SignedOut = "", "", false
	d.next.Assurance, d.next.Credential = "", ""
	d.next.Opened, d.next.ResumeUntil, d.next.WipeAsked, d.next.Passcode = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if d.next.Reserved.For != "" {
		d.next.Reserved.Until = d.now.Add(d.p.Reserve)
	}
}

func refuse(code, format string, a ...any) error {
	return &Refusal{Code: code, Sentence: fmt.Sprintf(format, a...)}
}
