package sim

import "time"

// Violation is a rule that was seen broken.
type Violation struct {
	Promise string // P1 … P5, or "push" and "mdm" for a protocol's rules
	Device  string // serial, or what is known instead
	What    string // a sentence
	When    time.Time
}

// maxKept bounds every list of what was seen, per list; the oldest are kept,
// because the first thing to go wrong explains the rest.
const maxKept = 4096
