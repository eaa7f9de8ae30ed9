package steward

import (
	"context"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Errands are what devices are asked beside their plans, and what they say of
// themselves. Neither touches custody.
type Errands interface {
	// Owns reports whether a CommandUUID is an errand's, whether or not it is known.
	Owns(command string) bool
	// Heard takes what a device reports. It may be told the same twice.
	Heard(ctx context.Context, r plan.Report)
	// Next returns the next errand of a device whose plan has nothing to say, or nil.
	Next(ctx context.Context, row custody.Custody, idle bool) *plan.Command
}

// heard lets the errands have a report, and returns what a plan is shown of
// it: of an errand's, only that the device is here.
func (s *Steward) heard(ctx context.Context, r plan.Report) plan.Report {
	if s.Errands == nil {
		return r
	}
	s.Errands.Heard(ctx, r)
	if s.Errands.Owns(r.Command) {
		return r.OfErrand()
	}
	return r
}

// errand is what a device is told where its plan has nothing to say. One that
// has just said NotNow is left in peace, and so is one that reports nothing and
// was asked nothing.
func (s *Steward) errand(ctx context.Context, row custody.Custody, r plan.Report, asked bool) *plan.Command {
	idle := r.Status == plan.StatusIdle
	if s.Errands == nil || r.Status == plan.StatusNotNow || idle && !asked {
		return nil
	}
	return s.Errands.Next(ctx, row, idle)
}
