package custody

import (
	"testing"
	"time"
)

const cert = "cert-1"

// signIn is an Apple sign-in under the device's enrolment.
func signIn(who string) AppleSignIn { return AppleSignIn{cert, who + "@hospital.example"} }

func tap(who string) Claim { return Claim{By: who, Account: who + "@hospital.example"} }

func TestASharedIPadIsClaimedBySigningInFirst(t *testing.T) {
	d := cleanDevice(t, shared)
	d.refused(tap("a"), RefusedSignIn)
	epoch := d.c.Epoch
	d.do(signIn("a"))
	d.is(Wiping, CauseStranger)
	if d.c.Epoch != epoch+1 || d.c.Holder != "" || d.c.Run.Goal != GoalWipe || d.c.Fresh || d.c.Risk.Open() {
		t.Errorf("left clean: %+v", d.c)
	}
	if d.c.Available("a", d.now) || d.c.Available("b", d.now) {
		t.Error("it is still offered")
	}
	if want := d.now.Add(d.p.SignInGrace); !d.c.Run.NotBefore.Equal(want) {
		t.Errorf("the first command is held until %s, want %s", d.c.Run.NotBefore, want)
	}
	if want := d.now.Add(d.p.Repush[0]); !d.c.Run.NudgeAt.Equal(want) {
		t.Errorf("the page waits for the user's channel, which is asked again at %s, want %s", d.c.Run.NudgeAt, want)
	}
	if out, _ := d.try(signIn("a")); out.Changed {
		t.Error("the same sign-in again changed something")
	}
	d.refused(tap("b"), RefusedSignIn)
	d.refused(Claim{By: "a"}, RefusedSignIn)
	d.after(30 * time.Second).do(tap("a"))
	d.is(InUse, "")
	if d.c.Epoch != epoch+1 || d.c.Holder != "a" || d.c.AppleUser != "a@hospital.example" || d.c.Run.Goal != GoalOpen || d.c.Proof.Rung != "" {
		t.Errorf("claimed: %+v", d.c)
	}
	if d.count(KindWipeAsked) != d.count(KindWipeEnded) {
		t.Error("the stranger's wipe has not ended")
	}
}

func TestNobodyClaimsTheSignIn(t *testing.T) {
	d := cleanDevice(t, shared)
	d.do(signIn("a"))
	d.after(d.p.Repush[0]).do(Tick{})
	if !d.c.Run.NudgeAt.Equal(d.c.Run.NotBefore) {
		t.Errorf("asked again at %s, want when the hold ends, %s", d.c.Run.NudgeAt, d.c.Run.NotBefore)
	}
	d.after(d.p.SignInGrace).handOver("LogOutUser", true)
	d.refused(tap("a"), RefusedTooLate)
	d.refused(Resume{By: "a", Account: "a@hospital.example"}, RefusedNotHolder)
}

func TestASignInWhileItIsKeptForAnother(t *testing.T) {
	d := locked(t, shared)
	d.do(TakeOver{"b"})
	d.proven(GradeUserDeleted)
	d.do(signIn("c"))
	d.refused(tap("c"), RefusedReserved)
	mine := *d
	mine.after(d.p.Reserve).do(tap("c"))
	mine.is(InUse, "")

	d = locked(t, shared)
	d.do(TakeOver{"b"})
	d.proven(GradeUserDeleted)
	d.do(signIn("b"), tap("b"))
	d.is(InUse, "")
}

// TestTwoSignInsAreNobodys: the second person's tap must not open an iPad that
// the first one's data is on.
func TestTwoSignInsAreNobodys(t *testing.T) {
	d := cleanDevice(t, shared)
	d.do(signIn("a"), signIn("b"))
	d.is(Wiping, CauseSignIn)
	if !d.c.Run.NotBefore.IsZero() {
		t.Error("there is nothing left to wait for")
	}
	d.refused(tap("a"), RefusedCleaning)
	d.refused(tap("b"), RefusedCleaning)
	d.do(signIn("a"))
	d.refused(tap("a"), RefusedCleaning)
	d.proven(GradeUserDeleted)
	d.is(Clean, CauseSignIn)
}

// TestASignInOverASession: the holder's data is there, so the other account's
// tap gets nothing, and the holder cannot come back to it either.
func TestASignInOverASession(t *testing.T) {
	for _, d := range []*device{inUse(t, shared), locked(t, shared)} {
		from, epoch := d.c.State, d.c.Epoch
		if out, _ := d.try(signIn("a")); out.Changed {
			t.Errorf("%s: the holder's own sign-in changed something", from)
		}
		d.do(signIn("b"))
		d.is(Wiping, CauseStranger)
		if d.c.Epoch != epoch || d.c.Holder != "a" {
			t.Errorf("%s: %+v", from, d.c)
		}
		d.refused(tap("b"), RefusedCleaning)
		d.refused(tap("a"), RefusedCleaning)
		d.refused(Resume{By: "a", Account: "a@hospital.example"}, RefusedTooLate)
	}
	d := wiping(t, shared)
	d.do(signIn("b"))
	d.is(Wiping, CauseSignIn)
	d.refused(Resume{By: "a", Account: "a@hospital.example"}, RefusedTooLate)
	d.refused(tap("b"), RefusedCleaning)
}

// TestASignInDuringTheWipeStartsItAgain is hand-over rule 5: no sign-in since
// the UserList that proves was asked for.
func TestASignInDuringTheWipeStartsItAgain(t *testing.T) {
	for name, row := range map[string]struct {
		before func(d *device)
		who    string
		again  bool
	}{
		"nothing asked yet, the holder":  {func(*device) {}, "a", false},
		"nothing asked yet, another":     {func(*device) {}, "b", true},
		"a list is asked for":            {func(d *device) { d.handOver("UserList", false) }, "a", true},
		"signed out, the holder returns": {func(d *device) { d.handOver("LogOutUser", true); d.acked() }, "a", true},
		"without a name":                 {func(*device) {}, "", true},
	} {
		d := wiping(t, shared)
		run := d.c.Run.ID
		row.before(d)
		account := AppleSignIn{Enrolment: cert}
		if row.who != "" {
			account = signIn(row.who)
		}
		out, _ := d.try(account)
		if out.Changed != row.again {
			t.Errorf("%s: changed %v", name, out.Changed)
		}
		if r := d.c.Run; row.again && (r.ID != run || r.Command != "" || r.Acked || r.Step != "" || d.c.Fresh) {
			t.Errorf("%s: the run stands at %+v", name, r)
		}
		if out, _ := d.try(AppleSignIn{"cert-0", "x@hospital.example"}); out.Changed {
			t.Errorf("%s: a sign-in under another enrolment changed something", name)
		}
	}
}

// TestSignedOutByTheLock is hand-over rule 5: after a LogOutUser was handed
// over, the holder's tap alone does not resume.
func TestSignedOutByTheLock(t *testing.T) {
	d := locked(t, shared)
	mine := Resume{By: "a", Account: "a@hospital.example"}
	d.handOver("DeviceLock", false)
	early := *d
	early.do(mine)
	early.is(InUse, "")

	d.handOver("LogOutUser", true)
	d.refused(mine, RefusedSignIn)
	d.is(Locked, CauseIdle)
	d.do(signIn("a"))
	d.is(Locked, CauseIdle)
	d.do(mine)
	d.is(InUse, "")
	d.do(Return{"a"})
	d.refused(mine, RefusedTooLate) // a destructive command of this epoch has left
}

func TestOneUserIPadsHaveNoSignIns(t *testing.T) {
	d := cleanDevice(t, kiosk)
	if out, _ := d.try(signIn("a")); out.Changed {
		t.Errorf("changed: %+v", d.c)
	}
	d = newDevice(t, shared)
	d.do(Authenticated{cert}, signIn("a"))
	if d.c.State != Enrolling || d.c.AppleUser != "a@hospital.example" {
		t.Errorf("while enrolling: %+v", d.c)
	}
}

func TestAReturnedSharedIPadErasedByHand(t *testing.T) {
	d := wiping(t, shared)
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	if !d.c.Fresh {
		t.Fatalf("back at Setup Assistant: %+v", d.c)
	}
	d.do(AppleSignIn{"cert-2", "b@hospital.example"})
	if d.c.Fresh {
		t.Error("somebody has used it since")
	}
}

// TestASignInStartsAnEpochWithoutItsPast: the last epoch's commands are neither
// a risk to this one's holder nor too late for them.
func TestASignInStartsAnEpochWithoutItsPast(t *testing.T) {
	d := locked(t, shared)
	d.do(TakeOver{"b"})
	d.handOver("LogOutUser", true)
	d.acked()
	d.proven(GradeUserDeleted)
	d.do(signIn("b"))
	if d.c.Risk != (Risk{}) || d.c.Lock != (Lock{}) {
		t.Errorf("a new epoch with %+v and %+v", d.c.Risk, d.c.Lock)
	}
	d.do(tap("b"))
	d.is(InUse, "")
}

// TestATokenUpdateOlderThanTheSignInProvesNothing, like one that is older than a claim.
func TestATokenUpdateOlderThanTheSignInProvesNothing(t *testing.T) {
	d := cleanDevice(t, shared)
	d.do(Authenticated{"cert-2"}, Attest{"m", "looked at it"}, AppleSignIn{"cert-2", "b@hospital.example"})
	d.do(TokenUpdated{"cert-2", true})
	if d.c.Returning || d.c.Fresh {
		t.Errorf("it says that nobody has used it: %+v", d.c)
	}
}

// TestASignInWithoutANameIsNobodyKnown: it never passes for the account that is not known yet.
func TestASignInWithoutANameIsNobodyKnown(t *testing.T) {
	d := newDevice(t, shared)
	d.do(Authenticated{cert}, TokenUpdated{cert, true})
	if !d.c.Fresh || d.c.AppleUser != "" {
		t.Fatalf("enrolled: %+v", d.c)
	}
	d.do(AppleSignIn{Enrolment: cert})
	if d.c.Fresh || d.c.Cause != CauseSignIn {
		t.Errorf("somebody has signed in: %+v", d.c)
	}
}
