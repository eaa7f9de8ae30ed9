package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestTheBackstopFollowsThePolicy: an iPad that says other timers than its
// ward's gets the ward's, and one that says these is left alone.
func TestTheBackstopFollowsThePolicy(t *testing.T) {
	right := SharedTimers{User: 15 * time.Minute, Guest: 15 * time.Minute}
	off := sharedWard
	off.UserSessionTimeout = 0
	for name, c := range map[string]struct {
		policy custody.Policy
		says   SharedTimers
		mended bool
	}{
		"as wanted":           {sharedWard, right, false},
		"users off":           {sharedWard, SharedTimers{Guest: right.Guest}, true},
		"guests off":          {sharedWard, SharedTimers{User: right.User}, true},
		"for guests only":     {sharedWard, SharedTimers{right.User, right.Guest, true}, true},
		"the policy has none": {off, right, true},
		"guests, as wanted":   {guestWard, SharedTimers{right.User, right.Guest, true}, false},
		"guests, accounts":    {guestWard, right, true},
		"a one-user iPad":     {kioskWard, right, false},
	} {
		if BackstopDiffers(c.policy, c.says) != c.mended {
			t.Errorf("%s: differs: %t", name, !c.mended)
		}
	}
}
