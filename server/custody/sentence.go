package custody

import (
	"strings"
	"time"
)

// Sentence says how far a wipe has come in words for people: what was asked,
// what the device said, and what is missing. Times are UTC; pages localise the
// times of the ladder themselves.
func Sentence(c Custody) string {
	var b strings.Builder
	waits := c.Run.Waits
	if waits != "" && c.Risk.Request == "" {
		return "Wipe asked " + clock(c.WipeAsked) + ", and not begun. " + waits
	}
	at := func(r ProofRung) string { return c.Proof.At[r].Format("15:04") }
	what := c.Risk.Request
	if what == "" {
		what = "wipe"
	}
	switch c.Proof.Rung {
	case ProofHandedOver:
		b.WriteString(what + " handed over " + at(ProofHandedOver))
		if waits == "" {
			b.WriteString(", no answer since")
		}
	case ProofAcknowledged:
		b.WriteString(what + " acknowledged " + at(ProofAcknowledged))
		if c.Risk.Erase {
			b.WriteString(", no re-enrolment since")
		} else {
			b.WriteString(", not yet seen gone")
		}
	case ProofReturned:
		if !c.Risk.Erase && !c.Fresh {
			b.WriteString("Apps seen gone " + at(ProofReturned) + ", not yet all installed again")
			break
		}
		b.WriteString("Came back erased " + at(ProofReturned) + ", not yet set up")
	default:
		b.WriteString("Wipe asked " + clock(c.WipeAsked))
		if c.Run.HandedOver.IsZero() {
			b.WriteString(", the iPad has not connected since")
		} else {
			b.WriteString(", its step " + c.Run.Step + " not done since " + clock(c.Run.HandedOver))
		}
	}
	if waits != "" { // it was begun, and something that a person can mend holds it up
		return b.String() + ". " + waits
	}
	b.WriteString(": needs hands.")
	return b.String()
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "some time ago"
	}
	return t.Format("15:04")
}
