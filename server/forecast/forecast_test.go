package forecast

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, wherever they run

	"pgregory.net/rapid"
)

var berlin = func() *time.Location {
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return z
}()

// monday is a Monday at 06:40, five weeks of which are told below.
var monday = time.Date(2026, 3, 2, 6, 40, 0, 0, berlin)

// mornings are badge-ins on the Mondays before monday, the last week's first:
// half of them at 06:45, the others at 07:00, and more that are not of the change.
func mornings(ns ...int) (taken []Quarter) {
	for week, n := range ns {
		at := monday.AddDate(0, 0, -7*(week+1))
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, berlin)
		taken = append(taken,
			Quarter{day.Add(6*time.Hour + 15*time.Minute), 50}, // too early
			Quarter{day.Add(6*time.Hour + 45*time.Minute), n / 2}, Quarter{day.Add(7 * time.Hour), n - n/2},
			Quarter{day.Add(8 * time.Hour), 50}, // too late
			Quarter{day.Add(31 * time.Hour), 90})
	}
	slices.SortFunc(taken, func(a, b Quarter) int { return a.At.Compare(b.At) })
	return taken
}

func TestTheManagersMorning(t *testing.T) {
	ready := func(minutes int) Cleaning {
		return Cleaning{From: monday, To: monday.Add(time.Duration(minutes) * time.Minute)}
	}
	f := Of(Ward{Now: monday, Zone: berlin, Changes: []string{"07:00", "14:30", "21:00"}, Since: monday.AddDate(0, 0, -60),
		Taken: mornings(17, 18, 15, 18, 19, 12), Clean: 14, Cleaning: []Cleaning{ready(20), ready(21), {}}, Hands: 2})
	// 12, 15, 17, 18, 18, 19: the fifth of six.
	if f.Needs != 18 || len(f.Days) != 6 || f.Few() || f.Derived || !f.At.Equal(time.Date(2026, 3, 2, 7, 0, 0, 0, berlin)) {
		t.Errorf("%+v", f)
	}
	if f.Clean != 14 || f.Soon != 1 || f.Late != 2 || f.Fixable() != 3 || f.Short() != 1 {
		t.Errorf("%d clean, %d soon, %d late, %d fixable, %d short", f.Clean, f.Soon, f.Late, f.Fixable(), f.Short())
	}
	if d := f.Days[0]; d.N != 17 || !d.At.Equal(time.Date(2026, 2, 23, 7, 0, 0, 0, berlin)) {
		t.Errorf("the last Monday: %+v", d)
	}
}

func TestDaysThatAreNeeded(t *testing.T) {
	ward := Ward{Now: monday, Zone: berlin, Changes: []string{"07:00"}, Taken: mornings(17, 18, 15, 18, 19, 12)}
	for name, row := range map[string]struct {
		since time.Time
		days  int
		needs int
		few   bool
	}{
		"nothing was ever counted":                  {time.Time{}, 0, 0, false},
		"counted since Sunday":                      {monday.AddDate(0, 0, -1), 0, 0, false},
		"counted since the middle of the last one":  {time.Date(2026, 2, 23, 6, 31, 0, 0, berlin), 0, 0, false},
		"since the first quarter of the last one":   {time.Date(2026, 2, 23, 6, 30, 0, 0, berlin), 1, 17, true},
		"three of them: the highest":                {monday.AddDate(0, 0, -22), 3, 18, true},
		"four: the highest as well, but not called": {monday.AddDate(0, 0, -29), 4, 18, false},
		"five: the second highest":                  {monday.AddDate(0, 0, -36), 5, 18, false},
	} {
		ward.Since = row.since
		if f := Of(ward); len(f.Days) != row.days || f.Needs != row.needs || f.Few() != row.few || f.Known() != (row.days > 0) {
			t.Errorf("%s: %+v, few %t", name, f, f.Few())
		}
	}
}

func TestTheClocksChange(t *testing.T) {
	for name, row := range map[string]struct {
		now    time.Time
		clocks []string
		want   time.Time
	}{
		"the change is in five minutes":   {monday.Add(15 * time.Minute), []string{"07:00"}, monday.Add(20 * time.Minute)},
		"it is just now: the next counts": {monday.Add(20 * time.Minute), []string{"07:00", "14:30"}, time.Date(2026, 3, 2, 14, 30, 0, 0, berlin)},
		"none is left today":              {monday.Add(15 * time.Hour), []string{"07:00", "14:30"}, time.Date(2026, 3, 3, 7, 0, 0, 0, berlin)},
		"over the night that is short":    {time.Date(2026, 3, 28, 22, 0, 0, 0, berlin), []string{"07:00"}, time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC)},
		"over the night that is long":     {time.Date(2026, 10, 24, 22, 0, 0, 0, berlin), []string{"07:00"}, time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC)},
		"nobody knows a change":           {monday, nil, time.Time{}},
	} {
		if f := Of(Ward{Now: row.now, Zone: berlin, Changes: row.clocks, Since: monday}); !f.At.Equal(row.want) {
			t.Errorf("%s: %s, want %s", name, f.At, row.want)
		}
	}
	// 07:00 of the Sundays before the clocks went forward is an hour later in UTC.
	sunday := time.Date(2026, 3, 29, 6, 40, 0, 0, berlin)
	taken := []Quarter{{time.Date(2026, 3, 22, 6, 0, 0, 0, time.UTC), 9}}
	f := Of(Ward{Now: sunday, Zone: berlin, Changes: []string{"07:00"}, Since: sunday.AddDate(0, 0, -8), Taken: taken})
	if f.Needs != 9 || !f.Days[0].At.Equal(taken[0].At) {
		t.Errorf("%+v", f)
	}
}

func TestTheBusiestHours(t *testing.T) {
	var taken []Quarter
	for day := 30; day > 0; day-- {
		at := func(clock string) time.Time {
			c, _ := time.Parse("15:04", clock)
			d := monday.AddDate(0, 0, -day)
			return time.Date(d.Year(), d.Month(), d.Day(), c.Hour(), c.Minute(), 0, 0, berlin)
		}
		for _, q := range []struct {
			clock string
			n     int
		}{{"06:45", 6}, {"07:00", 9}, {"09:30", 1}, {"11:00", 1}, {"14:15", 5}, {"14:30", 5}, {"16:00", 5}, {"20:45", 4}, {"21:00", 3}} {
			taken = append(taken, Quarter{at(q.clock), q.n})
		}
	}
	w := Ward{Now: monday, Zone: berlin, Since: monday.AddDate(0, 0, -40), Taken: taken}
	if got := Busiest(w); !slices.Equal(got, []string{"07:00", "14:30", "21:00"}) { // 16:00 is too near 14:30
		t.Errorf("%v", got)
	}
	f := Of(w)
	if !f.Derived || f.At.Format("15:04") != "07:00" || f.Needs != 15 {
		t.Errorf("%+v", f)
	}
	w.Since = monday.AddDate(0, 0, -7)
	if got := Busiest(w); got != nil { // six whole days
		t.Errorf("after less than a week: %v", got)
	}
	var even []Quarter
	for at := monday.AddDate(0, 0, -30); at.Before(monday); at = at.Add(15 * time.Minute) {
		even = append(even, Quarter{at.Truncate(15 * time.Minute), 2})
	}
	if got := Busiest(Ward{Now: monday, Zone: berlin, Since: monday.AddDate(0, 0, -40), Taken: even}); got != nil {
		t.Errorf("where every hour is alike: %v", got)
	}
}

// Whatever the past was: no more is needed than was ever taken around a change,
// nothing is made up where there is no day, and what is short is what is missing.
func TestForecastsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := monday.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "now")) * time.Minute)
		w := Ward{Now: now, Zone: rapid.SampledFrom([]*time.Location{time.UTC, berlin}).Draw(t, "zone"),
			Changes: rapid.SampledFrom([][]string{nil, {"07:00"}, {"02:30", "14:30"}, {"00:00", "07:00", "23:45"}}).Draw(t, "changes"),
			Clean:   rapid.IntRange(0, 2000).Draw(t, "clean"), Hands: rapid.IntRange(0, 30).Draw(t, "hands")}
		if rapid.Bool().Draw(t, "was counted") {
			w.Since = now.Add(-time.Duration(rapid.IntRange(0, 60*24).Draw(t, "hours")) * time.Hour)
		}
		most := 0
		for at := now.Add(-Back).Truncate(15 * time.Minute); at.Before(now); at = at.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "gap")) * 15 * time.Minute) {
			w.Taken = append(w.Taken, Quarter{at, rapid.IntRange(0, 40).Draw(t, "n")})
		}
		for range rapid.IntRange(0, 5).Draw(t, "cleaning") {
			c := Cleaning{}
			if rapid.Bool().Draw(t, "known") {
				c.From = now
				c.To = now.Add(time.Duration(rapid.IntRange(-60, 24*60).Draw(t, "ready")) * time.Minute)
			}
			w.Cleaning = append(w.Cleaning, c)
		}
		f := Of(w)
		for _, d := range f.Days {
			most = max(most, d.N)
			if d.At.Weekday() != f.At.Weekday() || d.At.Add(-Before).Before(w.Since) || d.At.Add(After).After(now) {
				t.Fatalf("it goes by %s for %s", d.At, f.At)
			}
		}
		if f.Needs > most || f.Needs < 0 || f.Known() && w.Since.IsZero() || !f.Known() && f.Needs != 0 || len(f.Days) > Weeks {
			t.Fatalf("%+v", f)
		}
		if f.Soon+f.Late != len(w.Cleaning) || f.Short() > 0 && f.Clean+f.Fixable()+f.Short() != f.Needs || f.Short() == 0 && f.Clean+f.Fixable() < f.Needs {
			t.Fatalf("%+v: %d short", f, f.Short())
		}
		if !f.At.IsZero() && (!f.At.After(now) || f.At.Sub(now) > 26*time.Hour) {
			t.Fatalf("the next change of %s is at %s", now, f.At)
		}
		more := w
		more.Clean++
		if Of(more).Short() > f.Short() {
			t.Fatal("one more clean iPad leaves it shorter")
		}
	})
}
