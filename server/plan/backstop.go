package plan

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// SharedTimers is what a Shared iPad says of its own timers (DeviceInformation:
// UserSessionTimeout, TemporarySessionTimeout, TemporarySessionOnly).
type SharedTimers struct {
	User       time.Duration `json:"user"`  // 0: off
	Guest      time.Duration `json:"guest"` // 0: off
	GuestsOnly bool          `json:"guests_only"`
}

// BackstopDiffers reports whether a Shared iPad says other timers than its
// ward's policy has.
func BackstopDiffers(p custody.Policy, says SharedTimers) bool {
	want := encode.Backstop(p)
	timeout := want.Timeout()
	return p.Fleet.Shared() && says != SharedTimers{User: timeout, Guest: timeout, GuestsOnly: want.GuestsOnly}
}
