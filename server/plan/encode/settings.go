package encode

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Apple's least values ("Settings Command", SharedDeviceConfiguration).
const (
	leastSessionTimeout = 30 * time.Second // iOS 14.5
	leastAutoLock       = 2 * time.Minute  // iOS 17.0
)

// SharedDevice is how a Shared iPad ends sessions by itself, padwarden
// reachable or not. The zero value turns Apple's timeouts off.
type SharedDevice struct {
	// SessionTimeout signs an idle user out, a guest too; 0: never. Shorter
	// than 30 s, Apple's least, it is 30 s.
	SessionTimeout time.Duration
	// GuestsOnly offers temporary sessions and no sign-in with an account.
	GuestsOnly bool
	// AutoLock turns the idle screen off and asks for the passcode; 0: as the
	// iPad is set. Shorter than 2 min, Apple's least, it is 2 min.
	AutoLock time.Duration
	// ResidentUsers is how many users' data the iPad makes room for; 0: as it
	// is. Apple applies it to an iPad without users only.
	ResidentUsers int
	// Domains, at most three of which are shown, are offered at sign-in (iOS 16.0).
	Domains []string
}

// Backstop is a ward's policy as a Shared iPad keeps it by itself.
func Backstop(p custody.Policy) SharedDevice {
	return SharedDevice{SessionTimeout: p.UserSessionTimeout, AutoLock: p.AutoLock, GuestsOnly: p.Fleet == custody.SharedGuest}
}

// Timeout is the session timeout as the iPad is told it, in whole seconds; 0: off.
func (s SharedDevice) Timeout() time.Duration {
	return time.Duration(seconds(s.SessionTimeout, leastSessionTimeout)) * time.Second
}

type sharedDeviceConfiguration struct {
	Item                         string
	ManagedAppleIDDefaultDomains []string        `plist:",omitempty"`
	PasscodePolicy               *passcodePolicy `plist:",omitempty"`
	ResidentUsers                int             `plist:",omitempty"`
	TemporarySessionOnly         bool
	TemporarySessionTimeout      int64
	UserSessionTimeout           int64
}

type passcodePolicy struct {
	AutoLockTime            int64
	PasscodeLockGracePeriod *int64 `plist:",omitempty"` // 0: the passcode is asked for at once; nil for guests, who have none
}

// Settings sets a Shared iPad's own timers (Apple: "Settings Command", item
// SharedDeviceConfiguration, iOS 13.4; timeouts iOS 14.5, PasscodePolicy iOS
// 17.0; Shared iPad only). Device channel only.
func Settings(uuid string, s SharedDevice) ([]byte, error) {
	timeout := seconds(s.SessionTimeout, leastSessionTimeout)
	item := sharedDeviceConfiguration{
		Item:                         "SharedDeviceConfiguration",
		ManagedAppleIDDefaultDomains: s.Domains,
		ResidentUsers:                max(s.ResidentUsers, 0),
		TemporarySessionOnly:         s.GuestsOnly,
		TemporarySessionTimeout:      timeout,
		UserSessionTimeout:           timeout,
	}
	if s.AutoLock > 0 {
		item.PasscodePolicy = &passcodePolicy{AutoLockTime: seconds(s.AutoLock, leastAutoLock)}
		if !s.GuestsOnly {
			item.PasscodePolicy.PasscodeLockGracePeriod = new(int64)
		}
	}
	return Command(uuid, "Settings", struct{ Settings []sharedDeviceConfiguration }{[]sharedDeviceConfiguration{item}})
}

// seconds is d in whole seconds, 0 for off, and never below Apple's least
// value, which an iPad would refuse.
func seconds(d, least time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(max(d, least) / time.Second)
}
