package steward

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// quietBeats is how many beats in a row SQL must show no other server beating
// a bucket before it is adopted: two servers on different Redis must not fight
// over it (hand-over rule 8).
const quietBeats = 3

// bucketWatch is what this server saw of the buckets at its last beat. It is
// Reconcile's alone, but for the verdict.
type bucketWatch struct {
	seen  [custody.Buckets]custody.BucketState // as SQL had them
	quiet [custody.Buckets]int                 // beats in a row that SQL stood still while Redis was wrong
	whole bool                                 // all rows were published since the start and the last failure
	lost  int                                  // buckets not to be relied on at the last beat

	verdict atomic.Value // verdict: why live cannot be relied on, if it cannot
}

// Ready reports whether live can be relied on: every bucket was this server's
// at the last beat and all rows were published.
func (s *Steward) Ready() error {
	v, ok := s.buckets.verdict.Load().(verdict)
	if !ok {
		return fmt.Errorf("live was not looked at yet: %w", custody.ErrUnavailable)
	}
	return v.err
}

type verdict struct{ err error }

// Reconcile beats once: it notices lost and old buckets and adopts them, and
// publishes what changed lately; everything at the start and after a failure.
// One goroutine calls it.
func (s *Steward) Reconcile(ctx context.Context) error {
	err := s.reconcile(ctx)
	switch {
	case err != nil:
		s.buckets.whole = false
		s.buckets.verdict.Store(verdict{fmt.Errorf("the last beat failed: %w", err)})
	case s.buckets.lost > 0:
		s.buckets.verdict.Store(verdict{fmt.Errorf("%d buckets of live state are lost: %w", s.buckets.lost, custody.ErrLost)})
	default:
		s.buckets.verdict.Store(verdict{})
	}
	return err
}

func (s *Steward) reconcile(ctx context.Context) error {
	w := &s.buckets
	if err := s.beat(ctx); err != nil {
		return err
	}
	if w.whole || w.lost > 0 {
		return s.republish(ctx, time.Minute, func(int) bool { return true })
	}
	if err := s.republish(ctx, 0, func(int) bool { return true }); err != nil {
		return err
	}
	w.whole = true
	return nil
}

// beat compares every bucket in SQL with Redis, in that order: a beat in Redis
// must be above the one that SQL knew before it.
func (s *Steward) beat(ctx context.Context) error {
	w := &s.buckets
	known, err := s.Ledger.Buckets(ctx)
	if err != nil {
		return fmt.Errorf("reading buckets: %w", err)
	}
	s.Live.Expect(known)
	found, err := s.Live.Beat(ctx)
	if err != nil {
		return fmt.Errorf("beating: %w", err)
	}
	var good []custody.BucketState
	w.lost = 0
	for i, k := range known {
		f := found[i]
		switch {
		case k.ID != "" && f.ID == k.ID && f.Beat > k.Beat:
			good = append(good, f)
			if w.seen[i].ID != "" && w.seen[i].ID != k.ID {
				w.whole = false // another server adopted it: its rows may not all be there
			}
			w.quiet[i] = 0
		default:
			if err := s.lostBucket(ctx, k, f); err != nil {
				return err
			}
		}
		w.seen[i] = k
	}
	if err := s.Ledger.BeatBuckets(ctx, good); err != nil {
		return fmt.Errorf("writing beats: %w", err)
	}
	return nil
}

// lostBucket decides about a bucket that Redis does not have, or has an old
// copy of: adopted at once if it never had an id, and otherwise when SQL shows
// that nobody else is beating it.
func (s *Steward) lostBucket(ctx context.Context, known, found custody.BucketState) error {
	w := &s.buckets
	i := known.Bucket
	if known.ID != "" {
		if w.seen[i] == known {
			w.quiet[i]++
		} else {
			w.quiet[i] = 0
		}
		if w.quiet[i] < quietBeats {
			w.lost++
			return nil
		}
	}
	next := custody.BucketState{Bucket: i, ID: s.NewID(), Beat: max(known.Beat, found.Beat) + 1}
	err := s.Ledger.AdoptBucket(ctx, known, next)
	if errors.Is(err, custody.ErrStale) {
		w.lost++ // another server did; its id is read at the next beat
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopting bucket %d: %w", i, err)
	}
	if err := s.Live.Adopt(ctx, next); err != nil {
		return fmt.Errorf("adopting bucket %d in live: %w", i, err)
	}
	w.quiet[i] = 0
	if known.ID == "" {
		return nil
	}
	s.Count("bucket_adopted")
	s.Logger.Warn("live state of a bucket was lost; its open sessions are locked", "bucket", i)
	return s.failSafe(ctx, i)
}

// failSafe locks the open sessions of a lost bucket and publishes its rows (P6).
func (s *Steward) failSafe(ctx context.Context, bucket int) error {
	var open []custody.DeviceID
	err := s.Ledger.Rows(ctx, 0, func(c custody.Custody) error {
		if c.State == custody.InUse && custody.Bucket(string(c.Device)) == bucket {
			open = append(open, c.Device)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading rows of bucket %d: %w", bucket, err)
	}
	for _, id := range open {
		if _, err := s.Apply(ctx, id, custody.LiveLost{}); err != nil {
			return fmt.Errorf("locking %s: %w", id, err)
		}
	}
	return s.republish(ctx, 0, func(b int) bool { return b == bucket })
}

// publishBatch bounds one Publish.
const publishBatch = 256

// republish tells live the rows written within d (all if d is 0) of the
// buckets that are wanted. Live drops what it knows already, so this may lag
// and never lead (hand-over rule 7).
func (s *Steward) republish(ctx context.Context, d time.Duration, want func(bucket int) bool) error {
	policies := map[string]custody.Policy{}
	var batch []custody.Mirror
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := s.Live.Publish(ctx, batch...)
		batch = batch[:0]
		if errors.Is(err, custody.ErrLost) {
			return nil // not ours yet; published when it is
		}
		return err
	}
	err := s.Ledger.Rows(ctx, d, func(c custody.Custody) error {
		if !want(custody.Bucket(string(c.Device))) {
			return nil
		}
		p, ok := policies[c.Ward]
		if !ok {
			var err error
			if p, err = s.Ledger.Policy(ctx, c.Ward); err != nil {
				return fmt.Errorf("reading the policy of ward %q: %w", c.Ward, err)
			}
			policies[c.Ward] = p
		}
		if batch = append(batch, mirror(c, p, false)); len(batch) >= publishBatch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("publishing rows: %w", err)
	}
	return nil
}
