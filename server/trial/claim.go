package trial

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Beginning is what a server says of a trial before it is walked.
type Beginning struct {
	World     World              `json:"world"`
	Because   string             `json:"because"`
	Device    custody.DeviceID   `json:"device"`
	Name      string             `json:"name"` // as people call it
	Model     string             `json:"model"`
	OSVersion string             `json:"os_version"`
	Build     string             `json:"build"`
	Ward      string             `json:"ward"`
	Fleet     custody.FleetKind  `json:"fleet"`
	Target    custody.LockTarget `json:"target,omitempty"`
	Plans     []Plan             `json:"plans"`
	Steps     []Step             `json:"steps"`
	Seq       int64              `json:"seq"` // entries that the history had
	At        time.Time          `json:"at"`
}

// Changed says what is no longer as it was when a trial began, as the beginning
// of a sentence, or "": then it can be filed.
func (b Beginning) Changed(now Beginning) string {
	plansDiffer := !slices.EqualFunc(b.Plans, now.Plans, func(x, y Plan) bool { return x.Goal == y.Goal && x.Digest == y.Digest })
	switch {
	case now.At.Sub(b.At) > goodFor || b.At.After(now.At.Add(time.Hour)):
		return "More than 30 days have passed"
	case b.World != now.World:
		return "The server wakes its iPads by another push service"
	case b.Model != now.Model || b.OSVersion != now.OSVersion || b.Build != "" && b.Build != now.Build:
		return fmt.Sprintf("The iPad names another iPadOS (%s %s)", now.OSVersion, now.Build)
	case b.Ward != now.Ward || b.Fleet != now.Fleet || b.Target != now.Target:
		return "The iPad has come to another ward, or its ward to another way of working"
	case plansDiffer:
		return "A plan of the ward has changed"
	}
	return ""
}

// Claim is what whoever walked a trial says of it.
type Claim struct {
	Beginning Signed  `json:"beginning"` // as the server signed it
	Called    string  `json:"called"`
	Steps     []Tried `json:"steps"`
}

// Tried is what is claimed of one step: that it lies in the history after entry
// After and up to Until, and which entries are its marks.
type Tried struct {
	Name    string   `json:"name"`
	Outcome Outcome  `json:"outcome"`
	After   int64    `json:"after"`
	Until   int64    `json:"until"`
	Marks   []Cited  `json:"marks,omitempty"`
	Answers []string `json:"answers,omitempty"` // to its questions, in order; empty: not answered
	Note    string   `json:"note,omitempty"`
}

// Cited names a history entry.
type Cited struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// goodFor is how long a trial may take: a battery has to run empty, and people
// have other work. What an iPad was a month ago it may not be any more.
const goodFor = 30 * 24 * time.Hour

// Bounds of a claim.
const (
	maxText    = 500    // characters of an answer or a note
	maxEntries = 20_000 // history entries of one step
)

// RefusedTrial is the code of a claim that is not signed.
const RefusedTrial = "trial"

func refuse(format string, a ...any) error {
	return &custody.Refusal{Code: RefusedTrial, Sentence: fmt.Sprintf(format, a...)}
}

// check refuses a claim that cannot be one, whatever the history says. Each
// step is claimed once and each entry cited by one step: one lock is no
// evidence of three.
func (c Claim) check(b Beginning) error {
	steps, cited := map[string]bool{}, map[int64]string{}
	if utf8.RuneCountInString(c.Called) > maxText {
		return refuse("The model's name is longer than %d characters.", maxText)
	}
	for _, t := range c.Steps {
		s, ok := b.step(t.Name)
		switch {
		case !ok:
			return refuse("This trial has no step %.40q.", t.Name)
		case steps[t.Name]:
			return refuse("Step %s is claimed twice.", t.Name)
		case t.Outcome != Passed && t.Outcome != Failed && t.Outcome != NotTried:
			return refuse("Step %s came out neither passed, failed nor not_tried.", t.Name)
		case len(t.Answers) > len(s.Questions()):
			return refuse("Step %s has more answers than questions.", t.Name)
		case utf8.RuneCountInString(t.Note) > maxText:
			return refuse("The note on step %s is longer than %d characters.", t.Name, maxText)
		case t.After < b.Seq || t.Until < t.After || t.Until-t.After > maxEntries:
			if t.Outcome != NotTried {
				return refuse("Step %s lies in no part of the history that this trial can be about.", t.Name)
			}
		}
		steps[t.Name] = true
		for _, a := range t.Answers {
			if utf8.RuneCountInString(a) > maxText {
				return refuse("An answer in step %s is longer than %d characters.", t.Name, maxText)
			}
		}
		for _, m := range t.Marks {
			if other := cited[m.Seq]; other != "" {
				return refuse("Entry %d of the history is cited by step %s and by step %s.", m.Seq, other, t.Name)
			}
			cited[m.Seq] = t.Name
		}
	}
	return nil
}

func (b Beginning) step(name string) (Step, bool) {
	for _, s := range b.Steps {
		if s.Name == name {
			return s, true
		}
	}
	return Step{}, false
}

func (c Claim) of(step string) (Tried, bool) {
	for _, t := range c.Steps {
		if t.Name == step {
			return t, true
		}
	}
	return Tried{}, false
}

// judge makes a step's result of what is claimed and what the history has:
// entries are those after t.After and up to t.Until.
func judge(s Step, t Tried, entries []ledger.Recorded) (Result, error) {
	r := Result{Name: s.Name, Title: s.Title, Proves: s.Proves, Outcome: t.Outcome, Note: t.Note}
	if t.Outcome == NotTried {
		return r, nil
	}
	for i, q := range s.Questions() {
		a := Answer{Ask: q.Ask, Want: q.Want}
		if i < len(t.Answers) {
			a.Answer = t.Answers[i]
		}
		r.Eyes = append(r.Eyes, a)
		if t.Outcome == Passed && !a.as() {
			return r, refuse("Step %s is claimed passed, but what was seen says otherwise: %s", s.Name, q.Ask)
		}
	}
	found := Match(s, entries)
	if t.Outcome == Passed && !found.Whole {
		return r, refuse("Step %s is claimed passed, but the iPad's history does not show it: %s.", s.Name, found.Missing)
	}
	if len(t.Marks) != len(found.Seen) {
		return r, refuse("Step %s cites %d entries of the history, which shows %d.", s.Name, len(t.Marks), len(found.Seen))
	}
	marks, _ := s.marks()
	for i, e := range found.Seen {
		if t.Marks[i].Seq != e.Seq || t.Marks[i].Hash != e.Hash {
			return r, refuse("Step %s cites entry %d of the history as what it is not.", s.Name, t.Marks[i].Seq)
		}
		r.Evidence = append(r.Evidence, Seen{Says: marks[i].Says, Seq: e.Seq, Hash: e.Hash, Epoch: e.Epoch, Run: e.Run, Kind: e.Kind, Detail: e.Detail, At: e.At})
	}
	r.TookMs = found.Took().Milliseconds()
	return r, nil
}
