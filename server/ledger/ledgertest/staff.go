package ledgertest

import (
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var staffCases = map[string]func(*testing.T, Fresh){
	"staff are known by id, by name, and by whom their provider says they are": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		maria := ledger.Staff{ID: "s1", Name: "Maria O'Neil", Role: "manager", Wards: []string{"4B", `5"A`}, Issuer: "https://id.example", Subject: "42", Active: true}
		ada := ledger.Staff{ID: "s2", Name: "Ada", Role: "administrator", Active: true}
		must(t, l.AddStaff(t.Context(), maria))
		must(t, l.AddStaff(t.Context(), ada))
		must(t, l.AddStaff(t.Context(), ledger.Staff{ID: "s3", Name: "Zoe", Role: "auditor"})) // any number without a provider
		for name, taken := range map[string]ledger.Staff{
			"id": {ID: "s1", Name: "New"}, "name": {ID: "s4", Name: "Ada"}, "subject": {ID: "s5", Name: "New", Issuer: maria.Issuer, Subject: maria.Subject},
		} {
			if err := l.AddStaff(t.Context(), taken); err == nil {
				t.Errorf("the same %s twice", name)
			} else {
				wantErr(t, err, custody.ErrConflict)
			}
		}
		must(t, l.AddStaff(t.Context(), ledger.Staff{ID: "s6", Name: "Ydra", Role: "auditor", Issuer: "https://other.example", Subject: "42"}))

		wantEqual(t, value[ledger.Staff](t)(l.Staff(t.Context(), "s1")), maria)
		wantEqual(t, value[ledger.Staff](t)(l.StaffByName(t.Context(), "Ada")), ada)
		wantEqual(t, value[ledger.Staff](t)(l.StaffBySubject(t.Context(), "https://id.example", "42")), maria)
		for _, find := range []func() (ledger.Staff, error){
			func() (ledger.Staff, error) { return l.Staff(t.Context(), "x") },
			func() (ledger.Staff, error) { return l.StaffByName(t.Context(), "ada") },
			func() (ledger.Staff, error) { return l.StaffBySubject(t.Context(), "", "") },
			func() (ledger.Staff, error) { return l.StaffBySubject(t.Context(), "https://other.example", "43") },
		} {
			_, err := find()
			wantErr(t, err, custody.ErrNotFound)
		}
		var names []string
		for _, s := range value[[]ledger.Staff](t)(l.Staffs(t.Context())) {
			names = append(names, s.ID)
		}
		wantEqual(t, names, []string{"s2", "s1", "s6", "s3"})
	},
	"roles and wards change, and so does who may come in": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		s := ledger.Staff{ID: "s1", Name: "Ada", Role: "administrator", Active: true}
		must(t, l.AddStaff(t.Context(), s))
		must(t, l.SetStaff(t.Context(), "s1", "manager", []string{"4B"}))
		must(t, l.SetStaffActive(t.Context(), "s1", false))
		s.Role, s.Wards, s.Active = "manager", []string{"4B"}, false
		wantEqual(t, value[ledger.Staff](t)(l.Staff(t.Context(), "s1")), s)
		must(t, l.SetStaff(t.Context(), "s1", "auditor", nil))
		must(t, l.SetStaffActive(t.Context(), "s1", true))
		s.Role, s.Wards, s.Active = "auditor", nil, true
		wantEqual(t, value[ledger.Staff](t)(l.Staff(t.Context(), "s1")), s)
		wantErr(t, l.SetStaff(t.Context(), "x", "auditor", nil), custody.ErrNotFound)
		wantErr(t, l.SetStaffActive(t.Context(), "x", true), custody.ErrNotFound)
	},
}

var pinCases = map[string]func(*testing.T, Fresh){
	"the first hospital account that signs in as a clinician stays theirs": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		anna, ben := ledger.Clinician{ID: "anna", Name: "Anna", Active: true}, ledger.Clinician{ID: "ben", Name: "Ben"}
		must(t, l.AddClinician(t.Context(), anna))
		must(t, l.AddClinician(t.Context(), ben))
		const issuer = "https://id.example"
		_, err := l.ClinicianBySubject(t.Context(), issuer, "1")
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.ClinicianBySubject(t.Context(), "", "")
		wantErr(t, err, custody.ErrNotFound)

		must(t, l.PinClinician(t.Context(), "anna", issuer, "1"))
		must(t, l.PinClinician(t.Context(), "anna", issuer, "1"))
		wantEqual(t, value[ledger.Clinician](t)(l.ClinicianBySubject(t.Context(), issuer, "1")), anna)
		wantErr(t, l.PinClinician(t.Context(), "anna", issuer, "2"), custody.ErrConflict)
		wantErr(t, l.PinClinician(t.Context(), "anna", "https://other.example", "1"), custody.ErrConflict)
		wantErr(t, l.PinClinician(t.Context(), "ben", issuer, "1"), custody.ErrConflict)
		wantErr(t, l.PinClinician(t.Context(), "nobody", issuer, "3"), custody.ErrNotFound)
		must(t, l.PinClinician(t.Context(), "ben", "https://other.example", "1"))
		must(t, l.SetPIN(t.Context(), "anna", "$x")) // what is changed of a person otherwise leaves it
		anna.PIN = "$x"
		wantEqual(t, value[ledger.Clinician](t)(l.ClinicianBySubject(t.Context(), issuer, "1")), anna)

		must(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "anna", Unpin: true, At: Start}))
		wantErr(t, l.ChangePerson(t.Context(), ledger.PersonChange{ID: "nobody", Unpin: true, At: Start}), custody.ErrNotFound)
		_, err = l.ClinicianBySubject(t.Context(), issuer, "1")
		wantErr(t, err, custody.ErrNotFound)
		must(t, l.PinClinician(t.Context(), "anna", issuer, "2"))
	},
}
