package main

import (
	"slices"
	"strconv"
	"strings"
)

// judge puts the rounds' medians to the goals.
func (r row) judge(out string) (all []result) {
	ours := read(out, r.Ours)
	for _, a := range r.sides() {
		got := r.result(a)
		got.Ours = sum(ours, r.Ours)
		held := got.Ours.Median
		if a.Unit != "" {
			other := read(out, a.Unit)
			if len(other) != len(ours) {
				got.Ours, got.Why, got.Failed = nil, skipped(out, a.Who), !a.Optional
				all = append(all, got)
				continue
			}
			if got.Other = sum(other, a.Unit); got.Other.Least <= 0 {
				got.Ours, got.Other, got.Why, got.Failed = nil, nil, "the benchmark reports 0 "+a.Unit, true
				all = append(all, got)
				continue
			}
			ratio := got.Ours.Median / got.Other.Median
			got.Ratio, got.Spread, held = &ratio, apart(ours, other), ratio
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

// apart is how far the rounds' ratios are apart.
func apart(ours, other []float64) *spread {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / other[i]
	}
	return &spread{Least: slices.Min(ratios), Most: slices.Max(ratios)}
}

func (r row) untaken(why string, failed bool) (all []result) {
	for _, a := range r.sides() {
		got := r.result(a)
		got.Why, got.Failed = why, failed
		all = append(all, got)
	}
	return all
}

// result is what is known of a result before anything was taken.
func (r row) result(a against) result {
	return result{Name: r.Name, What: r.What, Beside: a.Who, Goal: r.goal(a), Wanted: a.Goal, AtMost: r.AtMost}
}

// sides are what ours is held against; one with no unit is the goal alone.
func (r row) sides() []against {
	if len(r.Against) == 0 {
		return []against{{Goal: r.Goal}}
	}
	return r.Against
}

func (r row) goal(a against) string {
	sign := "≥ "
	if r.AtMost {
		sign = "≤ "
	}
	if a.Unit != "" {
		return sign + short(a.Goal) + "×"
	}
	by, unit := scale(a.Goal, r.Ours)
	return sign + short(a.Goal/by) + " " + unit
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
