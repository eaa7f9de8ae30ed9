package trial

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Table is a trial as the server signs it.
type Table struct {
	World   World  `json:"world"`
	Because string `json:"because"` // why it is of that world

	Device    custody.DeviceID   `json:"device"`
	Model     string             `json:"model"`  // as the iPad named it: iPad13,18
	Called    string             `json:"called"` // as who filed it calls it: iPad (10th generation)
	OSVersion string             `json:"os_version"`
	Build     string             `json:"build"`
	Ward      string             `json:"ward"`
	Fleet     custody.FleetKind  `json:"fleet"`
	Target    custody.LockTarget `json:"target,omitempty"`

	Plans []Plan   `json:"plans"`
	Steps []Result `json:"steps"`

	By      string    `json:"by"`
	Began   time.Time `json:"began"`
	Filed   time.Time `json:"filed"`
	Version string    `json:"padwarden"`
	Driver  string    `json:"driver"` // where the iPad connected: embedded, or nanomdm
}

// Plan is one plan of the ward, and how the steps that are evidence of it came out.
type Plan struct {
	Goal    custody.Goal `json:"goal"`
	Digest  string       `json:"digest"` // plan.Digest
	Steps   []string     `json:"steps"`
	Outcome Outcome      `json:"outcome,omitempty"`
}

// Result is how one step came out. Evidence is from the iPad's history, read
// by the server; Eyes and Note are the word of who filed the table.
type Result struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Proves   custody.Goal `json:"proves,omitempty"`
	Outcome  Outcome      `json:"outcome"`
	Evidence []Seen       `json:"evidence,omitempty"`
	TookMs   int64        `json:"took_ms,omitempty"` // from the first evidence to the last
	Eyes     []Answer     `json:"eyes,omitempty"`
	Note     string       `json:"note,omitempty"` // what went wrong
}

// Seen is a history entry that shows something of a step. Who acted is not in
// it: a table is shown around, and a clinician's name is not needed there.
type Seen struct {
	Says   string    `json:"says"`
	Seq    int64     `json:"seq"`
	Hash   string    `json:"hash"`
	Epoch  int64     `json:"epoch"`
	Run    int64     `json:"run,omitempty"`
	Kind   string    `json:"kind"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
}

// Answer is what somebody saw.
type Answer struct {
	Ask    string `json:"ask"`
	Want   string `json:"want,omitempty"`
	Answer string `json:"answer"`
}

// as reports whether the answer is the one that was hoped for.
func (a Answer) as() bool { return a.Answer != "" && (a.Want == "" || a.Answer == a.Want) }

// judged gives each plan the outcome of the steps that are evidence of it: it
// failed if one did, and it was tried only if all were.
func judged(plans []Plan, results []Result) []Plan {
	out := make([]Plan, len(plans))
	for i, p := range plans {
		p.Outcome = NotTried
		tried, all := 0, 0
		for _, r := range results {
			if r.Proves != p.Goal {
				continue
			}
			all++
			switch r.Outcome {
			case Failed:
				p.Outcome = Failed
			case Passed:
				tried++
			}
		}
		if p.Outcome != Failed && all > 0 && tried == all {
			p.Outcome = Passed
		}
		out[i] = p
	}
	return out
}
