package ledgertest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// wiping commits a row into a wipe that was asked for before, run being its version.
func wiping(t *testing.T, l *ledger.Ledger, prev custody.Custody, before time.Duration) custody.Custody {
	t.Helper()
	ch := Advance(prev, custody.KindWipeAsked)
	asked := time.Now().Add(-before).UTC().Truncate(time.Millisecond)
	ch.Next.State, ch.Next.Cause, ch.Next.WipeAsked = custody.Wiping, custody.CauseReturn, asked
	ch.Next.Run = custody.Run{ID: ch.Next.Version, Goal: custody.GoalWipe, Started: asked}
	ch.Next.Proof = custody.Proof{Rung: custody.ProofRequested, At: map[custody.ProofRung]time.Time{custody.ProofRequested: asked}}
	must(t, l.Commit(t.Context(), ch))
	return ch.Next
}

// proves is the change that proves prev's wipe after took.
func proves(prev custody.Custody, took time.Duration) custody.Change {
	ch := Advance(prev, custody.KindClean)
	asked := prev.Proof.At[custody.ProofRequested]
	ch.Next.State, ch.Fleet = custody.Clean, custody.ReturnToService
	ch.Next.Proof = custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeErased, At: map[custody.ProofRung]time.Time{
		custody.ProofRequested: asked, custody.ProofHandedOver: asked.Add(time.Second), custody.ProofProven: asked.Add(took)}}
	return ch
}

// overdue is the change that gives prev's wipe up.
func overdue(prev custody.Custody, after time.Duration) custody.Change {
	ch := Advance(prev, custody.KindUnproven)
	ch.Next.State, ch.Next.Cause, ch.Next.Reason = custody.Unproven, custody.CauseOverdue, "overdue"
	ch.Next.Since = prev.WipeAsked.Add(after)
	ch.Fleet = custody.ReturnToService
	return ch
}

var wipeCases = map[string]func(*testing.T, Fresh){
	"a wipe that ends is kept with its change, once a run": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		at := wiping(t, l, rows[0], time.Hour)
		wantEqual(t, len(value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", time.Hour*2))), 0)
		ch := proves(at, time.Minute)
		must(t, l.Commit(t.Context(), ch))
		asked := at.WipeAsked
		want := custody.Wiped{Device: "D000", Ward: "4B", Run: at.Run.ID, Fleet: custody.ReturnToService, Cause: custody.CauseReturn,
			Asked: asked, HandedOver: asked.Add(time.Second), Ended: asked.Add(time.Minute), Grade: custody.GradeErased}
		wantEqual(t, value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour)), []custody.Wiped{want})
		wantErr(t, l.Commit(t.Context(), ch), custody.ErrStale)
		must(t, l.Commit(t.Context(), Advance(ch.Next, custody.KindReport))) // proven stays proven, and is no second wipe
		wantEqual(t, len(value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour))), 1)
		wantEqual(t, len(value[[]custody.Wiped](t)(l.Wipes(t.Context(), "5A", 2*time.Hour))), 0)
	},
	"a change that is refused keeps no wipe": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		at := wiping(t, l, rows[0], time.Hour)
		must(t, l.Commit(t.Context(), Advance(at, custody.KindReport)))
		wantErr(t, l.Commit(t.Context(), proves(at, time.Minute)), custody.ErrStale)
		ch := proves(row(t, l, "D000"), time.Minute)
		ch.Next.Ward = "nowhere"
		wantErr(t, l.Commit(t.Context(), ch), custody.ErrNotFound)
		wantEqual(t, len(value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour))), 0)
	},
	"one that is proven late is a proven one, and keeps why it was wiped": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		late := overdue(wiping(t, l, rows[0], time.Hour), 15*time.Minute)
		must(t, l.Commit(t.Context(), late))
		got := value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour))
		if len(got) != 1 || got[0].Why != custody.CauseOverdue || got[0].Grade != "" || got[0].Cause != custody.CauseReturn {
			t.Fatalf("overdue: %+v", got)
		}
		must(t, l.Commit(t.Context(), proves(late.Next, 50*time.Minute)))
		got = value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour))
		took, proven := got[0].Took()
		if len(got) != 1 || !proven || took != 50*time.Minute || got[0].Cause != custody.CauseReturn {
			t.Fatalf("proven late: %+v", got)
		}
	},
	"runs that end together, and one that ends twice in a batch": func(t *testing.T, fresh Fresh) {
		const devices = 40
		l, rows := fresh1(t, fresh, devices)
		for i := range rows {
			rows[i] = wiping(t, l, rows[i], time.Hour)
		}
		var wg sync.WaitGroup
		for _, r := range rows {
			first := overdue(r, 15*time.Minute)
			second := proves(first.Next, 20*time.Minute)
			wg.Go(func() {
				if err := l.Commit(t.Context(), first); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() { // often in the batch of the first, behind it
				err := custody.ErrStale
				for errors.Is(err, custody.ErrStale) {
					err = l.Commit(t.Context(), second)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := value[[]custody.Wiped](t)(l.Wipes(t.Context(), "4B", 2*time.Hour))
		wantEqual(t, len(got), devices)
		for _, w := range got {
			if took, proven := w.Took(); !proven || took != 20*time.Minute || w.Cause != custody.CauseReturn {
				t.Errorf("%+v", w)
			}
		}
	},
	"a pace is of the last 30 days, and of the ward": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		o.PaceAge = time.Nanosecond
		l := Open(t, o)
		rows := Populate(t, l, custody.LeastWipes+1)
		for i, r := range rows {
			before := time.Hour
			if i == 0 {
				before = custody.PaceWindow + time.Hour
			}
			must(t, l.Commit(t.Context(), proves(wiping(t, l, r, before), time.Duration(i)*time.Minute)))
		}
		p := value[custody.Pace](t)(l.Pace(t.Context(), "4B"))
		if p.Proven != custody.LeastWipes || !p.Enough() || p.P50 != 10*time.Minute || p.P95 != 19*time.Minute || p.Grades[custody.GradeErased] != custody.LeastWipes {
			t.Errorf("%+v", p)
		}
		wantEqual(t, value[custody.Pace](t)(l.Pace(t.Context(), "5A")).Proven, 0)
	},
	"a pace may be a little old": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		o.PaceAge = time.Hour
		l := Open(t, o)
		rows := Populate(t, l, 1)
		wantEqual(t, value[custody.Pace](t)(l.Pace(t.Context(), "4B")).Proven, 0)
		must(t, l.Commit(t.Context(), proves(wiping(t, l, rows[0], time.Hour), time.Minute)))
		wantEqual(t, value[custody.Pace](t)(l.Pace(t.Context(), "4B")).Proven, 0)
	},
}
