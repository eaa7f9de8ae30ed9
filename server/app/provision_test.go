package app

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/identity"
)

// A file of an import may be large, and no other body; nor may that of who is
// not signed in as an administrator.
func TestOnlyAnAdministratorsImportIsLarge(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir()})
	becomesReady(t, a)
	sessions := map[identity.Role]string{}
	for _, role := range []identity.Role{identity.Administrator, identity.Auditor} {
		token, err := a.Identity.MintStaffToken(t.Context(), "the "+string(role), role)
		if err != nil {
			t.Fatal(err)
		}
		if sessions[role], _, err = a.Identity.SignInStaff(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	post := func(path, session string, bytes int) (int, string) {
		t.Helper()
		text := `{"dry": true, "text": "id,name\n` + strings.Repeat(`x,y\n`, bytes/5) + `"}`
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+path, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("X-CSRF-Token", a.Identity.CSRF(session))
		r.AddCookie(&http.Cookie{Name: "padwarden_staff", Value: session})
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return http.StatusRequestEntityTooLarge, err.Error() // the server hung up on what it will not read
		}
		defer func() { _ = answer.Body.Close() }()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(said)
	}
	if status, said := post("/console/import", sessions[identity.Administrator], 2<<20); status != 400 || !strings.Contains(said, "more than 50000 rows") {
		t.Errorf("2 MB of an administrator's: %d %.200s", status, said)
	}
	for path, session := range map[string]string{"/console/import": sessions[identity.Auditor], "/console/sign-out": sessions[identity.Administrator], "/console/import?x": sessions[identity.Administrator]} {
		if status, said := post(path, session, 2<<20); status != 413 {
			t.Errorf("2 MB to %s: %d %.200s", path, status, said)
		}
	}
	if status, said := post("/console/import", sessions[identity.Administrator], 20<<20); status != 413 {
		t.Errorf("20 MB: %d %.200s", status, said)
	}
}

// A directory comes with a token of its own, and a manager's is none.
func TestADirectorysToken(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir()})
	becomesReady(t, a)
	ask := func(method, path, token, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Header.Set("Content-Type", "application/scim+json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(said)
	}
	tokens := map[identity.Role]string{}
	for role, wards := range map[identity.Role][]string{identity.Administrator: nil, identity.Manager: {"4b"}, identity.Auditor: nil} {
		var err error
		if tokens[role], err = a.Identity.MintAPIToken(t.Context(), "Entra", role, time.Hour, wards...); err != nil {
			t.Fatal(err)
		}
	}
	const dora = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"dora@x.org","displayName":"Dora"}`
	for token, want := range map[string]int{"": 401, "junk": 401, tokens[identity.Manager]: 403, tokens[identity.Auditor]: 403} {
		if status, said := ask("POST", "/scim/v2/Users", token, dora); status != want {
			t.Errorf("%d %s, want %d", status, said, want)
		}
	}
	if status, said := ask("POST", "/scim/v2/Users", tokens[identity.Administrator], dora); status != 201 || !strings.Contains(said, a.URL+"/scim/v2/Users/dora@x.org") {
		t.Errorf("%d %s", status, said)
	}
	if status, said := ask("GET", "/scim/v2/Users?filter=userName+eq+%22dora@x.org%22", tokens[identity.Administrator], ""); status != 200 || !strings.Contains(said, `"displayName":"Dora"`) {
		t.Errorf("%d %s", status, said)
	}
	if who, err := a.Ledger.Clinician(t.Context(), "dora@x.org"); err != nil || !who.Active {
		t.Errorf("%+v %v", who, err)
	}
}
