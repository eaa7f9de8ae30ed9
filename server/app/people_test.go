package app

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/provision"
)

// P7 over the whole server: what a directory or an import says ends a session
// with the answer, and what only reached the ledger is found by the server's own look.
func TestADeactivationEndsTheSession(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, Config{Data: t.TempDir()})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	a.Revoker.Every = 3 * time.Second // the server's own look is not what ends the first two
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	becomesReady(t, a)
	for i, row := range ledgertest.Populate(t, a.Ledger, 3) {
		clean := ledgertest.Advance(row, custody.KindClean)
		clean.Next.State, clean.Next.Enrolment = custody.Clean, "cert"
		if err := a.Ledger.Commit(ctx, clean); err != nil {
			t.Fatal(err)
		}
		who := []string{"ada", "ben", "cy"}[i]
		if err := a.Ledger.AddClinician(ctx, ledger.Clinician{ID: who, Name: who, Active: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Steward.Apply(ctx, row.Device, custody.Claim{By: who, How: custody.AssuranceBadgePIN, With: "badge:00"}); err != nil {
			t.Fatal(err)
		}
	}
	state := func(id custody.DeviceID) custody.State {
		t.Helper()
		row, err := a.Ledger.Custody(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if row.State == custody.Wiping && row.Cause != custody.CauseRevoked {
			t.Errorf("%s is wiped because of %s", id, row.Cause)
		}
		return row.State
	}

	token, err := a.Identity.MintAPIToken(ctx, "Entra", identity.Administrator, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPatch, a.URL+"/scim/v2/Users/ada",
		strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := state("D000"); answer.StatusCode != 200 || got != custody.Wiping {
		t.Errorf("deactivated by a directory: %d, the iPad is %s", answer.StatusCode, got)
	}

	file, err := provision.Parse([]byte("id,active\nben,no\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.importer().Import(ctx, file, provision.Asked{By: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := state("D001"); got != custody.Wiping {
		t.Errorf("deactivated by an import: the iPad is %s", got)
	}

	if err := a.Ledger.SetActive(ctx, "cy", false); err != nil {
		t.Fatal(err)
	}
	for range 250 {
		if state("D002") == custody.Wiping {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("nobody found the session of who was deactivated")
}
