package sim

import (
	"fmt"
	"strings"
)

// Promise is what was found of one promise.
type Promise struct {
	Name       string
	Checked    int // occasions on which it could have been seen broken
	Violations []Violation
}

// Exercised: the promise was checked at all. One that was not says nothing.
func (p Promise) Exercised() bool { return p.Checked > 0 }

// Verdict is the observer's finding.
type Verdict struct {
	Promises []Promise
	Notes    []string // odd, but no promise
}

// Held reports whether every promise was exercised and none broken.
func (v Verdict) Held() bool {
	for _, p := range v.Promises {
		if !p.Exercised() || len(p.Violations) > 0 {
			return false
		}
	}
	return len(v.Promises) > 0
}

// Broken reports whether any promise was broken, exercised or not.
func (v Verdict) Broken() bool {
	for _, p := range v.Promises {
		if len(p.Violations) > 0 {
			return true
		}
	}
	return false
}

// String is the verdict for people: a line a promise, then what was broken.
func (v Verdict) String() string {
	var b strings.Builder
	for _, p := range v.Promises {
		finding := "held"
		switch {
		case len(p.Violations) > 0:
			finding = fmt.Sprintf("BROKEN %d times", len(p.Violations))
		case !p.Exercised():
			finding = "not exercised"
		}
		fmt.Fprintf(&b, "%s %s (%d checks)\n", p.Name, finding, p.Checked)
		for _, x := range p.Violations {
			fmt.Fprintf(&b, "   %s %s: %s\n", x.When.Format("15:04:05.000"), x.Device, x.What)
		}
	}
	for _, n := range v.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// Verdict judges what is left to judge, the histories included, and answers
// with a finding for each promise. It may be asked again.
func (o *Observer) Verdict() Verdict {
	o.Check()
	o.mu.Lock()
	defer o.mu.Unlock()
	recorded, notes := *o.tally[AllRecorded], len(o.notes)
	o.judgeHistories(o.clock.Now())
	v := Verdict{Notes: append([]string(nil), o.notes...)}
	for _, name := range promises {
		p := *o.tally[name]
		p.Violations = append([]Violation(nil), p.Violations...)
		v.Promises = append(v.Promises, p)
	}
	*o.tally[AllRecorded], o.notes = recorded, o.notes[:notes] // histories are judged afresh each time
	return v
}
