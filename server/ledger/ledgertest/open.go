package ledgertest

import (
	"context"
	"sync"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var openCases = map[string]func(*testing.T, Fresh){
	"an empty database is made ready, and opened again as it was left": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l, err := ledger.Open(t.Context(), o)
		must(t, err)
		must(t, l.Ping(t.Context()))
		ch := Advance(Populate(t, l, 1)[0], custody.KindClean)
		must(t, l.Commit(t.Context(), ch))
		must(t, l.Close())

		again := Open(t, o)
		wantEqual(t, row(t, again, "D000"), ch.Next)
		must(t, again.Verify(t.Context(), "D000"))
	},
	"a wrong key is refused at once": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l, err := ledger.Open(t.Context(), o)
		must(t, err)
		must(t, l.Close())
		o.Key[0]++
		_, err = ledger.Open(t.Context(), o)
		wantErr(t, err, ledger.ErrKey)
		o.Key[0]--
		Open(t, o)
	},
	"no key is refused": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		o.Key = [32]byte{}
		_, err := ledger.Open(t.Context(), o)
		wantErr(t, err, ledger.ErrKey)
	},
	"a second opener is refused a file and welcome to a server": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		Open(t, o)
		if o.Path != "" {
			_, err := ledger.Open(t.Context(), o)
			wantErr(t, err, custody.ErrConflict)
			return
		}
		Open(t, o)
	},
	"servers that start together migrate once": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		if o.Path != "" {
			return // one process holds a file
		}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				l, err := ledger.Open(t.Context(), o)
				if err != nil {
					t.Error(err)
					return
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	},
	"a closed ledger answers unavailable": func(t *testing.T, fresh Fresh) {
		l, err := ledger.Open(t.Context(), fresh(t))
		must(t, err)
		rows := Populate(t, l, 1)
		must(t, l.Close())
		wantErr(t, l.Ping(t.Context()), custody.ErrUnavailable)
		wantErr(t, l.Commit(t.Context(), Advance(rows[0])), custody.ErrUnavailable)
		_, err = l.Custody(t.Context(), "D000")
		wantErr(t, err, custody.ErrUnavailable)
	},
	"an ended context is told as such": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := l.Custody(ctx, "D000")
		wantErr(t, err, context.Canceled)
		wantErr(t, l.Commit(ctx, Advance(rows[0])), context.Canceled)
		wantErr(t, l.Spend(ctx, "x"), context.Canceled)
		wantEqual(t, row(t, l, "D000"), rows[0])
	},
}
