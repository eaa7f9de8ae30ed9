package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// Beat raises every bucket's beat in one pipeline and returns what Redis says
// of each, in order: ID "" where it has none. Comparing the answer with SQL's is
// how a lost, an old or another's bucket is noticed (hand-over rule 8). A beat of
// another id, or below the one that Expect or Adopt named, is left as it is: an
// old copy cannot catch up and pass for the real one, and a beat that rises
// under another id shows that somebody else's servers are alive.
func (l *Live) Beat(ctx context.Context) ([]custody.BucketState, error) {
	calls := make([]call, custody.Buckets)
	for n := range calls {
		id, least := l.expect(n)
		calls[n] = call{script: beatScript, keys: []string{buckets[n].gen}, args: []any{id, least}}
	}
	states := make([]custody.BucketState, custody.Buckets)
	var errs []error
	for n, reply := range l.runAll(ctx, calls) {
		r := read(reply.Result())
		states[n] = custody.BucketState{Bucket: n, ID: r.text(), Beat: r.number()}
		errs = note(errs, failed(r.err, "beating the buckets"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...) // half an answer would look like lost buckets
	}
	return states, nil
}

// Adopt gives a bucket its id and beat in Redis and makes it the id that
// scripts check from now on. Everything the bucket held of devices goes: after
// a flush there is nothing, and what an old copy says is from another time.
// Only owed history is kept, because what was handed over stays handed over.
//
// A bucket that has another id already and no lower a beat was adopted by
// somebody else meanwhile: ErrStale, and it keeps what it holds. On any error
// the old id stays expected; adopting again is safe.
func (l *Live) Adopt(ctx context.Context, s custody.BucketState) error {
	if s.Bucket < 0 || s.Bucket >= custody.Buckets || s.ID == "" {
		return fmt.Errorf("adopting bucket %d: %w: no such bucket or no id", s.Bucket, custody.ErrConflict)
	}
	b := &buckets[s.Bucket]
	_, err := l.run(ctx, call{script: adoptScript, keys: []string{b.gen, b.wake, b.feed, b.members},
		args: []any{s.ID, s.Beat, b.dev, b.row, b.push}})
	if err != nil {
		return failed(err, "adopting bucket %d", s.Bucket)
	}
	l.expected[s.Bucket].Store(&s)
	return nil
}

// Expect sets the ids that scripts check, and the least beats, without touching
// Redis. A bucket
// whose id is "" answers ErrLost until it is adopted; buckets that are not
// named keep what they have.
func (l *Live) Expect(states []custody.BucketState) {
	for _, s := range states {
		if s.Bucket >= 0 && s.Bucket < custody.Buckets {
			l.expected[s.Bucket].Store(&s)
		}
	}
}
