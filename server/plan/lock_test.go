package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func (w *walk) lock(t *testing.T, r custody.LockRung, s custody.Strength) {
	t.Helper()
	if w.c.Lock.Rung != r || w.c.Lock.Strength != s || (s != "" && w.c.Lock.How == "") {
		t.Errorf("the lock is %+v, want %s %s", w.c.Lock, r, s)
	}
}

func TestKioskLockIsConfirmedByProfileList(t *testing.T) {
	w := lockedDevice(t, kioskWard)
	w.lock(t, custody.LockRequested, "")
	w.ipad.profiles = nil
	w.ipad.faulty = true // acknowledges the app lock and does not install it
	w.connect()
	w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
	w.ipad.faulty = false
	w.drain()
	w.lock(t, custody.LockConfirmed, custody.Enforced)
	if w.c.Run.Active() {
		t.Errorf("the plan goes on: %+v", w.c.Run)
	}
}

// TestARefusedScreenOffLeavesTheAppLock: DeviceLock only turns the screen off.
func TestARefusedScreenOffLeavesTheAppLock(t *testing.T) {
	w := lockedDevice(t, kioskWard)
	w.ipad.says["DeviceLock"] = []int{12010}
	w.drain()
	w.lock(t, custody.LockConfirmed, custody.Enforced)
	if last := w.trace[len(w.trace)-1]; last != "lock.ended confirmed: app lock seen by ProfileList" {
		t.Errorf("it ended as %q", last)
	}
}

func TestPasscodeLock(t *testing.T) {
	for name, row := range map[string]struct {
		seen, has bool
		message   string
		rung      custody.LockRung
		strength  custody.Strength
	}{
		"seen in this epoch":          {true, true, "", custody.LockConfirmed, custody.Enforced},
		"not seen, and there":         {false, true, "", custody.LockConfirmed, custody.Enforced},
		"not seen, and not there":     {false, false, "", custody.LockAcknowledged, custody.ScreenOff},
		"seen, and the iPad says no":  {true, false, "NoPasscodeSet", custody.LockAcknowledged, custody.ScreenOff},
		"seen, and the iPad says yes": {true, true, "Success", custody.LockConfirmed, custody.Enforced},
	} {
		w := lockedDevice(t, passcodeWard)
		w.ipad.passcode = row.has
		if !row.seen {
			w.c.Passcode = time.Time{}
		}
		cmd := w.exchange(w.ipad.idle())
		next := w.exchange(Report{Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: StatusAcknowledged, Command: cmd.UUID, MessageResult: row.message})
		if next != nil {
			r, _ := w.ipad.execute(*next)
			w.exchange(r)
		}
		w.lock(t, row.rung, row.strength)
		if w.c.Run.Active() || w.c.State != custody.Locked {
			t.Errorf("%s: %s, %+v", name, w.c.State, w.c.Run)
		}
	}
}

func TestAPasscodeSeenInTheLastEpochIsNone(t *testing.T) {
	w := returned(t, passcodeWard)
	if w.c.Passcode.IsZero() {
		t.Fatal("the passcode was not seen")
	}
	w.drain()
	w.do(custody.Claim{By: "b"})
	w.after(time.Minute).do(custody.Idle{Epoch: w.c.Epoch})
	w.drain()
	w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
}

// TestClinicalAppsWaitForThePasscode: nothing is opened before SecurityInfo shows one.
func TestClinicalAppsWaitForThePasscode(t *testing.T) {
	w := opened(t, passcodeWard)
	for range 5 {
		w.connect()
		w.now = w.c.Run.NotBefore
	}
	if w.count("InstallProfile") != 0 || w.count("SecurityInfo") != 5 {
		t.Errorf("told %v", w.steps())
	}
	w.ipad.passcode = true
	w.drain()
	if w.count("InstallProfile") != 1 || w.c.Run.Active() || w.c.Passcode.IsZero() {
		t.Errorf("told %v, %+v", w.steps(), w.c)
	}
}

// TestSignOutIsHeldBack: a short lock of a Shared iPad keeps its user signed in.
func TestSignOutIsHeldBack(t *testing.T) {
	w := lockedDevice(t, sharedWard)
	started := w.now
	w.connect()
	w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
	if wake := custody.Wake(w.c, w.in.Policy); !wake.Equal(started.Add(w.in.Policy.SignOutAfter)) {
		t.Errorf("asked back %s after the lock", wake.Sub(started))
	}
	w.now = started.Add(w.in.Policy.SignOutAfter - time.Millisecond)
	w.connect()
	if w.count("LogOutUser") != 0 {
		t.Fatalf("told %v", w.steps())
	}
	early := *w
	early.do(custody.Resume{By: "a", Account: nurse})
	early.is(custody.InUse)

	w.after(time.Millisecond).connect()
	if w.count("LogOutUser") != 1 || !w.c.SignedOut {
		t.Fatalf("told %v", w.steps())
	}
	w.lock(t, custody.LockAcknowledged, custody.ScreenOff) // accepted only
	w.drain()
	w.lock(t, custody.LockConfirmed, custody.Enforced)
}

// TestOnlyAListConfirmsTheSignOut: an acknowledgement without one says nothing about who is signed in.
func TestOnlyAListConfirmsTheSignOut(t *testing.T) {
	w := signingOut(t)
	w.answer(StatusAcknowledged)
	w.now = w.c.Run.NotBefore
	w.exchange(w.ipad.idle())
	w.answer(StatusAcknowledged)
	w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
}

func TestALateDeviceIsSignedOutAtOnce(t *testing.T) {
	w := lockedDevice(t, sharedWard)
	w.after(time.Hour).connect()
	if w.count("DeviceLock") != 1 || w.count("LogOutUser") != 1 {
		t.Errorf("told %v", w.steps())
	}
}

// TestSignOutComesThoughTheScreenStaysOn: what DeviceLock could not do must not keep the user signed in.
func TestSignOutComesThoughTheScreenStaysOn(t *testing.T) {
	w := lockedDevice(t, sharedWard)
	w.ipad.says["DeviceLock"] = []int{12010}
	w.ipad.says["LogOutUser"] = []int{12072}
	w.drain()
	if w.count("LogOutUser") != 1 {
		t.Errorf("told %v", w.steps())
	}
	if w.c.Lock.Rung == custody.LockConfirmed {
		t.Error("confirmed with somebody signed in")
	}
	w.ipad.users[0].LoggedIn = false
	w.drain()
	w.lock(t, custody.LockConfirmed, custody.Enforced)
}

func TestAPlanOfNothingIsReachedAtOnce(t *testing.T) {
	w := opened(t, sharedWard)
	if w.c.Run.Active() || w.c.State != custody.InUse {
		t.Errorf("Apple's sign-in opened it: %+v", w.c.Run)
	}
	unknown := lockedDevice(t, kioskWard)
	p := kioskWard
	p.Fleet = "laptops"
	if pr, ok := Start(unknown.c, p); !ok || !pr.Run.Done || pr.Proof != "" {
		t.Errorf("a fleet without plans: %v %+v", ok, pr)
	}
	if _, ok := Start(unknown.c, kioskWard); ok {
		t.Error("a plan with steps was settled before its first")
	}
}
