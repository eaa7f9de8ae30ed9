package ledgertest

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var contentionCases = map[string]func(*testing.T, Fresh){
	"of 64 that change the same row exactly one wins": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		for range 5 {
			prev := row(t, l, rows[0].Device)
			var won atomic.Int32
			together(64, func(int) {
				switch err := l.Commit(t.Context(), Advance(prev, custody.KindReport)); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, custody.ErrStale):
					t.Error(err)
				}
			})
			wantEqual(t, won.Load(), 1)
			wantEqual(t, row(t, l, "D000").Version, prev.Version+1)
		}
		must(t, l.Verify(t.Context(), "D000"))
	},
	"each version of a contended row is won once": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l := Open(t, o)
		Populate(t, l, 1)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		var mu sync.Mutex
		won := map[int64]int{}
		together(64, func(i int) {
			ch, err := race(servers[i%2], "D000", 1)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, v := range ch {
				won[v]++
			}
		})
		wantEqual(t, len(won), 64)
		for v, n := range won {
			if n != 1 {
				t.Fatalf("version %d was won %d times", v, n)
			}
		}
		wantEqual(t, row(t, l, "D000").Version, 1+64)
		must(t, l.Verify(t.Context(), "D000"))
	},
	"devices do not disturb each other": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 48)
		together(len(rows), func(i int) {
			prev := rows[i]
			for range 20 {
				ch := Advance(prev, custody.KindReport)
				if err := l.Commit(t.Context(), ch); err != nil {
					t.Error(err)
					return
				}
				prev = ch.Next
			}
		})
		for _, r := range rows {
			wantEqual(t, row(t, l, r.Device).Version, 21)
			must(t, l.Verify(t.Context(), r.Device))
		}
	},
	"two servers in opposite orders never wait for each other crosswise": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		var warned warnings
		o.Logger = slog.New(&warned)
		l := Open(t, o)
		rows := Populate(t, l, 24)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		var wins atomic.Int64
		together(32, func(i int) {
			order := slices.Clone(rows)
			if i%2 == 1 {
				slices.Reverse(order)
			}
			for _, r := range order {
				versions, err := race(servers[i%2], r.Device, 1)
				if err != nil {
					t.Error(err)
					return
				}
				wins.Add(int64(len(versions)))
			}
		})
		var total int64
		for _, r := range rows {
			total += row(t, l, r.Device).Version - 1
			must(t, l.Verify(t.Context(), r.Device))
		}
		wantEqual(t, total, wins.Load())
		if n := warned.n.Load(); n > 0 {
			t.Fatalf("%d batches failed and had to be run singly", n)
		}
	},
	"bad members harm nobody but themselves": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 64)
		together(len(rows), func(i int) {
			ch := Advance(rows[i], custody.KindReport)
			if i%16 == 3 {
				ch.Next.Ward = "nowhere" // SQL refuses the statement that it is part of
			}
			err := l.Commit(t.Context(), ch)
			if i%16 == 3 {
				if !errors.Is(err, custody.ErrNotFound) {
					t.Errorf("bad member %d got %v", i, err)
				}
			} else if err != nil {
				t.Errorf("its neighbour %d got %v", i, err)
			}
		})
		for i, r := range rows {
			want := int64(2)
			if i%16 == 3 {
				want = 1
			}
			wantEqual(t, row(t, l, r.Device).Version, want)
			must(t, l.Verify(t.Context(), r.Device))
		}
	},
	"closing answers everybody who waits, truthfully": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l, err := ledger.Open(t.Context(), o)
		must(t, err)
		rows := Populate(t, l, 64)
		var done [64]atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			together(64, func(i int) {
				switch err := l.Commit(t.Context(), Advance(rows[i], custody.KindReport)); {
				case err == nil:
					done[i].Store(true)
				case !errors.Is(err, custody.ErrUnavailable):
					t.Error(err)
				}
			})
		})
		must(t, l.Close())
		wg.Wait()
		again := Open(t, o)
		for i, r := range rows {
			wantEqual(t, row(t, again, r.Device).Version == 2, done[i].Load())
			must(t, again.Verify(t.Context(), r.Device))
		}
	},
}

// race commits n changes of a row, reading again whenever another was faster,
// and returns the versions that it made.
func race(l *ledger.Ledger, id custody.DeviceID, n int) (versions []int64, err error) {
	for tries := 0; len(versions) < n; tries++ {
		if tries > 10_000 {
			return versions, fmt.Errorf("%s: never won", id)
		}
		prev, err := l.Custody(background, id)
		if err != nil {
			return versions, err
		}
		ch := Advance(prev, custody.KindReport)
		if err := l.Commit(background, ch); errors.Is(err, custody.ErrStale) {
			continue
		} else if err != nil {
			return versions, err
		}
		versions = append(versions, ch.Next.Version)
	}
	return versions, nil
}

// second is another server on the same database, where it can have two.
func second(t testing.TB, l *ledger.Ledger, o ledger.Options) *ledger.Ledger {
	if o.DSN == "" {
		return l
	}
	return Open(t, o)
}

// together runs fn n times at once, all let go at the same moment.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-gate; fn(i) })
	}
	close(gate)
	wg.Wait()
}
