package custody

import (
	"fmt"
	"strings"
	"time"
)

// validateFleet says what is wrong with the parts of a policy that belong to its fleet kind.
func (p Policy) validateFleet() (errs []error) {
	bad := func(cond bool, format string, a ...any) {
		if cond {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	never := func(best Grade) bool {
		return !best.AtLeast(p.LeastGrade) && gradeRank[p.LeastGrade] > 0 && !p.OfferReset
	}
	if p.Fleet.Shared() {
		bad(p.Target != TargetNone, "target: a %s ward has none, Apple's sign-in is the lock", p.Fleet)
		bad(p.SyncWait < 0 || p.SyncWait >= p.Overdue, "sync_wait: %s is not between 0 and overdue (%s)", p.SyncWait, p.Overdue)
		bad(p.SignInGrace >= p.Overdue, "sign_in_grace: %s is not below overdue (%s)", p.SignInGrace, p.Overdue)
	} else {
		bad(p.Target != TargetKioskApp && p.Target != TargetPasscode && p.Target != TargetSafari, "target: %q is not a lock target of a %s ward (want kiosk-app, passcode or, as an experiment, safari)", p.Target, p.Fleet)
	}
	bad(p.LeastBattery < 0 || p.LeastBattery > maxLeastBattery, "least_battery: %d is outside 0 to %d percent", p.LeastBattery, maxLeastBattery)
	bad((p.LeastBattery != 0 || p.PreserveApps) && p.Fleet != ReturnToService, "least_battery, preserve_apps: only a return-to-service ward erases iPads")
	bad(p.BadgeAlone && p.Fleet != SharedGuest, "badge_alone: a badge is no secret; only a guests' ward, where no page can ask for a PIN, may accept it alone")
	switch p.Fleet {
	case ReturnToService:
		bad(p.PreserveApps && len(p.ManagedApps) == 0, "preserve_apps: the ward names no managed_apps that could be kept")
		if len(p.ManagedApps) > 0 {
			errs = append(errs, p.validateApps()...)
		}
	case SharedIPad:
		bad(p.SignOutAfter <= 0 || p.SignOutAfter > 24*time.Hour, "sign_out_after: %s is outside 0 to 24h", p.SignOutAfter)
		bad(never(GradeUserDeleted), "least_grade: a shared-ipad ward's wipe proves user_deleted at best, so no device would ever be clean")
	case SharedGuest:
		bad(!p.BadgeAlone, "badge_alone: no page can ask a guest for a PIN, so a badge alone takes and gives back an iPad; say that the ward accepts it")
		bad(p.SignOutWait < leastSignOutWait || p.SignOutWait >= p.Overdue, "sign_out_wait: %s is not between 2m, which Apple lets a sign-out take, and overdue (%s)", p.SignOutWait, p.Overdue)
		bad(never(GradeSignedOut), "least_grade: a shared-guest ward's wipe proves signed_out, so no device would ever be clean")
	case ManagedApps:
		bad(never(GradeAppsRemoved), "least_grade: a managed-apps ward's wipe proves apps_removed at best: Safari's data, Photos and Files stay; choose apps_removed, knowing that")
		errs = append(errs, p.validateApps()...)
	default:
		bad(true, "fleet: %q is not known", p.Fleet)
	}
	return errs
}

// maxLeastBattery: with more, iPads that are on their chargers would wait too.
const maxLeastBattery = 80

// maxApps bounds a wipe: each app costs it up to four commands.
const maxApps = 50

func (p Policy) validateApps() (errs []error) {
	if len(p.ManagedApps) == 0 || len(p.ManagedApps) > maxApps {
		errs = append(errs, fmt.Errorf("managed_apps: want 1 to %d apps", maxApps))
	}
	seen := map[string]bool{}
	for _, a := range p.ManagedApps {
		switch {
		case a.BundleID == "" || seen[a.BundleID]:
			errs = append(errs, fmt.Errorf("managed_apps: the bundle id %q is missing or there twice", a.BundleID))
		case a.Manifest != "" && !strings.HasPrefix(a.Manifest, "https://"):
			errs = append(errs, fmt.Errorf("managed_apps: the manifest of %s is not an https address", a.BundleID))
		}
		seen[a.BundleID] = true
	}
	return errs
}
