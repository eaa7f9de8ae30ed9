package steward

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// TestRule8EmptiedRedis: open sessions come back locked, their holders resume,
// nothing is wiped and nothing unclean becomes available (P6).
func TestRule8EmptiedRedis(t *testing.T) {
	w, p, shared := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.redis.empty()
	if err := w.apply(0, p, custody.Return{By: "ada"}); !errors.Is(err, custody.ErrLost) {
		t.Fatalf("a change while live is lost: %v", err)
	}
	w.beat(2)
	if err := w.servers[0].Ready(); err == nil {
		t.Fatal("ready although live is lost")
	}
	w.beat(4)
	if c := w.want(p, custody.Locked); c.Cause != custody.CauseLiveLost || c.Epoch != 1 {
		t.Fatalf("locked by %s in epoch %d", c.Cause, c.Epoch)
	}
	w.want(shared, custody.Clean)
	w.must(w.servers[0].Ready())
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
	if _, err := w.servers[1].Live.Touch(w.ctx, p.id, 1); err != nil {
		t.Fatalf("the resumed session is not open: %v", err)
	}
}

// TestRule8OldCopy: a Redis restored from an old copy has the id and a lower beat.
func TestRule8OldCopy(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	r := w.stores.redis
	buckets := r.buckets
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.beat(3)
	r.buckets = buckets // what the old copy knew
	w.beat(6)
	if c := w.want(p, custody.Locked); c.Cause != custody.CauseLiveLost {
		t.Fatalf("locked by %s", c.Cause)
	}
}

// TestRule8TwoServersOnDifferentRedisDoNotFight: the one on the wrong Redis
// adopts nothing while the other beats, and is not ready.
func TestRule8TwoServersOnDifferentRedisDoNotFight(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	stranger := New(Options{Ledger: w.stores.memory, Live: &client{redis: &redis{now: w.stores.redis.now}},
		Driver: fakeDriver{w}, NewID: func() string { return "stranger" }})
	for range 10 {
		_ = stranger.Reconcile(w.ctx)
		w.beat(1)
	}
	if err := stranger.Ready(); err == nil || !strings.Contains(err.Error(), "another Redis") {
		t.Fatalf("a server on another Redis is ready, or does not say why not: %v", err)
	}
	for _, b := range w.stores.buckets {
		if b.ID == "stranger" {
			t.Fatalf("it took bucket %d", b.Bucket)
		}
	}
	w.want(p, custody.InUse)
	for range 10 { // the others are gone: now it may
		_ = stranger.Reconcile(w.ctx)
	}
	w.must(stranger.Ready())
	w.want(p, custody.Locked)
}

// TestRule8TwoDatabasesOnOneRedisDoNotFight: servers of another database take
// nothing from those that are alive.
func TestRule8TwoDatabasesOnOneRedisDoNotFight(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	other := newMemory()
	other.clock = w.stores.clock
	stranger := New(Options{Ledger: other, Live: &client{redis: w.stores.redis}, Driver: fakeDriver{w}, NewID: func() string { return "stranger" }})
	for range 10 {
		_ = stranger.Reconcile(w.ctx)
		w.beat(1)
	}
	if err := stranger.Ready(); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Fatalf("servers of another database are ready, or do not say why not: %v", err)
	}
	w.must(w.servers[0].Ready())
	w.want(p, custody.InUse)
}

// TestRule10LockDoesNotWaitForTheLedger: with SQL away an idle session closes,
// its device is told to lock, nothing destructive leaves, and what was done is
// written before the next change.
func TestRule10LockDoesNotWaitForTheLedger(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.down = true
	w.stores.advance(3 * time.Minute)
	if cmd, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil); cmd != nil || err == nil {
		t.Fatalf("an open session's device was told %+v", cmd)
	}
	w.sweep(0, false)
	if _, err := w.servers[1].Live.Touch(w.ctx, p.id, 1); !errors.Is(err, custody.ErrLocked) {
		t.Fatalf("a touch after the deadline, with SQL away: %v", err)
	}
	for range 2 {
		cmd, err := w.servers[1].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil)
		if err != nil || cmd == nil || cmd.Request != "DeviceLock" {
			t.Fatalf("told %+v, %v; want DeviceLock", cmd, err)
		}
	}
	r := p.report(plan.StatusIdle, "")
	r.Enrolment = "another"
	if cmd, _ := w.servers[1].Exchange(w.ctx, r, nil); cmd != nil {
		t.Fatal("another enrolment was told to lock")
	}
	if err := w.apply(0, p, custody.Resume{By: "ada"}); !errors.Is(err, custody.ErrUnavailable) {
		t.Fatalf("a resume with SQL away: %v", err)
	}

	w.stores.down = false
	w.stores.advance(6 * time.Second)
	before := len(w.stores.entries[p.id])
	w.sweep(0, false)
	w.want(p, custody.Locked)
	written := w.stores.entries[p.id][before:]
	if len(written) < 2 || written[0].Kind != custody.KindOwed || !strings.Contains(written[0].Detail, "DeviceLock") {
		t.Fatalf("history goes on with %+v, want the owed entry first", written)
	}
	w.check()
}

// TestLiveAwayTakesTheDevicesEvidence: with Redis away nothing is granted, and
// what a device shows is taken all the same.
func TestLiveAwayTakesTheDevicesEvidence(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.stores.redis.empty()
	for range 40 {
		p.connect()
		w.converse(p)
		time.Sleep(time.Millisecond) // the bridged time is the monotonic clock's
		if p.away {
			p.enrol()
		}
	}
	if c := w.row(p); c.Proof.Rung != custody.ProofProven {
		t.Fatalf("proof %s, want proven: the device has shown all", c.Proof.Rung)
	}
	if err := w.apply(0, p, custody.Claim{By: "ben"}); !errors.Is(err, custody.ErrLost) {
		t.Fatalf("a claim while live is lost: %v", err)
	}
}

// silentLedger answers nothing until its caller gives up.
type silentLedger struct {
	custody.Ledger
	silent *atomic.Bool
}

func (l silentLedger) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	if l.silent.Load() {
		<-ctx.Done()
		return custody.Custody{}, ctx.Err()
	}
	return l.Ledger.Custody(ctx, id)
}

func (l silentLedger) CustodyAndPolicy(ctx context.Context, id custody.DeviceID) (custody.Custody, custody.Policy, error) {
	return inTwo(ctx, l, id)
}

func (l silentLedger) Custodies(ctx context.Context, ids []custody.DeviceID) (map[custody.DeviceID]custody.Custody, error) {
	if l.silent.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return l.Ledger.Custodies(ctx, ids)
}

// TestRule10SilentLedger: a database that hangs is one that is away.
func TestRule10SilentLedger(t *testing.T) {
	var silent atomic.Bool
	w, p, _ := ready(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return silentLedger{l, &silent} }})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.advance(3 * time.Minute)
	silent.Store(true)
	w.sweep(0, false)
	if cmd, err := w.servers[1].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil); err != nil || cmd == nil || cmd.Request != "DeviceLock" {
		t.Fatalf("told %+v, %v; want DeviceLock", cmd, err)
	}
}
