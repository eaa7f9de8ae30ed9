package use

import (
	"maps"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Data is what the ledger has of one ward, or of several put together.
type Data struct {
	Since  time.Time     // counted since; zero: nothing was yet
	Counts []custody.Use // in any order
	Held   int           // at the beginning of the range
	Wipes  []custody.WipeTime
}

// Together puts the data of several wards together. They are counted since the
// first of them is.
func Together(all ...Data) (d Data) {
	for _, ward := range all {
		if d.Since.IsZero() || !ward.Since.IsZero() && ward.Since.Before(d.Since) {
			d.Since = ward.Since
		}
		d.Counts = append(d.Counts, ward.Counts...)
		d.Wipes = append(d.Wipes, ward.Wipes...)
		d.Held += ward.Held
	}
	return d
}

// Line is one hour or day of a report.
type Line struct {
	From, To time.Time
	// Counted: padwarden was counting by the end of it. Otherwise what follows is
	// not zero but unknown.
	Counted     bool
	Opened      int // badge-ins that took a clean iPad
	Resumed     int // badge-ins that came back to one's own
	Held        int // the most iPads with somebody's session at once, as each quarter of an hour ended
	Idle        int // sessions closed because nobody touched the iPad
	Emergencies int
	Unproven    map[custody.Cause]int // iPads that became unproven; nil: none
	Took        Times                 // of the wipes that ended
	Usable      Times                 // from the first wipe of a hand-over to clean
}

// Report is a range, line by line.
type Report struct {
	Range
	Since time.Time
	Lines []Line
	Total Line // Held is the most of all lines
}

// Build makes a report of data that was read for the range's edges.
func Build(r Range, d Data) Report {
	edges := r.Edges()
	report := Report{Range: r, Since: d.Since, Lines: make([]Line, len(edges)-1), Total: Line{From: r.From, To: r.To}}
	for i := range report.Lines {
		l := &report.Lines[i]
		l.From, l.To = edges[i], edges[i+1]
		l.Counted = !d.Since.IsZero() && l.To.After(d.Since)
		report.Total.Counted = report.Total.Counted || l.Counted
	}
	count(&report, d)
	times(&report, d.Wipes)
	return report
}

// count puts each count on its line, and follows how many are held. Counts of
// one quarter are added up before that is looked at: an iPad that one ward gave
// another is no change.
func count(r *Report, d Data) {
	counts := slices.SortedStableFunc(slices.Values(d.Counts), func(a, b custody.Use) int { return a.At.Compare(b.At) })
	held, next := d.Held, 0
	for i := range r.Lines {
		l := &r.Lines[i]
		l.Held = held
		for next < len(counts) && counts[next].At.Before(l.To) {
			at := counts[next].At
			for ; next < len(counts) && counts[next].At.Equal(at); next++ {
				if u := counts[next]; u.Kind == custody.UseHeld {
					held += u.N
				} else if !at.Before(l.From) {
					l.add(u)
				}
			}
			l.Held = max(l.Held, held)
		}
		l.Held = max(l.Held, 0)
		r.Total.sum(*l)
	}
}

func (l *Line) add(u custody.Use) {
	switch u.Kind {
	case custody.UseOpened:
		l.Opened += u.N
	case custody.UseResumed:
		l.Resumed += u.N
	case custody.UseIdle:
		l.Idle += u.N
	case custody.UseEmergency:
		l.Emergencies += u.N
	case custody.UseUnproven:
		l.unproven(u.Why, u.N)
	}
}

func (l *Line) unproven(why custody.Cause, n int) {
	if l.Unproven == nil {
		l.Unproven = map[custody.Cause]int{}
	}
	l.Unproven[why] += n
}

func (l *Line) sum(other Line) {
	l.Opened, l.Resumed, l.Idle, l.Emergencies = l.Opened+other.Opened, l.Resumed+other.Resumed, l.Idle+other.Idle, l.Emergencies+other.Emergencies
	l.Held = max(l.Held, other.Held)
	for why, n := range other.Unproven {
		l.unproven(why, n)
	}
}

// NotProven is how many iPads became unproven.
func (l Line) NotProven() (n int) {
	for _, k := range l.Unproven {
		n += k
	}
	return n
}

// Causes are why iPads became unproven, the most frequent first.
func (l Line) Causes() []custody.Cause {
	return slices.SortedFunc(maps.Keys(l.Unproven), func(a, b custody.Cause) int {
		if n := l.Unproven[b] - l.Unproven[a]; n != 0 {
			return n
		}
		return slices.Compare([]byte(a), []byte(b))
	})
}
