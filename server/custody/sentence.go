package custody

import (
	"fmt"
	"time"
)

// Sentence says how far a wipe has come in words for people: what was asked,
// what the device said, and what is missing. Times are UTC; pages localise the
// times of the ladder themselves.
func Sentence(c Custody) string {
	waits, begun := c.Run.Waits, c.Risk.Request != ""
	switch said := reached(c); {
	case waits != "" && !begun:
		return fmt.Sprintf("Wipe asked %s, and not begun. %s", clock(c.WipeAsked), waits)
	case waits != "": // it was begun, and something that a person can mend holds it up
		return said + ". " + waits
	default:
		return fmt.Sprintf("%s: needs hands.", said)
	}
}

// reached is how far it came.
func reached(c Custody) string {
	at := func(r ProofRung) string { return c.Proof.At[r].Format("15:04") }
	what := c.Risk.Request
	if what == "" {
		what = "wipe"
	}
	switch c.Proof.Rung {
	case ProofHandedOver:
		if c.Run.Waits != "" {
			return fmt.Sprintf("%s handed over %s", what, at(ProofHandedOver))
		}
		return fmt.Sprintf("%s handed over %s, no answer since", what, at(ProofHandedOver))
	case ProofAcknowledged:
		if c.Risk.Erase {
			return fmt.Sprintf("%s acknowledged %s, no re-enrolment since", what, at(ProofAcknowledged))
		}
		return fmt.Sprintf("%s acknowledged %s, not yet seen gone", what, at(ProofAcknowledged))
	case ProofReturned:
		if !c.Risk.Erase && !c.Fresh {
			return fmt.Sprintf("Apps seen gone %s, not yet all installed again", at(ProofReturned))
		}
		return fmt.Sprintf("Came back erased %s, not yet set up", at(ProofReturned))
	}
	if c.Run.HandedOver.IsZero() {
		return fmt.Sprintf("Wipe asked %s, the iPad has not connected since", clock(c.WipeAsked))
	}
	return fmt.Sprintf("Wipe asked %s, its step %s not done since %s", clock(c.WipeAsked), c.Run.Step, clock(c.Run.HandedOver))
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "some time ago"
	}
	return t.Format("15:04")
}
