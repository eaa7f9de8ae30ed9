package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// The preflight asks, just before an iPad is erased, for what would keep it
// from coming back. An obstacle is a sentence to the manager and no failed
// wipe: nothing is handed over, the plan looks again, and goes on by itself
// when the obstacle is gone. It asks the device, for a fact of this morning
// says nothing about a battery now; a device that does not answer the question
// is erased all the same, for what cannot be known is no reason to keep data.

// preflightQueries are answered at once, locked or not (Apple: "Device
// Information Command", never NotNow).
func preflightQueries(id string, _ custody.Custody, _ Inputs) ([]byte, error) {
	return encode.DeviceInformation(id, "BatteryLevel", "IsActivationLockEnabled")
}

func mayErase(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if o := obstacle(r, in); o != "" {
		return verdict{again: 6 * poll(in), waits: o}
	}
	return verdict{}
}

// obstacle says what is in the way of an erase and what to do about it, or "".
func obstacle(r Report, in Inputs) string {
	least := float64(in.Policy.LeastBattery) / 100
	switch {
	case in.Obstacle != "":
		return in.Obstacle
	case r.ActivationOn != nil && *r.ActivationOn:
		return "Activation Lock is on: erased, this iPad would ask for somebody's Apple Account. Turn the lock off on the iPad or in Apple School Manager or Apple Business Manager."
	case r.Battery != nil && *r.Battery >= 0 && *r.Battery < least: // Apple says -1 where it does not know
		return fmt.Sprintf("Battery %d %%: put this iPad on its charger, it is erased from %d %% on.", int(math.Floor(*r.Battery*100)), in.Policy.LeastBattery)
	case preserves(in) && len(in.Bootstrap) == 0:
		return "This iPad has escrowed no bootstrap token, so its apps would not be kept over an erase. Restart its set-up by hand, or turn preserve_apps off in the ward's policy."
	}
	return ""
}

// preserves reports whether the ward's apps are kept over this device's erase.
func preserves(in Inputs) bool { return in.Policy.PreserveApps && !in.OS.Before(preservation) }

// preservation is the version that brought app preservation (Apple: "Erase
// Device Command", ReturnToService BootstrapToken, iOS 26.0).
var preservation, _ = encode.ParseVersion("26.0")
