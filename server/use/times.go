package use

import (
	"cmp"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Times are what so many wipes took. As in [custody.Pace] the percentiles are of
// all that ended, and one that was not proven counts as longer than any other:
// a percentile that lies beyond what was ever proven is zero.
type Times struct {
	Proven, Never int
	P50, P90, P95 time.Duration
}

// took is how often something took so long.
type took struct {
	d time.Duration
	n int
}

func times(r *Report, wipes []custody.WipeTime) {
	all := make([]histogram, len(r.Lines)+1) // the last is of all lines
	for _, w := range wipes {
		if w.Span < 0 || w.Span >= len(r.Lines) {
			continue
		}
		all[w.Span].add(w)
		all[len(r.Lines)].add(w)
	}
	for i := range r.Lines {
		r.Lines[i].Took, r.Lines[i].Usable = all[i].times()
	}
	r.Total.Took, r.Total.Usable = all[len(r.Lines)].times()
}

// WipesOf are the times of wipes, whenever they ended.
func WipesOf(wipes []custody.WipeTime) (wipe, usable Times) {
	var h histogram
	for _, w := range wipes {
		h.add(w)
	}
	return h.times()
}

type histogram struct {
	took, usable []took
	never        int
}

func (h *histogram) add(w custody.WipeTime) {
	if w.Why != "" {
		h.never += w.N
		return
	}
	h.took, h.usable = append(h.took, took{w.Took, w.N}), append(h.usable, took{w.Usable, w.N})
}

func (h *histogram) times() (wipe, usable Times) {
	return percentiles(h.took, h.never), percentiles(h.usable, h.never)
}

func percentiles(all []took, never int) Times {
	slices.SortFunc(all, func(a, b took) int { return cmp.Compare(a.d, b.d) })
	t := Times{Never: never}
	for _, one := range all {
		t.Proven += one.n
	}
	t.P50, t.P90, t.P95 = percentile(all, t.Proven+never, 50), percentile(all, t.Proven+never, 90), percentile(all, t.Proven+never, 95)
	return t
}

// percentile is the nearest-rank one of n, of which all are the shortest.
func percentile(all []took, n, per int) time.Duration {
	rank := (per*n + 99) / 100
	for _, one := range all {
		if rank -= one.n; rank <= 0 {
			return one.d
		}
	}
	return 0
}
