package custody

import (
	"testing"
	"time"
)

var (
	byPIN   = Claim{By: "a", How: AssuranceBadgePIN, With: "badge:1"}
	urgent  = Claim{By: "a", How: AssuranceBreakGlass, With: "badge:1"}
	inAgain = Resume{By: "a"} // a tap within the PIN grace
)

func TestHowAHolderShowedWhoTheyAre(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(byPIN)
	if d.c.Assurance != AssuranceBadgePIN || d.c.Credential != "badge:1" || !d.c.Until.IsZero() {
		t.Fatalf("%+v", d.c)
	}
	d.after(kiosk.Lock).do(Idle{Epoch: d.c.Epoch}, inAgain)
	if d.c.Assurance != AssuranceBadgePIN || d.c.Credential != "badge:1" {
		t.Errorf("a tap within the grace: %s by %s", d.c.Assurance, d.c.Credential)
	}
	d.after(kiosk.Lock).do(Idle{Epoch: d.c.Epoch}, Resume{By: "a", How: AssurancePasskey, With: "passkey:k"})
	if d.c.Assurance != AssurancePasskey || d.c.Assurance.Level() != "AAL2" {
		t.Errorf("by passkey: %s", d.c.Assurance)
	}
	for a, level := range map[Assurance]string{"": "", AssuranceBadge: "", AssuranceBadgePIN: "AAL1", AssurancePasskey: "AAL2", AssuranceBreakGlass: ""} {
		if a.Level() != level || a != "" && a.Words() == "" {
			t.Errorf("%s: %s, %s", a, a.Level(), a.Words())
		}
	}
}

// An emergency is alerted, lasts as long as the policy says whatever is
// touched, and locks: nothing of it is lost.
func TestAnEmergencyEnds(t *testing.T) {
	d := cleanDevice(t, kiosk)
	if out := d.do(urgent); !out.Alert || d.count(KindEmergency) != 1 {
		t.Fatalf("alert %v, %d entries", out.Alert, d.count(KindEmergency))
	}
	opened := d.c
	opened.Run.Done = true // its nudges would wake it sooner
	if wake := Wake(opened, kiosk); wake != d.now.Add(kiosk.BreakGlass) || d.c.Until != wake {
		t.Errorf("wakes at %s, until %s", wake, d.c.Until)
	}
	if warn, lock := IdleTimes(d.c, kiosk); lock != kiosk.BreakGlass || warn <= 0 || warn >= lock {
		t.Errorf("idle times %s, %s", warn, lock)
	}
	d.after(kiosk.BreakGlass - time.Millisecond).do(Tick{})
	d.is(InUse, "")
	d.after(time.Millisecond).do(Tick{})
	d.is(Locked, CauseEmergency)
	if d.c.Holder != "a" || !d.c.Until.IsZero() || d.count(KindWipeAsked) != 1 { // the one that made it clean
		t.Errorf("%+v", d.c)
	}
	// A tap alone goes on as an emergency again, told again, and never without an end.
	if out := d.do(inAgain); !out.Alert || d.c.Until != d.now.Add(kiosk.BreakGlass) || d.count(KindEmergency) != 2 {
		t.Errorf("again: alert %v, until %s", out.Alert, d.c.Until)
	}
	if out := d.do(Resume{By: "a", How: AssuranceBadgePIN, With: "badge:1"}); out.Alert || !d.c.Until.IsZero() || d.c.Assurance != AssuranceBadgePIN {
		t.Errorf("in full: %+v", d.c)
	}
	if warn, lock := IdleTimes(d.c, kiosk); warn != kiosk.Warn || lock != kiosk.Lock {
		t.Errorf("idle times %s, %s after it", warn, lock)
	}
}

func TestAWardWithoutEmergencies(t *testing.T) {
	p := kiosk
	p.BreakGlass = 0
	d := cleanDevice(t, p)
	d.refused(urgent, RefusedEmergency)
	d.is(Clean, d.c.Cause)
}

// What is said of an emergency is in the history and changes nothing else.
func TestAnEmergencyIsExplainedAndReviewed(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(urgent)
	of, state := d.c.Version, d.c.State
	d.do(Explain{By: "a", Why: "a crash call", Version: of}, Review{By: "m", Found: "rightly", Version: of})
	if d.c.State != state || d.c.Assurance != AssuranceBreakGlass {
		t.Errorf("%+v", d.c)
	}
	for _, e := range d.entries[len(d.entries)-2:] {
		if e.Run != of || e.Detail == "" {
			t.Errorf("%+v does not name the emergency", e)
		}
	}
	for _, bad := range []Event{Explain{By: "a", Version: of}, Explain{Why: "x", Version: of}, Explain{By: "a", Why: "x"},
		Explain{By: "a", Why: "x", Version: d.c.Version + 1}, Review{By: "m", Version: of}, Review{Found: "x", Version: of}, Review{By: "m", Found: "x", Version: d.c.Version + 1}} {
		d.refused(bad, RefusedOther)
	}
}

func TestRevokedCredential(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(byPIN)
	d.do(Revoke{Clinician: "a", Credential: "badge:2"}, Revoke{Clinician: "b", Credential: "badge:1"})
	d.is(InUse, "")
	d.do(Revoke{Clinician: "a", Credential: "badge:1"})
	d.is(Wiping, CauseRevoked)
}

func TestWhoTakesAnotherLeavesTheFirstLocked(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(byPIN)
	d.stale(Moved{By: "b", Epoch: d.c.Epoch})
	d.stale(Moved{By: "a", Epoch: d.c.Epoch - 1})
	d.do(Moved{By: "a", Epoch: d.c.Epoch})
	d.is(Locked, CauseMoved)
	d.stale(Moved{By: "a", Epoch: d.c.Epoch})
	d.do(inAgain)
	d.is(InUse, "")
}
