package steward

import (
	"context"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// ReturnToService answers a device that asks for its Return to Service settings.
// The answer makes it erase itself, so this is the same door as
// [Steward.Exchange]: there is one only where the present run erases the device
// (see [plan.Asked]), and the hand-over is committed before it leaves. A
// custody.Refusal says why there is none; enrolment is the one that the check-in
// came under.
func (s *Steward) ReturnToService(ctx context.Context, id custody.DeviceID, enrolment string) ([]byte, error) {
	var answer []byte
	err := errRaced
	for n := 0; n < tries && errors.Is(err, errRaced); n++ {
		answer, err = s.askedOnce(ctx, id, enrolment)
	}
	switch {
	case errors.Is(err, errRaced):
		err = fmt.Errorf("answering ReturnToService of %s: %w after %d tries", id, custody.ErrStale, tries)
	case custody.Refused(err) != "":
		s.Count("return_to_service_refused")
	}
	return answer, err
}

func (s *Steward) askedOnce(ctx context.Context, id custody.DeviceID, enrolment string) ([]byte, error) {
	row, err := s.look(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case enrolment != row.Enrolment:
		return nil, &custody.Refusal{Code: custody.RefusedOther, Sentence: "It asks under an enrolment that is over."}
	}
	in, err := s.Driver.Inputs(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("gathering what a plan for %s needs: %w", id, err)
	}
	ch, err := s.begin(ctx, row, true)
	if err != nil {
		return nil, err
	}
	p, changed, answer, err := plan.Asked(ch.next, in, ch.now)
	if err != nil || !changed {
		return answer, err
	}
	if err := ch.decide(p, in.Policy); err != nil {
		return nil, err
	}
	if err := s.commit(ctx, ch, in.Policy, custody.Due{}); err != nil {
		return nil, err
	}
	return answer, nil
}
