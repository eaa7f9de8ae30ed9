package plan

import (
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// safari opens and locks an iPad by Apple's own browser: the app lock comes
// before the screen goes off, since a locked iPad may answer its installation
// NotNow, and goes when the holder is back. See [custody.TargetSafari] for what
// nobody has shown yet.
func safari(g custody.Goal) []step {
	if g == custody.GoalOpen {
		return []step{
			{name: "unlock", request: "RemoveProfile", body: removeProfile(encode.SafariLockID), refused: goOn},
			{name: "unlocked", request: "ProfileList", body: profileList, judge: safariFree},
		}
	}
	return []step{
		{name: "safari_lock", request: "InstallProfile", body: installSafariLock, refused: goOn},
		{name: "device_lock", request: "DeviceLock", body: deviceLock, judge: screenSleeps, refused: goOn},
		{name: "app_lock", request: "ProfileList", body: profileList, judge: safariLocked},
	}
}

func safariFree(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if slices.Contains(r.Profiles, encode.SafariLockID) {
		return verdict{to: "unlock", after: poll(in)}
	}
	return verdict{done: true}
}

func safariLocked(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if !slices.Contains(r.Profiles, encode.SafariLockID) {
		return verdict{to: "safari_lock", after: poll(in)}
	}
	return verdict{done: true, lock: &custody.LockMark{
		Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "Safari's app lock seen by ProfileList (experimental)"}}
}
