package mdm

import (
	"context"
	"errors"
	"net/http"

	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// CommandAndReportResults is a connect. The steward's Exchange is the one door
// for what opens, locks or wipes, and only the device channel leads there; an
// errand goes where there is nothing else to say.
func (h *heard) CommandAndReportResults(r *mdm.Request, m *mdm.CommandResults) (*mdm.Command, error) {
	cmd, err := h.connect(r.Context(), m)
	visitOf(r.Context()).told = cmd
	return cmd, err
}

func (h *heard) connect(ctx context.Context, m *mdm.CommandResults) (*mdm.Command, error) {
	v := visitOf(ctx)
	v.stage = "report"
	rep, err := report(v, m)
	rep.Queued = h.e.Remote != nil
	v.idle, v.reported = rep.Status == plan.StatusIdle, rep.Command
	if err != nil {
		return nil, refuse(ctx, http.StatusBadRequest, "report", "reading a report of %s: %w", v.device, err)
	}
	h.e.endErrand(ctx, rep)
	if v.user == "" {
		cmd, err := h.e.exchange(ctx, rep)
		if err != nil {
			return nil, err
		}
		if cmd != nil {
			return &mdm.Command{CommandUUID: cmd.UUID, Raw: cmd.Body}, nil
		}
	}
	if v.offline || rep.Status == plan.StatusNotNow {
		return nil, nil
	}
	return h.e.errand(ctx)
}

// exchange asks the steward. Whatever fails is 503: the device comes again.
func (e *Engine) exchange(ctx context.Context, rep plan.Report) (*plan.Command, error) {
	v := visitOf(ctx)
	v.stage = "exchange"
	cmd, err := e.Steward.Exchange(ctx, rep, v.look)
	for n := 1; n < tries && errors.Is(err, custody.ErrStale); n++ {
		cmd, err = e.Steward.Exchange(ctx, rep, nil)
	}
	if err != nil {
		return nil, refuse(ctx, http.StatusServiceUnavailable, "exchange", "exchanging with %s: %w", rep.Device, err)
	}
	return cmd, nil
}

// endErrand drops the errand that a final report is of, if it is of one.
func (e *Engine) endErrand(ctx context.Context, rep plan.Report) {
	switch rep.Status {
	case plan.StatusAcknowledged, plan.StatusError, plan.StatusCommandFormatError:
	default:
		return
	}
	if rep.Command == "" || visitOf(ctx).offline {
		return
	}
	err := e.Store.EndErrand(ctx, rep.Command, rep.Device, rep.User)
	switch {
	case errors.Is(err, custody.ErrNotFound):
	case err != nil: // it is sent again, and its next report ends it
		e.Count(CountErrand, "end")
		e.Logger.Info("ending an errand", "device", rep.Device, "err", err)
	case rep.Status != plan.StatusAcknowledged:
		e.Count(CountErrand, "device_refused")
		e.Logger.Info("a device refused an errand", "device", rep.Device, "command", rep.Command, "err", rep.ErrorText)
	}
}

// errand returns what waits for the channel, if anything. A store that fails
// here costs nothing: the connect is answered, and the errand waits.
func (e *Engine) errand(ctx context.Context) (*mdm.Command, error) {
	v := visitOf(ctx)
	if v.user == "" { // nothing waits for a device's own channel but its renewal
		if !e.renewalDue(v) {
			return nil, nil
		}
		e.renew(ctx)
	}
	next, err := e.Store.NextErrand(ctx, v.device, v.user, e.Now())
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return nil, nil
	case err != nil:
		e.Count(CountErrand, "next")
		e.Logger.Info("looking for an errand", "device", v.device, "err", err)
		return nil, nil
	case next.Rank == renewalRank && !e.mayRenew(ctx):
		return nil, nil
	}
	return &mdm.Command{CommandUUID: next.UUID, Raw: next.Body}, nil
}
