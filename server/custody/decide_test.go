package custody

import (
	"errors"
	"testing"
	"time"
)

func TestClaimOpensANewEpoch(t *testing.T) {
	d := cleanDevice(t, kiosk)
	epoch := d.c.Epoch
	out := d.do(Claim{By: "a"})
	d.is(InUse, "")
	if d.c.Epoch != epoch+1 || d.c.Holder != "a" || !d.c.Opened.Equal(d.now) || d.c.Run.Goal != GoalOpen || !out.Nudge {
		t.Errorf("claimed: %+v", d.c)
	}
	if d.c.Fresh || d.c.Risk != (Risk{}) || d.c.Proof.Rung != "" {
		t.Errorf("what the last epoch proved is still there: %+v", d.c)
	}
	if d.count(KindSessionOpened) != 1 {
		t.Error("the session's opening is not in the history")
	}
}

func TestIdleLocksAndTheHolderResumes(t *testing.T) {
	d := inUse(t, kiosk)
	epoch := d.c.Epoch
	out := d.after(2 * time.Minute).do(Idle{epoch})
	d.is(Locked, CauseIdle)
	if d.c.Run.Goal != GoalLock || d.c.Run.ID != d.c.Version || !out.Nudge {
		t.Errorf("no lock run: %+v", d.c.Run)
	}
	if want := d.now.Add(d.p.Resume); !d.c.ResumeUntil.Equal(want) {
		t.Errorf("resume until %s, want %s", d.c.ResumeUntil, want)
	}
	d.stale(Idle{epoch}) // a second sweeper
	lock := d.c.Run.ID
	d.after(time.Minute).do(Resume{By: "a"})
	d.is(InUse, "")
	if d.c.Epoch != epoch || d.c.Run.ID == lock || d.c.Run.Goal != GoalOpen || d.count(KindWipeAsked) != 1 {
		t.Errorf("resumed: %+v", d.c)
	}
	if d.count(KindLockAsked) != 1 || d.count(KindLockEnded) != 1 || d.count(KindSessionEnded) != 0 {
		t.Error("the lock is not asked once and ended once")
	}
	d.stale(Idle{epoch - 1})
}

// TestWhatEndsASession: each of these takes a session to wiping, from in_use and from locked.
func TestWhatEndsASession(t *testing.T) {
	for name, row := range map[string]struct {
		from  func(failer, Policy) *device
		wait  time.Duration
		event Event
		why   Cause
	}{
		"return":                {inUse, 0, Return{"a"}, CauseReturn},
		"return, locked":        {locked, 0, Return{"a"}, CauseReturn},
		"manager":               {inUse, 0, Wipe{By: "m"}, CauseManager},
		"manager, locked":       {locked, 0, Wipe{By: "m"}, CauseManager},
		"revoked":               {inUse, 0, Revoke{Clinician: "a"}, CauseRevoked},
		"revoked, locked":       {locked, 0, Revoke{Clinician: "a"}, CauseRevoked},
		"longest":               {inUse, kiosk.Longest, Tick{}, CauseTooLong},
		"longest, locked":       {locked, kiosk.Longest, Tick{}, CauseTooLong},
		"resume window, locked": {locked, kiosk.Resume, Tick{}, CauseResumeOver},
		"take-over, locked":     {locked, 0, TakeOver{"b"}, CauseTakeOver},
	} {
		t.Run(name, func(t *testing.T) {
			d := row.from(t, kiosk)
			epoch := d.c.Epoch
			out := d.after(row.wait).do(row.event)
			d.is(Wiping, row.why)
			if d.c.Epoch != epoch || d.c.Holder != "a" || d.c.Run.Goal != GoalWipe || !out.Nudge {
				t.Errorf("wiping: %+v", d.c)
			}
			if d.c.Proof.Rung != ProofRequested || !d.c.WipeAsked.Equal(d.now) {
				t.Errorf("the ladder starts at %q", d.c.Proof.Rung)
			}
			if d.count(KindSessionEnded) != 1 {
				t.Error("the session's end is not in the history once")
			}
			early := row.from(t, kiosk)
			if row.wait > 0 {
				early.after(row.wait - 3*time.Minute).do(Tick{})
				if early.c.State == Wiping && early.c.Cause == row.why {
					t.Error("wiped before its time")
				}
			}
		})
	}
}

// TestCallingBackAWipe: a tap of the holder calls a wipe back only if it came
// from idleness or a return, and only before a destructive command has left.
func TestCallingBackAWipe(t *testing.T) {
	resumeOver := locked(t, kiosk)
	resumeOver.after(kiosk.Resume).do(Tick{})
	for name, d := range map[string]*device{"return": wiping(t, kiosk), "resume window": resumeOver} {
		t.Run(name, func(t *testing.T) {
			epoch, run := d.c.Epoch, d.c.Run.ID
			d.handOver("UserList", false)
			d.do(Resume{By: "a"})
			d.is(InUse, "")
			if d.c.Epoch != epoch || d.c.Run.ID == run || d.c.Run.Goal != GoalOpen || d.c.Proof.Rung != "" || !d.c.WipeAsked.IsZero() {
				t.Errorf("called back: %+v", d.c)
			}
			d.stale(Progress{Run: Run{ID: run, Goal: GoalWipe}, Proof: ProofProven, Grade: GradeErased})
			if d.count(KindWipeEnded) != d.count(KindWipeAsked) {
				t.Error("the wipe that was called back has not ended")
			}
			d.do(Return{"a"})
			d.handOver("EraseDevice", true)
			d.refused(Resume{By: "a"}, RefusedTooLate)
		})
	}
	for name, e := range map[string]Event{"take-over": TakeOver{"b"}, "manager": Wipe{By: "m"}, "revoked": Revoke{Clinician: "a"}} {
		d := locked(t, kiosk)
		d.do(e)
		if _, err := d.try(Resume{By: "a"}); Refused(err) != RefusedTooLate {
			t.Errorf("after %s: got %v", name, err)
		}
	}
	d := locked(t, kiosk)
	d.after(kiosk.Longest).do(Tick{})
	d.refused(Resume{By: "a"}, RefusedTooLate)
}

func TestATakenOverDeviceIsKeptForItsNextHolder(t *testing.T) {
	d := locked(t, kiosk)
	epoch := d.c.Epoch
	d.do(TakeOver{"b"})
	if d.c.Reserved.For != "b" || !d.c.Reserved.Until.IsZero() {
		t.Fatalf("reserved: %+v", d.c.Reserved)
	}
	d.handOver("EraseDevice", true)
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	d.proven(GradeErased)
	d.is(Clean, CauseTakeOver)
	cleaned := d.now
	if !d.c.Reserved.Until.Equal(cleaned.Add(time.Minute)) {
		t.Fatalf("held until %s, cleaned at %s: want 60 s", d.c.Reserved.Until, cleaned)
	}
	if d.c.Holder != "" || d.c.Epoch != epoch {
		t.Errorf("clean, and nobody has tapped yet: %+v", d.c)
	}
	d.after(60*time.Second - time.Millisecond).do(Tick{})
	d.refused(Claim{By: "c"}, RefusedReserved)
	if !d.c.Available("b", d.now) || d.c.Available("c", d.now) {
		t.Error("Available does not keep it for b")
	}
	kept := *d
	kept.do(Claim{By: "b"})
	if kept.c.Epoch != epoch+1 || kept.c.Holder != "b" || kept.c.Reserved != (Reservation{}) {
		t.Errorf("claimed by b: %+v", kept.c)
	}
	d.after(time.Millisecond)
	if !d.c.Available("c", d.now) {
		t.Error("not available to c after 60 s")
	}
	d.do(Tick{})
	if d.c.Reserved != (Reservation{}) {
		t.Errorf("still reserved: %+v", d.c.Reserved)
	}
	d.do(Claim{By: "c"})
}

func TestOverdueIsUnprovenAndLateProofIsProof(t *testing.T) {
	for _, how := range []string{"late", "failed late", "wiped again", "attested", "below the grade"} {
		t.Run(how, func(t *testing.T) {
			d := wiping(t, kiosk)
			d.handOver("EraseDevice", true)
			d.acked()
			out := d.after(d.p.Overdue).do(Tick{})
			d.is(Unproven, CauseOverdue)
			if !out.Alert || d.c.Reason == "" || d.count(KindUnproven) != 1 || !d.c.Run.Active() {
				t.Fatalf("overdue: %+v", d.c)
			}
			d.refused(Claim{By: "b"}, RefusedUnavailable)
			want := Clean
			switch how {
			case "late":
				d.after(time.Hour).do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
				d.proven(GradeErased)
			case "failed late":
				run := d.c.Run
				run.Done = true
				d.do(Progress{Run: run, Failed: "The iPad refused InstallProfile."})
				d.is(Unproven, CauseFailed)
				want = Unproven
			case "wiped again":
				d.do(Wipe{By: "m"})
				d.is(Wiping, CauseManager)
				if d.c.Proof.Rung != ProofRequested || len(d.c.Proof.At) != 1 {
					t.Errorf("the new wipe's ladder starts at %+v", d.c.Proof)
				}
				d.proven(GradeErased)
			case "attested":
				d.do(Attest{"m", "erased by cable"})
			case "below the grade":
				d.proven(GradeSignedOut)
				want = Unproven
			}
			if d.c.State != want {
				t.Fatalf("state %s, want %s", d.c.State, want)
			}
			if want == Clean && (d.c.Holder != "" || d.c.Reason != "") {
				t.Errorf("clean, and it says %+v", d.c)
			}
			if asked, ended := d.count(KindWipeAsked), d.count(KindWipeEnded); asked != ended {
				t.Errorf("%d wipes asked and %d ended", asked, ended)
			}
		})
	}
}

func TestBelowTheWardsGrade(t *testing.T) {
	for name, row := range map[string]struct {
		least Grade
		offer bool
		got   Grade
		want  State
	}{
		"at":                       {GradeUserDeleted, false, GradeUserDeleted, Clean},
		"above":                    {GradeUserDeleted, false, GradeErased, Clean},
		"below":                    {GradeUserDeleted, false, GradeAppsRemoved, Unproven},
		"far below":                {GradeErased, false, GradeSignedOut, Unproven},
		"below and offered":        {GradeErased, true, GradeSignedOut, Clean},
		"no grade":                 {GradeSignedOut, false, "", Unproven},
		"no grade, and offered":    {GradeSignedOut, true, "", Unproven},
		"a grade from nowhere":     {GradeSignedOut, true, "shredded", Unproven},
		"a policy from nowhere":    {"shredded", false, GradeErased, Unproven},
		"a policy without a least": {"", false, GradeErased, Unproven},
	} {
		p := kiosk
		p.LeastGrade, p.OfferReset = row.least, row.offer
		d := wiping(t, kiosk)
		d.p = p
		out := d.proven(row.got)
		if d.c.State != row.want {
			t.Errorf("%s: %s", name, d.c.State)
		}
		if row.want == Unproven && (d.c.Cause != CauseBelowGrade || !out.Alert || d.c.Reason == "") {
			t.Errorf("%s: %+v", name, d.c)
		}
	}
}

// TestAttestation is hand-over rule 5: refused while a destructive command of
// this epoch lacks a terminal report or a later connect.
func TestAttestation(t *testing.T) {
	attest := Attest{"m", "erased by cable"}
	d := risky(t, kiosk)
	d.refused(attest, RefusedRisk)
	d.after(time.Hour).do(Seen{})
	d.refused(attest, RefusedRisk) // its run still holds the erase: this connect was told it again

	d = risky(t, kiosk)
	run := d.c.Run
	run.Done = true
	d.do(Progress{Run: run, Failed: "The iPad refused EraseDevice.", Settles: true})
	d.do(attest)
	d.is(Clean, CauseFailed)

	d = risky(t, kiosk)
	d.do(loses) // ends the run
	d.searched()
	d.do(Found{By: "m"})
	d.searched()
	d.now = d.c.Risk.HandedOver.Add(inFlight - time.Millisecond)
	d.do(Seen{}) // a connection that may be older than the hand-over
	d.refused(attest, RefusedRisk)
	d.after(time.Millisecond).do(Seen{})
	d.do(attest)
	if d.count(KindAttested) != 1 || d.c.Holder != "" {
		t.Errorf("attested: %+v", d.c)
	}
	if e := d.entries[len(d.entries)-2]; e.Actor != "m" || e.Detail != "erased by cable" {
		t.Errorf("the attestation names nobody: %+v", e)
	}
}

func TestALostBucketOnlyLocks(t *testing.T) {
	d := inUse(t, kiosk)
	d.do(LiveLost{})
	d.is(Locked, CauseLiveLost)
	d.do(LiveLost{}) // the matrix has the other states
	d.do(Resume{By: "a"})
	d.is(InUse, "")

	d = locked(t, kiosk)
	d.do(Progress{Run: d.c.Run, Lock: &LockMark{LockConfirmed, Enforced, "app lock seen"}})
	confirmed := d.c.Lock
	d.do(LiveLost{})
	if d.c.Lock != confirmed || confirmed.Rung != LockConfirmed {
		t.Errorf("the ladder moved: %+v", d.c.Lock)
	}
}

func TestNothingElseIsDecided(t *testing.T) {
	if _, err := Decide(Custody{}, nil, kiosk, time.Time{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// A manager's confirmation that comes late does not meet the next person.
func TestAWipeIsOfTheHandOverThatWasLookedAt(t *testing.T) {
	d := cleanDevice(t, kiosk)
	d.do(tap("a"))
	if _, err := d.try(Wipe{By: "m", Epoch: d.c.Epoch + 1}); err != ErrStale {
		t.Errorf("a wipe of another hand-over: %v", err)
	}
	d.is(InUse, "")
	d.do(Wipe{By: "m", Epoch: d.c.Epoch})
	d.is(Wiping, CauseManager)
}
