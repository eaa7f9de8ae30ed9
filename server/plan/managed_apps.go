package plan

import (
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// managedApps are the plans of one-user iPads that are not erased between two
// people. They open and lock like the erased ones. The wipe removes every
// managed app, with its data, until a list asked for afterwards names none,
// then installs the ward's again. An app lock is taken off first, for the iPad
// would not remove the browser that it is locked into, and is the last to come
// back. An iPad straight from Setup Assistant has nothing to remove.
func managedApps(p custody.Policy, g custody.Goal) []step {
	if g != custody.GoalWipe {
		return returnToService(p, g)
	}
	fresh := func(c custody.Custody) bool { return c.Fresh }
	used := func(c custody.Custody) bool { return !c.Fresh }
	passcode := p.Target == custody.TargetPasscode
	first := step{name: "unlock", request: "RemoveProfile", met: fresh, body: removeProfile(encode.KioskID), refused: goOn}
	then := "managed"
	switch p.Target {
	case custody.TargetPasscode:
		first = step{name: "clinical_off", request: "InstallProfile", met: fresh, body: installNoClinical, refused: goOn}
		then = "clear_passcode"
	case custody.TargetSafari:
		first.body = removeProfile(encode.SafariLockID)
	}
	ss := []step{
		first,
		{name: "apps", request: "InstalledApplicationList", settled: true, met: fresh, body: installedApps, judge: appsLeft(then)},
		{name: "remove", request: "RemoveApplication", destructive: true, met: fresh, body: removeApp, judge: removed, refused: notRemoved},
	}
	if passcode {
		ss = append(ss,
			step{name: "clear_passcode", request: "ClearPasscode", destructive: true, met: fresh, body: clearPasscode},
			step{name: "no_passcode", request: "SecurityInfo", settled: true, met: fresh, body: securityInfo, judge: passcodeGone})
	}
	ss = append(ss,
		step{name: "managed", request: "ManagedApplicationList", body: managedAppList, judge: appsMissing},
		step{name: "install", request: "InstallApplication", body: installApp, judge: installing, refused: notInstalled})
	profiles, want := setUp(p.Target)
	ss = append(ss, profiles...)
	return append(ss,
		step{name: "configured", request: "DeviceConfigured", met: used, body: deviceConfigured},
		step{name: "check", request: "ProfileList", body: profileList, judge: setUpAgain(want)},
	)
}

// appsLeft goes round the apps that are left, each told once a round. One that
// the list does not name by an identifier can be told nothing and stays. When
// none is left the plan goes on to then.
func appsLeft(then string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(c custody.Custody, r Report, in Inputs, _ time.Time) verdict {
		switch {
		case then == "clear_passcode" && len(in.UnlockToken) == 0:
			return verdict{fail: "This iPad never escrowed an unlock token, so its passcode cannot be cleared from here. Erase it by hand."}
		case !r.AppsListed:
			return verdict{again: poll(in)}
		case len(r.Apps) == 0:
			return verdict{to: then, proof: custody.ProofReturned}
		}
		for _, id := range slices.Sorted(slices.Values(r.Apps)) {
			if id > c.Run.Subject {
				return verdict{to: "remove", subject: id}
			}
		}
		return verdict{again: 3 * poll(in)}
	}
}

func removed(c custody.Custody, _ Report, _ Inputs, _ time.Time) verdict {
	return verdict{to: "apps", subject: c.Run.Subject, proof: custody.ProofAcknowledged}
}

// notRemoved: perhaps it is gone, which the list says.
func notRemoved(c custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{to: "apps", subject: c.Run.Subject, after: poll(in)}
}

func passcodeGone(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if r.HasPasscode == nil {
		return verdict{again: poll(in)}
	}
	if *r.HasPasscode {
		return verdict{to: "clear_passcode", after: 3 * poll(in)}
	}
	return verdict{}
}

// underway are the statuses of an app that is on its way (Apple, "Managed
// Application List"). Another one but Managed is a reason to ask anew.
var underway = []string{"Queued", "NeedsRedemption", "Redeeming", "Prompting", "PromptingForLogin", "ValidatingPurchase", "Installing", "Updating"}

// appsMissing goes round the ward's apps that are not there, each asked for
// once a round, and moves on when all are managed.
func appsMissing(c custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if r.Managed == nil {
		return verdict{again: poll(in)}
	}
	apps := in.Policy.ManagedApps
	asked := slices.IndexFunc(apps, func(a custody.App) bool { return a.BundleID == c.Run.Subject })
	all := true
	for i, a := range apps {
		status := r.Managed[a.BundleID]
		if status == "Managed" {
			continue
		}
		all = false
		if i > asked && !slices.Contains(underway, status) {
			return verdict{to: "install", subject: a.BundleID}
		}
	}
	if !all {
		return verdict{again: 3 * poll(in)}
	}
	return verdict{to: "restrictions"}
}

func installing(c custody.Custody, _ Report, _ Inputs, _ time.Time) verdict {
	return verdict{to: "managed", subject: c.Run.Subject}
}

func notInstalled(c custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{to: "managed", subject: c.Run.Subject, after: poll(in)}
}

// setUpAgain: the apps were seen gone and are back, and the ward's profiles are there.
func setUpAgain(want []string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	there := profilesThere(want)
	return func(c custody.Custody, r Report, in Inputs, now time.Time) verdict {
		if v := there(c, r, in, now); v.again > 0 {
			return v
		}
		grade := custody.GradeAppsRemoved
		if c.Fresh {
			grade = custody.GradeErased
		}
		return verdict{done: true, proof: custody.ProofProven, grade: grade}
	}
}
