package trial

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

const away = "Take the network away from it: switch its Wi-Fi off where it stands, or carry it out of reach, and pull the cable of a wired dock. "

// unanswered is how long an iPad that is away must be silent: two nudges find nobody.
func (w ward) unanswered() Duration {
	if len(w.Repush) == 0 {
		return Duration(time.Minute)
	}
	return Duration(2 * w.Repush[0])
}

var reached = Mark{Says: "the iPad was reached", Kind: custody.KindHandedOver, Same: true}

// offline: a lock that is asked for while the iPad is away is confirmed when it is back, and not before.
func (w ward) offline() Step {
	do, patience := w.leaves()
	marks := w.lockMarks()
	return Step{
		Name: "wifi", Title: "Wi-Fi loss", Ready: inUse, Bring: w.takes(),
		Phases: []Phase{
			{Do: away + do, Patience: patience, Marks: marks[:1], Quiet: w.unanswered(), Eyes: []Question{what("What does it show while it is away, and what can be reached?")}},
			{Do: "Give it its network back.", Patience: person, Marks: []Mark{reached, marks[1]}, Eyes: w.locked()},
		},
	}
}

// guestOffline: a guest's session that is given back while the iPad is away.
func (w ward) guestOffline() Step {
	marks := w.wipeMarks()
	return Step{
		Name: "wifi", Title: "Wi-Fi loss", Ready: inUse, Bring: w.takes(),
		Phases: []Phase{
			{Do: away + w.givesBack(), Patience: person, Marks: marks[:1], Quiet: w.unanswered(), Eyes: []Question{what("What does it show while it is away?")}},
			{Do: "Give it its network back.", Patience: person, Marks: []Mark{reached, {
				Says: "the wipe was proven", Kind: custody.KindClean, Device: true, Same: true, Within: Duration(w.Overdue)}}, Eyes: []Question{nothingLeft()}},
		},
	}
}

func (w ward) restart() Step {
	do, patience := w.leaves()
	marks := w.lockMarks()
	s := Step{
		Name: "restart", Title: "Restart", Ready: inUse, Bring: w.takes(),
		Phases: []Phase{{Do: "Restart it by its buttons. " + do, Patience: patience, Marks: marks[:1], Eyes: []Question{yes("Did it restart, with Apple's logo on its screen?")}},
			{Do: "Wait.", Patience: person, Marks: []Mark{reached, marks[1]}, Eyes: w.locked()}},
	}
	if w.Target == custody.TargetPasscode { // it does not rejoin Wi-Fi before that
		s.Phases[1].Do = "If it is not back on its network, type its passcode on it. Then leave it alone."
	}
	return s
}

// battery: an iPad that is wiped while it is empty is wiped when it has been charged, and not called clean before.
func (w ward) battery() Step {
	do := "Charge it, and start it by its button if it does not start by itself."
	if w.Target == custody.TargetPasscode {
		do += " Type its passcode, or it does not rejoin Wi-Fi."
	}
	return Step{
		Name: "battery", Title: "Dead battery", Ready: []custody.State{custody.InUse, custody.Locked}, Bring: w.takes(),
		Phases: []Phase{
			{Do: "Let it run empty, until its button lights nothing up. Then press “Wipe…” on its page in the console, and if a second person is needed, have one approve it there.", Patience: aDay,
				Marks: []Mark{{Says: "a wipe was asked for", Kind: custody.KindWipeAsked}}, Quiet: w.unanswered(), Eyes: []Question{yes("Is its screen dark, whatever is pressed?")}},
			{Do: do, Patience: charged, Marks: []Mark{reached, {
				Says: "the wipe was proven", Kind: custody.KindClean, Device: true, Same: true, Within: charged}}, Eyes: []Question{nothingLeft()}},
		},
	}
}
