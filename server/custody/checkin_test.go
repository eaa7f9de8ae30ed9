package custody

import (
	"testing"
	"time"
)

func TestFirstEnrolment(t *testing.T) {
	d := newDevice(t, kiosk)
	d.do(Authenticated{"cert-1"})
	d.is(Enrolling, "")
	d.refused(Wipe{By: "m"}, RefusedUnavailable)
	out := d.do(TokenUpdated{"cert-1", false})
	d.is(Unproven, CauseFirst)
	if d.c.Reason == "" || !out.Alert {
		t.Errorf("first enrolment: %+v", d.c)
	}
	d.do(Wipe{By: "m"})
	d.is(Wiping, CauseManager)

	d = newDevice(t, kiosk)
	d.do(Authenticated{"cert-1"})
	out = d.do(TokenUpdated{"cert-1", true})
	d.is(Wiping, CauseFirst)
	if !d.c.Fresh || d.c.Proof.Rung != ProofReturned || d.c.Run.Goal != GoalWipe || !out.Nudge {
		t.Errorf("awaiting configuration: %+v", d.c)
	}
	d.proven(GradeErased)
	d.is(Clean, CauseFirst)
}

// TestComingBackFromAnErase: Authenticate is explained by the erase, the first
// TokenUpdate of the new enrolment says how it came back.
func TestComingBackFromAnErase(t *testing.T) {
	back := func() *device {
		d := wiping(t, kiosk)
		d.handOver("EraseDevice", true)
		run := d.c.Run
		d.do(Authenticated{"cert-2"})
		d.is(Wiping, CauseReturn)
		if r := d.c.Run; r.ID != run.ID || r.Command != "" || r.Attempt != run.Attempt || !d.c.Returning || d.c.Risk.Open() {
			t.Fatalf("back, the run is %+v and the risk %+v", r, d.c.Risk)
		}
		return d
	}
	d := back()
	if out, _ := d.try(Authenticated{"cert-2"}); out.Changed {
		t.Error("the same Authenticate once more changed something")
	}
	if out, _ := d.try(TokenUpdated{"cert-1", true}); out.Changed {
		t.Error("a TokenUpdate of the enrolment before changed something")
	}
	d.do(TokenUpdated{"cert-2", true})
	if !d.c.Fresh || d.c.Returning || d.c.Proof.Rung != ProofReturned {
		t.Errorf("awaiting: %+v", d.c)
	}
	if out, _ := d.try(TokenUpdated{"cert-2", false}); out.Changed {
		t.Error("a later TokenUpdate, a new push token, changed something")
	}
	d.proven(GradeErased)
	d.is(Clean, CauseReturn)

	d = back()
	out := d.do(TokenUpdated{"cert-2", false})
	d.is(Unproven, CauseReenrolled)
	if d.c.Fresh || d.c.Run.Active() || !out.Alert || d.count(KindWipeEnded) != d.count(KindWipeAsked) {
		t.Errorf("not awaiting: %+v", d.c)
	}
	d.do(Wipe{By: "m"})
	if d.c.Returning || d.c.Fresh {
		t.Error("the new wipe would be skipped")
	}
}

// TestTokenUpdateInEveryState of the first one after an Authenticate.
func TestTokenUpdateInEveryState(t *testing.T) {
	for name, row := range map[string]struct{ awaiting, plain State }{
		"enrolling": {Wiping, Unproven},
		"clean":     {Wiping, Unproven}, // the Authenticate has made it unproven
		"kept":      {Wiping, Unproven},
		"in_use":    {Wiping, Unproven},
		"locked":    {Wiping, Unproven},
		"returned":  {Wiping, Unproven},
		"handed":    {Wiping, Unproven},
		"taken":     {Wiping, Unproven},
		"managed":   {Wiping, Unproven},
		"unproven":  {Unproven, Unproven}, // its run goes on, and may yet prove it
		"risky":     {Unproven, Unproven},
		"lost":      {Lost, Lost},
		"retired":   {Retired, Retired},
	} {
		for awaiting, want := range map[bool]State{true: row.awaiting, false: row.plain} {
			d := columns[name](t)
			epoch := d.c.Epoch
			d.do(Authenticated{"cert-new"}, TokenUpdated{"cert-new", awaiting})
			if d.c.State != want || d.c.Epoch != epoch || d.c.Returning {
				t.Errorf("%s, awaiting %v: %s, want %s", name, awaiting, d.c.State, want)
			}
			if fresh := awaiting && d.c.State != Lost && d.c.State != Retired; d.c.Fresh != fresh {
				t.Errorf("%s, awaiting %v: fresh %v", name, awaiting, d.c.Fresh)
			}
			if d.c.State == Clean || d.c.State == InUse {
				t.Errorf("%s: a check-in offered it", name)
			}
			if active := d.c.Run.Active(); active != (d.c.Fresh || d.c.State == Lost) {
				t.Errorf("%s, awaiting %v: a run is active: %v", name, awaiting, active)
			}
		}
	}
}

func TestUnexplainedEnrolmentEndsTheSession(t *testing.T) {
	for name, e := range map[string]Event{"authenticate": Authenticated{"cert-2"}, "check-out": CheckedOut{"cert-1"}} {
		for _, d := range []*device{inUse(t, kiosk), locked(t, kiosk), wiping(t, kiosk)} {
			ended, from := d.count(KindSessionEnded), d.c.State
			out := d.do(e)
			if d.c.State != Unproven || !out.Alert || d.c.Run.Active() || d.c.Holder != "a" {
				t.Errorf("%s in %s: %+v", name, from, d.c)
			}
			if from != Wiping && d.count(KindSessionEnded) != ended+1 {
				t.Errorf("%s in %s: the session has not ended", name, from)
			}
			if d.count(KindLockEnded) != d.count(KindLockAsked) || d.count(KindWipeEnded) != d.count(KindWipeAsked) {
				t.Errorf("%s in %s: asked and not ended", name, from)
			}
			d.refused(Claim{By: "b"}, RefusedUnavailable)
			d.refused(Resume{By: "a"}, RefusedUnavailable)
		}
	}
	// A proven erase explains nothing any more.
	d := wiping(t, kiosk)
	d.handOver("EraseDevice", true)
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	d.proven(GradeErased)
	d.do(Authenticated{"cert-3"})
	d.is(Unproven, CauseReenrolled)
	// Nor does a LogOutUser explain an enrolment.
	d = wiping(t, shared)
	d.handOver("LogOutUser", true)
	d.do(Authenticated{"cert-2"})
	d.is(Unproven, CauseReenrolled)
}

// TestCheckOutOfTheNewEnrolment: the erase explains that the old enrolment
// checks out, not that the one it led to does.
func TestCheckOutOfTheNewEnrolment(t *testing.T) {
	d := wiping(t, kiosk)
	d.handOver("EraseDevice", true)
	d.do(CheckedOut{"cert-1"})
	d.is(Wiping, CauseReturn)
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true}, CheckedOut{"cert-2"})
	d.is(Unproven, CauseCheckedOut)
}

// TestATokenUpdateThatIsLateProvesNothing: attested clean while its TokenUpdate
// was on the way, claimed, and given back: that TokenUpdate was sent before the
// session, so it says nothing about what the session left behind.
func TestATokenUpdateThatIsLateProvesNothing(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(Authenticated{"cert-2"}, Attest{"m", "looked at it"}, Claim{By: "b"}, Return{"b"})
	if d.c.Returning {
		t.Error("the erase would be skipped")
	}
	d.do(TokenUpdated{"cert-2", true})
	if d.c.Fresh || d.c.Proof.Rung == ProofReturned {
		t.Errorf("came back erased, it says: %+v", d.c)
	}
}

func TestSeenSettlesWhatNobodyWillHandOverAgain(t *testing.T) {
	d := locked(t, shared)
	d.handOver("LogOutUser", true)
	d.after(time.Hour).do(Seen{})
	if !d.c.Risk.Open() {
		t.Error("settled, while this connect is told it again")
	}
	d.do(TakeOver{"b"}) // the run that held it is gone
	d.c.Risk.HandedOver = d.now.Add(-inFlight + time.Millisecond)
	d.do(Seen{})
	if !d.c.Risk.Open() {
		t.Error("settled by a connection that may be older than the hand-over")
	}
	d.after(time.Millisecond).do(Seen{})
	if d.c.Risk.Open() {
		t.Error("a later connect does not settle it")
	}
}

// TestAnyEraseOfTheEpochExplains the enrolment that follows, whatever was handed over after it.
func TestAnyEraseOfTheEpochExplains(t *testing.T) {
	d := risky(t, kiosk)
	d.do(Wipe{By: "m"})
	d.handOver("RemoveApplication", true)
	if d.c.Risk.Request != "RemoveApplication" || !d.c.Risk.Erase || !d.c.Risk.Open() {
		t.Errorf("the risk is %+v", d.c.Risk)
	}
	d.do(Authenticated{"cert-2"})
	d.is(Wiping, CauseManager)
}

// A queue that loses a command, or its answer, is asked again under another id;
// what may have taken data is not.
func TestAMislaidCommandIsAskedAgain(t *testing.T) {
	d := wiping(t, kiosk)
	d.handOver("DeviceInformation", false)
	id := d.c.Run.Command
	d.stale(Mislaid{"another"})
	if out := d.do(Mislaid{id}); d.c.Run.Command != "" || d.c.Run.Attempt != 1 || !out.Nudge {
		t.Errorf("mislaid: %+v", d.c.Run)
	}
	d.stale(Mislaid{id})
	d.handOver("EraseDevice", true)
	d.stale(Mislaid{d.c.Run.Command})
	d.stale(Mislaid{""})
}
