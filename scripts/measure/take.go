package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// figure is the median of some rounds, with the least and the most of them.
type figure struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	Unit   string  `json:"unit"`
}

func (f *figure) String() string {
	if f == nil {
		return "-"
	}
	if f.Least == f.Most {
		return fmt.Sprintf("%s %s", short(f.Median), f.Unit)
	}
	return fmt.Sprintf("%s (%s–%s) %s", short(f.Median), short(f.Least), short(f.Most), f.Unit)
}

// short is a number with three digits that count.
func short(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// result is a row as it was taken, beside one of those it is held against.
type result struct {
	Name   string             `json:"name"`
	What   string             `json:"what,omitempty"`
	Ours   *figure            `json:"ours,omitempty"`
	Other  *figure            `json:"other,omitempty"`
	Beside string             `json:"beside,omitempty"`
	Ratio  *float64           `json:"ratio,omitempty"` // of the medians
	Goal   string             `json:"goal"`
	Holds  bool               `json:"holds"`
	Also   map[string]*figure `json:"also,omitempty"`
	Why    string             `json:"why,omitempty"` // it was not taken
	failed bool               // though all that it needs is there
}

func (r result) bad() bool { return r.failed || r.Why == "" && !r.Holds }

func (r result) ratio() string {
	if r.Ratio == nil {
		return "-"
	}
	return short(*r.Ratio) + "×"
}

// take runs a row's benchmark for its rounds: one result for each that it is
// held against.
func take(ctx context.Context, r row) []result {
	if why := r.lacks(); why != "" {
		return r.untaken(why, false)
	}
	rounds, time := r.Rounds, r.Time
	if rounds == 0 {
		rounds = 5
	}
	if time == "" {
		time = "1s"
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", r.pattern(), "-benchtime", time, "-count", strconv.Itoa(rounds), "-timeout", "10m", r.Package)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil || len(read(out.String(), r.Ours)) == 0 {
		return r.untaken(reason(out.String(), err), true)
	}
	return r.judge(out.String())
}

// pattern is what -bench wants: each part of the name whole.
func (r row) pattern() string {
	parts := strings.Split(r.Bench, "/")
	parts[0] = "Benchmark" + parts[0]
	for i := range parts {
		parts[i] = "^" + parts[i] + "$"
	}
	return strings.Join(parts, "/")
}

// lacks says what the row needs and this machine does not have.
func (r row) lacks() string {
	if n := runtime.NumCPU(); n < r.Cores {
		return fmt.Sprintf("there are %d cores, and it needs %d: server and load would take turns", n, r.Cores)
	}
	if r.Needs != "" {
		if _, err := exec.LookPath(r.Needs); err != nil {
			return r.Needs + " is not installed"
		}
	}
	return ""
}

func (r row) untaken(why string, failed bool) (all []result) {
	for _, a := range r.sides() {
		all = append(all, result{Name: r.Name, What: r.What, Beside: a.Who, Goal: r.goal(a), Why: why, failed: failed})
	}
	return all
}

// sides are what ours is held against; one with no unit is the goal alone.
func (r row) sides() []against {
	if len(r.Against) == 0 {
		return []against{{Goal: r.Goal}}
	}
	return r.Against
}

// judge puts the rounds' medians to the goals.
func (r row) judge(out string) (all []result) {
	ours := read(out, r.Ours)
	for _, a := range r.sides() {
		got := result{Name: r.Name, What: r.What, Beside: a.Who, Goal: r.goal(a), Ours: sum(ours, r.Ours)}
		held := got.Ours.Median
		if a.Unit != "" {
			other := read(out, a.Unit)
			if len(other) != len(ours) {
				got.Ours, got.Why, got.failed = nil, skipped(out, a.Who), !a.Optional
				all = append(all, got)
				continue
			}
			got.Other = sum(other, a.Unit)
			ratio := got.Ours.Median / got.Other.Median
			got.Ratio, held = &ratio, ratio
		}
		got.Holds = held >= a.Goal
		if r.AtMost {
			got.Holds = held <= a.Goal
		}
		for _, unit := range r.Also {
			if also := read(out, unit); len(also) > 0 {
				if got.Also == nil {
					got.Also = map[string]*figure{}
				}
				got.Also[unit] = sum(also, unit)
			}
		}
		all = append(all, got)
	}
	return all
}

func (r row) goal(a against) string {
	sign, unit := "≥ ", " "+r.Ours
	if r.AtMost {
		sign = "≤ "
	}
	if a.Unit != "" {
		unit = "×"
	}
	return sign + short(a.Goal) + unit
}

// skipped is why a benchmark went on without one that it stands beside: it logs
// "without NAME: reason".
func skipped(out, who string) string {
	for line := range strings.Lines(out) {
		if _, why, ok := strings.Cut(line, "without "); ok {
			if name, why, ok := strings.Cut(strings.TrimSpace(why), ": "); ok && strings.Contains(who, name) {
				return why
			}
		}
	}
	return "the benchmark did not report it"
}

// read is what the lines of a benchmark report in a unit: a name, how often it
// ran, then figures with their units.
func read(out, unit string) (all []float64) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if unit == "" || len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		for i := 3; i < len(fields); i += 2 {
			if x, err := strconv.ParseFloat(fields[i-1], 64); err == nil && fields[i] == unit {
				all = append(all, x)
			}
		}
	}
	return all
}

func sum(all []float64, unit string) *figure {
	sorted := slices.Sorted(slices.Values(all))
	median := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		median = (median + sorted[len(sorted)/2-1]) / 2
	}
	return &figure{Median: median, Least: sorted[0], Most: sorted[len(sorted)-1], Unit: unit}
}

// reason is the first line of a benchmark's that says what went wrong.
func reason(out string, err error) string {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "_test.go:") || strings.HasPrefix(line, "panic:") || strings.Contains(line, ".go:") && strings.Contains(line, ": ") {
			return line
		}
	}
	if err != nil {
		return err.Error()
	}
	return "the benchmark did not report its figures"
}
