package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var commitCases = map[string]func(*testing.T, Fresh){
	"a row and its history come back byte for byte": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		ch := Advance(rows[0], custody.KindSessionOpened, custody.KindReport)
		ch.Next.Epoch, ch.Next.State, ch.Next.Holder = 1, custody.InUse, "o'neil \\ \"x\" ?"
		ch.Next.Reserved = custody.Reservation{For: "b", Until: Start}
		ch.Next.Run = custody.Run{ID: 2, Goal: custody.GoalOpen, Started: Start, Step: "s", Attempt: 3, Command: "u", Nudges: 1}
		ch.Next.Proof = custody.Proof{Rung: custody.ProofRequested, At: map[custody.ProofRung]time.Time{custody.ProofRequested: Start}}
		ch.Next.Risk = custody.Risk{Request: "EraseDevice", Erase: true}
		must(t, l.Commit(t.Context(), ch))
		wantEqual(t, row(t, l, "D000"), ch.Next)
		for i, e := range value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 0, 10)) {
			wantEqual(t, e, ledger.Recorded{Seq: int64(i + 1), Entry: ch.Entries[i]})
		}
		must(t, l.Verify(t.Context(), "D000"))
	},
	"a stale change writes nothing": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		first := Advance(rows[0], custody.KindClean)
		must(t, l.Commit(t.Context(), first))
		wantErr(t, l.Commit(t.Context(), Advance(rows[0], custody.KindUnproven)), custody.ErrStale)

		// The version alone is not enough, nor is the epoch.
		other := first.Next
		other.Epoch++
		wantErr(t, l.Commit(t.Context(), Advance(other, custody.KindUnproven)), custody.ErrStale)
		other = first.Next
		other.Version++
		wantErr(t, l.Commit(t.Context(), Advance(other, custody.KindUnproven)), custody.ErrStale)

		wantEqual(t, row(t, l, "D000"), first.Next)
		wantEqual(t, len(value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 0, 10))), 1)
	},
	"an unknown device is not found": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		wantErr(t, l.Commit(t.Context(), Advance(custody.Custody{Device: "X"})), custody.ErrNotFound)
		_, err := l.Custody(t.Context(), "X")
		wantErr(t, err, custody.ErrNotFound)
	},
	"history that cannot be written keeps the row from changing": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		ch := Advance(rows[0], custody.KindClean)
		ch.Next.Ward = "nowhere"
		wantErr(t, l.Commit(t.Context(), ch), custody.ErrNotFound)
		wantEqual(t, row(t, l, "D000"), rows[0])
		wantEqual(t, len(value[[]ledger.Recorded](t)(l.History(t.Context(), "D000", 0, 10))), 0)
	},
	"what is no successor, or would not come back as it was, is refused": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		wantErr(t, l.Commit(t.Context(), custody.Change{Prev: rows[0], Next: rows[0]}), custody.ErrConflict)
		wantErr(t, l.Commit(t.Context(), custody.Change{Prev: rows[0], Next: Advance(rows[1]).Next}), custody.ErrConflict)
		ch := Advance(rows[0], custody.KindReport)
		ch.Entries[0].Detail = "\xff"
		wantErr(t, l.Commit(t.Context(), ch), custody.ErrConflict)
		wantEqual(t, row(t, l, "D000"), rows[0])
	},
	"a row may move to another ward": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		must(t, l.AddWard(t.Context(), ledger.Ward{ID: "5A"}))
		ch := Advance(rows[0])
		ch.Next.Ward = "5A"
		must(t, l.Commit(t.Context(), ch))
		wantEqual(t, row(t, l, "D000").Ward, "5A")
	},
}
