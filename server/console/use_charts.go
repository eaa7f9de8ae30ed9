package console

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/use"
)

// chart is one picture with its sentence and its numbers. The script draws what
// stands in the table, so the two cannot differ.
type chart struct {
	ID, Title, Unit string
	Says            []string // what it shows, as sentences
	Empty           string   // there is nothing to draw, as a sentence
	Names           bool     // its lines are names and no times
	What            string   // the first column's heading
	Series          []series
	Lines           []chartLine
}

// series is one column: how it is drawn, and in which of the theme's colours.
type series struct{ Name, Draw, Tone string }

// Ways to draw a series.
const (
	drawArea  = "area"
	drawBars  = "bars"
	drawWide  = "wide" // bars behind others
	drawThin  = "thin" // bars before others
	drawLine  = "line"
	drawDashy = "dashes"
)

// chartLine is one time or name. Tick, with Weekday before it, is what the axis
// says there; empty: nothing.
type chartLine struct {
	Label   string
	Phrase  bool // the label is in the catalogue
	Weekday string
	Tick    string
	Cells   []cell
}

// cell is a number as the table has it, and as the script draws it; an empty
// value is a gap.
type cell struct{ Text, Value string }

func whole(n int) cell { return cell{strconv.Itoa(n), strconv.Itoa(n)} }

// minutes is a duration in minutes, to one place; a gap if it is zero.
func minutes(d time.Duration) cell {
	if d == 0 {
		return cell{"–", ""}
	}
	text := strconv.FormatFloat(d.Minutes(), 'f', 1, 64)
	return cell{text, text}
}

// linesOf are a report's lines with what each of them is in cells.
func linesOf(r use.Report, cells func(use.Line) []cell) []chartLine {
	lines := make([]chartLine, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = timeLine(l.From, r.Step, len(r.Lines))
		lines[i].Cells = cells(l)
		if !l.Counted {
			for j := range lines[i].Cells {
				lines[i].Cells[j] = cell{"–", ""}
			}
		}
	}
	return lines
}

var weekdayWords = [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// timeLine is a line's label and, where the axis may say something, its tick:
// of a day of hours each hour, of more of them each midnight, of up to two weeks
// each day, of more each Monday.
func timeLine(at time.Time, step use.Step, lines int) chartLine {
	day := strconv.Itoa(at.Day())
	weekday := weekdayWords[at.Weekday()]
	switch {
	case step == use.Hour && lines <= 25:
		return chartLine{Label: at.Format("2006-01-02 15:04"), Tick: at.Format("15:04")}
	case step == use.Hour && at.Hour() == 0:
		return chartLine{Label: at.Format("2006-01-02 15:04"), Weekday: weekday, Tick: day}
	case step == use.Hour:
		return chartLine{Label: at.Format("2006-01-02 15:04")}
	case lines <= 14 || at.Weekday() == time.Monday:
		return chartLine{Label: at.Format(time.DateOnly), Weekday: weekday, Tick: day}
	}
	return chartLine{Label: at.Format(time.DateOnly)}
}

// labelled is how a report's lines are called: hours or days.
func labelled(r use.Report) string {
	if r.Step == use.Day {
		return "Day"
	}
	return "Hour from"
}

func chartOfUse(r use.Report) chart {
	c := chart{ID: "use", Title: "iPads in use", Unit: "iPads", What: labelled(r), Series: []series{{"iPads in use, most at once", drawArea, "--in_use"}, {"Badge-ins that took a clean iPad", drawBars, "--act"}},
		Lines: linesOf(r, func(l use.Line) []cell { return []cell{whole(l.Held), whole(l.Opened)} })}
	if r.Step == use.Day { // a day has more badge-ins than iPads: the line comes before the bars, not behind them
		c.Series = []series{{c.Series[1].Name, drawWide, "--act"}, {c.Series[0].Name, drawLine, "--in_use"}}
		c.Lines = linesOf(r, func(l use.Line) []cell { return []cell{whole(l.Opened), whole(l.Held)} })
	}
	if r.Total.Held == 0 && r.Total.Opened == 0 {
		c.Empty = "No iPad was in use in this time."
		return c
	}
	most := r.Lines[0]
	for _, l := range r.Lines {
		if l.Held > most.Held {
			most = l
		}
	}
	at := most.From.Format("2006-01-02 15:04")
	if r.Step == use.Day {
		at = most.From.Format(time.DateOnly)
	}
	c.Says = []string{fmt.Sprintf("Most iPads in use at once: %d (%s).", r.Total.Held, at), fmt.Sprintf("Badge-ins that took a clean one: %d.", r.Total.Opened)}
	return c
}

func chartOfUsable(r use.Report) chart {
	c := chart{ID: "usable", Title: "Time to usable", Unit: "minutes", What: labelled(r), Series: []series{{"Half were clean again within (p50)", drawLine, "--act"}, {"Nine in ten within (p90)", drawDashy, "--wiping"}},
		Lines: linesOf(r, func(l use.Line) []cell { return []cell{minutes(l.Usable.P50), minutes(l.Usable.P90)} })}
	if r.Step == use.Hour { // most hours have no wipe, so a line would be bits and pieces
		c.Series = []series{{c.Series[1].Name, drawWide, "--wiping"}, {c.Series[0].Name, drawThin, "--act"}}
		c.Lines = linesOf(r, func(l use.Line) []cell { return []cell{minutes(l.Usable.P90), minutes(l.Usable.P50)} })
	}
	t := r.Total.Usable
	if t.Proven+t.Never == 0 {
		c.Empty = "No wipe ended in this time."
		return c
	}
	if t.P50 > 0 && t.P90 > 0 {
		c.Says = append(c.Says, fmt.Sprintf("From given back to clean: half within %s, nine in ten within %s.", span(t.P50), span(t.P90)))
	} else if t.P50 > 0 {
		c.Says = append(c.Says, fmt.Sprintf("From given back to clean: half within %s.", span(t.P50)), "More than one in ten was never proven.")
	}
	c.Says = append(c.Says, fmt.Sprintf("Wipes that were proven: %d.", t.Proven), fmt.Sprintf("Wipes that were not: %d.", t.Never))
	if slices.ContainsFunc(r.Lines, func(l use.Line) bool { return l.Usable.Never > 0 && l.Usable.P90 == 0 }) {
		c.Says = append(c.Says, "Where one is missing, so many were not proven that nobody can say.")
	}
	return c
}

// wardTimes are what a ward's wipes took.
type wardTimes struct {
	use.Times
	name string
}

// maxBars is how many names a picture has room for; the table has all.
const maxBars = 12

func chartOfWipes(wards []wardTimes) chart {
	c := chart{ID: "wipes", Title: "How long wipes take", Unit: "minutes", Names: true, What: "Ward",
		Series: []series{{"95 in 100 within (p95)", drawWide, "--wiping"}, {"90 in 100 within (p90)", drawBars, "--wiping"}, {"Half within (p50)", drawThin, "--act"}}}
	slices.SortStableFunc(wards, func(a, b wardTimes) int { return cmp.Compare(b.Proven+b.Never, a.Proven+a.Never) })
	all := use.Times{}
	for i, w := range wards {
		if w.Proven+w.Never == 0 {
			continue
		}
		all.Proven, all.Never = all.Proven+w.Proven, all.Never+w.Never
		line := chartLine{Label: w.name, Cells: []cell{minutes(w.P95), minutes(w.P90), minutes(w.P50)}}
		if i < maxBars {
			line.Tick = w.name
		}
		c.Lines = append(c.Lines, line)
	}
	if len(c.Lines) == 0 {
		c.Empty = "No wipe ended in this time."
		return c
	}
	if len(c.Lines) == 1 && wards[0].P95 > 0 {
		c.Says = []string{fmt.Sprintf("Of the wipes here half took up to %s, 90 in 100 up to %s, 95 in 100 up to %s.", span(wards[0].P50), span(wards[0].P90), span(wards[0].P95))}
	} else {
		c.Says = []string{"From asked for to proven, one wipe each.", "A bar is missing where so many were not proven that nobody can say."}
	}
	return c
}

func chartOfIdle(r use.Report) chart {
	c := chart{ID: "idle", Title: "Locked because nobody was there", Unit: "times", What: labelled(r), Series: []series{{"Closed for idleness", drawWide, "--locked"}, {"Resumed by its holder", drawThin, "--act"}},
		Lines: linesOf(r, func(l use.Line) []cell { return []cell{whole(l.Idle), whole(l.Resumed)} })}
	if r.Total.Idle == 0 && r.Total.Resumed == 0 {
		c.Empty = "No session was closed for idleness in this time."
		return c
	}
	c.Says = []string{fmt.Sprintf("Sessions closed for idleness: %d.", r.Total.Idle), fmt.Sprintf("Resumed by their holders: %d.", r.Total.Resumed)}
	return c
}

func chartOfUnproven(r use.Report) chart {
	c := chart{ID: "unproven", Title: "Unproven, and why", Unit: "iPads", Names: true, What: "Why", Series: []series{{"Became unproven", drawBars, "--unproven"}}}
	total := r.Total.NotProven()
	if total == 0 {
		c.Empty = "No iPad became unproven in this time."
		return c
	}
	for i, why := range r.Total.Causes() {
		line := chartLine{Label: causeOfUnproven(why), Phrase: true, Cells: []cell{whole(r.Total.Unproven[why])}}
		if i < maxBars/2 {
			line.Tick = line.Label
		}
		c.Lines = append(c.Lines, line)
	}
	first := r.Total.Causes()[0]
	c.Says = []string{fmt.Sprintf("Became unproven: %d.", total), fmt.Sprintf("Most often, %d times: %s.", r.Total.Unproven[first], causeOfUnproven(first))}
	return c
}

// causeOfUnproven is a cause as one counts it.
func causeOfUnproven(why custody.Cause) string {
	return cmp.Or(unprovenWords[why], causeWords[why], string(why))
}
