package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func (w *walk) stepsAre(t *testing.T, want ...string) {
	t.Helper()
	if got := w.steps(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

// TestErrorsOfDeleteUser are Apple's: what each leads to next.
func TestErrorsOfDeleteUser(t *testing.T) {
	for code, row := range map[int]struct {
		next string
		wait time.Duration
	}{
		errNoSuchUser:   {"users", time.Second},
		errUserLoggedIn: {"sign_out", 0},
		errDataToSync:   {"users", 15 * time.Second},
		12074:           {"users", 15 * time.Second}, // failed
		12345:           {"users", 15 * time.Second},
	} {
		w := returned(t, sharedWard)
		w.ipad.says["DeleteUser"] = []int{code}
		for w.count("DeleteUser") == 0 && w.c.Run.Active() {
			w.connect()
			if w.count("DeleteUser") == 0 {
				w.now = custody.Wake(w.c, w.in.Policy)
			}
		}
		steps := w.steps()
		if row.wait == 0 {
			if i := slices.Index(steps, "delete"); i+1 == len(steps) || steps[i+1] != row.next {
				t.Errorf("%d: told %v, want %s at once", code, steps, row.next)
			}
		} else if w.c.Run.Step != row.next || w.c.Run.NotBefore.Sub(w.now) != row.wait {
			t.Errorf("%d: waits %s for %s, want %s for %s", code, w.c.Run.NotBefore.Sub(w.now), w.c.Run.Step, row.wait, row.next)
		}
		if w.c.State != custody.Wiping {
			t.Errorf("%d: %s", code, w.c.State)
		}
		w.drain()
		w.is(custody.Clean)
		if len(w.ipad.users) != 0 {
			t.Errorf("%d: clean with %v", code, w.ipad.users)
		}
	}
	w := returned(t, sharedWard)
	for w.count("DeleteUser") == 0 {
		w.now = custody.Wake(w.c, w.in.Policy)
		if cmd := w.exchange(w.ipad.idle()); cmd != nil && cmd.Request != "DeleteUser" {
			r, _ := w.ipad.execute(*cmd)
			w.exchange(r)
		}
	}
	w.answer(StatusCommandFormatError)
	w.is(custody.Unproven)
}

// TestDataToSync: a bounded wait, then failure, or deletion by force where the ward allows it.
func TestDataToSync(t *testing.T) {
	unsynced := func(force bool, wait time.Duration) *walk {
		p := sharedWard
		p.ForceDelete, p.SyncWait = force, wait
		w := returned(t, p)
		w.ipad.users[0].HasDataToSync = true
		return w
	}
	w := unsynced(false, 5*time.Minute)
	asked := w.now
	w.drain()
	w.is(custody.Unproven)
	if took := w.now.Sub(asked); took < 5*time.Minute || took > 7*time.Minute {
		t.Errorf("gave up after %s", took)
	}
	if !strings.Contains(w.c.Reason, "iCloud") || w.count("DeleteUser") != 0 || !w.ipad.session || w.c.Cause != custody.CauseFailed {
		t.Errorf("gave up: %q, told %v", w.c.Reason, w.steps())
	}

	w = unsynced(false, 5*time.Minute) // it syncs in time
	w.connect()
	w.after(time.Minute).connect()
	w.ipad.users[0].HasDataToSync = false
	w.drain()
	w.is(custody.Clean)

	w = unsynced(true, 5*time.Minute)
	asked = w.now
	w.drain()
	w.is(custody.Clean)
	for _, c := range w.told {
		if forced := strings.Contains(string(c.Body), "<key>ForceDeletion</key><true/>"); forced && c.at.Before(asked.Add(5*time.Minute)) {
			t.Errorf("forced %s after the wipe was asked", c.at.Sub(asked))
		}
	}
	if w.now.Before(asked.Add(5*time.Minute)) || w.ipad.session {
		t.Errorf("clean %s after the wipe was asked", w.now.Sub(asked))
	}
}

// TestForceWaitsThoughTheListSaysNothing: the list's flag can be older than the
// data, so the first DeleteUser never forces, and 12073 counts like the flag.
func TestForceWaitsThoughTheListSaysNothing(t *testing.T) {
	for _, force := range []bool{false, true} {
		p := sharedWard
		p.ForceDelete = force
		w := returned(t, p)
		asked := w.now
		w.ipad.says["DeleteUser"] = slices.Repeat([]int{errDataToSync}, 100)
		for w.c.Run.Active() && w.now.Before(asked.Add(10*time.Minute)) {
			w.connect()
			if wake := custody.Wake(w.c, p); w.c.Run.Active() && wake.After(w.now) {
				w.now = wake
			}
		}
		for _, c := range w.told {
			over := !c.at.Before(asked.Add(p.SyncWait))
			if c.Command.Request == "DeleteUser" && strings.Contains(string(c.Body), "<key>ForceDeletion</key><true/>") != (force && over) {
				t.Errorf("force %v: DeleteUser %s after the wipe was asked: %s", force, c.at.Sub(asked), c.Body)
			}
		}
		if want := map[bool]custody.State{false: custody.Unproven, true: custody.Wiping}[force]; w.c.State != want {
			t.Errorf("force %v: %s, want %s", force, w.c.State, want)
		}
	}
}

// TestTheAckOfASignOutOrADeletionProvesNothing.
func TestTheAckOfASignOutOrADeletionProvesNothing(t *testing.T) {
	w := returned(t, sharedWard)
	w.ipad.faulty = true
	w.drain()
	w.is(custody.Unproven)
	if w.count("LogOutUser") < 2 || w.count("DeleteUser") != 0 || w.c.Proof.Rung != custody.ProofAcknowledged {
		t.Errorf("%+v", w.c.Proof)
	}
	w.ipad.faulty = false
	w.drain()
	w.is(custody.Clean)
	if w.c.Proof.Grade != custody.GradeUserDeleted {
		t.Errorf("proven %s", w.c.Proof.Grade)
	}
}

func TestARefusedSignOutIsNotAcknowledged(t *testing.T) {
	w := returned(t, sharedWard)
	w.ipad.says["LogOutUser"] = []int{12099}
	w.connect()
	if w.count("LogOutUser") != 1 || w.c.Proof.Rung != custody.ProofHandedOver {
		t.Errorf("told %v, the ladder says %s", w.steps(), w.c.Proof.Rung)
	}
	w.drain()
	w.is(custody.Clean)
}

// TestTheProvingListIsAskedForLast is hand-over rule 5.
func TestTheProvingListIsAskedForLast(t *testing.T) {
	w := returned(t, sharedWard)
	w.drain()
	w.is(custody.Clean)
	w.stepsAre(t, "users", "sign_out", "users", "delete", "users")

	// The list of an earlier attempt, naming nobody, does not count.
	w = returned(t, sharedWard)
	w.exchange(w.ipad.idle())
	old := Report{Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: StatusAcknowledged, Command: w.last().UUID, Listed: true}
	r, _ := w.ipad.execute(w.last().Command)
	w.exchange(r) // somebody is signed in: it is told to sign out
	w.exchange(old)
	w.is(custody.Wiping)
	w.answer(StatusAcknowledged)
	w.now = w.c.Run.NotBefore
	w.exchange(w.ipad.idle())
	w.exchange(old)
	w.is(custody.Wiping)

	// Nor does an acknowledgement that carries no list.
	w.answer(StatusAcknowledged)
	w.is(custody.Wiping)
}

// TestNoListIsAskedForOverAnOpenRisk: the lock's sign-out has left and was never
// answered when the iPad is taken over. A list asked for now could be older
// than that sign-out, and the sign-out could hit the next holder.
func TestNoListIsAskedForOverAnOpenRisk(t *testing.T) {
	w := signingOut(t)
	w.do(custody.TakeOver{By: "b"})
	w.ipad.users = nil
	if cmd := w.after(time.Minute).exchange(w.ipad.idle()); cmd != nil {
		t.Fatalf("told %s while LogOutUser may still be carried out", cmd.Request)
	}
	if wake := custody.Wake(w.c, w.in.Policy); wake.IsZero() || wake.After(w.now.Add(5*time.Minute)) {
		t.Errorf("wakes at %s", wake)
	}
	w.after(2 * time.Minute).drain() // a later connect: it never will be
	w.is(custody.Clean)
	if w.c.Risk.Open() {
		t.Error("clean with a command that may still be carried out")
	}
}

// TestASignInAfterTheListWasAskedFor makes its answer worthless.
func TestASignInAfterTheListWasAskedFor(t *testing.T) {
	for _, who := range []string{nurse, "b@hospital.example"} {
		w := returned(t, sharedWard)
		w.ipad.users = nil
		w.exchange(w.ipad.idle())
		r, _ := w.ipad.execute(w.last().Command)
		w.ipad.signIn(who)
		w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: who})
		w.exchange(r)
		w.is(custody.Wiping)
		w.drain()
		w.is(custody.Clean)
		if w.ipad.session {
			t.Errorf("%s: clean with %v", who, w.ipad.users)
		}
	}
}

// TestAStrangersGraceHoldsTheFirstCommandBack.
func TestAStrangersGraceHoldsTheFirstCommandBack(t *testing.T) {
	w := newWalk(t, sharedWard)
	w.told = nil
	w.ipad.signIn(nurse)
	w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: nurse})
	signedIn := w.now
	for range 5 {
		w.connect()
		w.after(11 * time.Second)
	}
	w.stepsAre(t)
	claimed := *w
	claimed.do(custody.Claim{By: "a", Account: nurse})
	claimed.is(custody.InUse)

	w.now = signedIn.Add(w.in.Policy.SignInGrace)
	w.connect()
	w.stepsAre(t, "users", "sign_out")
	w.drain()
	w.is(custody.Clean)
	if w.ipad.session {
		t.Errorf("clean with %v", w.ipad.users)
	}
}

func TestEverybodyOnTheListIsDeleted(t *testing.T) {
	w := returned(t, sharedWard)
	w.ipad.users = append(w.ipad.users, User{Name: "b@hospital.example"}, User{Name: "c@hospital.example"})
	w.drain()
	w.is(custody.Clean)
	if w.count("DeleteUser") != 3 || len(w.ipad.users) != 0 {
		t.Errorf("told %v, left %v", w.steps(), w.ipad.users)
	}
	w = returned(t, sharedWard)
	w.ipad.users = []User{{}}
	w.drain()
	w.is(custody.Unproven)
	if !strings.Contains(w.c.Reason, "without a name") {
		t.Errorf("the reason reads %q", w.c.Reason)
	}
}

// TestCalledBackUntilTheSignOut: asking who is there is not destructive.
func TestCalledBackUntilTheSignOut(t *testing.T) {
	w := returned(t, sharedWard)
	w.exchange(w.ipad.idle())
	early := *w
	early.do(custody.Resume{By: "a", Account: nurse})
	early.is(custody.InUse)
	r, _ := w.ipad.execute(w.last().Command)
	w.exchange(r)
	if _, err := custody.Decide(w.c, custody.Resume{By: "a", Account: nurse}, w.in.Policy, w.now); custody.Refused(err) != custody.RefusedTooLate {
		t.Errorf("after LogOutUser left: %v", err)
	}
}
