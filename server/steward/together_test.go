package steward

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestTogether: a group of due devices ends as each would by itself, whatever
// is odd about some of them: one owes history, one's row has moved on in SQL,
// one loses the race for its row, one's row cannot be read.
func TestTogether(t *testing.T) {
	var race func()
	w := newWard(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger {
		return spyLedger{l, func(ch custody.Change) {
			if f := race; f != nil && ch.Next.Device == "CROWD002" {
				race = nil
				f()
			}
		}}
	}})
	s := w.servers[0]
	ids := w.crowd(6)
	w.stores.advance(3 * time.Minute)
	dues, err := s.Live.ClaimDue(w.ctx, 100, 5*time.Second)
	w.must(err)
	if len(dues) != len(ids) {
		t.Fatalf("%d are due", len(dues))
	}
	w.must(s.Live.Owe(w.ctx, ids[0], custody.Entry{Device: ids[0], Kind: custody.KindOwed, Epoch: 1, Detail: "DeviceLock 1"}))
	moved := w.stores.rows[ids[1]]
	moved.Version++
	w.stores.rows[ids[1]] = moved
	race = func() {
		row := w.stores.rows["CROWD002"]
		row.Version++
		w.stores.rows["CROWD002"] = row
	}
	delete(w.stores.rows, ids[3])

	for _, id := range ids {
		if session, err := s.Live.Session(w.ctx, id); err != nil || session.State != custody.Locked {
			t.Errorf("before the ledger is told the session on %s is %+v, %v", id, session, err)
		}
	}
	s.together(w.ctx, dues)
	locked := w.stores.entries[ids[5]]
	for i, id := range ids {
		c, entries := w.stores.rows[id], w.stores.entries[id]
		if i == 3 {
			continue // there is none
		}
		if c.State != custody.Locked || custody.VerifyChain(entries, c.Head) >= 0 {
			t.Errorf("%s is %s with the history %+v", id, c.State, entries)
		}
		if owed := len(entries) > 0 && entries[0].Kind == custody.KindOwed; owed != (i == 0) {
			t.Errorf("the history of %s begins with %+v", id, entries)
		}
		if n := len(entries) - len(locked); i != 0 && n != 0 {
			t.Errorf("%s has %d entries more than the others", id, n)
		}
		if m, err := s.Live.Mirror(w.ctx, id); err != nil || m.Row.Version != c.Version {
			t.Errorf("live has %+v of %s, %v", m.Row, id, err)
		}
	}
}

// TestTogetherClosesFirst: a session that its claim has not closed is closed in
// live before the ledger is told, in a group too (hand-over rule 1).
func TestTogetherClosesFirst(t *testing.T) {
	var told []string
	w := newWard(t, wrapper{
		ledger: func(l custody.Ledger) custody.Ledger {
			return spyLedger{l, func(ch custody.Change) { told = append(told, "commit "+string(ch.Next.Device)) }}
		},
		live: func(l custody.Live) custody.Live { return tellsRestrict{l, &told} },
	})
	ids := w.crowd(2)
	w.stores.advance(14 * time.Hour) // longer than a session may last: a tick, not idleness, ends it
	told = nil
	var dues []custody.Due
	for _, id := range ids {
		dues = append(dues, custody.Due{Device: id, Epoch: 1, Version: 2})
	}
	w.servers[0].together(w.ctx, dues)
	want := fmt.Sprint([]string{"restrict CROWD000", "commit CROWD000", "restrict CROWD001", "commit CROWD001"})
	if got := fmt.Sprint(told); got != want {
		t.Errorf("the stores were told %s, want %s", got, want)
	}
}

// tellsRestrict tells of each restriction.
type tellsRestrict struct {
	custody.Live
	told *[]string
}

func (l tellsRestrict) Restrict(ctx context.Context, r custody.Restriction) error {
	*l.told = append(*l.told, "restrict "+string(r.Device))
	return l.Live.Restrict(ctx, r)
}
