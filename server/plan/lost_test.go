package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// lostDevice has been put into Lost Mode by a manager, its plan at its start.
func lostDevice(t failer, p custody.Policy) *walk {
	t.Helper()
	w := opened(t, p)
	w.drain()
	w.told, w.trace = nil, nil
	w.after(time.Hour).do(custody.Lose{By: "m", Why: "not in its dock", Message: "Please call us.", Phone: "+1 555 0100"})
	return w
}

func TestEveryFleetKindIsLostAndFound(t *testing.T) {
	for _, p := range everyWard {
		w := lostDevice(t, p)
		w.drain()
		w.is(custody.Lost)
		if !w.ipad.lost || w.c.Lock.Rung != custody.LockConfirmed || w.c.Lock.Strength != custody.Enforced || w.c.Run.Active() {
			t.Errorf("%s %s: lost: %v, %+v, %+v", p.Fleet, p.Target, w.ipad.lost, w.c.Lock, w.c.Run)
		}
		w.do(custody.Found{By: "m"})
		w.drain()
		w.is(custody.Unproven)
		if w.ipad.lost {
			t.Errorf("%s %s: still lost", p.Fleet, p.Target)
		}
	}
}

// An iPad that acknowledges and does nothing is neither lost nor found.
func TestAnAcknowledgedLostModeIsNotBelieved(t *testing.T) {
	w := lostDevice(t, kioskWard)
	w.ipad.faulty = true
	for range 4 {
		w.connect()
		w.after(time.Minute)
	}
	if w.c.Lock.Rung != custody.LockAcknowledged || !w.c.Run.Active() || w.count("EnableLostMode") < 2 {
		t.Fatalf("%d commands, lock %+v", w.count("EnableLostMode"), w.c.Lock)
	}
	w.ipad.faulty = false
	w.drain()
	if w.c.Lock.Rung != custody.LockConfirmed {
		t.Fatalf("lock %+v", w.c.Lock)
	}
	w.do(custody.Found{By: "m"})
	w.ipad.faulty = true
	for range 4 {
		w.connect()
		w.after(time.Minute)
	}
	w.is(custody.Lost)
	w.ipad.faulty = false
	w.drain()
	w.is(custody.Unproven)
}

// To turn off what is off is an error of Apple's, and not a failure.
func TestFoundWhereLostModeIsOff(t *testing.T) {
	w := lostDevice(t, kioskWard)
	w.drain()
	w.ipad.lost = false // turned off by other hands
	w.do(custody.Found{By: "m"})
	w.drain()
	w.is(custody.Unproven)
}

func TestARefusedLostModeEndsInASentence(t *testing.T) {
	w := lostDevice(t, kioskWard)
	w.ipad.says["EnableLostMode"] = []int{12067}
	w.drain()
	w.is(custody.Lost)
	if w.c.Run.Active() || w.c.Reason == "" || w.ipad.lost {
		t.Fatalf("%+v", w.c)
	}
}

// Whatever was on its way when it was lost, the plans of before tell it nothing more.
func TestALostIPadHearsNothingOfItsWipe(t *testing.T) {
	w := erasing(t, kioskWard)
	w.do(custody.Lose{By: "m", Why: "gone", Message: "Please call us."})
	w.drain()
	w.is(custody.Lost)
	if w.count("EraseDevice") != 0 {
		t.Error("erased")
	}
}
