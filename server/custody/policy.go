package custody

import (
	"errors"
	"fmt"
	"time"
)

// FleetKind is how a ward's devices are locked and wiped.
type FleetKind string

const (
	// ReturnToService: one-user iPads, erased between two people.
	ReturnToService FleetKind = "return-to-service"
	// ManagedApps: one-user iPads whose managed apps are removed and installed
	// again. Safari's data, Photos and Files stay.
	ManagedApps FleetKind = "managed-apps"
	// SharedIPad: Apple's Shared iPad with Managed Apple Accounts.
	SharedIPad FleetKind = "shared-ipad"
	// SharedGuest: Apple's Shared iPad with guests' temporary sessions only.
	SharedGuest FleetKind = "shared-guest"
)

// Shared reports whether the kind is of Apple's Shared iPad.
func (f FleetKind) Shared() bool { return f == SharedIPad || f == SharedGuest }

// LockTarget is what an idle one-user iPad is locked to.
type LockTarget string

const (
	TargetKioskApp LockTarget = "kiosk-app" // a managed kiosk browser under a permanent app lock
	TargetPasscode LockTarget = "passcode"  // a personal passcode for the shift
	TargetNone     LockTarget = ""          // Shared iPad: Apple's own sign-in
	// TargetSafari is Apple's own browser under an app lock that comes with the
	// lock and goes with the open. It is experimental: an app lock names an app
	// and no address, and nothing published shows that it works.
	TargetSafari LockTarget = "safari"
)

// Evidence names what shows that the holder is there.
type Evidence string

const (
	EvidencePage   Evidence = "page"   // touches on our page: the server's deadline rules
	EvidenceDevice Evidence = "device" // the iPad's own auto-lock rules; the server ends sessions otherwise
)

// Policy is a ward's timings and choices. Durations are real ones; a faster
// demo divides them at the edge with [Policy.Faster].
type Policy struct {
	Fleet    FleetKind  `json:"fleet"`
	Target   LockTarget `json:"target,omitempty"`
	Evidence Evidence   `json:"evidence"`

	Warn     time.Duration `json:"warn"`      // idle until "Still here?"
	Lock     time.Duration `json:"lock"`      // idle until locked
	Resume   time.Duration `json:"resume"`    // locked until wiped
	Longest  time.Duration `json:"longest"`   // claimed until wiped, whatever happens
	PINGrace time.Duration `json:"pin_grace"` // after a full sign-in a tap alone resumes

	LeastGrade Grade `json:"least_grade"` // below it a wiped device is not clean
	OfferReset bool  `json:"offer_reset"` // offer devices below LeastGrade all the same

	Overdue      time.Duration `json:"overdue"`        // wipe asked until unproven
	Reserve      time.Duration `json:"reserve"`        // a cleaned device is held for who took it over
	SignInGrace  time.Duration `json:"sign_in_grace"`  // an Apple sign-in may wait this long for its tap
	SignOutAfter time.Duration `json:"sign_out_after"` // Shared iPad: locked until signed out
	SyncWait     time.Duration `json:"sync_wait"`      // Shared iPad: wait for unsynced data before giving up
	ForceDelete  bool          `json:"force_delete"`   // Shared iPad: then delete it all the same
	// SignOutWait is, for guests, the time from a LogOutUser's acknowledgement
	// until the iPad is asked who is there: a list answered sooner says nothing.
	SignOutWait time.Duration `json:"sign_out_wait,omitempty"`

	// BadgeAlone says, for guests, that the ward accepts a badge without a PIN:
	// no page of ours can ask a guest for one. Nobody else's ward may say so.
	BadgeAlone bool `json:"badge_alone,omitempty"`

	// The device's own timers, rendered into its profiles as the offline backstop.
	UserSessionTimeout time.Duration `json:"user_session_timeout"` // Apple: 0 or at least 30 s
	AutoLock           time.Duration `json:"auto_lock"`            // Apple: 0 or at least 120 s on Shared iPad

	// ClinicalApps are the bundle ids that a passcode ward's iPad may open once its holder has set a passcode.
	ClinicalApps []string `json:"clinical_apps,omitempty"`

	// ManagedApps are what a one-user ward's wipe installs again. In a
	// managed-apps ward the kiosk browser is one of them, or what it keeps stays.
	ManagedApps []App `json:"managed_apps,omitempty"`

	// LeastBattery is the charge, in percent, below which an iPad is not erased;
	// 0: any will do. One that goes dark in the middle of an erase needs hands.
	LeastBattery int `json:"least_battery,omitempty"`
	// PreserveApps keeps a return-to-service ward's managed apps, without their
	// data, over an erase (iPadOS 26.0); older iPads install them again.
	PreserveApps bool `json:"preserve_apps,omitempty"`

	// Repush are the waits before a device that did not connect is nudged again.
	Repush []time.Duration `json:"repush"`

	// Baseline is what the ward's restrictions are made of.
	Baseline Baseline `json:"baseline,omitempty"`
	// IfFound is what a lock screen says to who finds the iPad, below its name; empty: the ward's name.
	IfFound string `json:"if_found,omitempty"`
	// LeastOS is the oldest iPadOS that an iPad may enrol with from Setup
	// Assistant, "26.1": an older one is told to update itself first (iOS 17.0).
	// Empty: any will do.
	LeastOS string `json:"least_os,omitempty"`

	// PINDigits is how many digits a PIN must have at least; 0: 6.
	PINDigits int `json:"pin_digits,omitempty"`
	// PasskeyEvery: badge and PIN are enough only so long after a passkey was
	// used, once a shift for example; 0: always enough.
	PasskeyEvery time.Duration `json:"passkey_every,omitempty"`
	// BreakGlass is how long a badge alone opens an iPad in an emergency, and how
	// long that session may be idle; 0: it does not.
	BreakGlass time.Duration `json:"break_glass,omitempty"`
	// SecondDevice is what a clinician's tap does who holds another iPad of the ward; empty: allow.
	SecondDevice SecondDevice `json:"second_device,omitempty"`

	// ShiftChanges are when people take iPads together, as the ward's clocks show
	// it: "07:00". They are forecast for; none: the ward's busiest hours are.
	ShiftChanges []string `json:"shift_changes,omitempty"`
	// WebApps are what the iPad's page offers while somebody is signed in, in this order.
	WebApps []WebApp `json:"web_apps,omitempty"`
}

// App is a managed app: installed by its bundle id through the hospital's app
// licences, or from a manifest for the hospital's own.
type App struct {
	BundleID string `json:"bundle_id"`
	Manifest string `json:"manifest,omitempty"` // https address of an enterprise app's manifest
}

// DefaultPolicy is the recommended policy for a fleet kind and lock target. It
// is valid, but for the two kinds that a ward has to choose knowingly:
// managed-apps, where it names its apps and accepts the weaker proof, and
// shared-guest, where it accepts that a badge alone takes an iPad.
func DefaultPolicy(fleet FleetKind, target LockTarget) Policy {
	p := Policy{
		Fleet: fleet, Target: target, Evidence: EvidencePage,
		Warn: 90 * time.Second, Lock: 2 * time.Minute, Resume: 12 * time.Hour, Longest: 13 * time.Hour,
		PINGrace: time.Hour, LeastGrade: GradeUserDeleted, Overdue: 15 * time.Minute, Reserve: time.Minute,
		SignInGrace: time.Minute, AutoLock: 2 * time.Minute, Baseline: BaselineCIS1,
		Repush: []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Minute}, BreakGlass: 15 * time.Minute,
	}
	if target == TargetPasscode {
		p.Evidence = EvidenceDevice
	}
	switch fleet {
	case ReturnToService:
		p.LeastBattery = 20
	case SharedIPad:
		p.SignOutAfter, p.SyncWait = 10*time.Minute, 5*time.Minute
		p.UserSessionTimeout = 15 * time.Minute
	case SharedGuest: // no page that could be touched: the iPad ends idle sessions by itself
		p.Evidence, p.LeastGrade = EvidenceDevice, GradeSignedOut
		p.SignOutWait, p.SyncWait, p.UserSessionTimeout = leastSignOutWait, 5*time.Minute, 15*time.Minute
		p.Resume, p.Longest, p.BreakGlass = 5*time.Minute, 4*time.Hour, 0
	}
	return p
}

// leastSignOutWait: after a LogOutUser MDM may be away for two minutes (Apple, "Log out a user").
const leastSignOutWait = 2 * time.Minute

// Validate says in one error all that is wrong with the policy, in the words of its fields.
// Apple's minimums: SharedDeviceConfiguration UserSessionTimeout 30 s, PasscodePolicy AutoLockTime 120 s.
func (p Policy) Validate() error {
	var errs []error
	bad := func(cond bool, format string, a ...any) {
		if cond {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	errs = append(errs, p.validateFleet()...)
	errs = append(errs, p.validateEnrolment()...)
	errs = append(errs, p.validatePeople()...)
	errs = append(errs, p.validateShifts()...)
	bad(p.Evidence != EvidencePage && p.Evidence != EvidenceDevice, "evidence: %q is not known (page or device)", p.Evidence)
	bad(p.Evidence == EvidenceDevice && (p.Target == TargetKioskApp || p.Target == TargetSafari), "evidence: a %s ward has no auto-lock of its own, use page", p.Target)
	bad(p.Evidence == EvidenceDevice && p.AutoLock == 0, "evidence: device needs an auto_lock, else nothing ends an idle session")
	bad(p.Evidence == EvidenceDevice && p.Fleet == SharedGuest && p.UserSessionTimeout == 0, "evidence: device needs a user_session_timeout, else nothing ends a guest's idle session")
	bad(p.Lock < 30*time.Second || p.Lock > time.Hour, "lock: %s is outside 30s to 1h", p.Lock)
	bad(p.Warn <= 0 || p.Warn >= p.Lock, "warn: %s is not between 0 and lock (%s)", p.Warn, p.Lock)
	bad(p.Resume < time.Minute || p.Resume > 24*time.Hour, "resume: %s is outside 1m to 24h", p.Resume)
	bad(p.Longest < p.Lock || p.Longest > 24*time.Hour, "longest: %s is outside lock to 24h", p.Longest)
	bad(p.PINGrace < 0 || p.PINGrace > 12*time.Hour, "pin_grace: %s is outside 0 to 12h", p.PINGrace)
	bad(gradeRank[p.LeastGrade] == 0, "least_grade: %q is not known", p.LeastGrade)
	bad(p.Overdue < time.Minute || p.Overdue > 24*time.Hour, "overdue: %s is outside 1m to 24h", p.Overdue)
	bad(p.Reserve <= 0 || p.Reserve > 10*time.Minute, "reserve: %s is outside 0 to 10m", p.Reserve)
	bad(p.SignInGrace <= 0 || p.SignInGrace > 5*time.Minute, "sign_in_grace: %s is outside 0 to 5m", p.SignInGrace)
	bad(p.UserSessionTimeout != 0 && p.UserSessionTimeout < 30*time.Second, "user_session_timeout: Apple's minimum is 30s, or 0 for off")
	bad(p.UserSessionTimeout > 24*time.Hour, "user_session_timeout: %s is above 24h", p.UserSessionTimeout)
	bad(p.AutoLock != 0 && p.AutoLock < 120*time.Second, "auto_lock: Apple's minimum is 2m, or 0 for off")
	bad(p.AutoLock > 15*time.Minute, "auto_lock: %s is above 15m, the longest a passcode profile can ask for", p.AutoLock)
	bad(len(p.Repush) == 0 || len(p.Repush) > 10, "repush: want 1 to 10 waits")
	for _, d := range p.Repush {
		bad(d < 10*time.Second || d > time.Hour, "repush: %s is outside 10s to 1h", d)
	}
	errs = append(errs, p.checkProfiles()...)
	errs = append(errs, p.checkWebApps()...)
	return errors.Join(errs...)
}

// Faster returns the policy with every duration divided by n, for a demo. The
// result is not validated: Apple's minimums hold for the real one.
func (p Policy) Faster(n int) Policy {
	if n <= 1 {
		return p
	}
	for _, d := range []*time.Duration{&p.Warn, &p.Lock, &p.Resume, &p.Longest, &p.PINGrace, &p.Overdue, &p.Reserve,
		&p.SignInGrace, &p.SignOutAfter, &p.SignOutWait, &p.SyncWait, &p.UserSessionTimeout, &p.AutoLock, &p.PasskeyEvery, &p.BreakGlass} {
		*d /= time.Duration(n)
	}
	repush := make([]time.Duration, len(p.Repush))
	for i, d := range p.Repush {
		repush[i] = d / time.Duration(n)
	}
	p.Repush = repush
	return p
}

// Accepts reports whether a wipe proven at g makes a device of the ward clean.
func (p Policy) Accepts(g Grade) bool {
	return g.AtLeast(p.LeastGrade) || (p.OfferReset && gradeRank[g] > 0)
}
