package steward

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// The hand-over rules, one test each (or more). Each turns red when the rule is
// broken; breakage_test.go breaks four of them from outside to show it.

// ready returns a ward whose devices are clean.
func ready(t failer, wr wrapper) (w *ward, one, shared *ipad) {
	w = newWard(t, wr)
	for _, p := range w.pads {
		w.settle(p)
	}
	return w, w.pads[0], w.pads[1]
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("unexpected: %v", err)
	}
}

func (w *ward) want(p *ipad, s custody.State) custody.Custody {
	w.t.Helper()
	c := w.row(p)
	if c.State != s {
		w.t.Fatalf("%s is %s (%s %q), want %s", p.id, c.State, c.Cause, c.Reason, s)
	}
	return c
}

// idle lets the session's deadline pass and sweeps.
func (w *ward) idle(p *ipad) {
	w.stores.advance(3 * time.Minute)
	w.sweep(0, false)
	w.want(p, custody.Locked)
}

// pull connects a device once by itself and returns what it is told.
func (w *ward) pull(p *ipad) *plan.Command {
	w.t.Helper()
	cmd, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil)
	w.must(err)
	return cmd
}

// until is a connection in which the device carries out what it is told, up to a
// request that it has not carried out yet; nil if it was never told that.
func (w *ward) until(p *ipad, request string) *plan.Command {
	w.t.Helper()
	r := p.report(plan.StatusIdle, "")
	for range 20 {
		cmd, err := w.servers[0].Exchange(w.ctx, r, nil)
		w.must(err)
		if cmd == nil || cmd.Request == request {
			return cmd
		}
		r = p.report(plan.StatusAcknowledged, cmd.UUID)
	}
	return nil
}

// spyLedger runs before each commit.
type spyLedger struct {
	custody.Ledger
	before func(custody.Change)
}

func (l spyLedger) Commit(ctx context.Context, ch custody.Change) error {
	l.before(ch)
	return l.Ledger.Commit(ctx, ch)
}

// spyLive runs before each publish.
type spyLive struct {
	custody.Live
	before func(custody.Mirror)
}

func (l spyLive) Publish(ctx context.Context, ms ...custody.Mirror) error {
	for _, m := range ms {
		l.before(m)
	}
	return l.Live.Publish(ctx, ms...)
}

func TestRule1RestrictInLiveFirstGrantInLedgerFirst(t *testing.T) {
	var w *ward
	restricted, granted := 0, 0
	w, p, _ := ready(t, wrapper{
		ledger: func(l custody.Ledger) custody.Ledger {
			return spyLedger{l, func(ch custody.Change) {
				if ch.Prev.State != custody.InUse || ch.Next.State == custody.InUse {
					return
				}
				restricted++
				if _, err := w.servers[1].Live.Touch(w.ctx, ch.Prev.Device, ch.Prev.Epoch); !errors.Is(err, custody.ErrLocked) {
					t.Errorf("while the ledger is told of %s, a touch answers %v, want it closed", ch.Next.State, err)
				}
			}}
		},
		live: func(l custody.Live) custody.Live {
			return spyLive{l, func(m custody.Mirror) {
				if m.Grant {
					granted++
					if c := w.stores.rows[m.Row.Device]; c.Version != m.Row.Version {
						t.Errorf("live is granted version %d before the ledger has it (%d)", m.Row.Version, c.Version)
					}
				}
			}}
		},
	})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.idle(p)
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	if restricted != 2 || granted != 2 {
		t.Fatalf("saw %d closings and %d grants, want 2 and 2", restricted, granted)
	}
}

func TestRule1TouchAfterTheTimerWasClaimedKeepsTheSession(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.advance(2*time.Minute - time.Second)
	dues, err := w.servers[0].Live.ClaimDue(w.ctx, 10, time.Second)
	w.must(err)
	for i := range dues {
		dues[i].Idle, dues[i].Deadline = true, w.stores.redis.now.Add(time.Second)
	}
	if _, err := w.servers[0].Live.Touch(w.ctx, p.id, w.row(p).Epoch); err != nil {
		t.Fatal(err)
	}
	w.stores.advance(2 * time.Second)
	for _, d := range dues {
		w.servers[0].wake(w.ctx, d)
	}
	w.want(p, custody.InUse)
}

func TestRule2ACommandIsRecordedBeforeItLeaves(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	cmd := w.until(p, "EraseDevice")
	c := w.row(p)
	if cmd == nil || c.Run.Command != cmd.UUID || c.Risk.Command != cmd.UUID || c.Run.HandedOver.IsZero() {
		t.Fatalf("told %+v, recorded %+v", cmd, c.Run)
	}
	if again := w.pull(p); again == nil || again.UUID != cmd.UUID {
		t.Fatalf("a second connection was told %+v, want the same command", again)
	}
	w.stores.down = true
	if cmd, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil); err == nil && cmd != nil {
		t.Fatalf("with no ledger, %s left", cmd.Request)
	}
}

func TestRule2IdleConnectWritesNothing(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	before := w.stores.commits
	for range 5 {
		if cmd := w.pull(p); cmd != nil {
			t.Fatalf("a clean device was told %s", cmd.Request)
		}
	}
	if w.stores.commits != before {
		t.Fatalf("%d writes for idle connects", w.stores.commits-before)
	}
}

// TestRule2ResumeAndHandOver: whoever commits first wins, and only one.
func TestRule2ResumeAndHandOver(t *testing.T) {
	var w *ward
	var race func()
	var only string // the step that is raced for
	w, p, _ := ready(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger {
		return spyLedger{l, func(ch custody.Change) {
			if f := race; f != nil && (only == "" || ch.Next.Run.Step == only) {
				race = nil
				f()
			}
		}}
	}})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	race, only = func() { w.must(w.apply(1, p, custody.Resume{By: "ada"})) }, "erase"
	if cmd := w.until(p, "EraseDevice"); cmd != nil && cmd.Request == "EraseDevice" {
		t.Fatal("the erase left although the holder had come back")
	}
	w.want(p, custody.InUse)

	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	only = ""
	race = func() { w.until(p, "EraseDevice") }
	if err := w.apply(1, p, custody.Resume{By: "ada"}); custody.Refused(err) != custody.RefusedTooLate {
		t.Fatalf("resuming after the erase left: %v", err)
	}
}

func TestRule3OnlyTheOutstandingAttemptCounts(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	cmd := w.until(p, "EraseDevice")
	before := w.row(p)
	for name, id := range map[string]string{
		"another epoch": plan.CommandID(custody.Custody{Device: p.id, Epoch: before.Epoch - 1, Run: before.Run}, "erase", before.Run.Attempt),
		"another run":   plan.CommandID(custody.Custody{Device: p.id, Epoch: before.Epoch, Run: custody.Run{ID: 1}}, "erase", before.Run.Attempt),
		"next attempt":  plan.CommandID(before, "erase", before.Run.Attempt+1),
	} {
		_, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusAcknowledged, id), nil)
		w.must(err)
		if c := w.row(p); c.Proof.Rung != before.Proof.Rung || c.Run.Acked {
			t.Fatalf("a report of %s moved the run: %+v", name, c.Run)
		}
	}
	_, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusAcknowledged, cmd.UUID), nil)
	w.must(err)
	if c := w.want(p, custody.Wiping); c.Proof.Rung != custody.ProofAcknowledged {
		t.Fatalf("after the acknowledgement the proof is %s", c.Proof.Rung)
	}
	for range 20 { // an ack alone never yields clean
		w.stores.advance(time.Minute)
		w.sweep(0, false)
		w.pull(p)
	}
	w.want(p, custody.Unproven)
}

func TestRule4Channels(t *testing.T) {
	w, p, shared := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	r := p.report(plan.StatusIdle, "")
	r.Channel, r.User = plan.UserChannel, "ada"
	if cmd, err := w.servers[0].Exchange(w.ctx, r, nil); cmd != nil || err != nil {
		t.Fatalf("the user channel was told %+v, %v", cmd, err)
	}
	shared.signIn("ada")
	w.converse(shared)
	w.must(w.apply(0, shared, custody.Claim{By: "ada", Account: "ada"}))
	w.must(w.apply(0, shared, custody.Return{By: "ada"}))
	r = shared.report(plan.StatusIdle, "")
	r.Channel, r.User = plan.UserChannel, "ada"
	if cmd, err := w.servers[0].Exchange(w.ctx, r, nil); cmd != nil || err != nil {
		t.Fatalf("the user channel was told %+v, %v", cmd, err)
	}
}

// TestRule4NothingIsErasedTwice: the erase of an abandoned run brings the
// device back; the new run's erase is not sent.
func TestRule4NothingIsErasedTwice(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.until(p, "EraseDevice")
	w.stores.advance(16 * time.Minute)
	w.sweep(0, false)
	w.want(p, custody.Unproven)
	w.must(w.apply(0, p, custody.Wipe{By: "manager"}))
	p.erase()
	p.enrol()
	for range 10 {
		w.converse(p)
		p.connect()
		w.stores.advance(10 * time.Second)
		for _, cmd := range p.inbox {
			if cmd.Request == "EraseDevice" {
				t.Fatal("it was erased twice")
			}
		}
	}
	if c := w.want(p, custody.Clean); c.Proof.Grade != custody.GradeErased {
		t.Fatalf("grade %s", c.Proof.Grade)
	}
}

func TestRule5AttestationWaitsForTheDestructiveCommand(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.until(p, "EraseDevice")
	w.stores.advance(16 * time.Minute)
	w.sweep(0, false)
	w.want(p, custody.Unproven)
	attest := custody.Attest{By: "it@ward", Why: "erased with a cable"}
	if err := w.apply(0, p, attest); custody.Refused(err) != custody.RefusedRisk {
		t.Fatalf("attesting while an erase may still be executed: %v", err)
	}
	p.erase() // by hand
	p.enrol()
	w.deliver(0, p, 0, false) // Authenticate: a later connect
	w.must(w.apply(0, p, attest))
	w.want(p, custody.Clean)
}

func TestRule5AfterSignOutOnlyAnAppleSignInResumes(t *testing.T) {
	w, _, p := ready(t, wrapper{})
	p.signIn("ada")
	w.converse(p)
	w.must(w.apply(0, p, custody.Claim{By: "ada", Account: "ada"}))
	w.idle(p)
	for range 30 {
		p.connect()
		w.converse(p)
		w.stores.advance(time.Minute)
		w.sweep(0, false)
	}
	c := w.want(p, custody.Locked)
	if c.Lock.Rung != custody.LockConfirmed || c.Lock.Strength != custody.Enforced {
		t.Fatalf("lock %+v, want confirmed by sign-out", c.Lock)
	}
	if err := w.apply(0, p, custody.Resume{By: "ada"}); custody.Refused(err) != custody.RefusedSignIn {
		t.Fatalf("resuming while signed out of Apple: %v", err)
	}
	p.signIn("ada")
	w.converse(p)
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
}

// TestRule7LiveNeverLeads: an old row does not overwrite a newer one, and an
// in_use row without a session is due at once.
func TestRule7LiveNeverLeads(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	old := w.row(p)
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.must(w.servers[1].Live.Publish(w.ctx, mirror(old, w.stores.policies["kiosk"], true)))
	if _, err := w.servers[1].Live.Touch(w.ctx, p.id, old.Epoch); err == nil {
		t.Fatal("an old row opened a session again")
	}

	w, p, _ = ready(t, wrapper{})
	w.crash.in = 3 // after the ledger, before live
	_ = w.apply(0, p, custody.Claim{By: "ada"})
	w.want(p, custody.InUse)
	w.beat(1)
	w.sweep(0, false)
	w.want(p, custody.Locked)
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
}

func TestRule9StaleTimersAreDropped(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.advance(3 * time.Minute)
	w.sweep(1, true) // claimed, and the server stands still
	w.sweep(0, false)
	w.stores.advance(6 * time.Second)
	w.sweep(0, false)
	w.want(p, custody.Locked)
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
	w.resumeSweep(1) // same epoch, another version
	w.want(p, custody.InUse)

	w.stores.advance(3 * time.Minute)
	w.sweep(1, true)
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.settle(p)
	w.must(w.apply(0, p, custody.Claim{By: "ben"}))
	w.resumeSweep(1) // another epoch
	w.want(p, custody.InUse)
}

// TestRule11RedisTimeDecides: the wall clock stands still here, and the lock
// comes when Redis says so.
func TestRule11RedisTimeDecides(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.advance(119 * time.Second)
	w.sweep(0, false)
	w.want(p, custody.InUse)
	w.stores.advance(time.Second)
	w.sweep(0, false)
	if c := w.want(p, custody.Locked); !c.Since.Equal(w.stores.redis.now) {
		t.Fatalf("locked at %s, Redis says %s", c.Since, w.stores.redis.now)
	}
}

// TestRule12EnqueueingIsHandingOver: a driver that fetches a command ahead of
// the device, as a remote server's queue needs, has handed it over.
func TestRule12EnqueueingIsHandingOver(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.until(p, "EraseDevice") // enqueued elsewhere; the device has not connected
	if err := w.apply(0, p, custody.Resume{By: "ada"}); custody.Refused(err) != custody.RefusedTooLate {
		t.Fatalf("resuming after the erase was enqueued: %v", err)
	}
}
