package custody

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	people = rapid.SampledFrom([]string{"a", "b", "c"})
	certs  = rapid.SampledFrom([]string{"cert-1", "cert-2", "cert-3"})
	waits  = rapid.SampledFrom([]time.Duration{0, time.Second, 29 * time.Second, time.Minute, 2 * time.Minute, 10 * time.Minute, time.Hour, 12 * time.Hour})
	rungs  = rapid.SampledFrom([]ProofRung{"", "", ProofHandedOver, ProofAcknowledged, ProofReturned, ProofProven})
	grades = rapid.SampledFrom([]Grade{"", "shredded", GradeSignedOut, GradeAppsRemoved, GradeUserDeleted, GradeErased})
	marks  = rapid.SampledFrom([]*LockMark{nil, {LockAcknowledged, ScreenOff, "asleep"}, {LockConfirmed, Enforced, "app lock"}})
)

// anyEvent draws an event of any kind, likely or not.
func anyEvent(t *rapid.T, c Custody) Event {
	who, cert := people.Draw(t, "who"), certs.Draw(t, "cert")
	account := who + "@hospital.example"
	return []Event{
		Claim{By: who, Account: account}, Resume{By: who, Account: account}, TakeOver{who}, Return{who}, Wipe{By: "m"}, Attest{"m", "by cable"}, Revoke{Clinician: who},
		Retire{"m"}, Reinstate{"m"}, loses, Found{By: "m"}, LockNow{By: "m"}, SetAside{"m"}, BringBack{By: "m", Who: who}, Looked{"m", "its code"}, Mislaid{c.Run.Command}, Isolate{"m", "norovirus"}, Release{"m", "wiped down"}, Idle{c.Epoch}, Idle{c.Epoch - 1}, LiveLost{}, Tick{}, Tick{}, Seen{},
		Authenticated{cert}, TokenUpdated{cert, true}, TokenUpdated{cert, false}, AppleSignIn{cert, account}, CheckedOut{cert},
		anyProgress(t, c), anyProgress(t, c), anyProgress(t, c), anyProgress(t, c),
		Claim{By: who, Account: account, How: AssuranceBreakGlass, With: "badge:x"}, Resume{By: who, Account: account, How: AssuranceBadgePIN, With: "badge:x"},
		Moved{By: who, Epoch: c.Epoch}, Explain{By: who, Why: "a crash call", Version: c.Version}, Review{By: "m", Found: "rightly", Version: c.Version},
		Move{By: "m", To: "another ward", Keeps: rapid.Bool().Draw(t, "keeps")}, NewPolicy{By: "m", Version: c.Rules + 1},
		Assign{By: "m", Who: who, From: c.Hands.Who}, Assign{By: "m", From: who}, Assign{By: who, Who: who, Epoch: c.Epoch},
	}[rapid.IntRange(0, 42).Draw(t, "event")]
}

func anyProgress(t *rapid.T, c Custody) Progress {
	p := Progress{Run: c.Run, Proof: rungs.Draw(t, "rung"), Grade: grades.Draw(t, "grade"), Lock: marks.Draw(t, "mark"),
		Passcode: rapid.Bool().Draw(t, "passcode"), Settles: rapid.Bool().Draw(t, "settles")}
	p.Run.Done = p.Proof == ProofProven || rapid.IntRange(0, 5).Draw(t, "done") == 0
	if rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
		p.Failed = "It gave up."
	}
	if rapid.IntRange(0, 5).Draw(t, "other run") == 0 {
		p.Run.ID += rapid.Int64Range(-3, 3).Draw(t, "run")
	}
	if rapid.Bool().Draw(t, "hands over") {
		p.Run.Attempt++
		p.Run.Command = fmt.Sprint("command-", p.Run.Attempt)
		request := rapid.SampledFrom([]string{"EraseDevice", "LogOutUser", "RemoveApplication", "InstallProfile"}).Draw(t, "request")
		p.HandOver = &HandOver{Command: p.Run.Command, Request: request, Attempt: p.Run.Attempt, Destructive: request != "InstallProfile"}
	}
	return p
}

// TestWhateverHappens walks any sequence of events from a device's enrolment.
// [device.try] checks that no decision alters what it was given, that a row
// which does not change says so, and that a change is one version.
func TestWhateverHappens(t *testing.T) {
	for _, p := range []Policy{kiosk, passcode, shared, guest, apps} {
		reset := p
		reset.LeastGrade, reset.OfferReset = GradeErased, true
		for _, p := range []Policy{p, reset} {
			t.Run(fmt.Sprint(p.Fleet, p.Target, p.OfferReset), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					d := newDevice(t, p)
					if rapid.Bool().Draw(t, "from clean") {
						d = cleanDevice(t, p)
					}
					for range rapid.IntRange(1, 60).Draw(t, "events") {
						d.after(waits.Draw(t, "wait"))
						step(t, d, anyEvent(t, d.c))
					}
					if i := VerifyChain(d.entries, d.c.Head); i != -1 {
						t.Fatalf("entry %d breaks the history", i)
					}
					askedAndEnded(t, d)
				})
			})
		}
	}
}

func step(t *rapid.T, d *device, e Event) {
	prev := d.c
	_, err := d.try(e)
	if err != nil && !errors.Is(err, ErrStale) && Refused(err) == "" {
		t.Fatalf("%T: %v", e, err)
	}
	c := d.c
	if p, ok := e.(Progress); ok && !errors.Is(err, ErrStale) && (p.Run.ID != prev.Run.ID || !prev.Run.Active()) {
		t.Fatalf("the progress of run %d was taken by run %d", p.Run.ID, prev.Run.ID)
	}
	if _, ok := e.(Tick); ok {
		if w := Wake(c, d.p); !w.IsZero() && !w.After(d.now) {
			t.Fatalf("ticked at %s, and %s wakes at %s", d.now, c.State, w)
		}
	}
	if _, ok := e.(LiveLost); ok && prev.State != InUse && c.Version != prev.Version {
		t.Fatalf("a lost bucket changed a device that is %s", prev.State)
	}
	if _, ok := e.(Idle); ok && d.p.Fleet == SharedGuest && c.State == Locked && prev.State != Locked {
		t.Fatal("an idle guest's session was locked")
	}
	if c.State == Clean && prev.State != Clean && !cleanedBy(e, prev, d.p) {
		t.Fatalf("%s became clean by %+v", prev.State, e)
	}
	if c.State == InUse && prev.State != InUse && !opensSession(e) {
		t.Fatalf("%s became in_use by %T", prev.State, e)
	}
	if c.State == InUse && prev.State != InUse && prev.Holder != "" && c.Holder != prev.Holder {
		t.Fatalf("%s went from %s to %s without having been clean", prev.State, prev.Holder, c.Holder)
	}
	if c.Epoch == prev.Epoch && c.Holder != prev.Holder && c.Holder != "" && prev.Cause != CauseStranger {
		t.Fatalf("epoch %d went from %q to %q", c.Epoch, prev.Holder, c.Holder)
	}
	atAnyTime(t, d)
}

// atAnyTime is what holds of every row.
func atAnyTime(t *rapid.T, d *device) {
	c := d.c
	if (c.State == Clean || c.State == Retired) && c.Holder != "" {
		t.Fatalf("%s, and %s holds it", c.State, c.Holder)
	}
	if (c.State == InUse || c.State == Locked) && (c.Holder == "" || c.Opened.IsZero()) {
		t.Fatalf("%s without a holder: %+v", c.State, c)
	}
	if c.State == Locked && c.ResumeUntil.IsZero() || c.State == Wiping && c.WipeAsked.IsZero() {
		t.Fatalf("%s has no way out by itself", c.State)
	}
	if (c.State == Unproven || c.State == Lost) != (c.Reason != "") {
		t.Fatalf("%s, because %q", c.State, c.Reason)
	}
	if c.Run.Active() {
		goal := map[State]Goal{InUse: GoalOpen, Locked: GoalLock, Wiping: GoalWipe, Unproven: GoalWipe}[c.State]
		if c.Downtime.On() {
			goal = GoalSeal
		}
		if search := c.Run.Goal == GoalLose || c.Run.Goal == GoalFind; c.Run.Goal != goal && (c.State != Lost || !search) {
			t.Fatalf("%s runs a plan to %s", c.State, c.Run.Goal)
		}
	}
	if c.Hands.On() && (!NeedsHands(c) || c.Hands.By == "" || c.Hands.At.IsZero()) {
		t.Fatalf("%s, and %+v has it in hand", c.State, c.Hands)
	}
	if c.State != Lost && c.Lost != (LostNote{}) {
		t.Fatalf("%s, and its screen would say %+v", c.State, c.Lost)
	}
	if c.Downtime.On() && c.State != Clean {
		t.Fatalf("%s, and sealed", c.State)
	}
	for _, who := range []string{"a", "b", "c"} {
		if c.Available(who, d.now) && (c.State != Clean || c.Isolation.On() || c.Downtime.On()) {
			t.Fatalf("%s is offered to %s", c.State, who)
		}
	}
}

func cleanedBy(e Event, prev Custody, p Policy) bool {
	switch e := e.(type) {
	case Attest:
		return prev.State == Unproven && !prev.Risk.Open()
	case Progress:
		return e.Proof == ProofProven && p.Accepts(e.Grade) && prev.Run.Goal == GoalWipe && (prev.State == Wiping || prev.State == Unproven)
	}
	return false
}

func opensSession(e Event) bool {
	switch e.(type) {
	case Claim, Resume:
		return true
	}
	return false
}

// askedAndEnded is P4: every lock and wipe once as asked and at most once as
// ended, and ended for certain once its run has.
func askedAndEnded(t *rapid.T, d *device) {
	for _, pair := range [][2]string{{KindLockAsked, KindLockEnded}, {KindWipeAsked, KindWipeEnded}} {
		asked, ended := map[int64]int{}, map[int64]int{}
		for _, e := range d.entries {
			switch e.Kind {
			case pair[0]:
				asked[e.Run]++
			case pair[1]:
				ended[e.Run]++
			}
		}
		for run, n := range asked {
			over := run != d.c.Run.ID || d.c.Run.Ended
			if n != 1 || ended[run] > 1 || (over && ended[run] == 0) {
				t.Fatalf("run %d: %s %d times, %s %d times", run, pair[0], n, pair[1], ended[run])
			}
			delete(ended, run)
		}
		if len(ended) > 0 {
			t.Fatalf("%s without having been asked: %v", pair[1], ended)
		}
	}
}
