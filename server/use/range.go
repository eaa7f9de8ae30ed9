// Package use makes of what was counted on wards what people read: how many
// iPads were in use, how long wipes took, hour by hour or day by day. It has no
// clock and reads nothing.
//
// Hours and days are those of a time zone. A day on which its clocks change has
// 23 or 25 hours, each counted once; quarters of an hour, which the ledger
// counts by, fit into any zone's.
package use

import "time"

// Step is how long one line of a report is of.
type Step string

const (
	Hour Step = "hour"
	Day  Step = "day"
)

// Bounds of what may be asked for. A report by the hour of more than MaxHourly
// has more lines than anybody reads.
const (
	MaxDays   = 400
	MaxHourly = 31 * 24 * time.Hour
)

// Range is a stretch of time in steps. From and To are at the beginning of one.
type Range struct {
	From, To time.Time
	Step     Step
}

// Last is the last days up to now, with the hour or day that is not over yet: one day
// is the last 24 hours, more are whole days of the zone up to today.
func Last(days int, step Step, now time.Time, zone *time.Location) Range {
	now = now.In(zone)
	if days <= 1 {
		to := hourOf(now).Add(time.Hour)
		return Range{From: to.Add(-24 * time.Hour), To: to, Step: Hour}
	}
	r := Range{From: midnight(now, 1-days), To: midnight(now, 1), Step: step}
	if step == Hour {
		r.To = hourOf(now).Add(time.Hour)
	}
	return r
}

// Between is from from to to, by the hour where it is short and by the day
// where it is long, widened to whole ones.
func Between(from, to time.Time, zone *time.Location) Range {
	step := Day
	if to.Sub(from) <= MaxHourly {
		step = Hour
	}
	return Range{From: from.In(zone), To: to.In(zone), Step: step}.Whole()
}

// Whole is the range widened to whole steps.
func (r Range) Whole() Range {
	if r.Step == Day {
		from, to := midnight(r.From, 0), midnight(r.To, 0)
		if to.Before(r.To) {
			to = midnight(r.To, 1)
		}
		return Range{From: from, To: to, Step: Day}
	}
	from, to := hourOf(r.From), hourOf(r.To)
	if to.Before(r.To) {
		to = to.Add(time.Hour)
	}
	return Range{From: from, To: to, Step: Hour}
}

// Edges are the beginnings of the steps, and the end of the last.
func (r Range) Edges() []time.Time {
	edges := []time.Time{r.From}
	for at := r.From; at.Before(r.To); {
		if r.Step == Day {
			at = midnight(at, 1)
		} else {
			at = at.Add(time.Hour)
		}
		edges = append(edges, at)
	}
	return edges
}

// Cut is the range in pieces of so many steps at most.
func (r Range) Cut(steps int) (pieces []Range) {
	edges := r.Edges()
	for i := 0; i < len(edges)-1; i += steps {
		pieces = append(pieces, Range{From: edges[i], To: edges[min(i+steps, len(edges)-1)], Step: r.Step})
	}
	return pieces
}

// hourOf is the beginning of the hour that a clock of t's zone shows, which in
// some zones is none of UTC's.
func hourOf(t time.Time) time.Time {
	return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
}

func midnight(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
}
