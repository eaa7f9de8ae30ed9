package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestAGuestIsGoneWhenTheSignOutHasHadItsTime: the list may never name guests,
// so one asked for while the iPad is still signing out would prove nothing.
func TestAGuestIsGoneWhenTheSignOutHasHadItsTime(t *testing.T) {
	w := returned(t, guestWard)
	w.connect()
	w.stepsAre(t, "sign_out")
	told := w.now
	for range 7 { // it comes by itself again and again
		w.after(15 * time.Second).connect()
	}
	w.stepsAre(t, "sign_out")
	w.is(custody.Wiping)
	w.drain()
	w.stepsAre(t, "sign_out", "users")
	if w.last().at.Sub(told) < 2*time.Minute {
		t.Errorf("asked who is there %s after the sign-out", w.last().at.Sub(told))
	}
	if w.c.State != custody.Clean || w.c.Proof.Grade != custody.GradeSignedOut {
		t.Errorf("%s, proven %s", w.c.State, w.c.Proof.Grade)
	}
}

// TestNoSignOutNoProof: a list without a sign-out that was taken says nothing of guests.
func TestNoSignOutNoProof(t *testing.T) {
	w := returned(t, guestWard)
	w.ipad.says["LogOutUser"] = []int{12099, 12099, 12099}
	w.connect()
	if w.c.Proof.Rung != custody.ProofHandedOver || w.count("UserList") != 0 {
		t.Errorf("%+v, told %v", w.c.Proof, w.steps())
	}
	w.drain()
	w.is(custody.Clean)
	w.stepsAre(t, "sign_out", "sign_out", "sign_out", "sign_out", "users")

	w = returned(t, guestWard)
	w.ipad.says["LogOutUser"] = make([]int, 1000) // NotNow for ever
	w.drain()
	if w.c.State != custody.Unproven || w.count("UserList") != 0 {
		t.Errorf("%s, told %v", w.c.State, w.steps())
	}
}

// TestAnAccountOnAGuestsIPad is deleted, and the grade stays the guests'.
func TestAnAccountOnAGuestsIPad(t *testing.T) {
	w := returned(t, guestWard)
	w.ipad.users = []User{{Name: nurse, LoggedIn: true}}
	w.drain()
	w.stepsAre(t, "sign_out", "users", "delete", "users")
	if w.c.State != custody.Clean || w.c.Proof.Grade != custody.GradeSignedOut || len(w.ipad.users) > 0 {
		t.Errorf("%s, proven %s, users %v", w.c.State, w.c.Proof.Grade, w.ipad.users)
	}
}
