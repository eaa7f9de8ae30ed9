package ledgertest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func ptr[T any](v T) *T { return &v }

var rosterCases = map[string]func(*testing.T, Fresh){
	"a change of a person is written with its lines, or not at all": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		ctx := t.Context()
		deed := func(what string) []ledger.PersonDeed {
			return []ledger.PersonDeed{{By: "staff:Maria", What: what, Why: "new here"}}
		}
		card, spare := []byte{1, 2}, []byte{1, 3}
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ada", New: true, Name: ptr("Ada"), Account: ptr("ada@x"), At: Start,
			Badges: []ledger.Badge{{Hash: card, Label: "card"}}, Deeds: deed("added")}))
		wantEqual(t, value[ledger.Clinician](t)(l.Clinician(ctx, "ada")), ledger.Clinician{ID: "ada", Name: "Ada", Account: "ada@x", Active: true})
		must(t, l.SetPIN(ctx, "ada", "$pin"))

		later := Start.Add(time.Hour)
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ada", Name: ptr("Ada O"), Active: ptr(false), At: later, Revoke: [][]byte{card},
			Badges: []ledger.Badge{{Hash: spare, Expires: later.Add(time.Hour)}}, Deeds: deed("changed")}))
		wantEqual(t, value[ledger.Clinician](t)(l.Clinician(ctx, "ada")), ledger.Clinician{ID: "ada", Name: "Ada O", Account: "ada@x", PIN: "$pin"})
		badges := []ledger.Badge{{Hash: card, Clinician: "ada", Label: "card", Added: Start, Revoked: later}, {Hash: spare, Clinician: "ada", Added: later, Expires: later.Add(time.Hour)}}
		wantEqual(t, value[[]ledger.Badge](t)(l.Badges(ctx, "ada")), badges)

		// Each of these fails after something of it was written.
		must(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ben", New: true, Name: ptr("Ben"), At: later}))
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ben", Name: ptr("X"), At: later, Badges: []ledger.Badge{{Hash: card}}, Deeds: deed("x")}), custody.ErrConflict)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ben", Name: ptr("X"), Account: ptr("ada@x"), At: later}), custody.ErrConflict)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ben", Name: ptr("X"), Revoke: [][]byte{spare}, At: later, Deeds: deed("x")}), custody.ErrNotFound)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "ben", New: true, At: later}), custody.ErrConflict)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "cy", Name: ptr("X"), At: later}), custody.ErrNotFound)
		wantErr(t, l.ChangePerson(ctx, ledger.PersonChange{ID: "cy", At: later, Deeds: deed("x")}), custody.ErrNotFound)
		wantEqual(t, value[ledger.Clinician](t)(l.Clinician(ctx, "ben")).Name, "Ben")
		wantEqual(t, value[[]ledger.Badge](t)(l.Badges(ctx, "")), badges)
		wantEqual(t, len(value[[]ledger.PersonDeed](t)(l.PersonLog(ctx, "ben", 10))), 0)

		wantEqual(t, value[[]ledger.PersonDeed](t)(l.PersonLog(ctx, "ada", 10)), []ledger.PersonDeed{
			{Clinician: "ada", Seq: 2, At: later, By: "staff:Maria", What: "changed", Why: "new here"},
			{Clinician: "ada", Seq: 1, At: Start, By: "staff:Maria", What: "added", Why: "new here"}})
		wantEqual(t, len(value[[]ledger.PersonDeed](t)(l.PersonLog(ctx, "ada", 1))), 1)
		wantEqual(t, len(value[[]ledger.PersonDeed](t)(l.PersonLog(ctx, "ada", 0))), 0)
	},
	"lines about one person are numbered without a gap": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "a", Name: "A"}))
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				err := l.ChangePerson(t.Context(), ledger.PersonChange{ID: "a", At: Start, Deeds: []ledger.PersonDeed{{By: "x", What: fmt.Sprint(n)}}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		lines := value[[]ledger.PersonDeed](t)(l.PersonLog(t.Context(), "a", 100))
		wantEqual(t, len(lines), 20)
		for i, d := range lines {
			wantEqual(t, d.Seq, int64(20-i))
		}
	},
	"people are found by id, name and account, in any case": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		people := []ledger.Clinician{{ID: "n1", Name: "Ärzte Müller", Account: "m@x.org"}, {ID: "n2", Name: "Bea 100%"}, {ID: "n3", Name: "Cy_d"}, {ID: "n4", Name: `D\e`}}
		for _, c := range people {
			must(t, l.AddClinician(t.Context(), c))
		}
		find := func(text string, offset, limit int, more bool, want ...ledger.Clinician) {
			t.Helper()
			got, m, err := l.FindPeople(t.Context(), text, offset, limit)
			must(t, err)
			wantEqual(t, len(got), len(want))
			for i := range got {
				wantEqual(t, got[i], want[i])
			}
			wantEqual(t, m, more)
		}
		find("MÜLLER ärz", 0, 10, false, people[0])
		find("M@X", 0, 10, false, people[0])
		find("N2", 0, 10, false, people[1])
		find("%", 0, 10, false, people[1])
		find("_", 0, 10, false, people[2])
		find(`\`, 0, 10, false, people[3])
		find("' OR 1=1 --", 0, 10, false)
		must(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "n2", Name: ptr("Bea Ö"), At: Start}))
		find("bea ö", 0, 10, false, ledger.Clinician{ID: "n2", Name: "Bea Ö"})
		got, more, err := l.FindPeople(t.Context(), "n", 1, 2)
		must(t, err)
		wantEqual(t, len(got), 2)
		wantEqual(t, more, true)
		_, more, err = l.FindPeople(t.Context(), "n", 2, 2)
		must(t, err)
		wantEqual(t, more, false)
	},
	"readers are listed, and devices renamed": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		a, b := ledger.Reader{ID: "dock-1", Ward: "4B", Device: "D000", Credential: []byte{1}}, ledger.Reader{ID: "wall", Ward: "4B", Credential: []byte{2}}
		must(t, l.AddReader(t.Context(), b))
		must(t, l.AddReader(t.Context(), a))
		wantEqual(t, value[[]ledger.Reader](t)(l.Readers(t.Context())), []ledger.Reader{a, b})
		must(t, l.RenameDevice(t.Context(), "D000", "window bay"))
		wantEqual(t, value[ledger.Device](t)(l.Device(t.Context(), "D000")).Name, "window bay")
		wantErr(t, l.RenameDevice(t.Context(), "X", "y"), custody.ErrNotFound)
	},
}
