package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// returnToService are the plans of supervised one-user iPads. Its wipe is
// EraseDevice with Return to Service: the keys are destroyed, and the evidence
// is that the device comes back under a new enrolment that awaits
// configuration, takes its profiles, shows them, and is idle.
//
// A passcode is not cleared on return: it goes with the keys, and cleared
// before the erase it would leave the last person's data open to whoever holds
// the iPad, for as long as a preflight waits.
func returnToService(p custody.Policy, g custody.Goal) []step {
	target := p.Target
	switch {
	case g == custody.GoalWipe:
		return eraseSteps(p)
	case target == custody.TargetSafari:
		return safari(g)
	case g == custody.GoalOpen && target == custody.TargetKioskApp:
		return []step{
			{name: "app_lock", request: "ProfileList", body: profileList, judge: appLockThere(verdict{done: true})},
			{name: "install_kiosk", request: "InstallProfile", body: installKiosk, judge: back("app_lock")},
		}
	case g == custody.GoalLock && target == custody.TargetKioskApp:
		// DeviceLock turns the screen off before the app lock is looked for, so
		// that nothing is on its way to the holder who taps at a confirmed lock.
		return []step{
			{name: "device_lock", request: "DeviceLock", body: deviceLock, judge: screenSleeps, refused: goOn},
			{name: "app_lock", request: "ProfileList", body: profileList, judge: appLockThere(verdict{done: true, lock: &custody.LockMark{
				Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "app lock seen by ProfileList"}})},
			{name: "install_kiosk", request: "InstallProfile", body: installKiosk, judge: back("app_lock")},
		}
	case g == custody.GoalOpen:
		return []step{
			{name: "passcode", request: "SecurityInfo", body: securityInfo, judge: passcodeSet},
			{name: "clinical", request: "InstallProfile", body: installClinical},
		}
	default:
		return []step{
			{name: "device_lock", request: "DeviceLock", body: deviceLock, judge: lockedByPasscode},
			{name: "passcode", request: "SecurityInfo", body: securityInfo, judge: passcodeAfterLock},
		}
	}
}

func eraseSteps(p custody.Policy) []step {
	came := func(c custody.Custody) bool { return c.Returning || c.Fresh }
	fresh := func(c custody.Custody) bool { return c.Fresh }
	ss := []step{
		{name: "preflight", request: "DeviceInformation", met: came, body: preflightQueries, judge: mayErase, refused: goOn},
		{name: "erase", request: "EraseDevice", destructive: true, met: came, body: erase, judge: eraseAcked},
		{name: "returned", met: fresh},
	}
	if len(p.ManagedApps) > 0 { // before DeviceConfigured, or they are not kept over the next erase
		ss = append(ss,
			step{name: "managed", request: "ManagedApplicationList", body: managedAppList, judge: appsMissing},
			step{name: "install", request: "InstallApplication", body: installApp, judge: installing, refused: notInstalled})
	}
	profiles, want := setUp(p.Target)
	ss = append(ss, profiles...)
	return append(ss,
		step{name: "configured", request: "DeviceConfigured", body: deviceConfigured},
		step{name: "check", request: "ProfileList", body: profileList, judge: profilesThere(want)},
		step{name: "idle", idle: true},
	)
}

// setUp installs what a one-user iPad has before anybody gets it, and names the
// profiles that a ProfileList must show then. A passcode ward's iPad is allowed
// no clinical app until its holder has set a passcode.
func setUp(target custody.LockTarget) (ss []step, want []string) {
	ss = []step{
		{name: "restrictions", request: "InstallProfile", body: installRestrictions},
		{name: "kiosk", request: "InstallProfile", body: installKiosk},
	}
	want = []string{encode.RestrictionsID, encode.KioskID}
	switch target {
	case custody.TargetPasscode:
		ss = append(ss,
			step{name: "passcode", request: "InstallProfile", body: installPasscode},
			step{name: "no_clinical", request: "InstallProfile", body: installNoClinical})
		want = append(want, encode.PasscodeID, encode.ClinicalID)
	case custody.TargetSafari:
		ss = append(ss, step{name: "safari_lock", request: "InstallProfile", body: installSafariLock})
		want = append(want, encode.SafariLockID)
	}
	return ss, want
}

// eraseAcked: the device says that it will. It does not retry if it fails
// (Apple, EraseDevice), so this is no proof; the step waits for what follows.
func eraseAcked(custody.Custody, Report, Inputs, time.Time) verdict {
	return verdict{stay: true, proof: custody.ProofAcknowledged}
}

func profilesThere(want []string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
		for _, id := range want {
			if !slices.Contains(r.Profiles, id) {
				return verdict{again: poll(in)}
			}
		}
		return verdict{after: poll(in) / 5} // ask it back soon: its next Idle ends the wipe
	}
}

// appLockThere confirms by v if ProfileList shows the app lock, and otherwise
// moves on to installing it.
func appLockThere(v verdict) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(_ custody.Custody, r Report, _ Inputs, _ time.Time) verdict {
		if slices.Contains(r.Profiles, encode.KioskID) {
			return v
		}
		return verdict{}
	}
}

// screenSleeps: without a passcode DeviceLock does no more (Apple, "Device Lock Command").
func screenSleeps(custody.Custody, Report, Inputs, time.Time) verdict {
	return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "DeviceLock acknowledged, app lock not yet seen"}}
}

func back(to string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(_ custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
		return verdict{to: to, after: poll(in) / 5}
	}
}

// passcodeSet holds the clinical apps back until the holder has set a passcode.
func passcodeSet(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if r.HasPasscode == nil || !*r.HasPasscode {
		return verdict{again: poll(in)}
	}
	return verdict{passcode: true}
}

// goOn: the step is worth trying and nothing depends on it.
func goOn(custody.Custody, Report, Inputs, time.Time) verdict { return verdict{} }

// lockedByPasscode: with a passcode DeviceLock is a real lock; without one it
// only puts the screen to sleep.
func lockedByPasscode(c custody.Custody, r Report, _ Inputs, _ time.Time) verdict {
	if c.Passcode.IsZero() || r.MessageResult == "NoPasscodeSet" {
		return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "DeviceLock acknowledged, passcode not seen"}}
	}
	return verdict{done: true, lock: &custody.LockMark{Rung: custody.LockConfirmed, Strength: custody.Enforced,
		How: fmt.Sprintf("DeviceLock acknowledged, passcode seen %s", c.Passcode.Format("15:04"))}}
}

func passcodeAfterLock(_ custody.Custody, r Report, _ Inputs, _ time.Time) verdict {
	if r.HasPasscode != nil && *r.HasPasscode {
		return verdict{passcode: true, lock: &custody.LockMark{Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "passcode seen by SecurityInfo"}}
	}
	return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "no passcode: only the screen sleeps"}}
}

// poll is the wait between two looks at the device, a sixth of the first
// re-push: 5 s with the default policy.
func poll(in Inputs) time.Duration {
	if len(in.Policy.Repush) == 0 {
		return 5 * time.Second
	}
	return in.Policy.Repush[0] / 6
}
