// Package policytext says in plain words what a ward's policy does, for whoever
// writes one and for whoever asks: what happens when, what counts as clean, and
// what padwarden cannot see. It reads what people write into a policy's fields,
// names what is wrong beside its field, and what is weaker than others ask for.
//
// Everything here is pure. Each sentence is made by one pattern, so that it can
// be told in another language.
package policytext

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
)

// Part is what a policy says of one matter.
type Part struct {
	Title     string
	Sentences []string
}

// Say tells a policy, in the order of a shift. It tells what the policy's fleet
// kind makes use of, and nothing else.
func Say(p custody.Policy) []Part {
	return []Part{
		{"Idle and lock", idle(p)}, {"Coming back", back(p)}, {"Wipe and proof", wipe(p)},
		{"Sign-in", signIn(p)}, {"Emergencies", emergency(p)}, {"Shifts", shifts(p)}, {"Apps", apps(p)},
		{"The iPad's own timers", timers(p)}, {"Restrictions and enrolment", baseline(p)},
	}
}

func says(format string, a ...any) string { return fmt.Sprintf(format, a...) }

func idle(p custody.Policy) (all []string) {
	switch {
	case p.Fleet == custody.SharedGuest:
		all = append(all, says("The iPad itself ends a guest's session after %s without a touch. It cannot be resumed.", Span(p.UserSessionTimeout)))
	case p.Evidence == custody.EvidenceDevice:
		all = append(all, says("The iPad itself locks after %s without a touch.", Span(p.AutoLock)))
	default:
		all = append(all, says("Locks after %s without a touch (asks at %s).", Span(p.Lock), Span(p.Warn)))
	}
	switch p.Target {
	case custody.TargetKioskApp:
		all = append(all, "Locked, it shows our page under a permanent app lock, and no name.")
	case custody.TargetPasscode:
		all = append(all, "Locked, it asks for the passcode that its holder chose for the shift.")
	case custody.TargetSafari:
		all = append(all, "Locked, it shows Safari under an app lock: an experiment.")
	default:
		all = append(all, "Locked, it shows Apple's own sign-in.")
	}
	if p.Fleet == custody.SharedIPad {
		all = append(all, says("After %s locked, its holder is signed out of the iPad.", Span(p.SignOutAfter)))
	}
	return all
}

// thenWiped says what follows the resume window.
var thenWiped = map[custody.FleetKind]string{
	custody.ReturnToService: "The same nurse resumes until %s later, then it is erased.",
	custody.ManagedApps:     "The same nurse resumes until %s later, then its apps are removed.",
	custody.SharedIPad:      "The same nurse resumes until %s later, then their account is deleted from it.",
	custody.SharedGuest:     "Should padwarden lose sight of a session, its guest may go on for %s, then it is ended.",
}

func back(p custody.Policy) (all []string) {
	if format, ok := thenWiped[p.Fleet]; ok {
		all = append(all, says(format, Span(p.Resume)))
	}
	switch {
	case p.Fleet == custody.SharedGuest:
	case p.PINGrace == 0:
		all = append(all, "Every return asks for the PIN.")
	default:
		all = append(all, says("A tap alone is enough to come back within %s of a full sign-in.", Span(p.PINGrace)))
	}
	all = append(all, says("A session ends %s after it was opened, whatever happens.", Span(p.Longest)),
		says("A cleaned iPad is kept for %s for the colleague who asked to take it over.", Span(p.Reserve)))
	var waits []string
	for _, d := range p.Repush {
		waits = append(waits, Span(d))
	}
	return append(all, says("An iPad that does not come when it is called is called again after %s.", strings.Join(waits, ", ")))
}

var betweenTwo = map[custody.FleetKind]string{
	custody.ReturnToService: "Between two people the iPad is erased and sets itself up again.",
	custody.ManagedApps:     "Between two people the ward's apps are removed and installed again.",
	custody.SharedIPad:      "Between two people the last account is deleted from the iPad.",
	custody.SharedGuest:     "Between two people the guest is signed out, and Apple deletes their data.",
}

var counts = map[custody.Grade]string{
	custody.GradeErased:      "Only an iPad that was erased counts as clean.",
	custody.GradeUserDeleted: "Only an iPad that was erased, or whose last account was deleted, counts as clean.",
	custody.GradeAppsRemoved: "An iPad counts as clean once its apps were removed.",
	custody.GradeSignedOut:   "An iPad counts as clean once its last guest was signed out.",
}

func wipe(p custody.Policy) (all []string) {
	all = append(all, betweenTwo[p.Fleet], counts[p.LeastGrade])
	if p.OfferReset {
		all = append(all, "One that was proven less is offered all the same, and marked as reset.")
	} else {
		all = append(all, "One that was proven less is not offered.")
	}
	all = append(all, says("A wipe that is not proven %s after it was asked for needs hands.", Span(p.Overdue)))
	switch {
	case p.Fleet == custody.ReturnToService && p.LeastBattery > 0:
		all = append(all, says("With less than %s battery it waits for its charger before it is erased.", strconv.Itoa(p.LeastBattery)+" %"))
	case p.Fleet == custody.ReturnToService:
		all = append(all, "It is erased however little battery it has.")
	case p.Fleet.Shared() && p.ForceDelete:
		all = append(all, says("What an account has not synced yet is waited for %s, then it is deleted all the same.", Span(p.SyncWait)))
	case p.Fleet.Shared():
		all = append(all, says("What an account has not synced yet is waited for %s, then somebody has to look.", Span(p.SyncWait)))
	}
	if p.Fleet == custody.SharedGuest {
		all = append(all, says("It is asked who is there %s after the sign-out, for an answer before says nothing.", Span(p.SignOutWait)))
	}
	if p.PreserveApps {
		all = append(all, "Its apps stay over an erase, without their data, from iPadOS 26 on.")
	}
	if p.Fleet.Shared() {
		all = append(all, says("An Apple sign-in that nobody taps for within %s is signed out.", Span(p.SignInGrace)))
	}
	return all
}

func signIn(p custody.Policy) (all []string) {
	switch {
	case p.BadgeAlone:
		all = append(all, "A badge alone takes and gives back an iPad: nobody is asked for a PIN.")
	case p.PasskeyEvery == 0:
		all = append(all, says("A badge and a PIN of at least %s digits are enough.", strconv.Itoa(p.LeastPIN())))
	default:
		all = append(all, says("A badge and a PIN of at least %s digits are enough for %s after a passkey was used.", strconv.Itoa(p.LeastPIN()), Span(p.PasskeyEvery)))
	}
	return append(all, map[custody.SecondDevice]string{
		"":                   "Who holds one iPad may take another.",
		custody.SecondAllow:  "Who holds one iPad may take another.",
		custody.SecondMove:   "Who holds one iPad and takes another has the first locked at once.",
		custody.SecondRefuse: "Who holds one iPad has to give it back before they take another.",
	}[p.SecondDevice])
}

func emergency(p custody.Policy) []string {
	if p.BreakGlass == 0 {
		return []string{"No badge opens an iPad alone, not in an emergency either."}
	}
	return []string{says("In an emergency a badge alone opens an iPad for %s. Each is explained, and reviewed by somebody else.", Span(p.BreakGlass))}
}

func shifts(p custody.Policy) []string {
	if len(p.ShiftChanges) == 0 {
		return []string{"What iPads are needed is forecast for its busiest hours."}
	}
	return []string{says("What iPads are needed is forecast for the shift changes at %s.", strings.Join(p.ShiftChanges, ", "))}
}

func apps(p custody.Policy) (all []string) {
	if len(p.WebApps) > 0 {
		var names []string
		for _, a := range p.WebApps {
			names = append(names, a.Name+" ("+a.URL+")")
		}
		all = append(all, says("While somebody is signed in, its page offers: %s.", strings.Join(names, ", ")))
	}
	if len(p.ManagedApps) > 0 {
		var names []string
		for _, a := range p.ManagedApps {
			names = append(names, strings.TrimSpace(a.BundleID+" "+a.Manifest))
		}
		all = append(all, says("A wipe installs these apps again: %s.", strings.Join(names, ", ")))
	}
	if len(p.ClinicalApps) > 0 {
		all = append(all, says("Once its holder has set a passcode it may open these apps: %s.", strings.Join(p.ClinicalApps, ", ")))
	}
	if len(all) == 0 {
		all = append(all, "No apps are named: it has those that come with it.")
	}
	return all
}

func timers(p custody.Policy) (all []string) {
	switch {
	case p.AutoLock == 0:
		all = append(all, "Its screen stays on by itself.")
	case p.Target == custody.TargetPasscode || p.Fleet.Shared():
		all = append(all, says("Without a network too, it locks by itself after %s.", Span(p.AutoLock)))
	default:
		all = append(all, says("Without a network too, its screen turns off after %s.", Span(p.AutoLock)))
	}
	switch {
	case p.Fleet == custody.SharedIPad && p.UserSessionTimeout > 0:
		all = append(all, says("Without a network too, Apple signs out who has not touched it for %s.", Span(p.UserSessionTimeout)))
	case p.Fleet == custody.SharedIPad:
		all = append(all, "Apple signs nobody out by itself.")
	}
	return all
}

func baseline(p custody.Policy) (all []string) {
	if p.Baseline == custody.BaselineCIS2 {
		all = append(all, "It is restricted by level 2 of the CIS benchmark, which gets in people's way more.")
	} else {
		all = append(all, "It is restricted by level 1 of the CIS benchmark.")
	}
	if p.IfFound != "" {
		all = append(all, says("Its lock screen says to who finds it: “%s”", p.IfFound))
	} else {
		all = append(all, "Its lock screen says the ward's name to who finds it.")
	}
	if p.LeastOS != "" {
		all = append(all, says("One that is older than iPadOS %s has to update before it enrols.", p.LeastOS))
	}
	return all
}
