package custody

import (
	"testing"
	"time"
)

func sealed(t failer) *device {
	t.Helper()
	d := cleanDevice(t, kiosk)
	d.do(SetAside{"m"})
	run := d.c.Run
	run.Done = true
	d.do(Progress{Run: run, Lock: &LockMark{LockConfirmed, Enforced, "a passcode, seen by SecurityInfo"}})
	return d
}

func TestASealedIPadIsNobodysUntilBroughtBack(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(SetAside{"m"})
	if d.is(Clean, CauseFirst); d.c.Run.Goal != GoalSeal || Shown(d.c, kiosk) != Sealed || d.c.Lock.Rung != LockRequested {
		t.Errorf("set aside: %+v", d.c)
	}
	d = sealed(t)
	if d.c.Run.Active() || d.c.Lock.Rung != LockConfirmed || d.c.Available("a", d.now) {
		t.Errorf("sealed: %+v", d.c)
	}
	d.refused(Claim{By: "a"}, RefusedSealed)
	d.refused(Wipe{By: "m"}, RefusedSealed) // who used it would not be named
	d.refused(SetAside{"m"}, RefusedOther)
	d.refused(BringBack{Who: "a"}, RefusedOther)
	d.stale(BringBack{By: "m", Epoch: d.c.Epoch + 1})

	epoch := d.c.Epoch
	d.after(time.Hour).do(BringBack{By: "m", Who: "Ada, night shift"})
	if d.is(Wiping, CauseDowntime); d.c.Epoch != epoch+1 || d.c.Downtime.On() || d.c.Fresh {
		t.Errorf("brought back: %+v", d.c)
	}
	if e := d.entries[len(d.entries)-2]; e.Kind != KindBroughtBack || e.Actor != "m" || e.Detail != "used by Ada, night shift" {
		t.Errorf("who used it is not in the history: %+v", e)
	}
	d.proven(GradeErased)
	d.do(Claim{By: "a"})
}

func TestASealThatWasNotBrokenIsWipedToo(t *testing.T) {
	d := sealed(t)
	epoch := d.c.Epoch
	d.do(BringBack{By: "m"})
	if d.is(Wiping, CauseDowntime); d.c.Epoch != epoch {
		t.Errorf("nobody had it: %+v", d.c)
	}
}

func TestWhatCannotBeSealed(t *testing.T) {
	cleanDevice(t, shared).refused(SetAside{"m"}, RefusedOther)
	cleanDevice(t, guests()).refused(SetAside{"m"}, RefusedOther)
	cleanDevice(t, apps).refused(SetAside{"m"}, RefusedOther)
	d := cleanDevice(t, kiosk)
	d.refused(SetAside{}, RefusedOther)
	d.do(Isolate{"m", "norovirus"})
	d.refused(SetAside{"m"}, RefusedIsolated)
}

// A device that could not be sealed may have a passcode and no app lock.
func TestASealThatFailsIsWiped(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(SetAside{"m"})
	run := d.c.Run
	run.Done = true
	out := d.do(Progress{Run: run, Failed: "The iPad refused it."})
	if d.is(Unproven, CauseFailed); !out.Alert || d.c.Downtime.On() {
		t.Errorf("%+v", d.c)
	}
	d.do(Wipe{By: "m"})
}

func TestALookIsOnlyHistory(t *testing.T) {
	d := sealed(t)
	before := d.c
	d.do(Looked{"m", "its code"})
	d.refused(Looked{By: "m"}, RefusedOther)
	before.Version, before.Head = d.c.Version, d.c.Head
	if d.count(KindLooked) != 1 || d.c.State != before.State || d.c.Run != before.Run || d.c.Downtime != before.Downtime {
		t.Errorf("%+v", d.c)
	}
}
