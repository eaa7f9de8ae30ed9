package ledgertest

import (
	"slices"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var directoryCases = map[string]func(*testing.T, Fresh){
	"people are found by what a directory calls them, or else by account or id": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		ctx := t.Context()
		must(t, l.AddClinician(ctx, ledger.Clinician{ID: "A1", Name: "Ada", Account: "Ada@x.org", Active: true}))
		must(t, l.AddClinician(ctx, ledger.Clinician{ID: "B2", Name: "Ben", Active: true}))
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "c@x.org", New: true, Name: ptr("Cy"), At: Start, Directory: &ledger.DirectoryName{UserName: "C@x.org", External: "e-3"}}))
		find := func(q ledger.DirectoryQuery, want ...string) []ledger.DirectoryUser {
			t.Helper()
			users, total, err := l.DirectoryUsers(ctx, q, 0, 100)
			must(t, err)
			var ids []string
			for _, u := range users {
				ids = append(ids, u.ID)
			}
			wantEqual(t, ids, want)
			wantEqual(t, total, len(want))
			return users
		}
		find(ledger.DirectoryQuery{UserName: "ada@X.org"}, "A1")
		find(ledger.DirectoryQuery{UserName: "A1"}) // the account is what they are called
		find(ledger.DirectoryQuery{UserName: "b2"}, "B2")
		find(ledger.DirectoryQuery{UserName: "c@x.org"}, "c@x.org")
		find(ledger.DirectoryQuery{External: "e-3"}, "c@x.org")
		find(ledger.DirectoryQuery{UserName: "c@x.org", External: "e-4"})
		got := find(ledger.DirectoryQuery{}, "A1", "B2", "c@x.org")
		wantEqual(t, got[0], ledger.DirectoryUser{Clinician: ledger.Clinician{ID: "A1", Name: "Ada", Account: "Ada@x.org", Active: true}, DirectoryName: ledger.DirectoryName{UserName: "Ada@x.org"}})
		wantEqual(t, got[1].UserName, "B2")
		wantEqual(t, got[2], ledger.DirectoryUser{Clinician: ledger.Clinician{ID: "c@x.org", Name: "Cy", Active: true},
			DirectoryName: ledger.DirectoryName{UserName: "C@x.org", External: "e-3"}, Created: Start, Changed: Start})

		later := Start.Add(time.Hour)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "B2", At: later, Directory: &ledger.DirectoryName{UserName: "c@X.ORG"}}), custody.ErrConflict)
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "A1", At: later, Directory: &ledger.DirectoryName{UserName: "other", External: "e-1"}}))
		find(ledger.DirectoryQuery{UserName: "ada@x.org"})
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "c@x.org", At: later, Directory: &ledger.DirectoryName{UserName: "C@x.org", External: "e-3", Gone: true}}))
		find(ledger.DirectoryQuery{External: "e-3"})
		find(ledger.DirectoryQuery{External: "e-3", Gone: true}, "c@x.org")
		gone, err := l.DirectoryUser(ctx, "c@x.org")
		must(t, err)
		wantEqual(t, gone.Gone, true)
		wantEqual(t, gone.Created, Start)
		wantEqual(t, gone.Changed, later)
		_, err = l.DirectoryUser(ctx, "nobody")
		wantErr(t, err, custody.ErrNotFound)
		page, total, err := l.DirectoryUsers(ctx, ledger.DirectoryQuery{Gone: true}, 1, 1)
		must(t, err)
		wantEqual(t, page[0].ID, "B2")
		wantEqual(t, total, 3)
		page, total, err = l.DirectoryUsers(ctx, ledger.DirectoryQuery{}, 5, 10)
		must(t, err)
		wantEqual(t, len(page), 0)
		wantEqual(t, total, 2)
	},
	"every badge ends at once": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		must(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "a", New: true, Name: ptr("A"), At: Start, Badges: []ledger.Badge{{Hash: []byte{1}}, {Hash: []byte{2}}}}))
		must(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "b", New: true, Name: ptr("B"), At: Start, Badges: []ledger.Badge{{Hash: []byte{3}}}}))
		must(t, l.RevokeBadge(t.Context(), []byte{1}, Start))
		must(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "a", At: Start.Add(time.Hour), RevokeAll: true}))
		for hash, want := range map[byte]time.Time{1: Start, 2: Start.Add(time.Hour), 3: {}} {
			b, err := l.Badge(t.Context(), []byte{hash})
			must(t, err)
			wantEqual(t, b.Revoked, want)
		}
		_, err := l.Badge(t.Context(), []byte{9})
		wantErr(t, err, custody.ErrNotFound)
	},
	"groups keep their members": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		ctx := t.Context()
		for _, id := range []string{"a", "b", "c"} {
			must(t, l.AddClinician(ctx, ledger.Clinician{ID: id, Name: id}))
		}
		g := ledger.DirectoryGroup{ID: "g1", Name: "Nurses 4B", External: "x-1", Created: Start, Changed: Start, Members: []string{"a", "b"}}
		must(t, l.AddDirectoryGroup(ctx, g))
		wantErr(t, l.AddDirectoryGroup(ctx, ledger.DirectoryGroup{ID: "g2", Name: "NURSES 4b"}), custody.ErrConflict)
		wantErr(t, l.AddDirectoryGroup(ctx, ledger.DirectoryGroup{ID: "g2", Name: "Others", Members: []string{"nobody"}}), custody.ErrNotFound)
		must(t, l.AddDirectoryGroup(ctx, ledger.DirectoryGroup{ID: "g2", Name: "Others", Created: Start, Changed: Start}))
		wantEqual(t, value[ledger.DirectoryGroup](t)(l.DirectoryGroup(ctx, "g1")), g)

		later := Start.Add(time.Hour)
		changed, err := l.ChangeDirectoryGroup(ctx, "g1", func(g *ledger.DirectoryGroup) {
			g.Members = append(slices.DeleteFunc(g.Members, func(m string) bool { return m == "a" }), "c", "c")
			g.Name, g.Changed = "Nurses", later
		})
		must(t, err)
		wantEqual(t, changed.Name, "Nurses")
		g.Name, g.Changed, g.Members = "Nurses", later, []string{"b", "c"}
		wantEqual(t, value[ledger.DirectoryGroup](t)(l.DirectoryGroup(ctx, "g1")), g)
		_, err = l.ChangeDirectoryGroup(ctx, "g1", func(g *ledger.DirectoryGroup) { g.Members = []string{"a", "nobody"} })
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.ChangeDirectoryGroup(ctx, "g1", func(g *ledger.DirectoryGroup) { g.Name = "others" })
		wantErr(t, err, custody.ErrConflict)
		_, err = l.ChangeDirectoryGroup(ctx, "g9", func(*ledger.DirectoryGroup) {})
		wantErr(t, err, custody.ErrNotFound)
		wantEqual(t, value[ledger.DirectoryGroup](t)(l.DirectoryGroup(ctx, "g1")), g)

		list, total, err := l.DirectoryGroups(ctx, "nURSES", "", 0, 10)
		must(t, err)
		g.Members = nil
		wantEqual(t, list, []ledger.DirectoryGroup{g})
		wantEqual(t, total, 1)
		list, total, err = l.DirectoryGroups(ctx, "", "", 1, 10)
		must(t, err)
		wantEqual(t, list[0].ID, "g2")
		wantEqual(t, total, 2)
		must(t, l.DeleteDirectoryGroup(ctx, "g1"))
		wantErr(t, l.DeleteDirectoryGroup(ctx, "g1"), custody.ErrNotFound)
		_, err = l.DirectoryGroup(ctx, "g1")
		wantErr(t, err, custody.ErrNotFound)
	},
}
