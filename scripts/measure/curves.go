package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"

	"github.com/padwarden/padwarden/scripts/measure/plot"
)

// sized is a unit that says at how many thousand devices it was taken: claim-µs-10k.
// Both signs for micro are taken, and u.
var sized = regexp.MustCompile(`^(.+)-(?:[µμu]s|ms|ns)-(\d+)k$`)

// curves are what costs are reported at several sizes, each beside its own at the
// smallest, and the goal they are held to (0: none). Where a unit came with more
// than one row, the first is taken.
func curves(results []result) (all []plot.Curve, goal float64) {
	costs := map[string]map[int]*figure{}
	var names []string
	note := func(f *figure) bool {
		if f == nil {
			return false
		}
		m := sized.FindStringSubmatch(f.Unit)
		if m == nil {
			return false
		}
		thousand, err := strconv.Atoi(m[2])
		if err != nil || thousand == 0 {
			return false
		}
		if costs[m[1]] == nil {
			costs[m[1]] = map[int]*figure{}
			names = append(names, m[1])
		}
		if costs[m[1]][thousand] == nil {
			costs[m[1]][thousand] = f
		}
		return true
	}
	for _, r := range results {
		if note(r.Ours) && note(r.Other) {
			goal = cmp.Or(goal, r.Wanted)
		}
		for _, f := range inOrder(r.Also) {
			note(f)
		}
	}
	for _, name := range names {
		sizes := make([]int, 0, len(costs[name]))
		for n := range costs[name] {
			sizes = append(sizes, n)
		}
		slices.Sort(sizes)
		first := costs[name][sizes[0]].Median
		if len(sizes) < 2 || first <= 0 {
			continue // nothing grows
		}
		c := plot.Curve{Name: name}
		for _, n := range sizes {
			f := costs[name][n]
			c.Points = append(c.Points, plot.Point{Devices: n * 1000, Cost: f.Median / first, Least: f.Least / first, Most: f.Most / first})
		}
		all = append(all, c)
	}
	return all, goal
}

// bars are the results that stand beside something of their own kind: what stands
// beside itself at another size is a curve.
func bars(results []result) (all []plot.Bar) {
	for _, r := range results {
		if r.Ratio == nil || r.Why != "" || r.Ours != nil && sized.MatchString(r.Ours.Unit) {
			continue
		}
		b := plot.Bar{Name: r.Name, Beside: r.Beside, Ratio: *r.Ratio, Least: *r.Ratio, Most: *r.Ratio, Goal: r.Wanted, AtMost: r.AtMost, Holds: r.Holds}
		if r.Spread != nil {
			b.Least, b.Most = r.Spread.Least, r.Spread.Most
		}
		all = append(all, b)
	}
	return all
}

// inOrder are figures by their units' names.
func inOrder(also map[string]*figure) (all []*figure) {
	for _, f := range also {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *figure) int { return cmp.Compare(a.Unit, b.Unit) })
	return all
}
