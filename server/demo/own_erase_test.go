package demo

import (
	"context"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// TestAnIPadThatAsksToEraseItself: refused while somebody's work is on it and
// nobody gave it back. Given back, it acknowledges the erase and does nothing;
// the hand that wants it erased is answered, and what comes back is proof.
func TestAnIPadThatAsksToEraseItself(t *testing.T) {
	h := hospital(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a := h.at(0, "4E-01")
	if _, err := a.badgeIn(ctx); err != nil {
		t.Fatal(err)
	}
	erased := a.d.Truth().Erased
	if err := a.d.ReturnToService(ctx); err == nil || a.d.Truth().Erased != erased || len(a.d.Truth().Canaries) == 0 {
		t.Fatalf("in use: %v, %+v", err, a.d.Truth())
	}
	a.d.AckNotExecute("EraseDevice")
	if _, err := a.d.Page().Return(ctx); err != nil {
		t.Fatal(err)
	}
	for pretended := false; !pretended; time.Sleep(50 * time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal("it was never told to erase itself")
		}
		for _, e := range a.d.Truth().Executed {
			pretended = pretended || e.Request == "EraseDevice" && e.Status == "Acknowledged" && !e.Effect
		}
	}
	if err := a.d.ReturnToService(ctx); err != nil {
		t.Fatalf("given back: %v", err)
	}
	if _, err := a.wakes(ctx, "clean", func(s sim.PageState) bool { return s.State == "clean" }); err != nil {
		t.Fatal(err)
	}
	if x := a.d.Truth(); x.Erased != erased+1 || len(x.Canaries) != 0 {
		t.Errorf("%+v", x)
	}
	if v := h.violated("P1"); len(v) > 0 {
		t.Errorf("P1: %v", v)
	}
}
