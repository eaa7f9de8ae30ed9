package custody

import (
	"strings"
	"testing"
	"time"
)

func lost(t failer, p Policy) *device {
	t.Helper()
	d := inUse(t, p)
	d.do(loses)
	return d
}

func TestLostModeEndsEverything(t *testing.T) {
	d := wiping(t, kiosk)
	d.do(loses)
	d.is(Lost, CauseLostMode)
	if d.c.Run.Goal != GoalLose || d.count(KindWipeEnded) != d.count(KindWipeAsked) || d.c.Holder != "a" {
		t.Errorf("lost: %+v", d.c)
	}
	d = inUse(t, kiosk)
	d.do(loses)
	if d.count(KindSessionEnded) != 1 || d.c.Reason != lostAsked || d.c.Lock.Rung != LockRequested || d.c.Lost.By != "m" {
		t.Errorf("lost in use: %+v", d.c)
	}
}

// Nobody's word ends Lost Mode, only what the iPad shows; and then it is not clean.
func TestALostIPadIsFoundWhenItShowsIt(t *testing.T) {
	d := lost(t, kiosk)
	d.refused(loses, RefusedOther)
	run := d.c.Run
	run.Done = true
	d.do(Progress{Run: run, Lock: &LockMark{LockConfirmed, Enforced, "seen"}})
	d.is(Lost, CauseLostMode)
	if d.c.Reason != lostShown || d.c.Lock.Rung != LockConfirmed || d.c.Run.Active() {
		t.Errorf("in Lost Mode: %+v", d.c)
	}
	d.refused(Wipe{By: "m"}, RefusedUnavailable)

	d.do(Found{By: "n"})
	d.is(Lost, CauseLostMode)
	if d.c.Run.Goal != GoalFind || d.c.Reason != lostEnding {
		t.Errorf("found: %+v", d.c)
	}
	d.refused(Found{By: "n"}, RefusedOther)
	out := d.searched()
	d.is(Unproven, CauseLostMode)
	if !out.Alert || d.c.Lost != (LostNote{}) {
		t.Errorf("out of Lost Mode: %+v", d.c)
	}
	d.do(Wipe{By: "m"})
	if d.c.Fresh {
		t.Error("nobody can say who had it, and the wipe would be skipped")
	}
}

func TestLostAgainBeforeItWasFound(t *testing.T) {
	d := lost(t, kiosk)
	d.do(Found{By: "m"})
	d.do(loses) // it was another iPad that lay there
	if d.is(Lost, CauseLostMode); d.c.Run.Goal != GoalLose {
		t.Errorf("lost again: %+v", d.c)
	}
	if d.count(KindSessionEnded) != 1 {
		t.Error("one session ended twice")
	}
}

func TestARefusedLostModeStaysLostWithAWayOut(t *testing.T) {
	for _, goal := range []Goal{GoalLose, GoalFind} {
		d := lost(t, kiosk)
		if goal == GoalFind {
			d.do(Found{By: "m"})
		}
		run := d.c.Run
		run.Done = true
		out := d.do(Progress{Run: run, Failed: "The iPad refused it."})
		d.is(Lost, CauseLostMode)
		if !out.Alert || d.c.Reason != "The iPad refused it." || d.c.Run.Active() {
			t.Errorf("%s: %+v", goal, d.c)
		}
		d.do(loses) // tried again
		run = d.c.Run
		run.Done = true
		d.do(Progress{Run: run, Failed: "The iPad refused it."})
		d.do(Found{By: "m"})
		d.searched()
		d.is(Unproven, CauseLostMode)
	}
}

// An enrolment ends Lost Mode on the iPad, so it is asked for anew.
func TestALostIPadThatEnrolsIsStillLost(t *testing.T) {
	d := lost(t, kiosk)
	d.searched()
	out := d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	d.is(Lost, CauseLostMode)
	if d.c.Run.Goal != GoalLose || !d.c.Run.Active() || d.c.Fresh || d.c.Reason != lostAsked {
		t.Errorf("enrolled again: %+v", d.c)
	}
	if !out.Nudge {
		t.Error("it is not told at once")
	}
	d.do(CheckedOut{"cert-2"})
	d.is(Lost, CauseLostMode)
}

func TestWhatLostModeIsAskedWith(t *testing.T) {
	d := inUse(t, kiosk)
	for name, e := range map[string]Lose{
		"nobody":   {Why: "gone", Message: "m"},
		"no cause": {By: "m", Message: "m"},
		"no words": {By: "m", Why: "gone", Footnote: "only this"},
		"too long": {By: "m", Why: "gone", Message: strings.Repeat("ä", MaxNote+1)},
	} {
		if _, err := d.try(e); Refused(err) != RefusedOther {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := loses
	e.Epoch = d.c.Epoch + 1
	d.stale(e)
	d.stale(LockNow{By: "m", Epoch: d.c.Epoch + 1})
	d.is(InUse, "")
	e.Message, e.Epoch = strings.Repeat("ä", MaxNote), d.c.Epoch
	d.do(e)
	d.stale(Found{By: "m", Epoch: d.c.Epoch + 1})
}

func TestAManagerLocks(t *testing.T) {
	d := inUse(t, kiosk)
	d.after(time.Minute).do(LockNow{By: "m", Epoch: d.c.Epoch})
	d.is(Locked, CauseManager)
	if d.c.Run.Goal != GoalLock || !d.c.ResumeUntil.Equal(d.now.Add(kiosk.Resume)) {
		t.Errorf("locked: %+v", d.c)
	}
	d.do(Resume{By: "a"})
	d.is(InUse, "")
	guest := inUse(t, guests())
	guest.refused(LockNow{By: "m"}, RefusedOther)
}

func TestAnIsolatedIPadIsNobodysUntilReleased(t *testing.T) {
	d := inUse(t, kiosk)
	d.do(Isolate{"m", "norovirus in bay 3"})
	d.is(InUse, "") // its holder goes on
	d.after(kiosk.Lock).do(Idle{d.c.Epoch})
	d.do(Resume{By: "a"})
	d.after(kiosk.Lock).do(Idle{d.c.Epoch})
	d.refused(TakeOver{"b"}, RefusedIsolated) // it would be wiped for nobody
	d.do(Return{"a"})
	d.proven(GradeErased)
	d.is(Clean, CauseReturn)
	if d.c.Available("b", d.now) {
		t.Error("offered in isolation")
	}
	d.refused(Claim{By: "b"}, RefusedIsolated)
	d.refused(Isolate{"m", "again"}, RefusedOther)
	d.refused(Release{"m", ""}, RefusedOther)
	d.do(Release{"m", "disinfected with chlorine"})
	d.do(Claim{By: "b"})
	if d.is(InUse, ""); d.count(KindIsolated) != 1 || d.count(KindReleased) != 1 {
		t.Error("the history does not have both")
	}
}

func TestAnIsolatedSharedIPadIsNotClaimedByASignIn(t *testing.T) {
	d := cleanDevice(t, shared)
	d.do(Isolate{"m", "norovirus"}, AppleSignIn{"cert-1", "a@hospital.example"})
	d.refused(Claim{By: "a", Account: "a@hospital.example"}, RefusedIsolated)
}

func TestARetiredIPadComesBackUnproven(t *testing.T) {
	d := retired(t)
	d.refused(Reinstate{""}, RefusedOther)
	d.do(Reinstate{"m"})
	d.is(Unproven, CauseReinstated)
	d.do(Wipe{By: "m"})
	if d.is(Wiping, CauseManager); d.c.Fresh {
		t.Error("where it was is unknown, and its wipe would be skipped")
	}
}

func TestARetiredIPadThatNeverEnrolledIsAwaitedAgain(t *testing.T) {
	d := newDevice(t, kiosk)
	d.do(Retire{"m"}, Reinstate{"m"})
	d.is(Enrolling, CauseReinstated)
	d.do(Authenticated{"cert-1"}, TokenUpdated{"cert-1", true})
	d.is(Wiping, CauseFirst)
}
