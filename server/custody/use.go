package custody

import "time"

// UseKind is what is counted of a ward's use.
type UseKind string

const (
	UseOpened    UseKind = "opened"    // a clinician took a clean iPad
	UseResumed   UseKind = "resumed"   // a holder came back to theirs
	UseIdle      UseKind = "idle"      // a session was closed because nobody touched the iPad
	UseUnproven  UseKind = "unproven"  // an iPad became unproven; Why says by what
	UseEmergency UseKind = "emergency" // a badge alone opened or resumed an iPad
	// UseHeld is by how many more, or fewer, iPads somebody has a session on,
	// open or locked: the sum of it is how many are held.
	UseHeld UseKind = "held"
)

// Use is one thing that a change counts for, on one ward. It names no person.
type Use struct {
	Ward string
	At   time.Time
	Kind UseKind
	Why  Cause // of UseUnproven
	N    int
}

// Held reports whether somebody's session is on the device, open or locked.
func (c Custody) Held() bool { return c.State == InUse || c.State == Locked }

// UsesOf is what a change counts for. It follows from the change alone, like
// its history.
func UsesOf(ch Change) (uses []Use) {
	prev, next := ch.Prev, ch.Next
	at := next.Since
	if len(ch.Entries) > 0 {
		at = ch.Entries[0].At
	}
	count := func(ward string, kind UseKind, why Cause, n int) {
		uses = append(uses, Use{Ward: ward, At: at, Kind: kind, Why: why, N: n})
	}
	for _, e := range ch.Entries {
		switch e.Kind {
		case KindSessionOpened:
			count(next.Ward, UseOpened, "", 1)
		case KindSessionResumed:
			count(next.Ward, UseResumed, "", 1)
		case KindEmergency:
			count(next.Ward, UseEmergency, "", 1)
		}
	}
	if prev.State == InUse && next.State != InUse && next.Cause == CauseIdle {
		count(next.Ward, UseIdle, "", 1)
	}
	if next.State == Unproven && prev.State != Unproven {
		count(next.Ward, UseUnproven, next.Cause, 1)
	}
	switch was, is := prev.Held(), next.Held(); {
	case was && is && prev.Ward != next.Ward:
		count(prev.Ward, UseHeld, "", -1)
		count(next.Ward, UseHeld, "", 1)
	case was && !is:
		count(prev.Ward, UseHeld, "", -1)
	case !was && is:
		count(next.Ward, UseHeld, "", 1)
	}
	return uses
}

// WipeTime is how long N of a ward's wipes took that ended in the Span-th of
// the spans asked for, to the second. Of those that were not proven, Why says
// so and the times are zero.
type WipeTime struct {
	Span int
	// Took is from asked to proven. Usable is that from the first wipe that was
	// asked for in the same hand-over: with one that failed before, it is longer.
	Took, Usable time.Duration
	Why          Cause
	N            int
}
