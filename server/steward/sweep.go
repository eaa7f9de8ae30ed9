package steward

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// claimed is a due device on its way to the ledger. Its session, if that is
// what came due, is closed already.
type claimed struct {
	custody.Due
	at time.Time
}

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

// Sweep claims one batch of due devices, closes the idle sessions among them,
// leaves the rest to the workers of [Steward.Run], and returns how many there
// were. It waits for live only: a lock never waits for the ledger, nor for that
// of another device (hand-over rule 10). What was claimed before an error is
// worked on all the same.
func (s *Steward) Sweep(ctx context.Context) (int, error) {
	dues, err := s.Live.ClaimDue(ctx, s.Batch, s.Hold)
	if err != nil {
		err = fmt.Errorf("claiming due devices: %w", err)
	}
	at := time.Now()
	s.parallel(len(dues), func(i int) {
		if s.shut(ctx, dues[i]) {
			s.pass(claimed{dues[i], at})
		}
	})
	return len(dues), err
}

// parallel calls f for 0 to n-1 on the steward's number of workers and waits for them.
func (s *Steward) parallel(n int, f func(int)) {
	if min(s.Workers, n) <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	work := make(chan int)
	var wg sync.WaitGroup
	for range min(s.Workers, n) {
		wg.Go(func() {
			for i := range work {
				f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

// shut closes an idle session in live, and reports whether the ledger is to be told.
func (s *Steward) shut(ctx context.Context, due custody.Due) bool {
	if !due.Idle {
		return true
	}
	err := s.Live.Restrict(ctx, s.restriction(due))
	s.woken(ctx, due, err)
	return err == nil
}

// pass leaves a due device to the workers. A full queue drops it: it comes due
// again after Hold. The device of a closed session is asked to come meanwhile,
// for a lock step that may leave without the ledger.
func (s *Steward) pass(c claimed) {
	select {
	case s.wakes <- c:
	default:
		s.drop(c)
	}
}

func (s *Steward) drop(c claimed) {
	s.Count("wake_dropped")
	if c.Idle {
		s.nudge(c.Device)
	}
}

// waker tells the ledger of due devices, one at a time. One that has waited
// for longer than its claim lasts is somebody else's by now.
func (s *Steward) waker(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.wakes:
			if time.Since(c.at) > s.Hold {
				s.drop(c)
				continue
			}
			s.tell(ctx, c.Due)
		}
	}
}

// tell does what one due device is due for. A timer that went stale is
// dropped: the next wake is the retry (hand-over rule 9).
func (s *Steward) tell(ctx context.Context, due custody.Due) {
	var e custody.Event = custody.Tick{}
	if due.Idle {
		e = custody.Idle{Epoch: due.Epoch}
	}
	_, err := s.apply(ctx, due.Device, e, due)
	s.woken(ctx, due, err)
}

// woken says how it went. If a store is away the device of a closed session is nudged.
func (s *Steward) woken(ctx context.Context, due custody.Due, err error) {
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
