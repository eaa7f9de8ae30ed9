package custody

import (
	"testing"
	"time"
)

// A device moves when nobody has it and nothing holds it where it is.
func TestADeviceMovesWhenNobodyHasIt(t *testing.T) {
	d := cleanDevice(t, kiosk)
	from := d.c.Ward
	d.refused(Move{By: "m", To: from}, RefusedOther)
	d.refused(Move{To: "5A"}, RefusedOther)
	d.stale(Move{By: "m", To: "5A", Epoch: d.c.Epoch + 1})
	d.do(Move{By: "m", To: "5A", Keeps: true, Epoch: d.c.Epoch})
	d.is(Clean, d.c.Cause)
	if d.c.Ward != "5A" || d.count(KindMoved) != 1 {
		t.Errorf("moved: %+v", d.c)
	}
	d.do(Move{By: "m", To: "6C"})
	d.is(Unproven, CauseOtherWard)
	d.do(Move{By: "m", To: "5A", Keeps: true})
	d.is(Unproven, CauseOtherWard)

	isolated, sealed := cleanDevice(t, kiosk), cleanDevice(t, kiosk)
	isolated.do(Isolate{"m", "norovirus"})
	sealed.do(SetAside{"m"})
	for why, held := range map[string]*device{RefusedIsolated: isolated, RefusedSealed: sealed} {
		held.refused(Move{By: "m", To: "5A", Keeps: true}, why)
	}
	for _, held := range []*device{inUse(t, kiosk), locked(t, kiosk), wiping(t, kiosk), lost(t, kiosk)} {
		held.refused(Move{By: "m", To: "5A", Keeps: true}, RefusedOther)
	}
}

// A policy that changes gives a session's row a new version, with which live is
// told of the new times; one that has no timers stays as it is.
func TestAChangedPolicyIsPublishedWithTheRow(t *testing.T) {
	d := inUse(t, kiosk)
	d.c.Run.Done = true // it is open, and the session's end is the next wake
	version, wake := d.c.Version, Wake(d.c, d.p)
	d.p.Longest = 2 * time.Hour
	d.do(NewPolicy{By: "m", Version: 4})
	if d.c.Version != version+1 || d.c.Rules != 4 || d.count(KindPolicy) != 1 || !Wake(d.c, d.p).Before(wake) {
		t.Errorf("told: %+v", d.c)
	}
	for _, again := range []int64{4, 3} {
		d.do(NewPolicy{By: "m", Version: again})
	}
	if d.c.Version != version+1 || d.count(KindPolicy) != 1 {
		t.Error("it was told twice")
	}
	idle := cleanDevice(t, kiosk)
	version = idle.c.Version
	idle.do(NewPolicy{By: "m", Version: 4})
	if idle.c.Version != version {
		t.Error("a device that nobody has was changed")
	}
	// What was clean by less than the ward asks for now is clean no longer, and no tap takes it.
	weak := cleanDevice(t, apps)
	weak.c.Proof.Grade = GradeAppsRemoved
	weak.p.LeastGrade = GradeErased
	weak.refused(Claim{By: "a"}, RefusedUnavailable)
	weak.do(NewPolicy{By: "m", Version: 4})
	weak.is(Unproven, CauseBelowGrade)
	weak = cleanDevice(t, apps)
	weak.c.Proof.Grade = GradeAppsRemoved
	weak.p.LeastGrade, weak.p.OfferReset = GradeErased, true
	weak.do(NewPolicy{By: "m", Version: 4}, Claim{By: "a"})
	weak.is(InUse, "")

	held := locked(t, kiosk)
	until := held.c.ResumeUntil
	held.p.Resume = time.Minute
	held.do(NewPolicy{By: "m", Version: 4})
	if !held.c.ResumeUntil.Equal(until) {
		t.Error("what its holder was told no longer holds")
	}
}
