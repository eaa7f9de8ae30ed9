package kiosk

import (
	"context"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Rung is one step of the cleaning as the page shows it.
type Rung struct {
	Rung    custody.ProofRung `json:"rung"`
	Word    string            `json:"word"`
	Reached bool              `json:"reached"`
	Now     bool              `json:"now"` // the last that was reached
}

// measure puts on the page what its ward's policy and measurements say: that a
// clean iPad was only reset, how far a cleaning is and what it usually takes,
// and what a lock is worth. What cannot be read is not said.
func (k *Kiosk) measure(ctx context.Context, s *State, row custody.Custody, p custody.Policy, now time.Time) {
	switch s.State {
	case custody.Locked:
		s.LockWord = lockWord(row)
		return
	case custody.Clean:
		if row.Isolation.On() || row.Downtime.On() { // whatever the policy says
			p = custody.Policy{}
		}
		s.State = custody.Shown(row, p)
		return
	case custody.Wiping:
		s.Ladder = cleaning(row.Proof, p.Fleet)
	case custody.InUse:
	default:
		return
	}
	pace, err := k.Ledger.Pace(ctx, row.Ward)
	if err != nil {
		k.Log.Warn("a ward's pace cannot be read", "ward", row.Ward, "err", err)
		return
	}
	if from, to, ok := pace.Usual(); ok {
		s.Usual = usually(from, to)
	}
	if s.State == custody.Wiping && !row.WipeAsked.IsZero() && !now.IsZero() {
		s.AgoMs = max(now.Sub(row.WipeAsked).Milliseconds(), 1)
		_, s.Slow = custody.SlowWipe(row, pace, now)
	}
}

// lockWord says what the lock is worth: a dark screen is not called one.
func lockWord(row custody.Custody) string {
	switch custody.ShowLock(row).Word {
	case custody.LockHolds:
		return "Its lock is confirmed."
	case custody.LockScreenOff:
		return "Only its screen is off: it has no lock of its own. Do not leave it lying about."
	}
	if row.Lock.Rung == custody.LockAcknowledged {
		return "The iPad has answered; its lock is being checked."
	}
	return "Its lock is not confirmed yet."
}

// cleaning is the wipe ladder in the words of what is done to a fleet's iPads.
// Shared iPads stay where they are: they have no coming back.
func cleaning(p custody.Proof, fleet custody.FleetKind) (rungs []Rung) {
	for _, s := range p.Steps() {
		r := custody.ProofRung(s.Rung)
		if r == custody.ProofReturned && fleet.Shared() && p.At[r].IsZero() {
			continue
		}
		rungs = append(rungs, Rung{Rung: r, Word: rungWord(r, fleet), Reached: s.Reached, Now: r == p.Rung})
	}
	return rungs
}

func rungWord(r custody.ProofRung, fleet custody.FleetKind) string {
	switch r {
	case custody.ProofRequested:
		return "Asked for"
	case custody.ProofHandedOver:
		return "Sent to the iPad"
	case custody.ProofAcknowledged:
		return "The iPad has answered"
	case custody.ProofReturned:
		if fleet == custody.ManagedApps {
			return "Its apps are gone"
		}
		return "It came back empty"
	}
	if fleet == custody.SharedGuest {
		return "Nobody is signed in any more"
	}
	return "Proven clean"
}

// usually says how long the ward's cleanings take, as measured: no promise.
func usually(from, to time.Duration) string {
	low, high := from.Round(time.Second), to.Round(time.Second)
	if high < 2*time.Minute {
		return fmt.Sprintf("Usually %d to %d seconds on this ward.", int(low/time.Second), int(high/time.Second))
	}
	// Rounded outwards: the page had rather say a minute too many.
	from, to = low.Truncate(time.Minute), high+time.Minute-1
	a, b := max(int(from/time.Minute), 1), int(to/time.Minute)
	if a >= b {
		return fmt.Sprintf("Usually about %d minutes on this ward.", b)
	}
	return fmt.Sprintf("Usually %d to %d minutes on this ward.", a, b)
}
