package ledgertest

import (
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var historyCases = map[string]func(*testing.T, Fresh){
	"pages forward and back, without gaps": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		prev := rows[0]
		for range 4 {
			ch := Advance(prev, custody.KindReport, custody.KindHandedOver, custody.KindReport)
			must(t, l.Commit(t.Context(), ch))
			prev = ch.Next
		}
		must(t, l.Commit(t.Context(), Advance(rows[1], custody.KindClean)))

		wantEqual(t, seqs(value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 0, 5))), []int64{1, 2, 3, 4, 5})
		wantEqual(t, seqs(value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 10, 5))), []int64{11, 12})
		wantEqual(t, seqs(value[[]ledger.Recorded](t)(l.RecentHistory(t.Context(), "D000", 3))), []int64{12, 11, 10})
		wantEqual(t, seqs(value[[]ledger.Recorded](t)(l.History(t.Context(), "D001", 0, 5))), []int64{1})
		wantEqual(t, len(value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 0, 0))), 0)
		wantEqual(t, len(value[[]ledger.Recorded](t)(l.History(t.Context(), "X", 0, 5))), 0)
		must(t, l.Verify(t.Context(), "D000"))
	},
	"verifies over many pages, and finds a head that is not its own": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		must(t, l.Verify(t.Context(), "D000"))
		kinds := make([]string, 1203)
		for i := range kinds {
			kinds[i] = custody.KindReport
		}
		ch := Advance(rows[0], kinds...)
		must(t, l.Commit(t.Context(), ch))
		must(t, l.Verify(t.Context(), "D000"))

		bad := Advance(ch.Next)
		bad.Next.Head = ch.Entries[5].Hash
		must(t, l.Commit(t.Context(), bad))
		wantErr(t, l.Verify(t.Context(), "D000"), ledger.ErrBroken)
		wantErr(t, l.Verify(t.Context(), "X"), custody.ErrNotFound)
	},
}

func seqs(entries []ledger.Recorded) (out []int64) {
	for _, e := range entries {
		out = append(out, e.Seq)
	}
	return out
}
