package steward

import (
	"context"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Offer is [Steward.Exchange] without a device at the door, for a driver that
// hands over by putting commands into another server's queue. It returns the
// next command of the device's present run, recorded as handed over before it
// is returned (hand-over rules 2 and 12), or nil. A command that was handed
// over and not answered is returned again, under its own id. Nothing that only
// a connect shows is concluded.
func (s *Steward) Offer(ctx context.Context, id custody.DeviceID) (*plan.Command, error) {
	var cmd *plan.Command
	err := errRaced
	for n := 0; n < tries && errors.Is(err, errRaced); n++ {
		cmd, err = s.offerOnce(ctx, id)
	}
	if errors.Is(err, errRaced) {
		err = fmt.Errorf("offering to %s: %w after %d tries", id, custody.ErrStale, tries)
	}
	if err != nil {
		s.Count("offer_failed")
		return nil, err
	}
	return cmd, nil
}

func (s *Steward) offerOnce(ctx context.Context, id custody.DeviceID) (*plan.Command, error) {
	row, err := s.look(ctx, id)
	if err != nil {
		return nil, err
	}
	if row, err = s.closed(ctx, row); err != nil {
		return nil, err
	}
	if !row.Run.Active() || row.Returning { // a device that is just enrolling has no queue yet
		return nil, nil
	}
	in, err := s.Driver.Inputs(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("gathering what a plan for %s needs: %w", id, err)
	}
	ch, err := s.begin(ctx, row, true)
	if err != nil {
		return nil, err
	}
	cmd, err := s.next(ch, in)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, ch, in.Policy, custody.Due{}); err != nil {
		return nil, err
	}
	return cmd, nil
}
