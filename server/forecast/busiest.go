package forecast

import (
	"slices"
	"time"
)

// What a ward that has set no shift changes is looked at for.
const (
	profileDays = 28
	leastDays   = 7 // before which no hour is called the busiest
	maxPeaks    = 3
	apart       = 3 * time.Hour // two changes are at least so far from each other

	perDay  = 24 * 4 // quarters
	perHour = 4
)

// Busiest finds the times of day at which most people take iPads together, at
// most three, in the order of the day. Only an hour that has twice its share of
// the day's badge-ins counts, and one badge-in a day at least; with less than a
// week of days there is none.
func Busiest(w Ward) (clocks []string) {
	profile, days := profileOf(w)
	if days < leastDays {
		return nil
	}
	total := 0
	for _, n := range profile {
		total += n
	}
	taken := make([]bool, perDay) // too near to a peak that was found
	for range maxPeaks {
		at, n, ok := peak(profile, taken)
		if !ok || n*24 < 2*total || n < days {
			break
		}
		clocks = append(clocks, time.Date(0, 1, 1, 0, at*15, 0, 0, time.UTC).Format("15:04"))
		for i := range taken {
			if between(i, at) < int(apart/(15*time.Minute)) {
				taken[i] = true
			}
		}
	}
	slices.Sort(clocks)
	return clocks
}

// profileOf adds the badge-ins of whole days up by the quarter that the ward's
// clocks showed.
func profileOf(w Ward) (profile [perDay]int, days int) {
	today := w.Now.In(w.Zone)
	end := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, w.Zone)
	begin := end
	for range profileDays {
		before := time.Date(begin.Year(), begin.Month(), begin.Day()-1, 0, 0, 0, 0, w.Zone)
		if w.Since.IsZero() || before.Before(w.Since) {
			break
		}
		begin, days = before, days+1
	}
	for _, q := range w.Taken {
		if !q.At.Before(begin) && q.At.Before(end) {
			at := q.At.In(w.Zone)
			profile[at.Hour()*perHour+at.Minute()/15] += q.N
		}
	}
	return profile, days
}

// peak is the quarter around whose beginning most were taken, in the half hours
// before and after; of several in a row the one in the middle. Those that are
// taken already are not it.
func peak(profile [perDay]int, not []bool) (at, most int, ok bool) {
	length := 0
	for i := range perDay {
		n := 0
		for j := -perHour / 2; j < perHour/2; j++ {
			n += profile[(i+j+perDay)%perDay]
		}
		switch {
		case not[i] || n == 0:
		case n > most:
			at, most, length, ok = i, n, 1, true
		case n == most && i == at+length:
			length++
		}
	}
	return at + (length-1)/2, most, ok
}

// between is how many quarters two times of day are apart, the shorter way round.
func between(a, b int) int {
	d := (a - b + perDay) % perDay
	return min(d, perDay-d)
}
