package policytext

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Unseen says what padwarden cannot see, or has to believe, under a policy. It
// is never empty: no policy lets it see all.
func Unseen(p custody.Policy) (all []string) {
	switch {
	case p.Fleet == custody.SharedGuest:
		all = append(all, "padwarden sees no touch here and asks nobody “Still here?”: no page of ours can be in front.",
			"Nothing shows that Apple has deleted a guest's data. That they were signed out is all there is to see.")
	case p.Evidence == custody.EvidenceDevice:
		all = append(all, "padwarden sees no touch here: a session counts as open until it is given back, taken over or too long, also while the iPad has locked itself.")
	default:
		all = append(all, "padwarden sees touches on its own page only. Who works in another app is idle to it, unless the app tells it of them.")
	}
	switch p.Target {
	case custody.TargetKioskApp:
		all = append(all, "The iPad has no passcode: a screen that turned off is not a lock, the app lock is.")
	case custody.TargetSafari:
		all = append(all, "Nothing published shows that an app lock holds Safari to a page. Try it on one iPad first.")
	}
	switch p.Fleet {
	case custody.ManagedApps:
		all = append(all, "What is in Safari, Photos, Files and the keychain stays for the next person, and no proof says otherwise.")
	case custody.SharedIPad:
		all = append(all, "The iPad itself is never erased: that it names no account any more is the proof.")
	}
	if p.OfferReset {
		all = append(all, "A reset iPad may still have something of the last person's.")
	}
	if p.PreserveApps {
		all = append(all, "That an app which stays over an erase keeps no data is Apple's word.")
	}
	if p.BadgeAlone {
		all = append(all, "A badge is no secret: who finds one can take an iPad.")
	}
	if p.PINGrace > 0 && p.Fleet != custody.SharedGuest {
		all = append(all, says("For %s after a sign-in, who finds the badge can come back to the session.", Span(p.PINGrace)))
	}
	if p.BreakGlass > 0 {
		all = append(all, "In an emergency padwarden believes the badge: who carries it is not shown by anything.")
	}
	return all
}

// Warning is what is weaker than others ask for. It stops nobody.
type Warning struct {
	Field    string // of the policy, by its JSON name
	Sentence string
}

// What others ask for: the CIS Apple iPadOS Benchmark of the auto-lock, DISA's
// STIG of the auto-lock and the grace period together.
const (
	cisLock  = 2 * time.Minute
	disaLock = 15 * time.Minute
)

// Warnings says where a policy is weaker than the CIS benchmark and DISA's STIG
// ask, or than padwarden recommends.
func Warnings(p custody.Policy) (all []Warning) {
	warn := func(cond bool, field, format string, a ...any) {
		if cond {
			all = append(all, Warning{field, says(format, a...)})
		}
	}
	page := p.Evidence == custody.EvidencePage && p.Fleet != custody.SharedGuest
	warn(page && p.Lock > cisLock && p.Lock <= disaLock, "lock", "The CIS benchmark asks for a lock within 2 min.")
	warn(page && p.Lock > disaLock, "lock", "DISA asks for a lock within 15 min, the CIS benchmark within 2 min.")
	warn(p.AutoLock > cisLock, "auto_lock", "The CIS benchmark asks for an auto-lock within 2 min.")
	warn(p.AutoLock == 0, "auto_lock", "Without an auto-lock nothing turns the screen off while the network is away.")
	together := p.Lock + p.PINGrace
	if p.Evidence == custody.EvidenceDevice {
		together = p.AutoLock + p.PINGrace
	}
	warn(p.Fleet != custody.SharedGuest && p.PINGrace > 0 && together > disaLock, "pin_grace",
		"DISA asks for a secret within 15 min of the last touch. Here the lock and the PIN grace are %s together.", Span(together))
	warn(p.Fleet.Shared() && p.UserSessionTimeout > disaLock, "user_session_timeout", "DISA asks for an idle session to end within 15 min.")
	warn(p.Fleet == custody.SharedIPad && p.UserSessionTimeout == 0, "user_session_timeout", "Without it nothing ends an idle session while the network is away.")
	warn(p.BreakGlass > disaLock, "break_glass", "DISA asks for a lock within 15 min, in an emergency too.")
	warn(!p.LeastGrade.AtLeast(custody.GradeUserDeleted) && p.LeastGrade != "", "least_grade", "Weaker than recommended: something of the last person's may be left.")
	warn(p.OfferReset, "offer_reset", "Weaker than recommended: a nurse may get an iPad that is not proven clean.")
	warn(p.Target == custody.TargetSafari, "target", "An experiment: nothing published shows that it works.")
	warn(p.LeastBattery == 0 && p.Fleet == custody.ReturnToService, "least_battery", "An iPad that goes dark in the middle of an erase needs hands.")
	return all
}
