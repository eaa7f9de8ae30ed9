package steward

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// publishFor bounds one reading of all rows.
const publishFor = 2 * time.Minute

// failSafe locks the open sessions of lost buckets and publishes their rows
// (P6). A session that cannot be locked here harms no other: it is published
// already due, so that every sweeper tries.
func (s *Steward) failSafe(ctx context.Context, buckets map[int]bool) error {
	ctx, cancel := context.WithTimeout(ctx, publishFor)
	defer cancel()
	var open []custody.DeviceID
	err := s.Ledger.Rows(ctx, 0, func(c custody.Custody) error {
		if c.State == custody.InUse && buckets[custody.Bucket(string(c.Device))] {
			open = append(open, c.Device)
		}
		return nil
	})
	if unreachable(err) {
		return fmt.Errorf("reading the rows of lost buckets: %w", err)
	}
	var away atomic.Bool
	s.parallel(len(open), func(i int) {
		if away.Load() {
			return
		}
		if _, err := s.Apply(ctx, open[i], custody.LiveLost{}); err != nil {
			away.Store(unreachable(err)) // it would meet the others too, each for its wait
			s.Logger.Warn("locking after live was lost", "device", open[i], "err", err)
		}
	})
	return s.republish(ctx, 0, func(b int) bool { return buckets[b] })
}

// unreachable: a store is away, and what was wanted of it must be tried again.
// Anything else is about one row, and would be so every time.
func unreachable(err error) bool {
	return errors.Is(err, custody.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// publishBatch bounds one Publish.
const publishBatch = 256

// republish tells live the rows written within d (all if d is 0) of the
// buckets that are wanted. Live drops what it knows already, so this may lag
// and never lead (hand-over rule 7). A row that cannot be published is counted
// and keeps no other back. Live takes one batch while the ledger is read for the
// next: every server that starts does this with every row before it is ready.
func (s *Steward) republish(ctx context.Context, d time.Duration, want func(bucket int) bool) error {
	ctx, cancel := context.WithTimeout(ctx, publishFor)
	batches := make(chan []custody.Mirror)
	var err error
	go func() {
		defer close(batches)
		err = s.mirrors(ctx, d, want, batches)
	}()
	defer func() { // nobody reads on for nothing
		cancel()
		for range batches {
		}
	}()
	for batch := range batches {
		if err := s.publishAll(ctx, batch); err != nil {
			return fmt.Errorf("publishing rows: %w", err)
		}
	}
	if unreachable(err) {
		return fmt.Errorf("publishing rows: %w", err)
	}
	if err != nil {
		s.skipped(err)
	}
	return nil
}

// publishAll tells live one batch. Only that live is away is an error.
func (s *Steward) publishAll(ctx context.Context, batch []custody.Mirror) error {
	err := s.Live.Publish(ctx, batch...)
	if unreachable(err) {
		return err
	}
	if err != nil && !errors.Is(err, custody.ErrLost) { // lost: not ours yet; published when it is
		s.skipped(err)
	}
	return nil
}

// mirrors reads the rows that republish wants and hands them on in batches, the
// last one too where a row was broken.
func (s *Steward) mirrors(ctx context.Context, d time.Duration, want func(bucket int) bool, to chan<- []custody.Mirror) error {
	policies := map[string]custody.Policy{}
	var batch []custody.Mirror
	hand := func() error {
		select {
		case to <- batch:
			batch = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := s.Ledger.Rows(ctx, d, func(c custody.Custody) error {
		if !want(custody.Bucket(string(c.Device))) {
			return nil
		}
		p, ok := policies[c.Ward]
		if !ok {
			var err error
			if p, err = s.Ledger.Policy(ctx, c.Ward); unreachable(err) {
				return fmt.Errorf("reading the policy of ward %q: %w", c.Ward, err)
			} else if err != nil {
				s.skipped(fmt.Errorf("%s: reading the policy of ward %q: %w", c.Device, c.Ward, err))
				return nil
			}
			policies[c.Ward] = p
		}
		if batch = append(batch, mirror(c, p, false)); len(batch) == publishBatch {
			return hand()
		}
		return nil
	})
	if len(batch) > 0 && !unreachable(err) {
		err = errors.Join(err, hand())
	}
	return err
}

func (s *Steward) skipped(err error) {
	s.Count("row_not_published")
	s.Logger.Warn("a row cannot be published", "err", err)
}
