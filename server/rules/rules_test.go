package rules

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/steward"
)

// silent reaches no device.
type silent struct{}

func (silent) Nudge(context.Context, custody.DeviceID) error { return nil }
func (silent) Inputs(context.Context, custody.Custody) (plan.Inputs, error) {
	return plan.Inputs{}, nil
}

// dying is a steward whose server dies after some changes.
type dying struct {
	Steward
	left atomic.Int64
}

func (d *dying) Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	if d.left.Add(-1) < 0 {
		return custody.Custody{}, custody.ErrUnavailable
	}
	return d.Steward.Apply(ctx, id, e)
}

// A session that is open when its ward's policy changes is timed by the new one,
// without a touch, and its history says whose doing that is.
func TestAnOpenSessionGoesByTheChangedPolicy(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	l, redis := ledgertest.Open(t, ledgertest.SQLite(t)), livetest.Miniredis(t)
	now, err := live.Open(ctx, live.Options{URL: redis.URL, Trial: true})
	must(err)
	t.Cleanup(func() { _ = now.Close() })
	s := steward.New(steward.Options{Ledger: l, Live: now, Driver: silent{}, NewID: uuid.NewString})
	rows := ledgertest.Populate(t, l, 4)
	for _, row := range rows {
		clean := ledgertest.Advance(row, custody.KindClean)
		clean.Next.State, clean.Next.Enrolment = custody.Clean, "cert"
		must(l.Commit(ctx, clean))
	}
	for range 3 { // adopts the buckets of an empty Redis, and publishes
		must(s.Reconcile(ctx))
	}
	held := []custody.DeviceID{rows[0].Device, rows[1].Device, rows[2].Device}
	for _, id := range held {
		_, err := s.Apply(ctx, id, custody.Claim{By: "ada"})
		must(err)
	}
	lasts := func(id custody.DeviceID) time.Duration {
		t.Helper()
		session, err := now.Session(ctx, id)
		must(err)
		return session.LockAt.Sub(session.Touched)
	}
	w, err := l.Ward(ctx, "4B")
	must(err)
	before := lasts(held[0])
	next := w.Policy
	next.Warn, next.Lock = 4*time.Minute, 5*time.Minute
	must(l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: w.Version, Name: w.Name, Policy: next, Said: []ledger.WardDeed{{By: "staff:Maria", What: "Lock after: from 2 min to 5 min."}}}))

	dies := &dying{Steward: s}
	dies.left.Store(2)
	first := Teller{Ledger: l, Steward: dies}
	must(first.Look(ctx))
	if got := lasts(held[0]); got != before {
		t.Errorf("told at the first look, when a tap may still be on its way with the old policy: %s", got)
	}
	if err := first.Look(ctx); !errors.Is(err, custody.ErrUnavailable) {
		t.Fatalf("a server that dies: %v", err)
	}
	second := Teller{Ledger: l, Steward: s}
	must(second.Look(ctx))
	must(second.Look(ctx))
	for _, id := range held {
		if got := lasts(id); got != 5*time.Minute {
			t.Errorf("%s is locked %s after its last touch, not 5m", id, got)
		}
		entries, err := l.RecentHistory(ctx, id, 50)
		must(err)
		n := 0
		for _, e := range entries {
			if e.Kind == custody.KindPolicy && e.Actor == "staff:Maria" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s was told %d times", id, n)
		}
	}
	clean, err := l.Custody(ctx, rows[3].Device)
	must(err)
	must(second.Look(ctx))
	must(second.Look(ctx))
	if after, err := l.Custody(ctx, rows[3].Device); err != nil || after.Version != clean.Version || after.Rules != 0 {
		t.Errorf("an iPad that nobody has was changed: %+v, %v", after, err)
	}
	if untold, err := l.Untold(ctx); err != nil || len(untold) != 0 {
		t.Errorf("left untold: %v, %v", untold, err)
	}
}
