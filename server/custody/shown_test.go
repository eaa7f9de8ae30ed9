package custody

import (
	"testing"
	"time"
)

func TestWhatALockIsToPeople(t *testing.T) {
	say := func(d *device, want LockWord, since time.Time) {
		t.Helper()
		if s := ShowLock(d.c); s.Word != want || !s.Since.Equal(since) {
			t.Errorf("%+v is shown as %+v, want %s since %s", d.c.Lock, s, want, since)
		}
	}
	d := locked(t, kiosk)
	asked := d.now
	say(d, LockUnconfirmed, asked)
	d.after(time.Minute).do(Progress{Run: d.c.Run, Lock: &LockMark{LockAcknowledged, ScreenOff, "asleep"}})
	say(d, LockUnconfirmed, asked) // the plan still looks for the app lock
	run := d.c.Run
	run.Done = true
	d.after(time.Minute).do(Progress{Run: run, Lock: &LockMark{LockConfirmed, Enforced, "app lock seen"}})
	say(d, LockHolds, d.now)

	// A guest's lock, or one without a passcode, ends at a dark screen.
	d = locked(t, passcode)
	run = d.c.Run
	run.Done = true
	d.after(time.Minute).do(Progress{Run: run, Lock: &LockMark{LockAcknowledged, ScreenOff, "no passcode"}})
	say(d, LockScreenOff, d.now)

	// A plan that gave up before anything was acknowledged confirms nothing.
	d = locked(t, kiosk)
	asked = d.now
	run = d.c.Run
	run.Done = true
	d.after(time.Minute).do(Progress{Run: run, Failed: "The iPad refused it."})
	say(d, LockUnconfirmed, asked)

	if s := ShowLock(Custody{State: InUse}); s.Word != LockUnconfirmed || !s.Since.IsZero() {
		t.Errorf("without a ladder: %+v", s)
	}
	// Nothing that is a dark screen, or unconfirmed, is called a lock.
	for _, l := range []Lock{{Rung: LockConfirmed, Strength: ScreenOff}, {Rung: LockConfirmed}, {Rung: LockAcknowledged, Strength: Enforced}, {Rung: LockRequested, Strength: Enforced}} {
		if ShowLock(Custody{Lock: l}).Word == LockHolds {
			t.Errorf("%+v is called a lock", l)
		}
	}
}

func TestTheBestLockOfAWard(t *testing.T) {
	unknown := kiosk
	unknown.Target = "something new"
	for _, row := range []struct {
		p    Policy
		want Strength
	}{{kiosk, Enforced}, {passcode, Enforced}, {shared, Enforced}, {guest, ScreenOff}, {apps, Enforced}, {unknown, ScreenOff}, {Policy{}, ScreenOff}} {
		if got, why := row.p.BestLock(); got != row.want || why == "" {
			t.Errorf("%s %s: %s %q", row.p.Fleet, row.p.Target, got, why)
		}
	}
}

func TestResetIsNotCalledClean(t *testing.T) {
	p := apps
	p.LeastGrade, p.OfferReset = GradeErased, true
	d := wiping(t, p)
	d.proven(GradeAppsRemoved)
	d.is(Clean, CauseReturn)
	if got := Shown(d.c, p); got != Reset {
		t.Errorf("below the grade, and shown as %s", got)
	}
	if got := Shown(d.c, apps); got != Clean {
		t.Errorf("at the grade, and shown as %s", got)
	}
	if GradeAppsRemoved.Kept() == "" || GradeErased.Kept() != "" {
		t.Error("what a wipe leaves behind is said wrongly")
	}
	d.do(Claim{By: "b"})
	if got := Shown(d.c, p); got != InUse {
		t.Errorf("in use, and shown as %s", got)
	}

	p.OfferReset = false
	d = wiping(t, p)
	d.proven(GradeAppsRemoved)
	d.is(Unproven, CauseBelowGrade)
	d.do(Attest{"m", "erased by cable"})
	if got := Shown(d.c, p); got != Clean || !d.c.Proof.Attested {
		t.Errorf("attested, and shown as %s", got)
	}
	d.do(Claim{By: "b"}, Return{"b"})
	if d.c.Proof.Attested {
		t.Error("an attestation outlived its hand-over")
	}
}
