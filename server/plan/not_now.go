package plan

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// notNow: the command stands and is told again under its own id. One that the
// iPad has put off for as long as four first re-pushes, 2 min with the default
// policy, says once what it waits for: until then NotNow is everyday.
func notNow(s step, run custody.Run, in Inputs, now time.Time) (custody.Progress, bool) {
	if run.Waits != "" || run.HandedOver.IsZero() || now.Sub(run.HandedOver) < 24*poll(in) {
		return custody.Progress{}, false
	}
	run.Waits = fmt.Sprintf("The iPad answers %s with NotNow each time: it is busy, or somebody has to unlock it. It is asked again by itself; if that lasts, restart the iPad.", s.request)
	return custody.Progress{Run: run}, true
}
