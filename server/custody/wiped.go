package custody

import "time"

// Wiped is how one wipe ended, as the ledger keeps it to measure a ward by.
// One that is proven late has ended twice, and the proof counts.
type Wiped struct {
	Device DeviceID
	Ward   string
	Epoch  int64
	Run    int64
	Fleet  FleetKind // of the ward's policy then; empty if the writer did not say
	Cause  Cause     // why it was wiped

	// The rungs; zero where one was not reached, or never seen itself.
	Asked, HandedOver, Acknowledged, Returned time.Time
	Ended                                     time.Time // proven, or given up

	Grade Grade // as proven; empty: it was not
	Why   Cause // why it does not count as proven; empty: it does
}

// Took is how long the wipe took until it was proven, and false if it was not.
func (w Wiped) Took() (time.Duration, bool) { return w.Ended.Sub(w.Asked), w.Why == "" }

// WipedBy says how a wipe ended with a change of its device's row, and false
// if none did. A wipe that its holder called back was none.
func WipedBy(prev, next Custody) (Wiped, bool) {
	w := Wiped{Device: next.Device, Ward: next.Ward, Epoch: next.Epoch, Run: next.Run.ID, Cause: prev.Cause,
		Asked: next.Proof.At[ProofRequested], HandedOver: next.Proof.At[ProofHandedOver],
		Acknowledged: next.Proof.At[ProofAcknowledged], Returned: next.Proof.At[ProofReturned]}
	if prev.Run.ID != next.Run.ID { // it began within this very change
		w.Cause = next.Cause
	}
	if prev.State == Wiping && next.Run.Goal == GoalLose { // Lost Mode's plan took its place
		w.Run, w.Cause, w.Ended, w.Why = prev.Run.ID, prev.Cause, next.Since, next.Cause
		return w, !w.Asked.IsZero()
	}
	if next.Run.Goal != GoalWipe || w.Asked.IsZero() {
		return Wiped{}, false
	}
	proven := next.Proof.Rung == ProofProven && (prev.Proof.Rung != ProofProven || prev.Run.ID != next.Run.ID)
	switch {
	case proven:
		w.Ended, w.Grade = next.Proof.At[ProofProven], next.Proof.Grade
		if next.State == Unproven {
			w.Why = next.Cause
		}
	case next.State == Unproven && prev.State == Wiping && prev.Run.ID == next.Run.ID:
		w.Ended, w.Why = next.Since, next.Cause
	default:
		return Wiped{}, false
	}
	return w, true
}
