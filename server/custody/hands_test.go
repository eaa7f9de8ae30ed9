package custody

import (
	"strings"
	"testing"
)

// unprovenWipe is a device that acknowledged its erase and never came back.
func unprovenWipe(t *testing.T) *device { return columns["unproven"](t) }

func TestADeviceThatNeedsHandsHasAPerson(t *testing.T) {
	d := unprovenWipe(t)
	d.do(Assign{By: "staff:Anna", Who: "staff:Anna", Epoch: d.c.Epoch})
	if h := d.c.Hands; h.Who != "staff:Anna" || h.By != "staff:Anna" || !h.At.Equal(d.now) || h.Name() != "Anna" {
		t.Fatalf("%+v", h)
	}
	d.do(Assign{By: "staff:Maria", Who: "staff:Ben", From: "staff:Anna"})
	if h := d.c.Hands; h.Who != "staff:Ben" || h.By != "staff:Maria" {
		t.Fatalf("%+v", h)
	}
	d.do(Assign{By: "staff:Ben", From: "staff:Ben"})
	if d.c.Hands.On() || d.count(KindHands) != 3 {
		t.Fatalf("%+v, %d entries", d.c.Hands, d.count(KindHands))
	}
	last := d.entries[len(d.entries)-1]
	if last.Actor != "staff:Ben" || last.Detail != "handed back by Ben" {
		t.Errorf("%+v", last)
	}
}

// Of two who take it at once the second is told who was first, and nothing happens twice.
func TestTheSecondToTakeItIsToldWhoWasFirst(t *testing.T) {
	d := unprovenWipe(t)
	anna, ben := Assign{By: "staff:Anna", Who: "staff:Anna", Epoch: d.c.Epoch}, Assign{By: "staff:Ben", Who: "staff:Ben", Epoch: d.c.Epoch}
	d.do(anna)
	if _, err := d.try(ben); Refused(err) != RefusedTaken || !strings.Contains(err.Error(), "Anna was first") {
		t.Fatalf("%v", err)
	}
	if out := d.do(anna); out.Changed || d.count(KindHands) != 1 {
		t.Errorf("taken twice: %d entries", d.count(KindHands))
	}
}

// Whoever had it in hand has it no more once it goes on by itself.
func TestHandsAreEmptyOnceItGoesOn(t *testing.T) {
	d := unprovenWipe(t)
	d.do(Assign{By: "staff:Anna", Who: "staff:Anna"}, Wipe{By: "staff:Anna"})
	if d.c.Hands.On() {
		t.Fatalf("being wiped, and %+v", d.c.Hands)
	}
	d.refused(Assign{By: "staff:Anna", Who: "staff:Anna"}, RefusedOther)
}

// A plan that waits for what a person can mend needs hands, whatever its state.
func TestWhatWaitsForAPersonNeedsHands(t *testing.T) {
	d := wiping(t, kiosk)
	run := d.c.Run
	run.Waits = "Battery 9 %: put this iPad on its charger."
	d.do(Progress{Run: run}, Assign{By: "staff:Anna", Who: "staff:Anna"})
	run = d.c.Run
	run.Waits = ""
	d.do(Progress{Run: run})
	if d.c.Hands.On() {
		t.Errorf("on its charger, and %+v", d.c.Hands)
	}
}
