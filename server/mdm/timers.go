package mdm

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// timersSeen takes what a Shared iPad says of its own timers, which are all that
// ends a session while no server is reached: others than the policy's are set.
func (e *Engine) timersSeen(ctx context.Context, rep plan.Report) {
	if rep.Timers == nil || visitOf(ctx).offline || rep.Channel != plan.DeviceChannel {
		return
	}
	if err := e.mendTimers(ctx, rep); err != nil {
		e.Count(CountErrand, "timers")
		e.Logger.Info("keeping a Shared iPad's timers as its ward wants them", "device", rep.Device, "err", err)
	}
}

func (e *Engine) mendTimers(ctx context.Context, rep plan.Report) error {
	row, err := e.Store.Custody(ctx, rep.Device)
	if err != nil || mayMend(row) == drop {
		return err
	}
	p, err := e.Store.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(namespace, fmt.Appendf(nil, "timers|%q|%q|%v|%v|%v", rep.Device, rep.Enrolment, *rep.Timers, p.UserSessionTimeout, p.AutoLock)).String()
	body, err := plan.MendBackstop(id, p, rep.Timers)
	if err != nil || body == nil {
		return err
	}
	return e.Store.PutErrand(ctx, ledger.Errand{
		UUID: id, Device: rep.Device, Request: "Settings", Body: body, Rank: rankProfiles, Expires: e.Now().Add(mendFor)})
}
