package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// ClaimDue takes up to limit due devices over all buckets, a fair share from
// each, and hides each from other sweepers for hold. Until then nobody else is
// given the same wake, unless a newer row is published. Warnings that come due
// are marked and fed inside, and not returned. An idle Due has the session's
// lock deadline as its Deadline, fit for a [custody.Restriction]; its session is
// closed by the claim, as by [Live.Restrict] with hold as its Retry.
//
// All buckets are asked in one pipeline, and those that had more than their
// share again, until limit is reached or nothing is due. A lost bucket is left
// out; only if all are lost the error is ErrLost. What was claimed before a
// failure is returned beside the error.
func (l *Live) ClaimDue(ctx context.Context, limit int, hold time.Duration) ([]custody.Due, error) {
	if limit <= 0 || hold <= 0 {
		return nil, fmt.Errorf("claiming due devices: %w: limit %d and hold %s must be above 0", custody.ErrConflict, limit, hold)
	}
	s := sweep{live: l, hold: span(hold)}
	// Another bucket begins each time, so that none starves when limit is small.
	first := int(l.turn.Add(1) % custody.Buckets)
	for i := range custody.Buckets {
		s.asking = append(s.asking, (first+i)%custody.Buckets)
	}
	for len(s.dues) < limit && len(s.asking) > 0 {
		s.round(ctx, limit-len(s.dues))
	}
	if s.lost == custody.Buckets {
		s.errs = append(s.errs, failed(custody.ErrLost, "claiming due devices"))
	}
	return s.dues, errors.Join(s.errs...)
}

// sweep is one ClaimDue in progress.
type sweep struct {
	live   *Live
	hold   int64 // ms
	asking []int // buckets that may have due devices
	lost   int   // buckets that are not the ones expected
	dues   []custody.Due
	errs   []error
}

// round claims up to limit from the buckets that may have more, in one
// pipeline, and keeps those that filled their share or were not asked yet.
func (s *sweep) round(ctx context.Context, limit int) {
	share, extra := limit/len(s.asking), limit%len(s.asking)
	var later, asked, wants []int
	var calls []call
	for i, n := range s.asking {
		want := share
		if i < extra {
			want++
		}
		if want == 0 {
			later = append(later, n)
			continue
		}
		b := &buckets[n]
		c, err := s.live.gated(b, claimScript, []string{b.wake, b.feed}, want, s.hold, b.dev)
		if err != nil {
			s.lost++
			continue
		}
		calls, asked, wants = append(calls, c), append(asked, n), append(wants, want)
	}
	for i, r := range s.live.runAll(ctx, calls) {
		dues, err := decodeDues(r.Result())
		switch err = failed(err, "claiming due devices"); {
		case errors.Is(err, custody.ErrLost):
			s.lost++
		case err != nil:
			s.errs = note(s.errs, err)
		case len(dues) >= wants[i]:
			later = append(later, asked[i])
		}
		s.dues = append(s.dues, dues...)
	}
	s.asking = later
	if len(s.errs) > 0 {
		s.asking = nil // what failed once would only be waited for again
	}
}

func decodeDues(v any, err error) ([]custody.Due, error) {
	r := read(v, err)
	now := r.when()
	var dues []custody.Due
	for r.more() {
		dues = append(dues, custody.Due{Device: custody.DeviceID(r.text()), Epoch: r.number(), Version: r.number(),
			Deadline: r.when(), Idle: r.flag(), Now: now})
	}
	return dues, r.err
}
