package steward

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestRule8AdoptedByAServerThatDied: one server takes a lost bucket in SQL, the
// other sees that before Redis has it, and then the first dies with the bucket
// adopted and nothing in it. The other must not take it for whole.
func TestRule8AdoptedByAServerThatDied(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.stores.advance(2 * time.Minute) // longer ago than what each beat publishes again
	w.stores.redis.empty()
	dying, other := w.servers[0], w.servers[1]
	for i, known := range w.stores.buckets {
		next := custody.BucketState{Bucket: i, ID: fmt.Sprint("taken-", i), Beat: known.Beat + 1}
		w.must(w.stores.AdoptBucket(w.ctx, known, next))
	}
	w.must(other.Reconcile(w.ctx))
	for _, b := range w.stores.buckets {
		w.must(dying.Live.Adopt(w.ctx, b))
	}
	for range 3 {
		w.must(other.Reconcile(w.ctx))
	}
	w.sweep(1, false)
	w.want(p, custody.Locked)
}

// stubborn has one device whose row cannot be locked, and one whose ward has no policy.
type stubborn struct {
	custody.Ledger
	device custody.DeviceID
	ward   string
}

func (l stubborn) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	if id == l.device {
		return custody.Custody{}, custody.ErrNotFound
	}
	return l.Ledger.Custody(ctx, id)
}

func (l stubborn) Policy(ctx context.Context, ward string) (custody.Policy, error) {
	if ward == l.ward {
		return custody.Policy{}, custody.ErrNotFound
	}
	return l.Ledger.Policy(ctx, ward)
}

func (l stubborn) CustodyAndPolicy(ctx context.Context, id custody.DeviceID) (custody.Custody, custody.Policy, error) {
	return inTwo(ctx, l, id)
}

// TestRule8OneBadRowHarmsNobodyElse: the other sessions of a lost Redis are
// locked, the other rows published, and the server gets ready.
func TestRule8OneBadRowHarmsNobodyElse(t *testing.T) {
	for _, bad := range []stubborn{{device: "CROWD001"}, {ward: "closed"}} {
		w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { bad.Ledger = l; return bad }})
		ids := w.crowd(300) // several in every bucket
		w.stores.rows["LONELY"] = custody.Custody{Device: "LONELY", Ward: "closed", State: custody.Clean, Version: 1}
		w.stores.redis.empty()
		w.beat(8)
		for _, id := range ids {
			if c := w.stores.rows[id]; c.State != custody.Locked && id != bad.device {
				t.Errorf("%s is %s, want locked", id, c.State)
			}
		}
		if err := w.servers[0].Ready(); err != nil {
			t.Errorf("with device %q or ward %q bad: %v", bad.device, bad.ward, err)
		}
	}
}

// scans counts how often all rows are read.
type scans struct {
	custody.Ledger
	n *int
}

func (l scans) Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error {
	if d == 0 {
		*l.n++
	}
	return l.Ledger.Rows(ctx, d, each)
}

// TestRule8EmptiedRedisIsOneReading: however many buckets are lost at once.
func TestRule8EmptiedRedisIsOneReading(t *testing.T) {
	n := 0
	w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return scans{l, &n} }})
	w.stores.redis.empty()
	n = 0
	w.beat(8)
	if n == 0 || n > 8 {
		t.Fatalf("all rows were read %d times for one loss", n)
	}
}

// mixed answers a publication with what two buckets say.
type mixed struct {
	custody.Live
	on *bool
}

func (l mixed) Publish(ctx context.Context, ms ...custody.Mirror) error {
	if *l.on {
		return errors.Join(custody.ErrLost, fmt.Errorf("a node is away: %w", custody.ErrUnavailable))
	}
	return l.Live.Publish(ctx, ms...)
}

// TestRule7ALostBucketHidesNoFailure: rows that could not be published beside
// those of a lost bucket are published later, and the server is not ready before.
func TestRule7ALostBucketHidesNoFailure(t *testing.T) {
	away := true
	w := newWard(t, wrapper{live: func(l custody.Live) custody.Live { return mixed{l, &away} }})
	if err := w.servers[0].Ready(); err == nil {
		t.Fatal("ready although rows could not be published")
	}
	away = false
	w.beat(1)
	w.must(w.servers[0].Ready())
}

// TestRule7ALateRowIsPublishedAgain: a row that no server came to publish, seen
// only when a slow transaction ended and a beat had rested, is in live then.
func TestRule7ALateRowIsPublishedAgain(t *testing.T) {
	w := newWard(t, wrapper{})
	w.must(w.servers[0].Reconcile(w.ctx))
	id := w.pads[0].id
	row := w.stores.rows[id]
	row.Version++
	w.stores.rows[id], w.stores.written[id] = row, w.stores.redis.now.Add(-10*time.Second-restAtMost-beatFor-time.Second)
	w.servers[0].buckets.rest = time.Time{}
	w.must(w.servers[0].Reconcile(w.ctx))
	if s, err := w.servers[0].Live.Session(w.ctx, id); err != nil || s.Version != row.Version {
		t.Errorf("live has version %d, SQL %d: %v", s.Version, row.Version, err)
	}
}

// counted counts the rows that are published, and is away after some.
type counted struct {
	custody.Live
	n, awayAfter *int
}

func (l counted) Publish(ctx context.Context, ms ...custody.Mirror) error {
	if *l.n >= *l.awayAfter {
		return fmt.Errorf("away in the middle: %w", custody.ErrUnavailable)
	}
	*l.n += len(ms)
	return l.Live.Publish(ctx, ms...)
}

// TestRule7AllRowsAreThereWhenReady: more than one batch of them, of which live
// took some and then was away.
func TestRule7AllRowsAreThereWhenReady(t *testing.T) {
	const crowd = 1000
	n, awayAfter := 0, 300
	w := newWard(t, wrapper{live: func(l custody.Live) custody.Live { return counted{l, &n, &awayAfter} }})
	for i := range crowd {
		id := custody.DeviceID(fmt.Sprintf("CROWD%04d", i))
		w.stores.rows[id] = custody.Custody{Device: id, Ward: "kiosk", State: custody.Clean, Version: 1, Since: w.stores.redis.now}
	}
	w.servers[0].buckets.whole, n = false, 0
	if err := w.servers[0].Reconcile(w.ctx); !errors.Is(err, custody.ErrUnavailable) || w.servers[0].Ready() == nil {
		t.Fatalf("ready with %d of %d rows published: %v", n, crowd, err)
	}
	n, awayAfter = 0, crowd+1000
	w.must(w.servers[0].Reconcile(w.ctx))
	w.must(w.servers[0].Ready())
	if n < crowd {
		t.Errorf("%d of %d rows were published", n, crowd)
	}
}

// hanging is a database that stops in the middle of a beat.
type hanging struct {
	custody.Ledger
	on *bool
}

func (l hanging) BeatBuckets(ctx context.Context, bs []custody.BucketState) error {
	if *l.on {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.Ledger.BeatBuckets(ctx, bs)
}

// TestReadyIsNotAnOldVerdict: a beat that hangs ends, and until it does the
// verdict of the last one does not stand.
func TestReadyIsNotAnOldVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := false
		w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return hanging{l, &hang} }})
		s := w.servers[0]
		w.must(s.Ready())
		hang = true
		ended := make(chan error, 1)
		go func() { ended <- s.Reconcile(w.ctx) }()
		time.Sleep(9 * time.Second)
		if s.Ready() == nil {
			t.Error("ready nine seconds into a beat that hangs")
		}
		time.Sleep(time.Minute)
		select {
		case err := <-ended:
			if err == nil || s.Ready() == nil {
				t.Error("the beat that hung was taken for a good one")
			}
		default:
			t.Error("the beat hangs for ever")
			hang = false
		}
	})
}

// pausedAdopt stands still before it tells Redis of its first adoption.
type pausedAdopt struct {
	custody.Live
	meanwhile *func()
}

func (l pausedAdopt) Adopt(ctx context.Context, b custody.BucketState) error {
	if f := *l.meanwhile; f != nil {
		*l.meanwhile = nil
		f()
	}
	return l.Live.Adopt(ctx, b)
}

// TestRule8APausedAdopterResumesWithoutEffect: the sessions that were opened
// after another server had adopted the bucket stay open.
func TestRule8APausedAdopterResumesWithoutEffect(t *testing.T) {
	var meanwhile func()
	first := true
	w, p, _ := ready(t, wrapper{live: func(l custody.Live) custody.Live {
		if !first {
			return l
		}
		first = false
		return pausedAdopt{l, &meanwhile}
	}})
	w.stores.redis.empty()
	epoch := int64(0)
	meanwhile = func() {
		for range 6 {
			w.must(w.servers[1].Reconcile(w.ctx))
		}
		w.must(w.servers[1].Ready())
		c, err := w.servers[1].Apply(w.ctx, p.id, custody.Claim{By: "ada"})
		w.must(err)
		epoch = c.Epoch
	}
	for range 6 {
		_ = w.servers[0].Reconcile(w.ctx)
	}
	w.must(w.servers[0].Ready())
	if _, err := w.servers[1].Live.Touch(w.ctx, p.id, epoch); err != nil {
		t.Fatalf("the session that was opened meanwhile: %v", err)
	}
	w.want(p, custody.InUse)
}
