package plan

import (
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// seal makes a clean iPad one that works without us: no app lock, the clinical
// apps allowed, and a passcode, which a person sets because no command can
// (Apple has none that sets one). It ends when SecurityInfo shows it.
func seal(p custody.Policy) []step {
	lock := encode.KioskID
	if p.Target == custody.TargetSafari {
		lock = encode.SafariLockID
	}
	ss := []step{
		{name: "unlock", request: "RemoveProfile", body: removeProfile(lock), refused: goOn},
		{name: "unlocked", request: "ProfileList", body: profileList, judge: gone(lock)},
	}
	if p.Target == custody.TargetPasscode {
		ss = append(ss, step{name: "clinical", request: "InstallProfile", body: installClinical})
	}
	return append(ss, step{name: "code", request: "SecurityInfo", body: securityInfo, judge: codeSet})
}

func gone(profile string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
		if slices.Contains(r.Profiles, profile) {
			return verdict{to: "unlock", after: poll(in)}
		}
		return verdict{}
	}
}

func codeSet(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if r.HasPasscode == nil || !*r.HasPasscode {
		return verdict{again: poll(in), waits: "Set the code on this iPad as its passcode, then put the code into its envelope."}
	}
	return verdict{done: true, lock: &custody.LockMark{
		Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "no app lock, a passcode seen by SecurityInfo"}}
}
