package steward

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// TestRule12OfferingIsHandingOver: what is put into another server's queue
// counts as delivered before it leaves, so nobody calls the wipe back.
func TestRule12OfferingIsHandingOver(t *testing.T) {
	w := newWard(t, wrapper{})
	p := w.pads[0] // kiosk
	w.settle(p)
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	s := w.servers[0]
	offer := func() *plan.Command {
		t.Helper()
		cmd, err := s.Offer(w.ctx, p.id)
		if err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	preflight := offer()
	if preflight == nil || preflight.Request != "DeviceInformation" {
		t.Fatalf("offered %+v", preflight)
	}
	if again := offer(); again == nil || again.UUID != preflight.UUID {
		t.Fatalf("what is outstanding is offered as %+v", again)
	}
	r := p.report(plan.StatusAcknowledged, preflight.UUID)
	r.Queued = true
	if _, err := s.Exchange(w.ctx, r, nil); err != nil {
		t.Fatal(err)
	}
	erase := offer()
	if erase == nil || erase.Request != "EraseDevice" || w.row(p).Risk.Command != erase.UUID {
		t.Fatalf("offered %+v, row %+v", erase, w.row(p).Risk)
	}
	if err := w.apply(0, p, custody.Resume{By: "ada"}); custody.Refused(err) != custody.RefusedTooLate {
		t.Errorf("called back after it was enqueued: %v", err)
	}
}

// A connect to a server with a queue may be about to fetch the very command, so
// it settles nothing, however late it is; its answer does.
func TestAConnectToAQueueSettlesNothing(t *testing.T) {
	for queued, settled := range map[bool]bool{false: true, true: false} {
		w := newWard(t, wrapper{})
		p := w.pads[0]
		w.settle(p)
		w.must(w.apply(0, p, custody.Claim{By: "ada"}))
		w.must(w.apply(0, p, custody.Return{By: "ada"}))
		s := w.servers[0]
		for range 2 {
			cmd, err := s.Offer(w.ctx, p.id)
			if err != nil || cmd == nil {
				t.Fatalf("%+v %v", cmd, err)
			}
			if cmd.Request == "DeviceInformation" {
				if _, err := s.Exchange(w.ctx, p.report(plan.StatusAcknowledged, cmd.UUID), nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		risk := w.row(p).Risk
		w.must(w.apply(0, p, custody.Lose{By: "m", Why: "gone", Message: "Please call us."})) // another run: the erase is nobody's any more
		w.stores.advance(10 * time.Minute)
		r := p.report(plan.StatusIdle, "")
		r.Queued = queued
		if _, err := s.Exchange(w.ctx, r, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.row(p).Risk; got.Settled != settled || got.Command != risk.Command {
			t.Errorf("queued %v: %+v", queued, got)
		}
	}
}

func TestNothingIsOfferedWhereNothingIsToBeSaid(t *testing.T) {
	w := newWard(t, wrapper{})
	p := w.pads[0]
	w.settle(p)
	before := w.row(p)
	if cmd, err := w.servers[0].Offer(w.ctx, p.id); cmd != nil || err != nil {
		t.Errorf("a clean device: %+v %v", cmd, err)
	}
	w.must(w.apply(0, p, custody.Authenticated{Enrolment: "cert-new"}))
	if cmd, err := w.servers[0].Offer(w.ctx, p.id); cmd != nil || err != nil {
		t.Errorf("a device that is just enrolling: %+v %v", cmd, err)
	}
	if w.row(p).Epoch != before.Epoch {
		t.Errorf("%+v", w.row(p))
	}
	if _, err := w.servers[0].Offer(w.ctx, "NOBODY"); err == nil {
		t.Error("an unknown device")
	}
}
