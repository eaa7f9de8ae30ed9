package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func TestStaffTokenSignsInOnce(t *testing.T) {
	i, m, _ := world(t)
	token, err := i.MintStaffToken(t.Context(), "Maria", Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	session, who, err := i.SignInStaff(t.Context(), token)
	if err != nil || who.Name != "Maria" || who.Role != Manager || who.Wards[0] != "4B" {
		t.Fatalf("%+v, %v", who, err)
	}
	if _, _, err := i.SignInStaff(t.Context(), token); custody.Refused(err) != RefusedStaff {
		t.Errorf("the second time: %v", err)
	}
	for key, v := range m.values {
		if s := key + string(v); strings.Contains(s, token) || strings.Contains(s, session) {
			t.Errorf("a secret is kept in plain: %s", s)
		}
	}
	if i.CSRF(session) == "" || i.CSRF(session) == i.CSRF("another") {
		t.Error("the CSRF token is not the session's")
	}
}

// Whoever a link is for is one of the staff from then on, by name: another link
// finds them again, and gives them what it says.
func TestALinkFindsOrMakesItsStaff(t *testing.T) {
	i, _, _ := world(t)
	signIn := func(name string, role Role, wards ...string) (Staff, error) {
		token, err := i.MintStaffToken(t.Context(), name, role, wards...)
		if err != nil {
			t.Fatal(err)
		}
		_, who, err := i.SignInStaff(t.Context(), token)
		return who, err
	}
	first, err := signIn("Maria", Manager, "4B")
	if err != nil || first.ID == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := signIn("Maria", Auditor)
	if err != nil || again.ID != first.ID || again.Role != Auditor || again.Wards != nil {
		t.Errorf("the second time %+v, %v; the first %+v", again, err, first)
	}
	if other, err := signIn("Ada", Auditor); err != nil || other.ID == first.ID || other.Owner() == first.Owner() {
		t.Errorf("somebody else: %+v, %v", other, err)
	}

	people := i.Staff.(*ledger.Ledger)
	if err := people.SetStaffActive(t.Context(), first.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn("Maria", Administrator); custody.Refused(err) != RefusedClosed {
		t.Errorf("a closed account: %v", err)
	}
	if err := people.AddStaff(t.Context(), ledger.Staff{ID: "h", Name: "Hospital Hanna", Role: string(Auditor), Issuer: "https://id.example", Subject: "7", Active: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn("Hospital Hanna", Administrator); custody.Refused(err) != RefusedClosed {
		t.Errorf("a link around the hospital's sign-in: %v", err)
	}
	if row, err := people.Staff(t.Context(), "h"); err != nil || row.Role != string(Auditor) {
		t.Errorf("%+v, %v", row, err)
	}
}

// What somebody may do, and whether they may be here at all, is what their row
// says at this request, not what it said at the sign-in.
func TestASessionIsOfTheRowAsItIsNow(t *testing.T) {
	i, _, _ := world(t)
	people := i.Staff.(*ledger.Ledger)
	row := ledger.Staff{ID: "m", Name: "Maria", Role: string(Manager), Wards: []string{"4B"}, Active: true}
	if err := people.AddStaff(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	session, who, err := i.OpenStaffSession(t.Context(), row)
	if err != nil || who.ID != "m" || who.Role != Manager || who.Owner() != "staff:m" {
		t.Fatalf("%+v, %v", who, err)
	}
	if err := people.SetStaff(t.Context(), "m", string(Auditor), nil); err != nil {
		t.Fatal(err)
	}
	if who, err = i.StaffSession(t.Context(), session, true); err != nil || who.Role != Auditor || who.Wards != nil {
		t.Errorf("after another role: %+v, %v", who, err)
	}
	if err := people.SetStaffActive(t.Context(), "m", false); err != nil {
		t.Fatal(err)
	}
	if who, err = i.StaffSession(t.Context(), session, true); custody.Refused(err) != RefusedClosed || who.ID != "" {
		t.Errorf("closed: %+v, %v", who, err)
	}
	row.Active = true // what the caller believes does not count
	if _, who, err = i.OpenStaffSession(t.Context(), row); custody.Refused(err) != RefusedClosed || who.ID != "" {
		t.Errorf("signing in to a closed account: %+v, %v", who, err)
	}
}

// A clinician at the console is themselves and may do nothing to a ward.
func TestAClinicianAtTheConsole(t *testing.T) {
	i, _, _ := world(t)
	people := i.Staff.(*ledger.Ledger)
	anna := ledger.Clinician{ID: "anna", Name: "Anna Berg", Active: true}
	if err := people.AddClinician(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	session, who, err := i.OpenClinicianSession(t.Context(), anna)
	if err != nil || who.Role != Clinician || who.ID != "anna" || who.Owner() != "clinician:anna" {
		t.Fatalf("%+v, %v", who, err)
	}
	for _, action := range actions {
		if Allow(who, action, "4B") == nil || Allow(who, action, "") == nil {
			t.Errorf("a clinician may %s", action)
		}
	}
	if err := people.SetActive(t.Context(), "anna", false); err != nil {
		t.Fatal(err)
	}
	if _, err := i.StaffSession(t.Context(), session, true); custody.Refused(err) != RefusedClosed {
		t.Errorf("who left: %v", err)
	}
	if token, err := i.MintStaffToken(t.Context(), "Anna", Clinician); err == nil {
		t.Errorf("a clinician's link: %s", token)
	}
}

func TestStaffTokenExpires(t *testing.T) {
	i, m, _ := world(t)
	token, _ := i.MintStaffToken(t.Context(), "Maria", Manager, "4B")
	m.advance(StaffTokenTTL)
	if _, _, err := i.SignInStaff(t.Context(), token); custody.Refused(err) != RefusedStaff {
		t.Errorf("%v", err)
	}
}

func TestStaffSessionEnds(t *testing.T) {
	signIn := func(t *testing.T) (*Identity, *memory, string) {
		i, m, _ := world(t)
		token, _ := i.MintStaffToken(t.Context(), "Ada", Administrator)
		session, _, err := i.SignInStaff(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return i, m, session
	}
	ended := func(t *testing.T, i *Identity, session string) {
		t.Helper()
		if _, err := i.StaffSession(t.Context(), session, true); custody.Refused(err) != RefusedStaff {
			t.Errorf("still there: %v", err)
		}
	}
	t.Run("idle, watching does not prolong", func(t *testing.T) {
		i, m, session := signIn(t)
		for range 3 {
			m.advance(StaffIdle / 3)
			_, _ = i.StaffSession(t.Context(), session, false)
		}
		ended(t, i, session)
	})
	t.Run("twelve hours, however busy", func(t *testing.T) {
		i, m, session := signIn(t)
		for range 12*3 - 1 {
			m.advance(20 * time.Minute)
			if _, err := i.StaffSession(t.Context(), session, true); err != nil {
				t.Fatal(err)
			}
		}
		m.advance(20 * time.Minute)
		ended(t, i, session)
	})
	t.Run("signed out, whatever is under way", func(t *testing.T) {
		i, _, session := signIn(t)
		if err := i.SignOutStaff(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		_ = i.prolong(t.Context(), session) // a request that had read the session before
		ended(t, i, session)
	})
}

// Every role × action × ward, with all that may be done written out.
func TestAllow(t *testing.T) {
	may := map[string]bool{
		"administrator view 4B": true, "administrator wipe 4B": true, "administrator attest 4B": true,
		"administrator view 5A": true, "administrator wipe 5A": true, "administrator attest 5A": true,
		"administrator view ": true, "administrator wipe ": true, "administrator attest ": true,
		"administrator enrol 4B": true, "administrator enrol 5A": true, "administrator enrol ": true,
		"administrator ping 4B": true, "administrator ping 5A": true, "administrator ping ": true, "manager ping 4B": true,
		"manager view 4B": true, "manager wipe 4B": true, "manager attest 4B": true,
		"administrator staff 4B": true, "administrator staff 5A": true, "administrator staff ": true,
		"administrator scim 4B": true, "administrator scim 5A": true, "administrator scim ": true,
		"auditor view 4B": true, "auditor view 5A": true, "auditor view ": true,
		"integration view 4B": true, "integration scim 4B": true,
	}
	for _, role := range []Role{Administrator, Manager, Auditor, Clinician, Integration, "", "root"} {
		for _, action := range []Action{View, Wipe, Attest, Enrol, Ping, Staffed, SCIM, "", "delete"} {
			for _, ward := range []string{"4B", "5A", ""} {
				want := may[string(role)+" "+string(action)+" "+ward]
				got := Allow(Staff{Name: "x", Role: role, Wards: []string{"4B", ""}, Scopes: []Action{View, SCIM, "delete"}}, action, ward) == nil
				if got != want {
					t.Errorf("%q may %q on %q: %v, want %v", role, action, ward, got, want)
				}
			}
		}
	}
}

func TestNobodyIsMintedWithoutARole(t *testing.T) {
	i, _, _ := world(t)
	for _, who := range []Staff{{Name: "", Role: Auditor}, {Name: "x", Role: "root"}, {Name: strings.Repeat("x", 101), Role: Auditor}} {
		if token, err := i.MintStaffToken(t.Context(), who.Name, who.Role); err == nil {
			t.Errorf("%+v got %q", who, token)
		}
	}
}
