package console

import (
	"context"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// wardUse is what was counted of a ward.
type wardUse struct {
	since  time.Time
	counts []custody.Use
	wipes  []endedWipe
	held   int // now
	err    error
}

// endedWipe is a wipe, or several, that ended at a time.
type endedWipe struct {
	at time.Time
	custody.WipeTime
}

func (h *hospital) usedOf(ward string) *wardUse {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u := h.used[ward]; u != nil {
		return u
	}
	return &wardUse{}
}

func (h *hospital) UseSince(_ context.Context, ward string) (time.Time, error) {
	u := h.usedOf(ward)
	return u.since, u.err
}

func (h *hospital) Use(_ context.Context, ward string, from, to time.Time, kinds ...custody.UseKind) (some []custody.Use, err error) {
	for _, u := range h.usedOf(ward).counts {
		if !u.At.Before(from) && u.At.Before(to) && (len(kinds) == 0 || slices.Contains(kinds, u.Kind)) {
			some = append(some, u)
		}
	}
	return some, nil
}

func (h *hospital) HeldAt(_ context.Context, ward string, at time.Time) (int, error) {
	u := h.usedOf(ward)
	n := u.held
	for _, c := range u.counts {
		if c.Kind == custody.UseHeld && !c.At.Before(at) {
			n -= c.N
		}
	}
	return n, nil
}

func (h *hospital) WipeTimes(_ context.Context, ward string, edges []time.Time) (times []custody.WipeTime, err error) {
	for _, w := range h.usedOf(ward).wipes {
		for i := range edges[1:] {
			if !w.at.Before(edges[i]) && w.at.Before(edges[i+1]) {
				w.Span = i
				times = append(times, w.WipeTime)
			}
		}
	}
	return times, nil
}

// pastWeeks makes up how a ward of 22 iPads was used in the weeks before now:
// three shifts, fewer people at weekends, and a day on which wipes went wrong.
func pastWeeks(now time.Time, weeks int) *wardUse {
	first := now.Add(-time.Duration(weeks*7*24) * time.Hour)
	first = time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, now.Location())
	u := &wardUse{since: first, held: 6}
	noise := uint32(2463534242) // xorshift: the same every time
	some := func(n int) int {
		noise ^= noise << 13
		noise ^= noise >> 17
		noise ^= noise << 5
		return int(noise % uint32(n))
	}
	for day := first; day.Before(now); day = day.AddDate(0, 0, 1) {
		free := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
		for _, shift := range []struct{ hour, minute, people int }{{6, 45, 8}, {14, 15, 6}, {20, 45, 4}} {
			people, at := shift.people+some(4), day.Add(time.Duration(shift.hour*60+shift.minute)*time.Minute)
			if free {
				people = people * 2 / 3
			}
			for i := range people {
				taken := at.Add(time.Duration((i+some(3))/4) * 15 * time.Minute)
				given := taken.Add(7*time.Hour + time.Duration(some(8))*15*time.Minute)
				u.add(taken, now, custody.UseOpened, 1)
				u.add(taken, now, custody.UseHeld, 1)
				u.add(given, now, custody.UseHeld, -1)
				for range some(4) {
					idle := taken.Add(time.Duration(1+some(26)) * 15 * time.Minute)
					u.add(idle, now, custody.UseIdle, 1)
					if some(5) > 0 {
						u.add(idle.Add(15*time.Minute), now, custody.UseResumed, 1)
					}
				}
				bad := some(60) == 0 || day.Day()%9 == 0 && some(12) == 0
				u.wipe(given, now, time.Duration(170+some(130))*time.Second, bad, some(3))
			}
		}
	}
	slices.SortStableFunc(u.counts, func(a, b custody.Use) int { return a.At.Compare(b.At) })
	return u
}

func (u *wardUse) add(at, now time.Time, kind custody.UseKind, n int) {
	if at.Before(now) {
		u.counts = append(u.counts, custody.Use{At: at, Kind: kind, N: n})
	}
}

func (u *wardUse) wipe(at, now time.Time, took time.Duration, bad bool, why int) {
	if !at.Before(now) {
		return
	}
	w := custody.WipeTime{Took: took, Usable: took, N: 1}
	if bad {
		cause := []custody.Cause{custody.CauseOverdue, custody.CauseOverdue, custody.CauseFailed}[why]
		w = custody.WipeTime{Why: cause, N: 1}
		u.counts = append(u.counts, custody.Use{At: at, Kind: custody.UseUnproven, Why: cause, N: 1})
	}
	u.wipes = append(u.wipes, endedWipe{at, w})
}
