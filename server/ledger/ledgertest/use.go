package ledgertest

import (
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Becomes is a change of a row into state at a time, with an entry of kind.
func Becomes(prev custody.Custody, state custody.State, why custody.Cause, kind string, at time.Time) custody.Change {
	ch := Advance(prev, kind)
	ch.Next.State, ch.Next.Cause, ch.Next.Since = state, why, at
	e := &ch.Entries[0]
	e.At, e.State = at, state
	e.Hash = custody.Seal(prev.Head, *e)
	ch.Next.Head = e.Hash
	return ch
}

// usedAt is a day whose quarters the stories below are told by.
var usedAt = time.Date(2026, 3, 2, 6, 50, 0, 0, time.UTC)

var useCases = map[string]func(*testing.T, Fresh){
	"use is counted with the change, by the quarter": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 3)
		wantEqual(t, value[time.Time](t)(l.UseSince(t.Context(), "4B")), time.Time{})
		take := func(i int, at time.Time) {
			t.Helper()
			ch := Becomes(rows[i], custody.InUse, "", custody.KindSessionOpened, at)
			must(t, l.Commit(t.Context(), ch))
			rows[i] = ch.Next
		}
		take(0, usedAt)
		take(1, usedAt.Add(9*time.Minute+59*time.Second))
		take(2, usedAt.Add(10*time.Minute)) // 07:00 is the next quarter's
		ch := Becomes(rows[0], custody.Locked, custody.CauseIdle, custody.KindLockAsked, usedAt.Add(40*time.Minute))
		must(t, l.Commit(t.Context(), ch))
		ch = Becomes(ch.Next, custody.InUse, "", custody.KindSessionResumed, usedAt.Add(41*time.Minute))
		must(t, l.Commit(t.Context(), ch))
		ch = Becomes(ch.Next, custody.Unproven, custody.CauseReenrolled, custody.KindUnproven, usedAt.Add(70*time.Minute))
		must(t, l.Commit(t.Context(), ch))
		wantErr(t, l.Commit(t.Context(), ch), custody.ErrStale) // counted once

		at := func(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }
		want := []custody.Use{
			{Ward: "4B", At: at(6, 45), Kind: custody.UseHeld, N: 2}, {Ward: "4B", At: at(6, 45), Kind: custody.UseOpened, N: 2},
			{Ward: "4B", At: at(7, 0), Kind: custody.UseHeld, N: 1}, {Ward: "4B", At: at(7, 0), Kind: custody.UseOpened, N: 1},
			{Ward: "4B", At: at(7, 30), Kind: custody.UseIdle, N: 1}, {Ward: "4B", At: at(7, 30), Kind: custody.UseResumed, N: 1},
			{Ward: "4B", At: at(8, 0), Kind: custody.UseHeld, N: -1},
			{Ward: "4B", At: at(8, 0), Kind: custody.UseUnproven, Why: custody.CauseReenrolled, N: 1},
		}
		got := value[[]custody.Use](t)
		wantEqual(t, got(l.Use(t.Context(), "4B", at(6, 45), at(8, 1))), want)
		wantEqual(t, got(l.Use(t.Context(), "4B", at(7, 0), at(7, 15))), want[2:4])
		wantEqual(t, len(got(l.Use(t.Context(), "5A", at(0, 0), at(23, 0)))), 0)
		wantEqual(t, value[time.Time](t)(l.UseSince(t.Context(), "4B")), at(6, 45))
		wantEqual(t, got(l.Use(t.Context(), "4B", at(6, 45), at(9, 0), custody.UseIdle, custody.UseResumed)), want[4:6])
		_, err := l.Use(t.Context(), "4B", usedAt, usedAt.Add(401*24*time.Hour))
		wantErr(t, err, custody.ErrConflict)

		held := value[int](t)
		wantEqual(t, held(l.HeldAt(t.Context(), "4B", at(23, 0))), 2)
		wantEqual(t, held(l.HeldAt(t.Context(), "4B", at(8, 0))), 3)
		wantEqual(t, held(l.HeldAt(t.Context(), "4B", at(7, 0))), 2)
		wantEqual(t, held(l.HeldAt(t.Context(), "4B", at(6, 0))), 0)
	},
	"what is refused is not counted": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		stale := Becomes(rows[0], custody.InUse, "", custody.KindSessionOpened, usedAt)
		must(t, l.Commit(t.Context(), Advance(rows[0], custody.KindReport)))
		wantErr(t, l.Commit(t.Context(), stale), custody.ErrStale)
		nowhere := Becomes(row(t, l, "D000"), custody.InUse, "", custody.KindSessionOpened, usedAt)
		nowhere.Next.Ward = "nowhere"
		wantErr(t, l.Commit(t.Context(), nowhere), custody.ErrNotFound)
		wantEqual(t, len(value[[]custody.Use](t)(l.Use(t.Context(), "4B", usedAt, usedAt.Add(time.Hour)))), 0)
	},
	"a whole ward at once is counted whole": func(t *testing.T, fresh Fresh) {
		const devices, rounds = 40, 5
		l, rows := fresh1(t, fresh, devices)
		var wg sync.WaitGroup
		for _, r := range rows {
			wg.Go(func() {
				for range rounds {
					ch := Becomes(r, custody.InUse, "", custody.KindSessionOpened, usedAt)
					err := l.Commit(t.Context(), ch)
					r = ch.Next
					ch = Becomes(r, custody.Clean, custody.CauseReturn, custody.KindClean, usedAt.Add(time.Minute))
					if err == nil {
						err = l.Commit(t.Context(), ch)
					}
					if r = ch.Next; err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n := map[custody.UseKind]int{}
		for _, u := range value[[]custody.Use](t)(l.Use(t.Context(), "4B", usedAt, usedAt.Add(time.Hour))) {
			n[u.Kind] += u.N
		}
		if n[custody.UseOpened] != devices*rounds || n[custody.UseHeld] != 0 {
			t.Errorf("%v", n)
		}
	},
	"wipes are measured between edges, with what failed before": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 4)
		must(t, l.Commit(t.Context(), proves(wiping(t, l, rows[0], 5*time.Hour), 3*time.Minute)))
		must(t, l.Commit(t.Context(), proves(wiping(t, l, rows[1], 5*time.Hour), 3*time.Minute)))
		// One that is given up, wiped again an hour later, and then proven.
		given := overdue(wiping(t, l, rows[2], 4*time.Hour), 15*time.Minute)
		must(t, l.Commit(t.Context(), given))
		must(t, l.Commit(t.Context(), proves(wiping(t, l, given.Next, 3*time.Hour), 10*time.Minute)))
		// One that came erased by other hands counts for nothing.
		first := wiping(t, l, rows[3], 5*time.Hour)
		ch := Advance(first)
		ch.Next.Cause = custody.CauseFirst
		must(t, l.Commit(t.Context(), ch))
		must(t, l.Commit(t.Context(), proves(ch.Next, time.Minute)))

		asked := first.WipeAsked
		edges := []time.Time{asked.Add(-time.Minute), asked.Add(30 * time.Minute), asked.Add(90 * time.Minute), asked.Add(3 * time.Hour)}
		got := value[[]custody.WipeTime](t)(l.WipeTimes(t.Context(), "4B", edges))
		if len(got) != 3 {
			t.Fatalf("%+v", got)
		}
		wantEqual(t, got[0], custody.WipeTime{Took: 3 * time.Minute, Usable: 3 * time.Minute, N: 2})
		wantEqual(t, got[1], custody.WipeTime{Span: 1, Why: custody.CauseOverdue, N: 1})
		last := got[2]
		if last.Span != 2 || last.Took != 10*time.Minute || last.N != 1 || last.Usable.Round(time.Minute) != 70*time.Minute {
			t.Errorf("%+v", last)
		}
		wantEqual(t, len(value[[]custody.WipeTime](t)(l.WipeTimes(t.Context(), "5A", edges))), 0)
		wantEqual(t, len(value[[]custody.WipeTime](t)(l.WipeTimes(t.Context(), "4B", edges[:1]))), 0)
		_, err := l.WipeTimes(t.Context(), "4B", make([]time.Time, 1002))
		wantErr(t, err, custody.ErrConflict)
	},
}
