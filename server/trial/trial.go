// Package trial is what says whether a ward's plans were tried on an iPad that
// one can hold: the steps of a trial, the history that each must leave, and
// the signed table of how it went.
//
// A trial is walked by package walk from outside, through the API of a running
// server and the eyes of an administrator. What comes of it cannot be made up,
// for of the table only two things are taken from whoever files it: what was
// seen with eyes, which is said to be their word, and where in the iPad's
// history each step lies. Everything else is the server's own: it signs how a
// trial begins (of which device, model, iPadOS and plans, and how long its
// history was), so that nothing older can be cited; it reads the history
// itself, whose entries are chained by their hashes; and a step is passed only
// if [Match], the same function that the walk waits by, finds its marks there.
//
// Only a server that wakes its iPads through Apple's push service, at an https
// address, has iPads that are no simulation: Apple's service knows no others.
// Any other server signs its tables as "simulated", and they never count as
// tried on hardware.
//
// A table names each plan by its digest (plan.Digest), so what was tried is
// exactly what a ward does now, or it does not count for it.
package trial

import "github.com/padwarden/padwarden/server/custody"

// Outcome is how a step, or the plan that it is evidence of, came out.
type Outcome string

const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	NotTried Outcome = "not_tried"
)

// World is what a trial was made in.
type World string

const (
	Hardware  World = "hardware"
	Simulated World = "simulated"
)

// Step is one thing that is tried. It is data: the server hands it to whoever
// walks the trial, and reads the history by it afterwards.
type Step struct {
	Name   string          `json:"name"`
	Title  string          `json:"title"`
	Proves custody.Goal    `json:"proves,omitempty"` // the plan that it is evidence of
	Ready  []custody.State `json:"ready"`            // it begins in one of these
	Bring  string          `json:"bring"`            // what brings the iPad there
	Phases []Phase         `json:"phases"`
}

// Phase is something that a person does, and what must follow.
type Phase struct {
	Do       string   `json:"do"`
	Patience Duration `json:"patience"` // for the first mark: a person's time
	Marks    []Mark   `json:"marks"`
	// Quiet: for so long after the last mark the iPad must not be heard, because
	// it is off the network or off altogether.
	Quiet Duration   `json:"quiet,omitempty"`
	Eyes  []Question `json:"eyes,omitempty"` // asked when the marks are there
}

// Mark is an entry that the history must have.
type Mark struct {
	Says   string   `json:"says"` // what it shows
	Kind   string   `json:"kind"`
	Detail string   `json:"detail,omitempty"` // what its detail begins with
	Device bool     `json:"device,omitempty"` // the iPad itself must have caused it
	Same   bool     `json:"same,omitempty"`   // of the same run as the mark before
	Within Duration `json:"within,omitempty"` // after the mark before; zero: whenever
}

// Question is what only eyes can see.
type Question struct {
	Ask  string `json:"ask"`
	Want string `json:"want"` // "yes" or "no"; empty: any text
}

// marks are all of a step's, in order, and before which of them the iPad was quiet.
func (s Step) marks() (marks []Mark, quiet map[int]Duration) {
	quiet = map[int]Duration{}
	for _, p := range s.Phases {
		marks = append(marks, p.Marks...)
		if p.Quiet > 0 {
			quiet[len(marks)-1] = p.Quiet
		}
	}
	return marks, quiet
}

// Questions are all of a step's, in order.
func (s Step) Questions() (qs []Question) {
	for _, p := range s.Phases {
		qs = append(qs, p.Eyes...)
	}
	return qs
}
