package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var peopleCases = map[string]func(*testing.T, Fresh){
	"clinicians": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		b := ledger.Clinician{ID: "b", Name: "Bea O'Neil", Account: "bea@example.org", PIN: "$argon2id$x", Active: true}
		a := ledger.Clinician{ID: "a", Name: "Ada"}
		must(t, l.AddClinician(t.Context(), b))
		must(t, l.AddClinician(t.Context(), a))
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "c"})) // accounts may be missing any number of times
		wantErr(t, l.AddClinician(t.Context(), a), custody.ErrConflict)
		wantErr(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "d", Account: b.Account}), custody.ErrConflict)
		wantEqual(t, value[ledger.Clinician](t)(l.Clinician(t.Context(), "b")), b)
		wantEqual(t, value[ledger.Clinician](t)(l.ClinicianByAccount(t.Context(), b.Account)), b)
		_, err := l.ClinicianByAccount(t.Context(), "")
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Clinician(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)

		must(t, l.SetPIN(t.Context(), "a", "$new"))
		must(t, l.SetActive(t.Context(), "a", true))
		must(t, l.SetActive(t.Context(), "b", false))
		a.PIN, a.Active, b.Active = "$new", true, false
		wantEqual(t, value[[]ledger.Clinician](t)(l.Clinicians(t.Context())), []ledger.Clinician{a, b, {ID: "c"}})
		wantErr(t, l.SetPIN(t.Context(), "x", ""), custody.ErrNotFound)
		wantErr(t, l.SetActive(t.Context(), "x", true), custody.ErrNotFound)
	},
	"badges, unknown, expired and revoked ones alike": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		a := ledger.Clinician{ID: "a", Name: "Ada", Active: true}
		must(t, l.AddClinician(t.Context(), a))
		always, short := []byte{0, 1}, []byte{0, 2}
		must(t, l.AddBadge(t.Context(), ledger.Badge{Hash: always, Clinician: "a"}))
		must(t, l.AddBadge(t.Context(), ledger.Badge{Hash: short, Clinician: "a", Expires: Start.Add(time.Second)}))
		wantErr(t, l.AddBadge(t.Context(), ledger.Badge{Hash: always, Clinician: "a"}), custody.ErrConflict)
		wantErr(t, l.AddBadge(t.Context(), ledger.Badge{Hash: []byte{9}, Clinician: "x"}), custody.ErrNotFound)

		find := func(hash []byte, now time.Time, want error) {
			t.Helper()
			c, err := l.ClinicianByBadge(t.Context(), hash, now)
			wantErr(t, err, want)
			if want == nil {
				wantEqual(t, c, a)
			}
		}
		find(always, Start.AddDate(50, 0, 0), nil)
		find(short, Start.Add(999*time.Millisecond), nil)
		find(short, Start.Add(time.Second), custody.ErrNotFound)
		find([]byte{9}, Start, custody.ErrNotFound)
		must(t, l.RevokeBadge(t.Context(), always, Start))
		must(t, l.RevokeBadge(t.Context(), always, Start.Add(time.Hour)))
		find(always, Start.Add(-time.Hour), custody.ErrNotFound)
		find(short, Start, nil)
		wantErr(t, l.RevokeBadge(t.Context(), []byte{9}, Start), custody.ErrNotFound)
		wantErr(t, l.AddBadge(t.Context(), ledger.Badge{Hash: always, Clinician: "a"}), custody.ErrConflict)
	},
}
