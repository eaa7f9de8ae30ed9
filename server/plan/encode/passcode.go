package encode

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// passcode has no maxFailedAttempts, which the baselines ask for: on an iPad
// it erases the device. A patient who plays with a locked iPad must not be able
// to destroy a nurse's unsaved work, nor take iPads out of the ward one by one;
// the delays that iPadOS puts between attempts hold a guesser off, and the
// server ends the shift's session anyway.
type passcode struct {
	header
	AllowSimple    bool  `plist:"allowSimple"`
	ForcePIN       bool  `plist:"forcePIN"`
	MaxGracePeriod int   `plist:"maxGracePeriod"`
	MaxInactivity  int64 `plist:"maxInactivity,omitempty"`
	MinLength      int   `plist:"minLength"`
}

// longestInactivity is Apple's greatest maxInactivity.
const longestInactivity = 15 * time.Minute

// Passcode asks for a personal passcode and locks the iPad when idle, server
// reachable or not (Apple: "Passcode", iOS 4.0; forbidden on Shared iPad). The
// idle time is the policy's AutoLock in whole minutes, rounded down but never
// below one, as Apple counts it; 0 leaves it to the iPad. Device channel.
func Passcode(p custody.Policy) ([]byte, error) {
	if p.Fleet.Shared() {
		return nil, fmt.Errorf("rendering profile %s: Apple forbids it on Shared iPad", PasscodeID)
	}
	var minutes int64
	if p.AutoLock > 0 {
		minutes = int64(min(max(p.AutoLock, time.Minute), longestInactivity) / time.Minute)
	}
	d := draft{identifier: PasscodeID, name: "Passcode for the shift", inputs: []string{fmt.Sprint(minutes)}}
	return d.render(passcode{
		header:      d.head("policy", "com.apple.mobiledevice.passwordpolicy", "Passcode"),
		AllowSimple: false, ForcePIN: true, MaxGracePeriod: 0, MaxInactivity: minutes, MinLength: 6,
	})
}
