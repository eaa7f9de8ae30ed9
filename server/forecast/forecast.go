// Package forecast says whether a ward has enough clean iPads for its next
// shift change, and what can be done about it. It has no clock and reads nothing.
//
// What is needed is taken from the past: the badge-ins that took a clean iPad
// from [Before] until [After] the change, on the same weekday of the last
// [Weeks] weeks. With [EnoughDays] such days it is the 80th percentile of them
// (nearest rank: the highest of four, the second highest of five or six), so that
// one odd day does not rule; with fewer it is the highest, and said to be of few;
// with none nothing is said. A badge-in that was sent away is in no count, so a
// ward that always runs short needs more than is said here.
//
// What there is, is counted strictly: an iPad that is held now is not expected
// back, for those come at the change itself.
package forecast

import (
	"slices"
	"time"
)

const (
	// Before and After a change are when people take iPads for their shift.
	Before = 30 * time.Minute
	After  = time.Hour
	// Weeks is how far back is looked, and EnoughDays how many days are enough not
	// to go by the highest of them.
	Weeks      = 6
	EnoughDays = 4
	percent    = 80
)

// Back is how far before now badge-ins must be known for [Of].
const Back = (Weeks*7 + 1) * 24 * time.Hour

// Quarter is how many iPads were taken in the quarter of an hour that begins At.
type Quarter struct {
	At time.Time
	N  int
}

// Cleaning is an iPad that is being wiped, and when it is usually ready: between
// the median and the 90th percentile of its ward. Zero: nobody can say.
type Cleaning struct{ From, To time.Time }

// Ward is what is known of a ward at Now.
type Ward struct {
	Now     time.Time
	Zone    *time.Location // of the ward's clocks
	Changes []string       // times of day, "07:00"; none: the busiest are looked for
	Since   time.Time      // badge-ins are counted since; zero: none was yet
	Taken   []Quarter      // in the order of time

	Clean    int // to be had now
	Cleaning []Cleaning
	Hands    int // need only somebody's hands
}

// Day is one day that a forecast goes by.
type Day struct {
	At time.Time // of the change
	N  int       // badge-ins around it
}

// Forecast is that of the next shift change.
type Forecast struct {
	At      time.Time // of the change, in the ward's zone; zero: no change is known
	Derived bool      // the change was found in the badge-ins, nobody has set it
	Days    []Day     // that Needs goes by, the newest first; empty: nobody can say
	Needs   int

	Clean   int
	Soon    int // being cleaned, and usually ready by the change
	Late    int // being cleaned, and not, or nobody can say
	Hands   int // need hands
	Changes []string
}

// Of forecasts a ward's next shift change.
func Of(w Ward) Forecast {
	f := Forecast{Clean: w.Clean, Hands: w.Hands, Changes: w.Changes}
	if len(f.Changes) == 0 {
		f.Changes, f.Derived = Busiest(w), true
	}
	f.At = next(w.Now, w.Zone, f.Changes)
	for _, c := range w.Cleaning {
		if !f.At.IsZero() && !c.To.IsZero() && !c.To.After(f.At) {
			f.Soon++
		} else {
			f.Late++
		}
	}
	if !f.At.IsZero() {
		f.Days = days(w, f.At)
		f.Needs = needs(f.Days)
	}
	return f
}

// Known reports whether something can be said of what is needed.
func (f Forecast) Known() bool { return len(f.Days) > 0 }

// Few reports whether it is said of few days.
func (f Forecast) Few() bool { return f.Known() && len(f.Days) < EnoughDays }

// Fixable is how many are not clean now and can be by the change: some by
// themselves, some by hand.
func (f Forecast) Fixable() int { return f.Soon + f.Hands }

// Short is how many are missing even if all that can be made ready is.
func (f Forecast) Short() int { return max(f.Needs-f.Clean-f.Fixable(), 0) }

// next is the first of the times of day after now; zero if there is none. A
// time that the clocks skip comes when they have; one that they have twice, at
// the first.
func next(now time.Time, zone *time.Location, clocks []string) (first time.Time) {
	today := now.In(zone)
	for day := range 2 {
		for _, clock := range clocks {
			at, ok := on(today, day, clock)
			if ok && at.After(now) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

func on(today time.Time, days int, clock string) (time.Time, bool) {
	c, err := time.Parse("15:04", clock)
	return time.Date(today.Year(), today.Month(), today.Day()+days, c.Hour(), c.Minute(), 0, 0, today.Location()), err == nil
}

// days are the same weekdays as the change's whose badge-ins around that time
// of day are known from the first to the last.
func days(w Ward, change time.Time) (days []Day) {
	for week := 1; week <= Weeks; week++ {
		at := time.Date(change.Year(), change.Month(), change.Day()-7*week, change.Hour(), change.Minute(), 0, 0, change.Location())
		from, to := at.Add(-Before), at.Add(After)
		if w.Since.IsZero() || from.Before(w.Since) || to.After(w.Now) {
			continue
		}
		days = append(days, Day{At: at, N: taken(w.Taken, from, to)})
	}
	return days
}

// taken counts the badge-ins of the quarters that begin from from until before to.
func taken(all []Quarter, from, to time.Time) (n int) {
	i, _ := slices.BinarySearchFunc(all, from, func(q Quarter, t time.Time) int { return q.At.Compare(t) })
	for ; i < len(all) && all[i].At.Before(to); i++ {
		n += all[i].N
	}
	return n
}

func needs(days []Day) int {
	if len(days) == 0 {
		return 0
	}
	counts := make([]int, len(days))
	for i, d := range days {
		counts[i] = d.N
	}
	slices.Sort(counts)
	if len(days) < EnoughDays {
		return counts[len(counts)-1]
	}
	return counts[(percent*len(counts)+99)/100-1]
}
