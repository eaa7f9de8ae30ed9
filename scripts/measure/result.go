package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// figure is the median of some rounds, with the least and the most of them.
type figure struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	Unit   string  `json:"unit"`
}

// String is the figure with its spread.
func (f *figure) String() string {
	if f == nil {
		return "-"
	}
	by, unit := scale(f.Median, f.Unit)
	if f.Least == f.Most {
		return fmt.Sprintf("%s %s", short(f.Median/by), unit)
	}
	return fmt.Sprintf("%s (%s–%s) %s", short(f.Median/by), short(f.Least/by), short(f.Most/by), unit)
}

// brief is the figure with how far its rounds are apart: ± half of that, in
// parts of the median.
func (f *figure) brief() string {
	if f == nil {
		return "-"
	}
	by, unit := scale(f.Median, f.Unit)
	text := short(f.Median/by) + " " + unit
	if f.Least != f.Most && f.Median != 0 {
		text += fmt.Sprintf(" ±%.0f%%", 50*(f.Most-f.Least)/math.Abs(f.Median))
	}
	return text
}

// scale is what a time of go test's is divided by to be read, and its unit then.
func scale(x float64, unit string) (float64, string) {
	switch {
	case unit != "ns/op" || x < 1e4:
		return 1, unit
	case x < 1e6:
		return 1e3, "µs/op"
	case x < 1e9:
		return 1e6, "ms/op"
	}
	return 1e9, "s/op"
}

// short is a number with three digits that count.
func short(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

func sum(all []float64, unit string) *figure {
	sorted := slices.Sorted(slices.Values(all))
	median := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		median = (median + sorted[len(sorted)/2-1]) / 2
	}
	return &figure{Median: median, Least: sorted[0], Most: sorted[len(sorted)-1], Unit: unit}
}

// result is a row as it was taken, beside one of those it is held against.
type result struct {
	Name   string             `json:"name"`
	What   string             `json:"what,omitempty"`
	Ours   *figure            `json:"ours"`
	Other  *figure            `json:"other"`
	Beside string             `json:"beside,omitempty"`
	Ratio  *float64           `json:"ratio"`            // of the medians
	Spread *spread            `json:"spread,omitempty"` // of the rounds' own ratios
	Goal   string             `json:"goal"`
	Wanted float64            `json:"wanted"` // the goal's number
	AtMost bool               `json:"at_most,omitempty"`
	Holds  bool               `json:"holds"`
	Also   map[string]*figure `json:"also,omitempty"`
	Why    string             `json:"why,omitempty"`    // it was not taken
	Failed bool               `json:"failed,omitempty"` // though all that it needs is there
	Taken  string             `json:"taken,omitempty"`  // the day, in the page
}

// spread is from where to where the rounds' ratios go: each round's two sides
// were taken within the same seconds.
type spread struct {
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

func (r result) bad() bool { return r.Failed || r.Why == "" && !r.Holds }

func (r result) ratio() string {
	if r.Ratio == nil {
		return "-"
	}
	return short(*r.Ratio) + "×"
}

// holds is the verdict in a word.
func (r result) holds() string {
	switch {
	case r.Why != "":
		return "not taken"
	case r.Holds:
		return "yes"
	}
	return "NO"
}
