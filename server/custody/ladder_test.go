package custody

import (
	"strings"
	"testing"
	"time"
)

func TestProofClimbs(t *testing.T) {
	d := wiping(t, kiosk)
	asked := d.now
	d.after(time.Minute).handOver("EraseDevice", true)
	d.after(time.Minute).acked()
	d.after(time.Minute).do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	if d.c.Proof.Rung != ProofReturned || d.c.Proof.Grade != "" {
		t.Fatalf("returned: %+v", d.c.Proof)
	}
	d.do(Progress{Run: d.c.Run, Proof: ProofAcknowledged}) // a ladder never goes down
	d.after(time.Minute).proven(GradeErased)
	for i, rung := range []ProofRung{ProofRequested, ProofHandedOver, ProofAcknowledged, ProofReturned, ProofProven} {
		if at := d.c.Proof.At[rung]; !at.Equal(asked.Add(time.Duration(i) * time.Minute)) {
			t.Errorf("%s at %s, %s after the wipe was asked", rung, at, at.Sub(asked))
		}
	}
	if d.c.Proof.Rung != ProofProven || d.c.Proof.Grade != GradeErased {
		t.Errorf("proven: %+v", d.c.Proof)
	}
}

func TestAnAcknowledgementAloneIsNoProof(t *testing.T) {
	d := wiping(t, kiosk)
	d.handOver("EraseDevice", true)
	d.acked()
	d.is(Wiping, CauseReturn)
	d.after(24*time.Hour).do(Seen{}, Tick{})
	d.is(Unproven, CauseOverdue)
}

// TestOnlyAWipeRunProves: an open or a lock run's progress never climbs the wipe ladder.
func TestOnlyAWipeRunProves(t *testing.T) {
	for _, d := range []*device{inUse(t, kiosk), locked(t, kiosk)} {
		state, run := d.c.State, d.c.Run
		run.Done = true
		d.do(Progress{Run: run, Proof: ProofProven, Grade: GradeErased})
		if d.c.State != state || d.c.Proof.Rung != "" {
			t.Errorf("a %s run proved a wipe: %+v", run.Goal, d.c)
		}
	}
	d := wiping(t, kiosk)
	d.do(Progress{Run: d.c.Run, Lock: &LockMark{LockConfirmed, Enforced, "seen"}})
	if d.c.Lock.Rung != "" {
		t.Errorf("a wipe run confirmed a lock: %+v", d.c.Lock)
	}
}

func TestLockClimbsAndNeverWeakens(t *testing.T) {
	d := locked(t, kiosk)
	if d.c.Lock.Rung != LockRequested {
		t.Fatalf("locked: %+v", d.c.Lock)
	}
	mark := func(r LockRung, s Strength, how string) Lock {
		d.after(time.Second).do(Progress{Run: d.c.Run, Lock: &LockMark{r, s, how}})
		return d.c.Lock
	}
	if l := mark(LockAcknowledged, ScreenOff, "asleep"); l.Rung != LockAcknowledged || l.Strength != ScreenOff || !l.At.Equal(d.now) {
		t.Errorf("acknowledged: %+v", l)
	}
	if l := mark(LockAcknowledged, Enforced, "passcode"); l.Strength != Enforced || l.How != "passcode" {
		t.Errorf("the better evidence is not taken: %+v", l)
	}
	if l := mark(LockConfirmed, Enforced, "app lock seen"); l.Rung != LockConfirmed {
		t.Errorf("confirmed: %+v", l)
	}
	for _, weaker := range []LockMark{{LockRequested, Enforced, "x"}, {LockAcknowledged, ScreenOff, "x"}, {LockConfirmed, ScreenOff, "x"}} {
		if l := mark(weaker.Rung, weaker.Strength, weaker.How); l.How != "app lock seen" {
			t.Errorf("%+v weakened the lock to %+v", weaker, l)
		}
	}
	run := d.c.Run
	run.Done = true
	d.do(Progress{Run: run})
	if e := d.entries[len(d.entries)-1]; e.Kind != KindLockEnded || !strings.Contains(e.Detail, "confirmed: app lock seen") {
		t.Errorf("the lock ended as %+v", e)
	}
	d.do(Resume{By: "a"})
	if d.c.Lock != (Lock{}) || d.count(KindLockEnded) != 1 {
		t.Errorf("resumed: %+v, %d ends", d.c.Lock, d.count(KindLockEnded))
	}
	d.do(Idle{d.c.Epoch})
	if d.c.Lock.Rung != LockRequested {
		t.Errorf("a new lock starts at %+v", d.c.Lock)
	}
}

func TestAPlanThatGivesUp(t *testing.T) {
	for _, row := range []struct {
		d    *device
		want State
		kind string
	}{
		{inUse(t, kiosk), InUse, KindReport},
		{locked(t, kiosk), Locked, KindLockEnded},
		{wiping(t, kiosk), Unproven, KindUnproven},
	} {
		run := row.d.c.Run
		run.Done = true
		out := row.d.do(Progress{Run: run, Failed: "The iPad refused it."})
		if row.d.c.State != row.want || row.d.c.Run.Active() || row.d.count(row.kind) == 0 {
			t.Errorf("%s: %+v", run.Goal, row.d.c)
		}
		if out.Alert != (row.want == Unproven) {
			t.Errorf("%s: alert %v", run.Goal, out.Alert)
		}
		row.d.stale(Progress{Run: run})
	}
}

func TestGrades(t *testing.T) {
	order := []Grade{GradeSignedOut, GradeAppsRemoved, GradeUserDeleted, GradeErased}
	for i, g := range order {
		for j, least := range order {
			if g.AtLeast(least) != (i >= j) {
				t.Errorf("%s at least %s: %v", g, least, i < j)
			}
		}
		for _, unknown := range []Grade{"", "shredded"} {
			if g.AtLeast(unknown) || unknown.AtLeast(g) {
				t.Errorf("%q and %q compare", g, unknown)
			}
		}
	}
}

// TestSentence: what a manager reads over an iPad that needs hands.
func TestSentence(t *testing.T) {
	d := wiping(t, kiosk) // 09:00
	say := func(want string) {
		t.Helper()
		if got := Sentence(d.c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	say("Wipe asked 09:00, the iPad has not connected since: needs hands.")
	d.after(time.Minute).handOver("EraseDevice", true)
	say("EraseDevice handed over 09:01, no answer since: needs hands.")
	d.after(time.Minute).acked()
	say("EraseDevice acknowledged 09:02, no re-enrolment since: needs hands.")
	d.after(time.Minute).do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	say("Came back erased 09:03, not yet set up: needs hands.")

	d = wiping(t, shared)
	d.handOver("UserList", false)
	d.c.Run.Step = "users"
	say("Wipe asked 09:00, its step users not done since 09:00: needs hands.")
	d.handOver("LogOutUser", true)
	d.acked()
	say("LogOutUser acknowledged 09:00, not yet seen gone: needs hands.")
	d = wiping(t, apps)
	d.handOver("RemoveApplication", true)
	d.acked()
	say("RemoveApplication acknowledged 09:00, not yet seen gone: needs hands.")
	d.do(Progress{Run: d.c.Run, Proof: ProofReturned})
	say("Apps seen gone 09:00, not yet all installed again: needs hands.")
	d = wiping(t, kiosk)
	d.c.Run.Waits = "Battery 9 %: put it on its charger."
	say("Wipe asked 09:00, and not begun. Battery 9 %: put it on its charger.")
	if got := Sentence(Custody{}); got != "Wipe asked some time ago, the iPad has not connected since: needs hands." {
		t.Errorf("of an empty row: %q", got)
	}
}
