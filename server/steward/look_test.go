package steward

import (
	"context"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// readLedger counts how often a row is read.
type readLedger struct {
	custody.Ledger
	n *int
}

func (l readLedger) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	*l.n++
	return l.Ledger.Custody(ctx, id)
}

// TestALookSavesAReading, and changes nothing of the answer.
func TestALookSavesAReading(t *testing.T) {
	reads := 0
	w, p, _ := ready(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return readLedger{l, &reads} }})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	look := &custody.Look{Row: w.row(p)}
	reads = 0
	cmd, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusIdle, ""), look)
	w.must(err)
	again, err := w.servers[1].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil)
	w.must(err)
	if cmd == nil || again == nil || cmd.UUID != again.UUID {
		t.Errorf("told %+v by a look, and %+v without", cmd, again)
	}
	if reads != 1 {
		t.Errorf("the row was read %d times, not for the second exchange alone", reads)
	}
}

// TestALookIsFenced: what is decided on a row that has changed since is decided
// again on the one that stands.
func TestALookIsFenced(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	look := &custody.Look{Row: w.row(p)} // there is something to open
	if !look.Row.Run.Active() {
		t.Fatal("nothing opens the device: this test shows nothing")
	}
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	wipe := w.row(p).Run.ID
	cmd, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusIdle, ""), look)
	w.must(err)
	if c := w.row(p); cmd == nil || c.Run.ID != wipe || c.Run.Command != cmd.UUID {
		t.Errorf("told %+v; the row is at %+v of run %d", cmd, c.Run, wipe)
	}
}

// TestWhoWasAskedNothing: no errand is looked for where the look says that there
// is none, but after a report of something.
func TestWhoWasAskedNothing(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.servers[0].Errands = &chores{}
	for _, row := range []struct {
		status, command string
		look            *custody.Look
		want            bool
	}{
		{plan.StatusIdle, "", nil, true},
		{plan.StatusIdle, "", &custody.Look{Row: w.row(p), Asked: true}, true},
		{plan.StatusIdle, "", &custody.Look{Row: w.row(p)}, false},
		{plan.StatusAcknowledged, "errand-1", &custody.Look{Row: w.row(p)}, true},
	} {
		cmd, err := w.servers[0].Exchange(w.ctx, p.report(row.status, row.command), row.look)
		w.must(err)
		if got := cmd != nil; got != row.want {
			t.Errorf("%s with %+v: told %+v", row.status, row.look, cmd)
		}
	}
}
