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

// Sweep claims one batch of due devices, which closes the idle sessions among
// them, leaves them to the workers of [Steward.Run], and returns how many there
// were. It waits for live only: a lock never waits for the ledger, nor for that
// of another device (hand-over rule 10). What was claimed before an error is
// worked on all the same.
func (s *Steward) Sweep(ctx context.Context) (int, error) {
	dues, err := s.Live.ClaimDue(ctx, s.Batch, s.Hold)
	if err != nil {
		err = fmt.Errorf("claiming due devices: %w", err)
	}
	at := time.Now()
	for _, due := range dues {
		s.pass(claimed{due, at})
	}
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

// waker tells the ledger of due devices, those that wait at the same time
// together. One that has waited for longer than its claim lasts is somebody
// else's by now.
func (s *Steward) waker(ctx context.Context) {
	most := max(1, s.Workers/wakers)
	for {
		var first claimed
		select {
		case <-ctx.Done():
			return
		case first = <-s.wakes:
		}
		if dues := s.gather(first, most); len(dues) > 0 {
			s.together(ctx, dues)
		}
	}
}

// gather takes up first and what waits behind it.
func (s *Steward) gather(first claimed, most int) (dues []custody.Due) {
	for c, more := first, true; more; {
		if time.Since(c.at) > s.Hold {
			s.drop(c)
		} else {
			dues = append(dues, c.Due)
		}
		if len(dues) == most {
			break
		}
		select {
		case c = <-s.wakes:
		default:
			more = false
		}
	}
	return dues
}

// tell does what one due device is due for. A timer that went stale is
// dropped: the next wake is the retry (hand-over rule 9).
func (s *Steward) tell(ctx context.Context, due custody.Due) {
	_, err := s.apply(ctx, due.Device, happened(due), due)
	s.woken(ctx, due, err)
}

// happened is what a due device's wake means.
func happened(due custody.Due) custody.Event {
	if due.Idle {
		return custody.Idle{Epoch: due.Epoch}
	}
	return custody.Tick{}
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
