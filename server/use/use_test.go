package use

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, wherever they run

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestRanges(t *testing.T) {
	berlin, kathmandu := zone(t, "Europe/Berlin"), zone(t, "Asia/Kathmandu")
	at := func(z *time.Location, text string) time.Time {
		t.Helper()
		at, err := time.ParseInLocation("2006-01-02 15:04", text, z)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, row := range map[string]struct {
		got      Range
		from, to string
		z        *time.Location
		lines    int
	}{
		"the last day, up to the end of this hour": {Last(1, Hour, at(berlin, "2026-03-02 06:40"), berlin), "2026-03-01 07:00", "2026-03-02 07:00", berlin, 24},
		"a week by the hour":                       {Last(7, Hour, at(berlin, "2026-03-02 06:40"), berlin), "2026-02-24 00:00", "2026-03-02 07:00", berlin, 6*24 + 7},
		"four weeks by the day":                    {Last(28, Day, at(berlin, "2026-03-02 06:40"), berlin), "2026-02-03 00:00", "2026-03-03 00:00", berlin, 28},
		"a week in which the clocks go forward":    {Last(7, Day, at(berlin, "2026-04-01 06:40"), berlin), "2026-03-26 00:00", "2026-04-02 00:00", berlin, 7},
		"the day on which the clocks go forward":   {Between(at(berlin, "2026-03-29 00:00"), at(berlin, "2026-03-30 00:00"), berlin), "2026-03-29 00:00", "2026-03-30 00:00", berlin, 23},
		"the day on which the clocks go back":      {Between(at(berlin, "2026-10-25 00:00"), at(berlin, "2026-10-26 00:00"), berlin), "2026-10-25 00:00", "2026-10-26 00:00", berlin, 25},
		"an hour that is none of UTC's":            {Last(1, Hour, at(kathmandu, "2026-03-02 06:40"), kathmandu), "2026-03-01 07:00", "2026-03-02 07:00", kathmandu, 24},
		"a part of an hour":                        {Between(at(berlin, "2026-03-02 06:40"), at(berlin, "2026-03-02 08:01"), berlin), "2026-03-02 06:00", "2026-03-02 09:00", berlin, 3},
		"a long stretch":                           {Between(at(berlin, "2026-01-01 05:00"), at(berlin, "2026-03-01 00:00"), berlin), "2026-01-01 00:00", "2026-03-01 00:00", berlin, 59},
	} {
		if n := len(row.got.Edges()) - 1; !row.got.From.Equal(at(row.z, row.from)) || !row.got.To.Equal(at(row.z, row.to)) || n != row.lines {
			t.Errorf("%s: %s to %s, %d lines, want %s to %s, %d", name, row.got.From, row.got.To, n, row.from, row.to, row.lines)
		}
	}
	year := Between(at(berlin, "2025-03-01 00:00"), at(berlin, "2026-03-01 00:00"), berlin)
	year.Step = Hour
	n, last := 0, year.From
	for _, piece := range year.Cut(28 * 24) {
		if !piece.From.Equal(last) {
			t.Fatalf("a piece begins at %s, the one before ends at %s", piece.From, last)
		}
		n, last = n+len(piece.Edges())-1, piece.To
	}
	if n != 365*24 || !last.Equal(year.To) {
		t.Errorf("a year in pieces: %d hours up to %s", n, last)
	}
}

// A morning that was counted by hand: quarters from 06:45, two wards.
func TestAReport(t *testing.T) {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	at := func(hour, minute int) time.Time {
		return day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	count := func(hour, minute int, kind custody.UseKind, n int) custody.Use {
		return custody.Use{At: at(hour, minute), Kind: kind, N: n}
	}
	east := Data{Since: at(5, 0), Held: 4, Counts: []custody.Use{
		count(6, 45, custody.UseOpened, 5), count(6, 45, custody.UseHeld, 5), count(7, 0, custody.UseHeld, -4), count(7, 0, custody.UseIdle, 1),
		{At: at(7, 30), Kind: custody.UseUnproven, Why: custody.CauseOverdue, N: 2}, count(8, 45, custody.UseResumed, 3), count(8, 45, custody.UseEmergency, 1),
		count(9, 0, custody.UseOpened, 99), // after the range
	}, Wipes: []custody.WipeTime{
		{Span: 2, Took: 3 * time.Minute, Usable: 3 * time.Minute, N: 5}, {Span: 2, Took: 4 * time.Minute, Usable: 70 * time.Minute, N: 4}, {Span: 2, Why: custody.CauseOverdue, N: 1},
		{Span: 3, Took: 2 * time.Minute, Usable: 2 * time.Minute, N: 1}, {Span: 9, Took: time.Hour, N: 50},
	}}
	west := Data{Since: at(6, 0), Held: 1, Counts: []custody.Use{count(7, 0, custody.UseHeld, 4), count(7, 0, custody.UseOpened, 4)}}
	r := Build(Range{From: at(5, 0), To: at(9, 0), Step: Hour}, Together(east, west))
	want := []Line{
		{Counted: true, Held: 5},
		{Counted: true, Held: 10, Opened: 5},
		{Counted: true, Held: 10, Opened: 4, Idle: 1},
		{Counted: true, Held: 10, Resumed: 3, Emergencies: 1},
	}
	for i, l := range r.Lines {
		w := want[i]
		if l.Counted != w.Counted || l.Held != w.Held || l.Opened != w.Opened || l.Resumed != w.Resumed || l.Idle != w.Idle || l.Emergencies != w.Emergencies || !l.From.Equal(at(5+i, 0)) {
			t.Errorf("line %d: %+v, want %+v", i, l, w)
		}
	}
	// Ten wipes: five of 3, four of 4, one never. The 5th is 3, the 9th is 4, the 10th was never proven.
	if got, want := r.Lines[2].Took, (Times{Proven: 9, Never: 1, P50: 3 * time.Minute, P90: 4 * time.Minute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := r.Lines[2].Usable, (Times{Proven: 9, Never: 1, P50: 3 * time.Minute, P90: 70 * time.Minute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// Eleven with the one of 2: the 6th is 3 (2, 3×5), the 10th is 4, the 11th never.
	if got, want := r.Total.Took, (Times{Proven: 10, Never: 1, P50: 3 * time.Minute, P90: 4 * time.Minute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	total := r.Total
	if total.Opened != 9 || total.Held != 10 || total.Idle != 1 || total.Resumed != 3 || total.NotProven() != 2 || total.Causes()[0] != custody.CauseOverdue || r.Lines[2].Unproven[custody.CauseOverdue] != 2 {
		t.Errorf("%+v", total)
	}
}

// Four of five were proven, so nine in ten were not.
func TestWhatIsNeverProvenIsTheLongest(t *testing.T) {
	got, _ := WipesOf([]custody.WipeTime{{Took: time.Minute, Usable: time.Minute, N: 4}, {Why: custody.CauseFailed, N: 1}})
	if want := (Times{Proven: 4, Never: 1, P50: time.Minute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, _ := WipesOf(nil); got != (Times{}) {
		t.Errorf("of none: %+v", got)
	}
}

func TestWhatWasNotCountedIsNotZero(t *testing.T) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r := Range{From: from, To: from.AddDate(0, 0, 3), Step: Day}
	if got := Build(r, Data{Since: from.Add(30 * time.Hour)}); got.Lines[0].Counted || !got.Lines[1].Counted || !got.Lines[2].Counted || !got.Total.Counted {
		t.Errorf("%+v", got.Lines)
	}
	if got := Build(r, Data{}); got.Total.Counted || got.Lines[2].Counted {
		t.Errorf("nothing was counted: %+v", got)
	}
	if d := Together(Data{}, Data{Since: from}, Data{Since: from.Add(time.Hour)}); !d.Since.Equal(from) {
		t.Errorf("since %s", d.Since)
	}
}

// However a stretch is cut into steps, what was counted is on its lines once,
// and the lines follow each other without a gap.
func TestNothingIsLostBetweenLines(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "Asia/Kathmandu"), zone(t, "America/St_Johns"), zone(t, "Pacific/Auckland")}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, z).Add(time.Duration(rapid.IntRange(0, 365*24*4).Draw(t, "from")) * 15 * time.Minute)
		r := Range{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 40*24*4).Draw(t, "quarters")) * 15 * time.Minute), Step: rapid.SampledFrom([]Step{Hour, Day}).Draw(t, "step")}.Whole()
		var counts []custody.Use
		want, held := 0, 0
		for at := r.From; at.Before(r.To); at = at.Add(15 * time.Minute) {
			n := rapid.IntRange(0, 3).Draw(t, "n")
			counts = append(counts, custody.Use{At: at, Kind: custody.UseOpened, N: n}, custody.Use{At: at, Kind: custody.UseHeld, N: 1 - n})
			want, held = want+n, max(held, n)
		}
		got, total := Build(r, Data{Since: r.From, Counts: counts, Held: 2}), 0
		last := r.From
		for _, l := range got.Lines {
			if !l.From.Equal(last) || !l.To.After(l.From) {
				t.Fatalf("a line from %s to %s after %s", l.From, l.To, last)
			}
			last, total = l.To, total+l.Opened
			if r.Step == Day && (l.From.Hour() != 0 || l.From.Minute() != 0) {
				t.Fatalf("a day begins at %s", l.From)
			}
		}
		if total != want || got.Total.Opened != want || !last.Equal(r.To) {
			t.Fatalf("%d on the lines, %d in all, %d were", total, got.Total.Opened, want)
		}
	})
}
