package steward

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/padwarden/padwarden/server/custody"
)

// SweepAll claims what is due until nothing more is, or ctx ends.
func (s *Steward) SweepAll(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := s.Sweep(ctx)
		if err != nil || n < s.Batch {
			return err
		}
	}
	return ctx.Err()
}

// Sweep claims one batch of due devices, works on each, and returns how many
// there were. A timer that went stale is dropped: the next wake is the retry
// (hand-over rule 9).
func (s *Steward) Sweep(ctx context.Context) (int, error) {
	dues, err := s.Live.ClaimDue(ctx, s.Batch, s.Hold)
	if err != nil {
		return 0, fmt.Errorf("claiming due devices: %w", err)
	}
	work := make(chan custody.Due)
	var wg sync.WaitGroup
	for range min(s.Workers, len(dues)) {
		wg.Go(func() {
			for due := range work {
				s.wake(ctx, due)
			}
		})
	}
	for _, due := range dues {
		work <- due
	}
	close(work)
	wg.Wait()
	return len(dues), nil
}

// wake does what one due device is due for. An idle session is closed in live
// before the ledger is even read, so that a lock never waits for it; if the
// ledger is away the device is nudged, for a lock step that may leave without it.
func (s *Steward) wake(ctx context.Context, due custody.Due) {
	var e custody.Event = custody.Tick{}
	var err error
	if due.Idle {
		e = custody.Idle{Epoch: due.Epoch}
		err = s.Live.Restrict(ctx, s.restriction(due))
	}
	if err == nil {
		_, err = s.apply(ctx, due.Device, e, due)
	}
	switch {
	case err == nil:
	case errors.Is(err, custody.ErrStale):
		s.Count("timer_stale")
	case ctx.Err() == nil:
		if due.Idle && errors.Is(err, custody.ErrUnavailable) {
			s.nudge(due.Device)
		}
		s.Count("timer_failed")
		s.Logger.Warn("waking", "device", due.Device, "err", err)
	}
}

func (s *Steward) restriction(due custody.Due) custody.Restriction {
	return custody.Restriction{Device: due.Device, Epoch: due.Epoch, Version: due.Version, Deadline: due.Deadline, Retry: s.Hold}
}
