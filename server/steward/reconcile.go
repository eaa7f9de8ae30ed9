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

// lately is how far back each beat publishes rows again: those that another
// server did not come to publish, or that Redis lost with its last second and
// came back without so soon that no beat saw it away. A row is seen in SQL when
// its transaction ends, which the ledger bounds to ten seconds; then it may wait
// for restAtMost, the next beat and what that takes (beatFor).
const lately = 25 * time.Second

// restAtMost is how long rows written lately are not published again at most.
const restAtMost = 5 * time.Second

// beatFor bounds one beat: a database that falls silent in the middle of it
// must not end all beats.
const beatFor = 5 * time.Second

// bucketWatch is what this server saw of the buckets at its last beat. It is
// Reconcile's alone, but for the verdict.
type bucketWatch struct {
	seen  [custody.Buckets]custody.BucketState // as SQL had them
	found [custody.Buckets]custody.BucketState // as Redis had them
	quiet [custody.Buckets]int                 // beats in a row that both stood still while Redis was wrong
	rival string                               // who else is alive, if anybody was at the last beat
	wrong [custody.Buckets]bool                // Redis was wrong at the last beat
	whole bool                                 // all rows were published since the start and the last failure
	lost  int                                  // buckets not to be relied on at the last beat
	rest  time.Time                            // rows written lately are not published again before then

	verdict atomic.Value // verdict: why live cannot be relied on, if it cannot
}

// Ready reports whether live can be relied on: every bucket was this server's
// at the last beat, which is not long ago, and all rows were published.
func (s *Steward) Ready() error {
	v, ok := s.buckets.verdict.Load().(verdict)
	if !ok {
		return fmt.Errorf("live was not looked at yet: %w", custody.ErrUnavailable)
	}
	if old := time.Since(v.at); v.err == nil && old > max(5*s.BeatEvery, beatFor) {
		return fmt.Errorf("live was last looked at %s ago: %w", old.Round(time.Second), custody.ErrUnavailable)
	}
	return v.err
}

// verdict is what came of a beat, and when by this server's stopwatch.
type verdict struct {
	err error
	at  time.Time
}

// Reconcile beats once: it notices lost and old buckets and adopts them, and
// publishes what changed lately; everything at the start and after a failure.
// One goroutine calls it.
func (s *Steward) Reconcile(ctx context.Context) error {
	err := s.reconcile(ctx)
	v := verdict{at: time.Now()}
	switch {
	case err != nil:
		s.buckets.whole = false
		v.err = fmt.Errorf("the last beat failed: %w", err)
	case s.buckets.rival != "":
		v.err = fmt.Errorf("%s: %w", s.buckets.rival, custody.ErrLost)
	case s.buckets.lost > 0:
		v.err = fmt.Errorf("%d buckets of live state are lost: %w", s.buckets.lost, custody.ErrLost)
	}
	s.buckets.verdict.Store(v)
	return err
}

func (s *Steward) reconcile(ctx context.Context) error {
	w := &s.buckets
	adopted, err := s.beat(ctx)
	if len(adopted) > 0 { // also where the beat failed after it: nobody else knows of them
		err = errors.Join(err, s.failSafe(ctx, adopted))
	}
	if err != nil {
		return err
	}
	if w.whole || w.lost > 0 {
		return s.republishLately(ctx)
	}
	if err := s.republish(ctx, 0, func(int) bool { return true }); err != nil {
		return err
	}
	w.whole = true
	return nil
}

// republishLately publishes what was written lately. Where that is much, as
// while all sessions of a hospital end, it takes a tenth of the time at most, so
// that what is still to be locked does not wait for it; but it is done often
// enough for each row to be published more than once.
func (s *Steward) republishLately(ctx context.Context) error {
	start := time.Now()
	if start.Before(s.buckets.rest) {
		return nil
	}
	err := s.republish(ctx, lately, func(int) bool { return true })
	s.buckets.rest = time.Now().Add(min(9*time.Since(start), restAtMost))
	return err
}

// beat compares every bucket in SQL with Redis, in that order: a beat in Redis
// must be above the one that SQL knew before it. It returns the buckets that
// this server adopted.
func (s *Steward) beat(ctx context.Context) (adopted map[int]bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, beatFor)
	defer cancel()
	w := &s.buckets
	known, err := s.Ledger.Buckets(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading buckets: %w", err)
	}
	s.Live.Expect(known)
	found, err := s.Live.Beat(ctx)
	if err != nil {
		return nil, fmt.Errorf("beating: %w", err)
	}
	adopted = map[int]bool{}
	var good []custody.BucketState
	w.lost, w.rival = 0, ""
	for i, k := range known {
		f := found[i]
		switch {
		case k.ID != "" && f.ID == k.ID && f.Beat > k.Beat:
			good = append(good, f)
			if w.wrong[i] || (w.seen[i].ID != "" && w.seen[i].ID != k.ID) {
				w.whole = false // another server adopted it: its rows may not all be there
			}
			w.quiet[i], w.wrong[i] = 0, false
		default:
			w.wrong[i] = true
			mine, err := s.lostBucket(ctx, k, f)
			if err != nil {
				return adopted, err
			}
			if mine {
				adopted[i] = true
			} else {
				w.lost++
			}
		}
		w.seen[i], w.found[i] = k, f
	}
	if err := s.Ledger.BeatBuckets(ctx, good); err != nil {
		return adopted, fmt.Errorf("writing beats: %w", err)
	}
	return adopted, nil
}

// What Ready says of others who are alive.
const (
	rivalRedis  = "another server of this database keeps live state in another Redis"
	rivalLedger = "servers of another database keep their live state in this Redis"
)

// lostBucket decides about a bucket that Redis does not have, has an old copy
// of, or has of somebody else's: adopted at once if nobody ever had it, and
// otherwise when neither SQL nor Redis shows anybody beating it. It reports
// whether it was adopted.
func (s *Steward) lostBucket(ctx context.Context, known, found custody.BucketState) (bool, error) {
	w := &s.buckets
	i := known.Bucket
	if foreign := found.ID != "" && found.ID != known.ID; known.ID != "" || foreign {
		first := w.seen[i] == custody.BucketState{}
		switch {
		case first:
		case known.ID != "" && w.seen[i].ID == known.ID && w.seen[i].Beat != known.Beat:
			w.quiet[i], w.rival = 0, rivalRedis
		case foreign && w.found[i].ID == found.ID && w.found[i].Beat != found.Beat:
			w.quiet[i], w.rival = 0, rivalLedger
		case w.seen[i] != known || w.found[i] != found:
			w.quiet[i] = 0
		default:
			w.quiet[i]++
		}
		if w.quiet[i] < quietBeats {
			return false, nil
		}
	}
	next := custody.BucketState{Bucket: i, ID: s.NewID(), Beat: max(known.Beat, found.Beat) + 1}
	err := s.Ledger.AdoptBucket(ctx, known, next)
	if errors.Is(err, custody.ErrStale) {
		return false, nil // another server did; its id is read at the next beat
	}
	if err != nil {
		return false, fmt.Errorf("adopting bucket %d: %w", i, err)
	}
	if err := s.Live.Adopt(ctx, next); errors.Is(err, custody.ErrStale) {
		return false, nil // this server stood still, and was taken for dead
	} else if err != nil {
		return false, fmt.Errorf("adopting bucket %d in live: %w", i, err)
	}
	w.quiet[i] = 0
	if known.ID != "" {
		s.Count("bucket_adopted")
		s.Logger.Warn("live state of a bucket was lost; its open sessions are locked", "bucket", i)
	}
	return true, nil
}
