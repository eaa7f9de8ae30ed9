package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

func TestWhatPasskeysAreMadeFor(t *testing.T) {
	for base, want := range map[string][3]string{
		"https://pads.hospital.example":      {"pads.hospital.example", "https://pads.hospital.example"},
		"https://pads.hospital.example:8443": {"pads.hospital.example", "https://pads.hospital.example:8443"},
		"http://127.0.0.1:8080":              {"localhost", "http://localhost:8080"},
		"http://[::1]:8080":                  {"localhost", "http://localhost:8080"},
		"http://localhost:8080":              {"localhost", "http://localhost:8080"},
		"https://10.1.2.3":                   {"", "", "by the address 10.1.2.3"},
		"http://10.1.2.3:8080":               {"", "", "by the address 10.1.2.3"},
		"http://pads.hospital.example":       {"", "", "over https alone"},
	} {
		id, origin, why := passkeyDomain("", base)
		if id != want[0] || origin != want[1] || (why == "") != (want[2] == "") || !strings.Contains(why, want[2]) {
			t.Errorf("%s: %q %q %q", base, id, origin, why)
		}
	}
	if id, origin, why := passkeyDomain("hospital.example", "https://pads.hospital.example"); id != "hospital.example" || origin != "https://pads.hospital.example" || why != "" {
		t.Errorf("%q %q %q", id, origin, why)
	}
}

func TestPasskeysThatCannotBe(t *testing.T) {
	for name, c := range map[string]Config{
		"of another domain":         {BaseURL: "https://pads.example.org", Passkeys: PasskeyConfig{RPID: "example.com"}},
		"of a part of a name":       {BaseURL: "https://pads.example.org", Passkeys: PasskeyConfig{RPID: "ample.org"}},
		"of an address":             {BaseURL: "https://10.1.2.3", Passkeys: PasskeyConfig{RPID: "10.1.2.3"}},
		"of a model that is none":   {BaseURL: "https://pads.example.org", Passkeys: PasskeyConfig{Models: []string{"YubiKey 5"}}},
		"on another's page as well": {BaseURL: "https://pads.example.org", Passkeys: PasskeyConfig{Origins: []string{"https://evil.example"}}},
	} {
		c.Data = t.TempDir()
		if a, err := Open(t.Context(), c); err == nil {
			_ = a.Close()
			t.Errorf("%s: it starts", name)
		}
	}
}

// A server by address has no passkeys, and its console says why.
func TestNoPasskeysAreSaid(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir(), BaseURL: "https://10.1.2.3"})
	local := "http://" + a.socket.Addr().String()
	if a.Passkeys != nil || a.SignInURL() != "https://10.1.2.3" {
		t.Errorf("%v, %s", a.Passkeys, a.SignInURL())
	}
	if status, body := get(t, local+"/console/start"); status != http.StatusOK || strings.Contains(body, "Sign in with a passkey") {
		t.Errorf("the start page offers them: %d %s", status, body)
	}
	token, err := a.Identity.MintStaffToken(t.Context(), "administrator", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := a.Identity.SignInStaff(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local+"/console/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "__Host-padwarden_staff="+session)
	said := answer(t, r)
	if !strings.Contains(said, "by the address 10.1.2.3") {
		t.Errorf("it does not say why: %s", said)
	}
}

// By default passkeys are there from the first minute.
func TestPasskeysOnThisMachine(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir()})
	if a.Passkeys == nil || !strings.HasPrefix(a.SignInURL(), "http://localhost:") {
		t.Fatalf("%v, %s", a.Passkeys, a.SignInURL())
	}
	if status, body := get(t, a.SignInURL()+"/console/start"); status != http.StatusOK || !strings.Contains(body, "Sign in with a passkey") {
		t.Errorf("%d %s", status, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.SignInURL()+"/console/start/passkey/begin", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", a.SignInURL())
	if said := answer(t, r); !strings.Contains(said, `"rpId":"localhost"`) || !strings.Contains(said, `"userVerification":"required"`) {
		t.Errorf("%s", said)
	}
}

func answer(t *testing.T, r *http.Request) string {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// P7: with a passkey ends what it opened, and a copied one is counted.
func TestAStoppedPasskeyEndsWhatItOpened(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir()})
	becomesReady(t, a)
	ctx := t.Context()
	ledgertest.Populate(t, a.Ledger, 2)
	if err := a.Ledger.AddClinician(ctx, ledger.Clinician{ID: "ada", Name: "Ada", Active: true}); err != nil {
		t.Fatal(err)
	}
	for n, id := range []custody.DeviceID{"D000", "D001"} {
		p := ledger.Passkey{Credential: []byte{byte(n)}, Owner: "clinician:ada", PublicKey: []byte{1}, AAGUID: make([]byte, 16), Name: "key", Created: time.Now()}
		p.ID = ledger.PasskeyID(p.Credential)
		if err := a.Ledger.AddPasskey(ctx, p); err != nil {
			t.Fatal(err)
		}
		row, err := a.Ledger.Custody(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		ch := ledgertest.Advance(row)
		ch.Next.State, ch.Next.Holder, ch.Next.Credential, ch.Next.Epoch = custody.Locked, "ada", p.Opens(), 1
		if err := a.Ledger.Commit(ctx, ch); err != nil {
			t.Fatal(err)
		}
	}
	state := func(id custody.DeviceID) custody.State {
		t.Helper()
		row, err := a.Ledger.Custody(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return row.State
	}
	if err := a.Passkeys.Remove(ctx, "clinician:ada", ledger.PasskeyID([]byte{0}), "staff:Maria"); err != nil {
		t.Fatal(err)
	}
	if removed, other := state("D000"), state("D001"); removed != custody.Wiping || other != custody.Locked {
		t.Errorf("what the removed one opened: %s; the other: %s", removed, other)
	}
	copied := ledger.PasskeyID([]byte{1})
	if err := a.Ledger.SuspendPasskey(ctx, copied, "copied", time.Now()); err != nil {
		t.Fatal(err)
	}
	a.passkeyEnded(ctx, ledger.Passkey{ID: copied, Owner: "clinician:ada", Suspended: time.Now()})
	if s := state("D001"); s != custody.Wiping {
		t.Errorf("what the copied one opened: %s", s)
	}
	if _, metrics := get(t, a.URL+"/metrics"); !strings.Contains(metrics, `padwarden_steward_events_total{event="passkey_copied"} 1`) {
		t.Error("it is not counted")
	}
}

// Threat 7: where the iPads and the console have host names of their own, one
// does not take what was signed on the other's page.
func TestAPasskeyOfTheOtherHostsPage(t *testing.T) {
	const console, kiosk = "https://console.hospital.example", "https://kiosk.hospital.example"
	hosts := Hosts{Console: console, Kiosk: kiosk, MDM: "https://mdm.hospital.example"}
	a, _ := running(t, Config{Data: t.TempDir(), Hosts: hosts, Passkeys: PasskeyConfig{RPID: "hospital.example"}})
	if err := a.Ledger.AddClinician(t.Context(), ledger.Clinician{ID: "ada", Name: "Ada", Active: true}); err != nil {
		t.Fatal(err)
	}
	options := func(c identity.Ceremony, err error) string {
		t.Helper()
		raw, bad := json.Marshal(c.Options)
		if err = errors.Join(err, bad); err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	at := identity.Place{Bind: "x", Meter: "x", Most: 100}
	key := keytest.New(console)
	key.Page.ID = "hospital.example"
	asked, err := a.Passkeys.BeginRegister(t.Context(), "clinician:ada", "Ada", at)
	made, _ := key.Create(options(asked, err))
	if _, err := a.Passkeys.Register(t.Context(), at, asked.ID, "key", made); err != nil {
		t.Fatal(err)
	}
	for _, signs := range []struct {
		at     *identity.Passkeys
		origin string
		want   string
	}{{a.Passkeys, console, ""}, {a.kioskKeys, kiosk, ""}, {a.Passkeys, kiosk, identity.RefusedPasskey}, {a.kioskKeys, console, identity.RefusedPasskey}} {
		key.Page.Origin = signs.origin
		asked, err := signs.at.BeginSignIn(t.Context(), at)
		signed, _ := key.Get(options(asked, err))
		if _, err := signs.at.SignIn(t.Context(), identity.Clinicians, at, asked.ID, signed); custody.Refused(err) != signs.want || (signs.want == "") != (err == nil) {
			t.Errorf("signed at %s: %v", signs.origin, err)
		}
	}
}
