package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
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

// result is a row as it was taken.
type result struct {
	Name   string   `json:"name"`
	Ours   *figure  `json:"ours,omitempty"`
	Other  *figure  `json:"other,omitempty"`
	Beside string   `json:"beside,omitempty"`
	Ratio  *float64 `json:"ratio,omitempty"` // of the medians
	Goal   string   `json:"goal"`
	Holds  bool     `json:"holds"`
	Why    string   `json:"why,omitempty"` // it was not taken
	failed bool     // though all that it needs is there
}

func (r result) bad() bool { return r.failed || r.Why == "" && !r.Holds }

func (r result) ratio() string {
	if r.Ratio == nil {
		return "-"
	}
	return short(*r.Ratio) + "×"
}

// take runs a row's benchmark for its rounds.
func take(ctx context.Context, r row) result {
	got := result{Name: r.Name, Beside: r.Beside, Goal: r.goal()}
	if r.Needs != "" {
		if _, err := exec.LookPath(r.Needs); err != nil {
			got.Why = r.Needs + " is not installed"
			return got
		}
	}
	rounds, time := r.Rounds, r.Time
	if rounds == 0 {
		rounds = 5
	}
	if time == "" {
		time = "1s"
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark"+r.Bench+"$", "-benchtime", time, "-count", strconv.Itoa(rounds), "-timeout", "10m", r.Package)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	ours, other := read(out.String(), r.Ours), read(out.String(), r.Other)
	if err != nil || len(ours) == 0 || r.Other != "" && len(other) != len(ours) {
		got.Why, got.failed = reason(out.String(), err), true
		return got
	}
	return r.judge(got, ours, other)
}

// judge puts the rounds' medians to the goal.
func (r row) judge(got result, ours, other []float64) result {
	got.Ours = sum(ours, r.Ours)
	held := got.Ours.Median
	if r.Other != "" {
		got.Other = sum(other, r.Other)
		ratio := got.Ours.Median / got.Other.Median
		got.Ratio, held = &ratio, ratio
	}
	got.Holds = held >= r.Goal
	if r.AtMost {
		got.Holds = held <= r.Goal
	}
	return got
}

func (r row) goal() string {
	sign, unit := "≥ ", " "+r.Ours
	if r.AtMost {
		sign = "≤ "
	}
	if r.Other != "" {
		unit = "×"
	}
	return sign + short(r.Goal) + unit
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
