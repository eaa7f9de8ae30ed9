package steward_test

import (
	"context"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/plan"
)

// BenchmarkIdlePoll is a device that connects, has no news and gets nothing:
// without the errands, with them and nothing asked, and with 20 kinds that were
// asked and answered. None of them writes to SQL.
func BenchmarkIdlePoll(b *testing.B) {
	h := open(b, 0)
	h.clean(2)
	for _, id := range []custody.DeviceID{device(0), device(1)} {
		row, err := h.ledger.Custody(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		next := row
		next.Version++
		next.Enrolment = "cert"
		if err := h.ledger.Commit(b.Context(), custody.Change{Prev: row, Next: next}); err != nil {
			b.Fatal(err)
		}
	}
	desk, err := errand.New(errand.Options{Store: h.ledger, Kinds: errand.Housekeeping(), Nudge: func(context.Context, custody.DeviceID) error { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	poll := func(id custody.DeviceID) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cmd, err := h.steward.Exchange(b.Context(), plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: "cert", Status: plan.StatusIdle}, nil)
				if err != nil || cmd != nil {
					b.Fatal(cmd, err)
				}
			}
		}
	}
	b.Run("without", poll(device(0)))
	h.steward.Errands = desk
	b.Run("nothing-asked", poll(device(0)))
	answered(b, h, desk, device(1))
	b.Run("all-answered", poll(device(1)))
}

// answered asks a device twenty things and lets it answer them.
func answered(b *testing.B, h bench, desk *errand.Desk, id custody.DeviceID) {
	b.Helper()
	for i := range 20 {
		kind := errand.Profiles + ":" + string(rune('a'+i))
		if _, err := desk.Ask(b.Context(), errand.Ask{Device: id, Kind: kind, Expires: desk.Now().Add(1e15)}); err != nil {
			b.Fatal(err)
		}
		r := plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: "cert", Status: plan.StatusIdle}
		cmd, err := h.steward.Exchange(b.Context(), r, nil)
		if err != nil || cmd == nil {
			b.Fatal(cmd, err)
		}
		r.Status, r.Command = plan.StatusAcknowledged, cmd.UUID
		if _, err := h.steward.Exchange(b.Context(), r, nil); err != nil {
			b.Fatal(err)
		}
	}
}
