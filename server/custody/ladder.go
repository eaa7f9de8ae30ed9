package custody

import "time"

// ProofRung is how far a wipe has come.
type ProofRung string

const (
	ProofRequested    ProofRung = "requested"
	ProofHandedOver   ProofRung = "handed_over"
	ProofAcknowledged ProofRung = "acknowledged"
	ProofReturned     ProofRung = "returned"
	ProofProven       ProofRung = "proven"
)

// Grade is how strong a proven wipe is.
type Grade string

const (
	// GradeErased: EraseDevice destroyed the keys and the device came back awaiting configuration.
	GradeErased Grade = "erased"
	// GradeUserDeleted: the user's volume is gone and UserList names nobody.
	GradeUserDeleted Grade = "user_deleted"
	// GradeAppsRemoved: the managed apps and their data were removed; Safari, Photos and Files were not.
	GradeAppsRemoved Grade = "apps_removed"
	// GradeSignedOut: the guest was signed out, the device is reachable again and
	// names nobody. Apple deletes a guest's data then; nothing shows that it did.
	GradeSignedOut Grade = "signed_out"
)

var gradeRank = map[Grade]int{GradeSignedOut: 1, GradeAppsRemoved: 2, GradeUserDeleted: 3, GradeErased: 4}

// AtLeast reports whether g is as strong as least; false if either is unknown.
func (g Grade) AtLeast(least Grade) bool {
	return gradeRank[g] > 0 && gradeRank[least] > 0 && gradeRank[g] >= gradeRank[least]
}

// Proof is the wipe ladder of the current epoch, each rung with its time.
type Proof struct {
	Rung  ProofRung               `json:"rung,omitempty"`
	Grade Grade                   `json:"grade,omitempty"` // set once proven
	At    map[ProofRung]time.Time `json:"at,omitempty"`
}

// climb returns p raised to rung at now. A ladder never goes down within a run.
func (p Proof) climb(rung ProofRung, now time.Time) Proof {
	if proofRank[rung] <= proofRank[p.Rung] {
		return p
	}
	at := make(map[ProofRung]time.Time, len(p.At)+1)
	for k, v := range p.At {
		at[k] = v
	}
	at[rung] = now
	return Proof{Rung: rung, Grade: p.Grade, At: at}
}

var proofRank = map[ProofRung]int{ProofRequested: 1, ProofHandedOver: 2, ProofAcknowledged: 3, ProofReturned: 4, ProofProven: 5}

// LockRung is how far a lock has come.
type LockRung string

const (
	LockRequested    LockRung = "requested"
	LockAcknowledged LockRung = "acknowledged"
	LockConfirmed    LockRung = "confirmed"
)

// Strength is what a lock withstands.
type Strength string

const (
	// Enforced: a passcode, an app lock seen by ProfileList, signed out, or Lost Mode.
	Enforced Strength = "enforced"
	// ScreenOff: the screen sleeps and a touch wakes it.
	ScreenOff Strength = "screen_off"
)

// Lock is the lock ladder of the current epoch. How is the evidence, in words for people.
type Lock struct {
	Rung     LockRung  `json:"rung,omitempty"`
	Strength Strength  `json:"strength,omitempty"`
	How      string    `json:"how,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

var lockRank = map[LockRung]int{LockRequested: 1, LockAcknowledged: 2, LockConfirmed: 3}

// climb returns l raised to m at now. A lock never weakens within a run.
func (l Lock) climb(m LockMark, now time.Time) Lock {
	if lockRank[m.Rung] < lockRank[l.Rung] || (lockRank[m.Rung] == lockRank[l.Rung] && l.Strength == Enforced) {
		return l
	}
	return Lock{Rung: m.Rung, Strength: m.Strength, How: m.How, At: now}
}
