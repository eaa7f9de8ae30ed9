package custody

import (
	"fmt"
	"slices"
	"time"
)

// PaceWindow is how far back a ward's wipes are measured, and LeastWipes how
// many must have been proven in it before anything is said of the next one.
const (
	PaceWindow = 30 * 24 * time.Hour
	LeastWipes = 20
)

// Pace is how long a ward's wipes have taken, from asked to proven.
//
// The percentiles are of all wipes that ended, not of the proven ones alone,
// which would leave the worst out: an unproven wipe counts as longer than any
// other. So a percentile may be beyond what was ever proven; it is then zero.
// A device that came erased by other hands (CauseFirst) took no wipe of ours
// and is only counted.
type Pace struct {
	Proven        int
	P50, P90, P95 time.Duration // zero: no wipe yet, or not proven that often
	Longest       time.Duration // the longest that was proven
	Grades        map[Grade]int // of the proven
	Causes        map[Cause]int // why they were wiped, proven or not
	Unproven      map[Cause]int // why they were not proven
	First         int           // came erased by other hands
}

// PaceOf measures wipes.
func PaceOf(wipes []Wiped) Pace {
	p := Pace{Grades: map[Grade]int{}, Causes: map[Cause]int{}, Unproven: map[Cause]int{}}
	var took []time.Duration
	never := 0
	for _, w := range wipes {
		d, ok := w.Took()
		switch {
		case !ok:
			never++
			p.Unproven[w.Why]++
		case w.Cause == CauseFirst:
			p.First++
			continue
		default:
			took = append(took, d)
			p.Grades[w.Grade]++
		}
		p.Causes[w.Cause]++
	}
	slices.Sort(took)
	p.Proven = len(took)
	if p.Proven > 0 {
		p.Longest = took[p.Proven-1]
	}
	p.P50, p.P90, p.P95 = percentile(took, never, 50), percentile(took, never, 90), percentile(took, never, 95)
	return p
}

// percentile is the nearest-rank percentile of the sorted durations and never
// more that are longer than any of them: the least that at least per in a
// hundred do not exceed; zero where that is none of them.
func percentile(sorted []time.Duration, never, per int) time.Duration {
	rank := (per*(len(sorted)+never) + 99) / 100
	if rank == 0 || rank > len(sorted) {
		return 0
	}
	return sorted[rank-1]
}

// Enough reports whether so many wipes were proven that something can be said of the next.
func (p Pace) Enough() bool { return p.Proven >= LeastWipes }

// NotProven is how many wipes ended without proof.
func (p Pace) NotProven() (n int) {
	for _, k := range p.Unproven {
		n += k
	}
	return n
}

// Usual is the range that a wipe of the ward usually takes, half of them and
// nearly all; false where too few were proven to say. Where more than one in
// twenty was never proven, the longest that was stands for the upper end.
func (p Pace) Usual() (from, to time.Duration, ok bool) {
	if !p.Enough() || p.P50 == 0 {
		return 0, 0, false
	}
	return p.P50, p.limit(), true
}

// limit is what a wipe may take before it is called slow.
func (p Pace) limit() time.Duration {
	if p.P95 > 0 {
		return p.P95
	}
	return p.Longest
}

// Slow is a wipe that takes longer than nearly all of its ward's.
type Slow struct {
	Since time.Time     // when it passed Limit
	Limit time.Duration // the ward's p95; the longest proven where more than one in twenty never was
	Cause string        // what it waits for, as a sentence
}

// SlowWipe reports whether a device that is being wiped has passed what its
// ward's wipes usually take; false where too few were proven to say.
func SlowWipe(c Custody, p Pace, now time.Time) (Slow, bool) {
	limit := p.limit()
	if c.State != Wiping || !p.Enough() || limit <= 0 || c.WipeAsked.IsZero() || !now.After(c.WipeAsked.Add(limit)) {
		return Slow{}, false
	}
	return Slow{Since: c.WipeAsked.Add(limit), Limit: limit, Cause: Waiting(c)}, true
}

// Waiting says what a wipe waits for, without times: the ladder has them.
func Waiting(c Custody) string {
	what := c.Risk.Request
	if what == "" {
		what = "the first command"
	}
	switch c.Proof.Rung {
	case ProofHandedOver:
		return fmt.Sprintf("It waits for the iPad to answer %s.", what)
	case ProofAcknowledged:
		if c.Risk.Erase {
			return "The iPad acknowledged the erase and has not come back since."
		}
		return fmt.Sprintf("The iPad acknowledged %s, and what it removes has not been seen gone.", what)
	case ProofReturned:
		if !c.Risk.Erase && !c.Fresh {
			return "The apps were seen gone and are being installed again."
		}
		return "It came back erased and is being set up."
	}
	if c.Run.Waits != "" {
		return c.Run.Waits
	}
	if c.Run.NotBefore.After(c.Run.Entered) {
		return "It is held back for a moment before the next command."
	}
	return "It waits for the iPad to connect."
}
