package custody

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPercentiles against the definition, counted out: the least duration that
// at least so many in a hundred do not exceed.
func TestPercentiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 50), func(n int64) time.Duration { return time.Duration(n) * time.Second }), 0, 60).Draw(t, "took")
		never := rapid.IntRange(0, 20).Draw(t, "never")
		per := rapid.IntRange(1, 100).Draw(t, "per")
		var want time.Duration
		found := false
		for _, d := range all {
			within := 0
			for _, other := range all {
				if other <= d {
					within++
				}
			}
			if within*100 >= per*(len(all)+never) && (!found || d < want) {
				want, found = d, true
			}
		}
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		if got := percentile(sorted, never, per); got != want {
			t.Fatalf("p%d of %v and %d never: %s, want %s", per, sorted, never, got, want)
		}
	})
}

func wipes(n int, took func(i int) time.Duration) (all []Wiped) {
	start := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for i := range n {
		all = append(all, Wiped{Asked: start, Ended: start.Add(took(i)), Grade: GradeErased, Cause: CauseReturn})
	}
	return all
}

// TestUnprovenWipesAreNotLeftOut: a ward whose failures were left out would
// look the faster the more of its wipes fail.
func TestUnprovenWipesAreNotLeftOut(t *testing.T) {
	proven := wipes(100, func(i int) time.Duration { return time.Duration(i+1) * time.Second })
	p := PaceOf(proven)
	if p.P50 != 50*time.Second || p.P90 != 90*time.Second || p.P95 != 95*time.Second || p.Longest != 100*time.Second || !p.Enough() {
		t.Errorf("%+v", p)
	}
	failed := Wiped{Asked: proven[0].Asked, Ended: proven[0].Asked.Add(time.Second), Why: CauseFailed, Cause: CauseReturn}
	p = PaceOf(append(slices.Clone(proven), slices.Repeat([]Wiped{failed}, 5)...))
	if p.P95 != 100*time.Second || p.P50 != 53*time.Second || p.NotProven() != 5 || p.Unproven[CauseFailed] != 5 {
		t.Errorf("with 5 failed: %+v", p)
	}
	p = PaceOf(append(slices.Clone(proven), slices.Repeat([]Wiped{failed}, 10)...))
	if p.P95 != 0 || p.limit() != 100*time.Second {
		t.Errorf("with 10 failed: %+v", p)
	}
	if from, to, ok := p.Usual(); !ok || from != p.P50 || to != 100*time.Second {
		t.Errorf("usually %s to %s, %v", from, to, ok)
	}
	first := proven[0]
	first.Cause = CauseFirst
	if q := PaceOf(append(slices.Clone(proven), first)); q.First != 1 || q.Proven != 100 {
		t.Errorf("one that came erased was measured: %+v", q)
	}
	if _, _, ok := PaceOf(nil).Usual(); ok || PaceOf(nil).Enough() {
		t.Error("nothing was measured, and something is said")
	}
}

func TestSlowWipes(t *testing.T) {
	pace := PaceOf(wipes(LeastWipes, func(int) time.Duration { return 3 * time.Minute }))
	few := PaceOf(wipes(LeastWipes-1, func(int) time.Duration { return 3 * time.Minute }))
	d := wiping(t, kiosk)
	asked := d.now
	if _, slow := SlowWipe(d.c, pace, d.after(3*time.Minute).now); slow {
		t.Error("at the limit it is not past it")
	}
	d.after(time.Second)
	s, slow := SlowWipe(d.c, pace, d.now)
	if !slow || s.Limit != 3*time.Minute || !s.Since.Equal(asked.Add(3*time.Minute)) || s.Cause != "It waits for the iPad to connect." {
		t.Errorf("%v %+v", slow, s)
	}
	if _, slow := SlowWipe(d.c, few, d.now); slow {
		t.Error("called slow on too few wipes")
	}
	if _, slow := SlowWipe(d.c, pace, time.Time{}); slow {
		t.Error("called slow while nobody knows the time")
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { d.handOver("EraseDevice", true) }, "It waits for the iPad to answer EraseDevice."},
		{d.acked, "The iPad acknowledged the erase and has not come back since."},
		{func() { d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true}) }, "It came back erased and is being set up."},
	} {
		step.do()
		if got := Waiting(d.c); got != step.want {
			t.Errorf("%s: %q", d.c.Proof.Rung, got)
		}
	}
	d.proven(GradeErased)
	if _, slow := SlowWipe(d.c, pace, d.after(time.Hour).now); slow {
		t.Error("a clean iPad is called slow")
	}
}

// TestHowWipesEnd: each ending of a wipe makes one record of its run, and what is no wipe none.
func TestHowWipesEnd(t *testing.T) {
	ended := func(d *device, events ...Event) (w Wiped, ok bool) {
		t.Helper()
		prev := d.c
		d.do(events...)
		return WipedBy(prev, d.c)
	}
	proof := func(d *device, g Grade) Progress {
		run := d.c.Run
		run.Done = true
		return Progress{Run: run, Proof: ProofProven, Grade: g}
	}
	d := wiping(t, kiosk)
	asked, run := d.now, d.c.Run.ID
	d.handOver("EraseDevice", true)
	w, ok := ended(d.after(time.Minute), proof(d, GradeErased))
	if took, proven := w.Took(); !ok || !proven || took != time.Minute || w.Run != run || w.Cause != CauseReturn || w.Grade != GradeErased || !w.Asked.Equal(asked) {
		t.Errorf("proven: %v %+v", ok, w)
	}
	if _, ok := ended(d, Claim{By: "b"}); ok {
		t.Error("a claim ended a wipe")
	}

	d = wiping(t, kiosk)
	run = d.c.Run.ID
	w, ok = ended(d.after(kiosk.Overdue), Tick{})
	if _, proven := w.Took(); !ok || proven || w.Run != run || w.Why != CauseOverdue || w.Cause != CauseReturn {
		t.Errorf("overdue: %v %+v", ok, w)
	}
	w, ok = ended(d.after(time.Hour), proof(d, GradeErased))
	if took, proven := w.Took(); !ok || !proven || w.Run != run || took != kiosk.Overdue+time.Hour {
		t.Errorf("proven late: %v %+v", ok, w)
	}

	strict := apps
	strict.LeastGrade = GradeErased
	d = wiping(t, strict)
	if w, ok = ended(d, proof(d, GradeAppsRemoved)); !ok || w.Why != CauseBelowGrade || w.Grade != GradeAppsRemoved {
		t.Errorf("below the grade: %v %+v", ok, w)
	}
	if w, ok = ended(wiping(t, kiosk), loses); !ok || w.Why != CauseLostMode {
		t.Errorf("lost: %v %+v", ok, w)
	}
	if w, ok = ended(wiping(t, kiosk), Resume{By: "a"}); ok {
		t.Errorf("called back: %+v", w)
	}
	if w, ok = ended(inUse(t, kiosk), Return{"a"}); ok {
		t.Errorf("only asked for: %+v", w)
	}
}
