package steward

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// crowd adds n devices of the kiosk ward with an open session each.
func (w *ward) crowd(n int) []custody.DeviceID {
	var ids []custody.DeviceID
	for i := range n {
		id := custody.DeviceID(fmt.Sprintf("CROWD%03d", i))
		c := custody.Custody{Device: id, Ward: "kiosk", State: custody.InUse, Holder: "ada", Epoch: 1, Version: 2,
			Since: w.stores.redis.now, Opened: w.stores.redis.now}
		w.stores.rows[id] = c
		w.must(w.servers[0].Live.Publish(w.ctx, mirror(c, w.stores.policies["kiosk"], true)))
		ids = append(ids, id)
	}
	return ids
}

// open counts the sessions that live has not closed.
func (w *ward) open(ids []custody.DeviceID) (n int) {
	for _, id := range ids {
		if s, err := w.servers[0].Live.Session(w.ctx, id); err != nil || s.State != custody.Locked {
			n++
		}
	}
	return n
}

// TestRule10ASilentLedgerDelaysNobodysLock: each look at a database that is
// silent takes its two seconds, and the sessions behind it are closed all the same (P3).
func TestRule10ASilentLedgerDelaysNobodysLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return silentLedger{l, &silent} }})
		ids := w.crowd(100)
		w.stores.advance(3 * time.Minute)
		silent.Store(true)
		ctx, stop := context.WithCancel(w.ctx)
		done := make(chan struct{})
		go func() { w.servers[0].Run(ctx); close(done) }()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := w.open(ids); n > 0 {
			t.Errorf("%d of %d idle sessions are open a second after their deadline", n, len(ids))
		}
		silent.Store(false)
		for range 10 { // what was dropped comes due again
			w.stores.advance(6 * time.Second)
			time.Sleep(6 * time.Second)
			synctest.Wait()
		}
		for _, id := range ids {
			if c := w.stores.rows[id]; c.State != custody.Locked {
				t.Fatalf("%s is %s once the database answers", id, c.State)
			}
		}
		stop()
		<-done
	})
}

// halfClaim claims and says that some of Redis could not be asked.
type halfClaim struct{ custody.Live }

func (l halfClaim) ClaimDue(ctx context.Context, n int, hold time.Duration) ([]custody.Due, error) {
	dues, err := l.Live.ClaimDue(ctx, n, hold)
	return dues, errors.Join(err, fmt.Errorf("a node is away: %w", custody.ErrUnavailable))
}

// TestSweepWorksOnWhatItClaimed: one node of a Redis Cluster that is away
// delays the locks of nobody whose bucket is elsewhere.
func TestSweepWorksOnWhatItClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t, wrapper{live: func(l custody.Live) custody.Live { return halfClaim{l} }})
		ids := w.crowd(3)
		w.stores.advance(3 * time.Minute)
		ctx, stop := context.WithCancel(w.ctx)
		done := make(chan struct{})
		go func() { w.servers[0].Run(ctx); close(done) }()
		time.Sleep(time.Second)
		synctest.Wait()
		stop()
		<-done
		for _, id := range ids {
			if c := w.stores.rows[id]; c.State != custody.Locked {
				t.Fatalf("%s is %s, want locked", id, c.State)
			}
		}
	})
}

// halfSilent answers for rows and is silent about policies.
type halfSilent struct {
	custody.Ledger
	silent *atomic.Bool
}

func (l halfSilent) Policy(ctx context.Context, ward string) (custody.Policy, error) {
	if l.silent.Load() {
		<-ctx.Done()
		return custody.Policy{}, ctx.Err()
	}
	return l.Ledger.Policy(ctx, ward)
}

func (l halfSilent) CustodyAndPolicy(ctx context.Context, id custody.DeviceID) (custody.Custody, custody.Policy, error) {
	return inTwo(ctx, l, id)
}

// TestNoWorkerHangs: neither on a database that falls silent between two
// readings, nor on a push that is never answered.
func TestNoWorkerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return halfSilent{l, &silent} }})
		s := w.servers[0]
		id := w.crowd(1)[0]
		silent.Store(true)
		ctx, stop := context.WithTimeout(w.ctx, time.Minute)
		defer stop()
		if _, err := s.Apply(ctx, id, custody.Wipe{By: "manager"}); !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("a silent policy: %v, want ErrUnavailable", err)
		}
		silent.Store(false)

		d := &deafDriver{fakeDriver: fakeDriver{w}}
		s.Driver = d
		run, end := context.WithCancel(w.ctx)
		done := make(chan struct{})
		go func() { s.Run(run); close(done) }()
		s.nudge("FIRST")
		s.nudge("SECOND")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := d.asked.Load(); n < 2 {
			t.Errorf("%d of 2 devices were nudged", n)
		}
		end()
		<-done
	})
}

// deafDriver's pushes are never answered.
type deafDriver struct {
	fakeDriver
	asked atomic.Int64
}

func (d *deafDriver) Nudge(ctx context.Context, _ custody.DeviceID) error {
	d.asked.Add(1)
	<-ctx.Done()
	return ctx.Err()
}
