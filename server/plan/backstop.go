package plan

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// SharedTimers is what a Shared iPad says of its own timers (DeviceInformation:
// UserSessionTimeout, TemporarySessionTimeout, TemporarySessionOnly).
type SharedTimers struct {
	User, Guest time.Duration // 0: off
	GuestsOnly  bool
}

// MendBackstop is the Settings command that gives a Shared iPad the timers of
// its ward's policy, where it says that it has others; nil where they are
// right, the iPad does not say, or it is none of that kind.
func MendBackstop(uuid string, p custody.Policy, says *SharedTimers) ([]byte, error) {
	if says == nil || !p.Fleet.Shared() {
		return nil, nil
	}
	want := encode.Backstop(p)
	if timeout := want.Timeout(); *says == (SharedTimers{User: timeout, Guest: timeout, GuestsOnly: want.GuestsOnly}) {
		return nil, nil
	}
	return encode.Settings(uuid, want)
}
