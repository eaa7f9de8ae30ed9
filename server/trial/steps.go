package trial

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Times that people and iPads are given. What a policy bounds itself is taken from it.
const (
	person  = Duration(30 * time.Minute) // to do what they are told
	soon    = Duration(5 * time.Minute)  // for an iPad on the network, to show what it was told
	aDay    = Duration(24 * time.Hour)   // for a battery to run empty
	charged = Duration(4 * time.Hour)    // for one to be charged enough for an erase
)

// Steps are those of a trial on a ward of this policy, in the order in which
// they are walked.
func Steps(p custody.Policy) []Step {
	w := ward{p}
	if p.Fleet == custody.SharedGuest { // its lock means the end: nothing to lock or to resume
		return []Step{w.open(), w.wipe(), w.guestOffline(), w.battery()}
	}
	return []Step{w.open(), w.lock(), w.resume(), w.wipe(), w.offline(), w.restart(), w.battery()}
}

// Plans are the plans of a ward that its trial tries, by what they do.
func Plans(p custody.Policy) (plans []Plan) {
	ss := Steps(p)
	for _, g := range []custody.Goal{custody.GoalOpen, custody.GoalLock, custody.GoalWipe} {
		digest, names := plan.Digest(p, g)
		for _, s := range ss {
			if s.Proves == g && len(names) > 0 {
				plans = append(plans, Plan{Goal: g, Digest: digest, Steps: names})
				break
			}
		}
	}
	return plans
}

// ward words the steps for one policy.
type ward struct{ custody.Policy }

func yes(ask string) Question  { return Question{Ask: ask, Want: "yes"} }
func no(ask string) Question   { return Question{Ask: ask, Want: "no"} }
func what(ask string) Question { return Question{Ask: ask} }

func (w ward) open() Step {
	s := Step{
		Name: "open", Title: "Open", Proves: custody.GoalOpen,
		Ready: []custody.State{custody.Clean, custody.Reset}, Bring: "It must be clean. If somebody has it, give it back and wait until its wipe is proven.",
		Phases: []Phase{{Do: w.takes(), Patience: person, Marks: []Mark{
			{Says: "a badge opened a session", Kind: custody.KindSessionOpened},
			{Says: "the iPad showed that it is open", Kind: custody.KindOpenConfirmed, Same: true, Within: w.opensIn()},
		}}},
	}
	ask := []Question{yes("Does the badge page show the name of whose badge it was?")}
	switch {
	case w.Fleet == custody.SharedGuest:
		ask = []Question{yes("Can the iPad be used as a guest, without anybody's account?")}
	case w.Target == custody.TargetPasscode:
		ask = append(ask, yes("Were the clinical apps out of reach until the passcode was set, and can they be used now?"))
	default:
		ask = append(ask, yes("Can the ward's apps be used?"))
	}
	s.Phases[0].Eyes = ask
	return s
}

// takes is how a clean iPad is taken.
func (w ward) takes() string {
	switch {
	case w.Fleet == custody.SharedIPad:
		return "Sign in to the iPad with a Managed Apple Account, then tap the badge of whose account it is and type the PIN."
	case w.Fleet == custody.SharedGuest:
		return "Tap a badge at its dock, and start a temporary session on the iPad."
	case w.Target == custody.TargetPasscode:
		return "Tap a badge on the iPad or at its dock and type the PIN. Then set a passcode in Settings."
	}
	return "Tap a badge on the iPad or at its dock, and type the PIN."
}

// opensIn leaves a passcode ward's holder the time to set one.
func (w ward) opensIn() Duration {
	if w.Target == custody.TargetPasscode {
		return person
	}
	return soon
}

// leaves is how a session comes to be locked, and how long that takes at most.
func (w ward) leaves() (do string, patience Duration) {
	if w.Evidence == custody.EvidenceDevice {
		return "Leave it alone for " + span(w.AutoLock) + ", then press “Lock now” on its page in the console.", person
	}
	return "Leave it alone: it is locked after " + span(w.Lock) + ".", person + Duration(w.Lock)
}

// span is a duration as people say it.
func span(d time.Duration) string {
	if d >= 2*time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d.Round(time.Second)/time.Second)
}

// lockMarks are those of a lock, from what asked for it to what confirmed it.
func (w ward) lockMarks() []Mark {
	within := soon
	if w.Fleet == custody.SharedIPad { // what confirms it is the sign-out that comes so much later
		within += Duration(w.SignOutAfter)
	}
	return []Mark{
		{Says: "a lock was asked for", Kind: custody.KindLockAsked},
		{Says: "the lock was confirmed", Kind: custody.KindLockEnded, Detail: "confirmed: ", Same: true, Within: within},
	}
}

var inUse = []custody.State{custody.InUse}

func (w ward) lock() Step {
	do, patience := w.leaves()
	eyes := w.locked()
	if w.Evidence == custody.EvidenceDevice { // the server cannot know
		eyes = append([]Question{yes("Left alone, did its screen go dark by itself?")}, eyes...)
	}
	return Step{
		Name: "lock", Title: "Lock", Proves: custody.GoalLock, Ready: inUse, Bring: w.takes(),
		Phases: []Phase{{Do: "Write something into one of its apps and do not save it. " + do, Patience: patience, Marks: w.lockMarks(), Eyes: eyes}},
	}
}

// locked asks what a locked iPad shows.
func (w ward) locked() []Question {
	switch {
	case w.Fleet == custody.SharedIPad:
		return []Question{yes("Does it show Apple's sign-in, with nobody signed in?")}
	case w.Target == custody.TargetPasscode:
		return []Question{yes("Woken, does it ask for the passcode before it shows anything?")}
	case w.Target == custody.TargetSafari:
		return []Question{yes("Woken, does it show the badge page in Safari without a name, and can nothing else be reached?")}
	}
	return []Question{yes("Woken, does it show the badge page without a name, and can nothing else be reached?")}
}

func (w ward) resume() Step {
	do := "Wake it, tap the same badge again, and type the PIN if it asks for it."
	if w.Fleet == custody.SharedIPad {
		do = "Sign in with the same Managed Apple Account, then tap the same badge again."
	}
	return Step{
		Name: "resume", Title: "Resume", Proves: custody.GoalOpen,
		Ready: []custody.State{custody.Locked}, Bring: "Take it with a badge, and let it be locked.",
		Phases: []Phase{{Do: do, Patience: person, Marks: []Mark{
			{Says: "its holder resumed the session", Kind: custody.KindSessionResumed},
			{Says: "the iPad showed that it is open", Kind: custody.KindOpenConfirmed, Same: true, Within: w.opensIn()},
		}, Eyes: []Question{yes("Is what was written before still there, as it was left?")}}},
	}
}

// wipeMarks are those of a wipe, from what asked for it to proof.
func (w ward) wipeMarks() []Mark {
	in := Duration(w.Overdue)
	handed := map[custody.FleetKind]string{
		custody.ReturnToService: "erase EraseDevice", custody.ManagedApps: "remove RemoveApplication",
		custody.SharedIPad: "delete DeleteUser", custody.SharedGuest: "sign_out LogOutUser",
	}[w.Fleet]
	marks := []Mark{
		{Says: "a wipe was asked for", Kind: custody.KindWipeAsked},
		{Says: "the iPad took the command that wipes it", Kind: custody.KindHandedOver, Detail: handed, Same: true, Within: in},
	}
	if w.Fleet == custody.ReturnToService {
		marks = append(marks, Mark{Says: "it came back awaiting configuration", Kind: custody.KindEnrolment, Detail: "awaiting configuration", Device: true, Same: true, Within: in})
	}
	return append(marks, Mark{Says: "the wipe was proven", Kind: custody.KindClean, Device: true, Same: true, Within: in})
}

func nothingLeft() Question {
	return no("Take it with another badge and look: is anything of the person before left on it?")
}

func (w ward) givesBack() string {
	if w.Fleet == custody.SharedGuest {
		return "Tap the same badge at its dock again."
	}
	return "Press “I'm done” on the badge page."
}

func (w ward) wipe() Step {
	return Step{
		Name: "wipe", Title: "Wipe", Proves: custody.GoalWipe, Ready: inUse, Bring: w.takes(),
		Phases: []Phase{{Do: "Leave something behind that the next person must not find. " + w.givesBack() + " Then touch nothing.", Patience: person,
			Marks: w.wipeMarks(), Eyes: []Question{nothingLeft()}}},
	}
}
