package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func TestAPIToken(t *testing.T) {
	i, m, _ := world(t)
	token, err := i.MintAPIToken(t.Context(), "siem", Auditor, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	who, err := i.StaffByToken(t.Context(), token)
	if err != nil || who.Role != Integration || who.Actor() != "token:siem" {
		t.Errorf("%+v, %v", who, err)
	}
	if Allow(who, View, "5A") != nil || Allow(who, Wipe, "5A") == nil || Allow(who, SCIM, "") == nil {
		t.Errorf("an auditor's token may do another thing than look: %+v", who)
	}
	if _, err := i.StaffSession(t.Context(), token, true); err == nil {
		t.Error("an API token is good as a session")
	}
	for key, v := range m.values {
		if strings.Contains(key+string(v), token) {
			t.Errorf("live has it: %s", key)
		}
	}
	m.advance(time.Hour)
	if _, err := i.StaffByToken(t.Context(), token); custody.Refused(err) != RefusedStaff {
		t.Errorf("after its time: %v", err)
	}
}

func TestATokenReachesItsScopesAndWards(t *testing.T) {
	i, _, _ := world(t)
	narrow, _, err := i.MakeToken(t.Context(), "door", []Action{View}, []string{"4B"}, time.Hour, "staff:Ada")
	if err != nil {
		t.Fatal(err)
	}
	who, err := i.StaffByToken(t.Context(), narrow)
	if err != nil || Allow(who, View, "4B") != nil || Allow(who, View, "5A") == nil || Allow(who, View, "") == nil || Allow(who, Ping, "4B") == nil {
		t.Errorf("%+v, %v", who, err)
	}
	manager, err := i.MintAPIToken(t.Context(), "robot", Manager, time.Hour, "4B")
	if err != nil {
		t.Fatal(err)
	}
	who, err = i.StaffByToken(t.Context(), manager)
	if err != nil || Allow(who, Ping, "4B") != nil || Allow(who, Ping, "5A") == nil || Allow(who, Enrol, "4B") == nil || Allow(who, SCIM, "4B") == nil {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestTokensThatAreNotMade(t *testing.T) {
	i, _, _ := world(t)
	wards := []string{"4B"}
	for name, make := range map[string]func() (string, error){
		"no name": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "", []Action{View}, wards, time.Hour, "x")
			return s, err
		},
		"nothing to do": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", nil, wards, time.Hour, "x")
			return s, err
		},
		"unknown scope": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", []Action{"all"}, wards, time.Hour, "x")
			return s, err
		},
		"no ward": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", []Action{View}, nil, time.Hour, "x")
			return s, err
		},
		"an empty ward": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", []Action{View}, []string{""}, time.Hour, "x")
			return s, err
		},
		"for ever": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", []Action{View}, wards, 367*24*time.Hour, "x")
			return s, err
		},
		"ended already": func() (string, error) {
			s, _, err := i.MakeToken(t.Context(), "x", []Action{View}, wards, 0, "x")
			return s, err
		},
		"of a manager of nothing": func() (string, error) { return i.MintAPIToken(t.Context(), "x", Manager, time.Hour) },
		"of a clinician":          func() (string, error) { return i.MintAPIToken(t.Context(), "x", Clinician, time.Hour) },
		"of nobody":               func() (string, error) { return i.MintAPIToken(t.Context(), "x", "root", time.Hour) },
	} {
		if secret, err := make(); custody.Refused(err) != RefusedToken || secret != "" {
			t.Errorf("%s: %q, %v", name, secret, err)
		}
	}
}

func TestARotatedTokenLivesOnForADay(t *testing.T) {
	i, m, _ := world(t)
	old, record, err := i.MakeToken(t.Context(), "siem", []Action{View}, []string{AllWards}, 30*24*time.Hour, "staff:Ada")
	if err != nil {
		t.Fatal(err)
	}
	next, made, err := i.RotateToken(t.Context(), record.ID, "staff:Ben")
	if err != nil || next == old || made.MadeBy != "staff:Ben" || !made.Expires.Equal(record.Expires) {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, _, err := i.RotateToken(t.Context(), record.ID, "staff:Ben"); custody.Refused(err) != RefusedToken {
		t.Errorf("replaced twice: %v", err)
	}
	good := func(token string) bool { _, err := i.StaffByToken(t.Context(), token); return err == nil }
	m.advance(TokenOverlap - time.Second)
	if !good(old) || !good(next) {
		t.Error("they do not overlap")
	}
	m.advance(time.Second)
	if good(old) || !good(next) {
		t.Error("the old one lives on")
	}
	if err := i.RevokeToken(t.Context(), made.ID); err != nil || good(next) {
		t.Errorf("a revoked one is good: %v", err)
	}
}

func TestTheUseOfATokenIsNotedToTheHour(t *testing.T) {
	i, m, _ := world(t)
	token, record, err := i.MakeToken(t.Context(), "siem", []Action{View}, []string{AllWards}, 24*time.Hour, "staff:Ada")
	if err != nil {
		t.Fatal(err)
	}
	use := func() time.Time {
		if _, err := i.StaffByToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		kept, err := i.Staff.(*ledger.Ledger).Token(t.Context(), record.ID)
		if err != nil {
			t.Fatal(err)
		}
		return kept.LastUsed
	}
	m.advance(59 * time.Minute) // it is 7:59
	first := use()
	m.advance(2 * time.Minute)
	if second := use(); !first.Equal(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)) || !second.Equal(first.Add(time.Hour)) {
		t.Errorf("used at %s and %s", first, second)
	}
}
