package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

func TestASealedIPadHasAPasscodeAndNoAppLock(t *testing.T) {
	for _, p := range []custody.Policy{kioskWard, passcodeWard, safariWard} {
		w := newWalk(t, p)
		w.do(custody.SetAside{By: "m"})
		for range 3 {
			w.connect()
			w.after(time.Minute)
		}
		if !w.c.Run.Active() || w.c.Run.Waits == "" || w.c.Lock.Rung != custody.LockRequested {
			t.Fatalf("%s: sealed without a passcode: %+v", p.Target, w.c)
		}
		w.ipad.passcode = true
		w.drain()
		lock := encode.KioskID
		if p.Target == custody.TargetSafari {
			lock = encode.SafariLockID
		}
		if w.c.Run.Active() || w.c.Lock.Rung != custody.LockConfirmed || slices.Contains(w.ipad.profiles, lock) {
			t.Errorf("%s: %+v, %v", p.Target, w.c, w.ipad.profiles)
		}
		w.ipad.work()
		w.do(custody.BringBack{By: "m", Who: "Ada"})
		w.drain()
		if w.is(custody.Clean); w.ipad.session || w.ipad.passcode || !slices.Contains(w.ipad.profiles, lock) {
			t.Errorf("%s: brought back: %+v", p.Target, w.ipad)
		}
	}
}

// The app lock must be seen gone: an acknowledged removal is not believed.
func TestASealIsNotBelievedByItsAcknowledgement(t *testing.T) {
	w := newWalk(t, kioskWard)
	w.ipad.keeps, w.ipad.passcode = true, true
	w.do(custody.SetAside{By: "m"})
	for range 5 {
		w.connect()
		w.after(time.Minute)
	}
	if w.c.Lock.Rung != custody.LockRequested || w.count("RemoveProfile") < 2 {
		t.Fatalf("%d removals, %+v", w.count("RemoveProfile"), w.c.Lock)
	}
	w.ipad.keeps = false
	w.drain()
	if w.c.Lock.Rung != custody.LockConfirmed {
		t.Errorf("%+v", w.c.Lock)
	}
}
