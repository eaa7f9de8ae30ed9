package steward

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// mistaken gathers an address that no profile can carry.
type mistaken struct{ fakeDriver }

func (d mistaken) Inputs(ctx context.Context, c custody.Custody) (plan.Inputs, error) {
	in, err := d.fakeDriver.Inputs(ctx, c)
	in.ServerURL = "not an address: secret"
	return in, err
}

// TestACommandThatCannotBeMadeIsNotTriedForEver: the device gets no error to
// come back with, the run ends in a sentence, and once the mistake is mended
// another wipe leads to clean.
func TestACommandThatCannotBeMadeIsNotTriedForEver(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "a"}))
	w.must(w.apply(0, p, custody.Return{By: "a"}))
	w.servers[0].Driver = mistaken{fakeDriver{w}}
	if cmd := w.until(p, "EraseDevice"); cmd != nil {
		t.Fatalf("told %s", cmd.Request)
	}
	c := w.want(p, custody.Unproven)
	if c.Cause != custody.CauseFailed || !strings.Contains(c.Reason, "wipe again") || strings.Contains(c.Reason, "secret") {
		t.Errorf("%s: %q", c.Cause, c.Reason)
	}
	w.servers[0].Driver = fakeDriver{w}
	w.must(w.apply(0, p, custody.Wipe{By: "manager", Epoch: c.Epoch}))
	w.settle(p)
	w.want(p, custody.Clean)
}

// countLive counts the calls that a step makes of live; each is one script.
type countLive struct {
	custody.Live
	n *int
}

func (l countLive) Now(ctx context.Context, id custody.DeviceID) (custody.Moment, error) {
	*l.n++
	return l.Live.Now(ctx, id)
}

func (l countLive) Session(ctx context.Context, id custody.DeviceID) (custody.Session, error) {
	*l.n++
	return l.Live.Session(ctx, id)
}

func (l countLive) Owed(ctx context.Context, id custody.DeviceID) ([]custody.Entry, error) {
	*l.n++
	return l.Live.Owed(ctx, id)
}

func (l countLive) Publish(ctx context.Context, ms ...custody.Mirror) error {
	*l.n++
	return l.Live.Publish(ctx, ms...)
}

// TestWhatAStepCosts: one commit, and two calls of live: its time before the
// row is decided, and the row after the ledger has it. Rules 1, 7 and 11 keep
// the two apart.
func TestWhatAStepCosts(t *testing.T) {
	commits, calls, steps := 0, 0, 0
	w, p, _ := ready(t, wrapper{
		ledger: func(l custody.Ledger) custody.Ledger { return spyLedger{l, func(custody.Change) { commits++ }} },
		live:   func(l custody.Live) custody.Live { return countLive{l, &calls} },
	})
	w.must(w.apply(0, p, custody.Claim{By: "a"}))
	w.must(w.apply(0, p, custody.Return{By: "a"}))
	r := p.report(plan.StatusIdle, "")
	for range 3 { // the preflight and the erase are handed over, and acknowledged
		commits, calls = 0, 0
		cmd, err := w.servers[0].Exchange(w.ctx, r, nil)
		w.must(err)
		if commits != 1 || calls != 2 {
			t.Errorf("a step took %d commits and %d calls of live", commits, calls)
		}
		steps++
		if cmd == nil {
			break
		}
		r = p.report(plan.StatusAcknowledged, cmd.UUID)
		w.stores.advance(time.Second)
	}
	if steps != 3 {
		t.Errorf("%d steps were counted", steps)
	}
}
