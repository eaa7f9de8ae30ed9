package plan

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
)

func TestCommandIDsNameTheirAttempt(t *testing.T) {
	base := custody.Custody{Device: "DMPEXAMPLE01", Epoch: 3, Version: 40, Run: custody.Run{ID: 17}}
	id := CommandID(base, "erase", 1)
	if u, err := uuid.Parse(id); err != nil || u.Version() != 5 {
		t.Errorf("%s is no UUIDv5 (%v)", id, err)
	}
	if again := CommandID(base, "erase", 1); again != id {
		t.Errorf("the same attempt is %s and %s", id, again)
	}
	device, epoch, run := base, base, base
	device.Device, epoch.Epoch, run.Run.ID = "DMPEXAMPLE02", 4, 18
	seen := map[string]string{id: "the attempt itself"}
	for what, other := range map[string]string{
		"device": CommandID(device, "erase", 1), "epoch": CommandID(epoch, "erase", 1), "run": CommandID(run, "erase", 1),
		"step": CommandID(base, "users", 1), "attempt": CommandID(base, "erase", 2), "attempt 11": CommandID(base, "erase", 11),
	} {
		if had, ok := seen[other]; ok {
			t.Errorf("another %s has the id of %s", what, had)
		}
		seen[other] = what
	}
	later := base
	later.Version++
	if CommandID(later, "erase", 1) != id {
		t.Error("the id changes with the row's version: a redelivery would be another command")
	}
}

// TestRedeliveryKeepsTheID: unanswered, the same command is told again, byte
// for byte, and there is nothing to record.
func TestRedeliveryKeepsTheID(t *testing.T) {
	for _, p := range []custody.Policy{kioskWard, sharedWard} {
		w := returned(t, p)
		first := w.exchange(w.ipad.idle())
		row := w.c
		for range 3 {
			again := w.after(time.Minute).exchange(w.ipad.idle())
			if again == nil || again.UUID != first.UUID || string(again.Body) != string(first.Body) || again.Step != first.Step {
				t.Fatalf("%s: told %+v, then %+v", p.Fleet, first, again)
			}
			if w.c.Version != row.Version || w.c.Run != row.Run {
				t.Fatalf("%s: a redelivery was recorded: %+v", p.Fleet, w.c.Run)
			}
		}
	}
}

func TestANewPollIsANewAttempt(t *testing.T) {
	w := opened(t, passcodeWard)
	w.connect() // no passcode yet: asked again
	w.now = w.c.Run.NotBefore
	w.connect()
	if w.count("SecurityInfo") != 2 || w.told[0].UUID == w.told[1].UUID || w.told[1].Attempt != w.told[0].Attempt+1 {
		t.Errorf("told %+v", w.told)
	}
}

// TestNoIDTwice walks whole lives: no two hand-overs share an id, whatever is
// restarted, called back, or asked for again.
func TestNoIDTwice(t *testing.T) {
	for _, p := range []custody.Policy{kioskWard, passcodeWard, sharedWard} {
		w := returned(t, p)
		seen := map[string]bool{}
		check := func() {
			t.Helper()
			for _, c := range w.told {
				if c.HandOver.Step == "" {
					continue
				}
				if seen[c.UUID] || c.UUID != c.HandOver.Command {
					t.Errorf("%s: %s attempt %d was told before as %s", p.Fleet, c.HandOver.Step, c.Attempt, c.UUID)
				}
				seen[c.UUID] = true
			}
			w.told = nil
		}
		w.exchange(w.ipad.idle())
		check()
		w.ipad.erase() // explained or not, it enrols again
		w.checkIn(true)
		w.drain()
		check()
		for _, who := range []string{"a", "b"} {
			if w.ipad.shared {
				w.ipad.signIn(who)
				w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: who})
			}
			w.do(custody.Claim{By: who, Account: who})
			w.connect()
			w.do(custody.Return{By: who})
			w.exchange(w.ipad.idle())
			check()
			if w.c.Risk.Request == "" {
				w.do(custody.Resume{By: who, Account: who}, custody.Return{By: who})
			}
			w.drain()
			check()
		}
		if len(seen) < 12 {
			t.Errorf("%s: only %d hand-overs", p.Fleet, len(seen))
		}
	}
}

func TestRestartKeepsAttemptsUnique(t *testing.T) {
	w := returned(t, sharedWard)
	w.exchange(w.ipad.idle()) // the users are asked for
	first := w.last()
	w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: "b@hospital.example"})
	w.exchange(w.ipad.idle())
	second := w.last()
	if first.HandOver.Step != "users" || second.HandOver.Step != "users" || second.Attempt <= first.Attempt || second.UUID == first.UUID {
		t.Errorf("attempt %d %s, and after the restart %d %s", first.Attempt, first.UUID, second.Attempt, second.UUID)
	}
}

func TestLockWithoutLedger(t *testing.T) {
	for _, w := range []*walk{newWalk(t, kioskWard), returned(t, kioskWard)} {
		if cmd, err := LockWithoutLedger(w.c); cmd != nil || err != nil {
			t.Errorf("%s: %v, %v", w.c.State, cmd, err)
		}
	}
	w := lockedDevice(t, kioskWard)
	cmd, err := LockWithoutLedger(w.c)
	if err != nil || cmd == nil || cmd.Request != "DeviceLock" || len(cmd.Body) == 0 {
		t.Fatalf("locked: %+v, %v", cmd, err)
	}
	if again, _ := LockWithoutLedger(w.c); again.UUID != cmd.UUID {
		t.Error("the id of one row's lock changes")
	}
	r := w.ipad.idle()
	r.Status, r.Command = StatusAcknowledged, cmd.UUID
	if _, ok := Observe(w.c, r, w.in, w.now); ok {
		t.Error("its report is taken by a plan")
	}
}
