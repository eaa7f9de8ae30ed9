package ledgertest

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var rowsCases = map[string]func(*testing.T, Fresh){
	"all rows, in pages": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 510)
		got := collect(t, l, 0)
		wantEqual(t, len(got), len(rows))
		slices.SortFunc(rows, func(a, b custody.Custody) int { return cmp.Compare(a.Device, b.Device) })
		for i, c := range got {
			wantEqual(t, c, rows[i])
		}
		wantEqual(t, len(collect(t, l, time.Hour)), len(rows))
	},
	"the rows of some devices, without those that there are not": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 3)
		got := value[map[custody.DeviceID]custody.Custody](t)(l.Custodies(t.Context(), []custody.DeviceID{"D002", "X", "D000"}))
		wantEqual(t, len(got), 2)
		wantEqual(t, got["D000"], rows[0])
		wantEqual(t, got["D002"], rows[2])
		wantEqual(t, len(value[map[custody.DeviceID]custody.Custody](t)(l.Custodies(t.Context(), nil))), 0)
	},
	"recent rows by the database's own clock": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 3)
		wantEqual(t, len(collect(t, l, time.Minute)), 3)
		// The rows' own times are long past; what counts is when they were written.
		const old = 300 * time.Millisecond
		time.Sleep(old) // the database's clock cannot be set
		ch := Advance(rows[1])
		must(t, l.Commit(t.Context(), ch))
		wantEqual(t, collect(t, l, old/2), []custody.Custody{ch.Next})
	},
	"the reader's own error ends it, and it may write meanwhile": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 3)
		stop, n := errors.New("stop"), 0
		err := l.Rows(t.Context(), 0, func(c custody.Custody) error {
			n++
			must(t, l.Commit(t.Context(), Advance(c)))
			if n == 2 {
				return stop
			}
			return nil
		})
		wantErr(t, err, stop)
		wantEqual(t, n, 2)
	},
}

func collect(t *testing.T, l *ledger.Ledger, d time.Duration) (got []custody.Custody) {
	t.Helper()
	must(t, l.Rows(t.Context(), d, func(c custody.Custody) error { got = append(got, c); return nil }))
	return got
}
