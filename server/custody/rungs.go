package custody

import "time"

// Step is one rung of a ladder as it is shown, lowest first.
type Step struct {
	Rung    string    `json:"rung"`
	At      time.Time `json:"at,omitzero"`     // zero: not reached, or not known when
	How     string    `json:"how,omitempty"`   // what showed it
	Reached bool      `json:"reached"`         // it, or a higher one, was reached
	Passed  bool      `json:"passed,omitzero"` // a higher one was reached and this one was never seen itself
}

// Steps returns the wipe ladder rung by rung, empty where no wipe was asked
// for in this epoch. A rung that was passed over says so: an iPad that comes
// back erased need never have acknowledged the erase.
func (p Proof) Steps() []Step {
	if p.Rung == "" {
		return nil
	}
	steps := make([]Step, 0, len(proofRungs))
	for _, r := range proofRungs {
		s := Step{Rung: string(r), At: p.At[r], How: p.How[r], Reached: proofRank[r] <= proofRank[p.Rung]}
		s.Passed = s.Reached && r != p.Rung && s.At.IsZero()
		steps = append(steps, s)
	}
	return steps
}

var proofRungs = []ProofRung{ProofRequested, ProofHandedOver, ProofAcknowledged, ProofReturned, ProofProven}

// Steps returns the lock ladder rung by rung, empty where no lock was asked
// for in this epoch. A row from before each rung was kept knows only when its
// last one was reached: what is below is then passed without a time.
func (l Lock) Steps() []Step {
	if l.Rung == "" {
		return nil
	}
	steps := make([]Step, 0, len(lockRungs))
	for _, r := range lockRungs {
		at := *l.reached(r)
		if r == l.Rung && at.At.IsZero() {
			at = Reached{At: l.At, How: l.How}
		}
		s := Step{Rung: string(r), At: at.At, How: at.How, Reached: lockRank[r] <= lockRank[l.Rung]}
		s.Passed = s.Reached && r != l.Rung && at.At.IsZero()
		steps = append(steps, s)
	}
	return steps
}

var lockRungs = []LockRung{LockRequested, LockAcknowledged, LockConfirmed}
