package custody

import (
	"maps"
	"strings"
	"time"
)

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

// Proof is the wipe ladder of the current epoch, each rung with its time and
// with what showed it. Rows from before the evidence was kept have no How.
type Proof struct {
	Rung  ProofRung               `json:"rung,omitempty"`
	Grade Grade                   `json:"grade,omitempty"` // set once proven
	At    map[ProofRung]time.Time `json:"at,omitempty"`
	// How is the evidence of each rung, in words for people and at most
	// [maxHow] bytes: it names commands and staff, never a clinician, for it
	// stays on a clean row.
	How map[ProofRung]string `json:"how,omitempty"`
	// Attested: a named person stated that the device is clean; the rungs are what was shown before.
	Attested bool `json:"attested,omitempty"`
}

// climb returns p raised to rung at now, shown by how. A ladder never goes
// down within a run, and a rung that was reached keeps its time and evidence.
func (p Proof) climb(rung ProofRung, now time.Time, how string) Proof {
	if proofRank[rung] <= proofRank[p.Rung] {
		return p
	}
	at := make(map[ProofRung]time.Time, len(p.At)+1)
	maps.Copy(at, p.At)
	at[rung] = now
	p.Rung, p.At = rung, at
	return p.shown(rung, how)
}

// shown returns p with how as the evidence of rung.
func (p Proof) shown(rung ProofRung, how string) Proof {
	if how == "" {
		return p
	}
	all := make(map[ProofRung]string, len(p.How)+1)
	maps.Copy(all, p.How)
	all[rung] = brief(how)
	p.How = all
	return p
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

// Lock is the lock ladder of the current epoch. How is the evidence of Rung,
// in words for people, and At when it was last seen. Rows from before each rung
// was kept have none of the three.
type Lock struct {
	Rung     LockRung  `json:"rung,omitempty"`
	Strength Strength  `json:"strength,omitempty"`
	How      string    `json:"how,omitempty"`
	At       time.Time `json:"at,omitzero"`

	Requested    Reached `json:"requested,omitzero"`
	Acknowledged Reached `json:"acknowledged,omitzero"`
	Confirmed    Reached `json:"confirmed,omitzero"`
}

// Reached is when a rung was first reached, and what showed it.
type Reached struct {
	At  time.Time `json:"at,omitzero"`
	How string    `json:"how,omitempty"` // at most [maxHow] bytes
}

var lockRank = map[LockRung]int{LockRequested: 1, LockAcknowledged: 2, LockConfirmed: 3}

// climb returns l raised to m at now. A lock never weakens within a run.
func (l Lock) climb(m LockMark, now time.Time) Lock {
	if lockRank[m.Rung] < lockRank[l.Rung] || (lockRank[m.Rung] == lockRank[l.Rung] && l.Strength == Enforced) {
		return l
	}
	l.Rung, l.Strength, l.How, l.At = m.Rung, m.Strength, brief(m.How), now
	if r := l.reached(m.Rung); r != nil {
		if r.At.IsZero() {
			r.At = now
		}
		r.How = l.How
	}
	return l
}

// reached is where l keeps rung; nil for a rung that does not exist.
func (l *Lock) reached(rung LockRung) *Reached {
	switch rung {
	case LockRequested:
		return &l.Requested
	case LockAcknowledged:
		return &l.Acknowledged
	case LockConfirmed:
		return &l.Confirmed
	}
	return nil
}

// maxHow bounds the evidence of a rung, so that a row stays small however
// often it is written: it is in SQL, in Redis and in every answer.
const maxHow = 200

// brief keeps how within [maxHow] bytes of UTF-8.
func brief(how string) string {
	how = strings.ToValidUTF8(how, "?")
	if len(how) <= maxHow {
		return how
	}
	return strings.ToValidUTF8(how[:maxHow-len("…")], "") + "…"
}
