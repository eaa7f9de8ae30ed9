package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity/oidc"
	"github.com/padwarden/padwarden/server/ledger"
)

func TestGrants(t *testing.T) {
	for text, want := range map[string]Grant{
		"it=administrator":                       {Group: "it", Role: Administrator},
		"leads=manager:4B,5A":                    {Group: "leads", Role: Manager, Wards: []string{"4B", "5A"}},
		"CN=Audit,OU=Groups,DC=hospital=auditor": {Group: "CN=Audit,OU=Groups,DC=hospital", Role: Auditor},
	} {
		got, err := ParseGrant(text)
		if err != nil || got.Group != want.Group || got.Role != want.Role || strings.Join(got.Wards, " ") != strings.Join(want.Wards, " ") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "it", "=administrator", "it=", "it=root", "it=clinician", "it=integration", "it=manager", "it=manager:", "it=manager:4B,", "it=auditor:4B", "it=administrator:4B"} {
		if g, err := ParseGrant(text); err == nil {
			t.Errorf("%q became %+v", text, g)
		}
	}
}

// grants of a hospital: two groups of managers, one of each other role.
var grants = []Grant{{Group: "it", Role: Administrator}, {Group: "4b", Role: Manager, Wards: []string{"4B"}}, {Group: "5a", Role: Manager, Wards: []string{"5A", "4B"}}, {Group: "audit", Role: Auditor}}

func TestGroupsAreRoles(t *testing.T) {
	i, _, _ := world(t)
	for subject, c := range map[string]struct {
		groups []string
		role   Role
		wards  string
	}{
		"a": {[]string{"audit", "x"}, Auditor, ""}, "b": {[]string{"4b"}, Manager, "4B"}, "c": {[]string{"5a", "4b", "audit"}, Manager, "4B 5A"},
		"d": {[]string{"audit", "it", "4b"}, Administrator, ""},
	} {
		session, who, err := i.SignInHospital(t.Context(), oidc.Claims{Issuer: "https://id.example", Subject: subject, Name: "Somebody", Account: subject, Groups: c.groups}, grants)
		if err != nil || who.Role != c.role || strings.Join(who.Wards, " ") != c.wards {
			t.Errorf("%v: %+v, %v", c.groups, who, err)
		}
		if again, err := i.StaffSession(t.Context(), session, true); err != nil || again.ID != who.ID {
			t.Errorf("%v: its session: %+v, %v", c.groups, again, err)
		}
	}
	for _, groups := range [][]string{nil, {}, {"it2", "IT", ""}} {
		if _, who, err := i.SignInHospital(t.Context(), oidc.Claims{Issuer: "https://id.example", Subject: "z", Name: "Zoe", Groups: groups}, grants); custody.Refused(err) != RefusedGroup || who.ID != "" {
			t.Errorf("%q: %+v, %v", groups, who, err)
		}
	}
}

// Issuer and subject are who somebody is: neither their name nor their account
// makes them another, and neither makes another them.
func TestASubjectIsTheKey(t *testing.T) {
	i, _, _ := world(t)
	people := i.Staff.(*ledger.Ledger)
	claims := oidc.Claims{Issuer: "https://id.example", Subject: "1", Name: "Maria Keller", Account: "mkeller", Groups: []string{"4b"}}
	in := func(c oidc.Claims) Staff {
		t.Helper()
		_, who, err := i.SignInHospital(t.Context(), c, grants)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	first := in(claims)
	renamed := claims
	renamed.Name, renamed.Account, renamed.Groups = "Maria Weber", "mweber", []string{"audit"}
	if who := in(renamed); who.ID != first.ID || who.Role != Auditor || who.Wards != nil {
		t.Errorf("after a wedding and another group: %+v", who)
	}
	twin := claims
	twin.Subject = "2"
	other := in(twin)
	if other.ID == first.ID || other.Name == first.Name {
		t.Errorf("another of her name and account: %+v, %+v", other, first)
	}
	elsewhere := claims
	elsewhere.Issuer = "https://other.example"
	if who := in(elsewhere); who.ID == first.ID || who.ID == other.ID || who.Name == first.Name || who.Name == other.Name {
		t.Errorf("another provider's: %+v", who)
	}
	// A local administrator's name is not to be had by a hospital account.
	if err := people.AddStaff(t.Context(), ledger.Staff{ID: "local", Name: "administrator", Role: string(Administrator), Active: true}); err != nil {
		t.Fatal(err)
	}
	if who := in(oidc.Claims{Issuer: "https://id.example", Subject: "3", Name: "administrator", Groups: []string{"audit"}}); who.ID == "local" || who.Name == "administrator" || who.Role != Auditor {
		t.Errorf("%+v", who)
	}
	if who := in(oidc.Claims{Issuer: "https://id.example", Subject: "4", Name: strings.Repeat("ü", 99) + "\r\n\x00", Groups: []string{"audit"}}); len(who.Name) > 100 || strings.ContainsAny(who.Name, "\r\n\x00") {
		t.Errorf("%q", who.Name)
	}
	if err := people.SetStaffActive(t.Context(), first.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.SignInHospital(t.Context(), claims, grants); custody.Refused(err) != RefusedClosed {
		t.Errorf("a closed account: %v", err)
	}
}

// A clinician is found by their account once, and is then that subject's alone.
func TestAClinicianIsPinnedAtTheFirstSignIn(t *testing.T) {
	i, _, _ := world(t)
	people := i.Staff.(*ledger.Ledger)
	for _, c := range []ledger.Clinician{{ID: "anna", Name: "Anna", Account: "anna@hospital.example", Active: true}, {ID: "ben", Name: "Ben", Active: true},
		{ID: "gone", Name: "Gone"}, {ID: "carl", Name: "Carl", Account: "dora", Active: true}, {ID: "dora", Name: "Dora", Active: true}} {
		if err := people.AddClinician(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	is := func(subject, account string) (string, string) {
		t.Helper()
		c, err := i.HospitalClinician(t.Context(), oidc.Claims{Issuer: "https://id.example", Subject: subject, Name: "x", Account: account})
		if err != nil && custody.Refused(err) == "" {
			t.Fatal(err)
		}
		return c.ID, custody.Refused(err)
	}
	for n, c := range []struct{ subject, account, id, refused string }{
		{"1", "anna@hospital.example", "anna", ""},        // by account
		{"1", "renamed@hospital.example", "anna", ""},     // by subject from then on
		{"2", "anna@hospital.example", "", RefusedPinned}, // whoever has her old account now
		{"2", "anna", "", RefusedPinned},                  // or her id
		{"3", "ben", "ben", ""},                           // by id
		{"4", "gone", "", RefusedStranger},
		{"4", "nobody", "", RefusedStranger},
		{"4", "", "", RefusedStranger},
		{"5", "dora", "", RefusedPinned}, // one's account, another's id
	} {
		if id, refused := is(c.subject, c.account); id != c.id || refused != c.refused {
			t.Errorf("%d: subject %s, account %q: %q, %q", n, c.subject, c.account, id, refused)
		}
	}
	if err := people.ChangePerson(t.Context(), ledger.PersonChange{ID: "anna", Unpin: true, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if id, refused := is("2", "anna@hospital.example"); id != "anna" || refused != "" {
		t.Errorf("after it was let go: %q, %q", id, refused)
	}
	if err := people.SetActive(t.Context(), "anna", false); err != nil {
		t.Fatal(err)
	}
	if id, refused := is("2", "anna@hospital.example"); id != "" || refused != RefusedStranger {
		t.Errorf("who left: %q, %q", id, refused)
	}
	session, who, err := i.SignInHospital(t.Context(), oidc.Claims{Issuer: "https://id.example", Subject: "3", Name: "Ben"}, grants)
	if err != nil || who.Role != Clinician || who.ID != "ben" || session == "" {
		t.Errorf("a clinician at the console: %+v, %v", who, err)
	}
}
