package ledgertest

import (
	"testing"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// said is a change with one entry of kind by actor; of names the emergency.
func said(prev custody.Custody, kind, actor, detail string, of int64) custody.Change {
	ch := Advance(prev, kind)
	e := &ch.Entries[0]
	e.Actor, e.Detail, e.Run = actor, detail, of
	e.Hash = custody.Seal(prev.Head, *e)
	ch.Next.Head = e.Hash
	return ch
}

var emergencyCases = map[string]func(*testing.T, Fresh){
	"emergencies follow the history": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		opened := said(rows[0], custody.KindEmergency, "anna", "", 0)
		must(t, l.Commit(t.Context(), opened))
		want := custody.Emergency{Device: "D000", Ward: "4B", Version: opened.Next.Version, Clinician: "anna", Opened: opened.Next.Since}
		list := value[[]custody.Emergency](t)
		wantEqual(t, list(l.Emergencies(t.Context(), false)), []custody.Emergency{want})
		wantEqual(t, list(l.Unexplained(t.Context(), "anna")), []custody.Emergency{want})
		wantEqual(t, len(list(l.Unexplained(t.Context(), "bea"))), 0)

		next := said(opened.Next, custody.KindExplained, "bea", "not hers to explain", want.Version)
		must(t, l.Commit(t.Context(), next))
		wantEqual(t, list(l.Emergencies(t.Context(), false)), []custody.Emergency{want})
		next = said(next.Next, custody.KindExplained, "anna", "a crash call", want.Version)
		must(t, l.Commit(t.Context(), next))
		want.Reason, want.Explained = "a crash call", next.Next.Since
		next = said(next.Next, custody.KindExplained, "anna", "said again", want.Version)
		must(t, l.Commit(t.Context(), next))
		wantEqual(t, list(l.Emergencies(t.Context(), false)), []custody.Emergency{want})
		wantEqual(t, len(list(l.Unexplained(t.Context(), "anna"))), 0)

		next = said(next.Next, custody.KindReviewed, "staff:Maria", "rightly opened", want.Version)
		must(t, l.Commit(t.Context(), next))
		want.Reviewer, want.Finding, want.Reviewed = "staff:Maria", "rightly opened", next.Next.Since
		wantEqual(t, len(list(l.Emergencies(t.Context(), false))), 0)
		wantEqual(t, list(l.Emergencies(t.Context(), true)), []custody.Emergency{want})
		wantEqual(t, value[custody.Emergency](t)(l.Emergency(t.Context(), "D000", want.Version)), want)
		_, err := l.Emergency(t.Context(), "D000", 99)
		wantErr(t, err, custody.ErrNotFound)

		stale := said(rows[1], custody.KindEmergency, "anna", "", 0)
		must(t, l.Commit(t.Context(), Advance(rows[1])))
		wantErr(t, l.Commit(t.Context(), stale), custody.ErrStale)
		wantEqual(t, len(list(l.Emergencies(t.Context(), false))), 0)
	},
	"a ward's sealed code": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		has := value[bool](t)
		wantEqual(t, has(l.EmergencyCode(t.Context(), "4B")), false)
		wantErr(t, l.TakeEmergencyCode(t.Context(), "4B", nil), custody.ErrNotFound)
		must(t, l.SetEmergencyCode(t.Context(), "4B", []byte{1, 2}))
		must(t, l.SetEmergencyCode(t.Context(), "4B", []byte{3, 4}))
		wantEqual(t, has(l.EmergencyCode(t.Context(), "4B")), true)
		wantErr(t, l.TakeEmergencyCode(t.Context(), "4B", []byte{1, 2}), custody.ErrNotFound)
		wantErr(t, l.TakeEmergencyCode(t.Context(), "4C", []byte{3, 4}), custody.ErrNotFound)
		must(t, l.TakeEmergencyCode(t.Context(), "4B", []byte{3, 4}))
		wantErr(t, l.TakeEmergencyCode(t.Context(), "4B", []byte{3, 4}), custody.ErrNotFound)
		wantEqual(t, has(l.EmergencyCode(t.Context(), "4B")), false)
		wantErr(t, l.SetEmergencyCode(t.Context(), "x", []byte{1}), custody.ErrNotFound)
	},
	"what somebody holds": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 3)
		held := value[[]custody.Custody](t)
		for i, r := range rows[:2] {
			ch := Advance(r)
			ch.Next.State, ch.Next.Holder = custody.InUse, "anna"
			must(t, l.Commit(t.Context(), ch))
			rows[i] = ch.Next
		}
		wantEqual(t, held(l.HeldBy(t.Context(), "anna")), rows[:2])
		ch := Advance(rows[0])
		ch.Next.State, ch.Next.Holder = custody.Clean, ""
		must(t, l.Commit(t.Context(), ch))
		wantEqual(t, held(l.HeldBy(t.Context(), "anna")), rows[1:2])
		wantEqual(t, len(held(l.HeldBy(t.Context(), ""))), 0)
	},
	"how a ward's readers write": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		w := ledger.Ward{ID: "4B", Name: "Ward", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp), Badges: badge.Format{Encoding: badge.Hex}}
		must(t, l.AddWard(t.Context(), w))
		w.Version = 1
		wantEqual(t, value[ledger.Ward](t)(l.Ward(t.Context(), "4B")), w)
		w.Version, w.Badges = 2, badge.Format{Wiegand: 26, Shows: badge.Card, Facility: 17}
		must(t, l.PutBadges(t.Context(), "4B", w.Badges))
		wantEqual(t, value[ledger.Ward](t)(l.Ward(t.Context(), "4B")), w)
		wantErr(t, l.PutBadges(t.Context(), "x", w.Badges), custody.ErrNotFound)
	},
}
