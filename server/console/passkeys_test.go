package console

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
)

const consolePage = "https://pads.example"

// takesKeys lets people sign in by passkey at the pages of origin.
func (d *desk) takesKeys(origin, host string) {
	d.t.Helper()
	p, err := identity.NewPasskeys(identity.PasskeyConfig{RPID: host, Origins: []string{origin}, Ledger: d.people, Live: d.hospital,
		Key: bytes.Repeat([]byte{5}, 32), Now: d.Now, Rand: rand.Reader})
	if err != nil {
		d.t.Fatal(err)
	}
	d.console.Passkeys = p
}

// asks posts a change and decodes what it answers.
func (d *desk) asks(path string, body any, how ...func(*http.Request)) (status int, said map[string]json.RawMessage, header http.Header) {
	d.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	status, text, header := d.ask("POST", path, string(raw), how...)
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		d.t.Fatalf("%s: %d %s", path, status, text)
	}
	return status, said, header
}

func text(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s)
	return s
}

// adds adds a key to who is signed in, and returns what that came to.
func (d *desk) adds(k *keytest.Key, name, cookie, csrf string) (int, map[string]json.RawMessage) {
	d.t.Helper()
	status, said, _ := d.asks("/console/me/passkeys/begin", map[string]any{}, as(cookie, csrf))
	if status != 200 {
		return status, said
	}
	answer, err := k.Create(string(said["options"]))
	if err != nil {
		d.t.Fatal(err)
	}
	status, said, _ = d.asks("/console/me/passkeys", map[string]any{"ceremony": text(said["ceremony"]), "name": name, "response": json.RawMessage(answer)}, as(cookie, csrf))
	return status, said
}

// signs begins in one browser, and finishes in the one that finish makes of it.
func (d *desk) signs(k *keytest.Key, finish func(cookie string) string) (int, map[string]json.RawMessage, http.Header) {
	d.t.Helper()
	status, said, header := d.asks("/console/start/passkey/begin", map[string]any{}, as("", ""))
	if status != 200 {
		return status, said, header
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	answer, err := k.Get(string(said["options"]))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.asks("/console/start/passkey", map[string]any{"ceremony": text(said["ceremony"]), "response": json.RawMessage(answer)}, as(finish(cookie), ""))
}

func same(cookie string) string { return cookie }

func TestStaffSignInWithAPasskey(t *testing.T) {
	d := newDesk(t)
	d.takesKeys(consolePage, "pads.example")
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	key := keytest.New(consolePage)
	if status, said := d.adds(key, " blue key ", cookie, csrf); status != 200 || text(said["added"]) != "blue key" {
		t.Fatalf("%d %s", status, said)
	}
	status, said, header := d.signs(key, same)
	set := cookies(header)
	if status != 200 || text(said["next"]) != "/console" || !strings.Contains(set["padwarden_staff"], "SameSite=Strict") || !strings.Contains(set["padwarden_ceremony"], "1970") {
		t.Fatalf("%d %s %v", status, said, header)
	}
	session, _, _ := strings.Cut(set["padwarden_staff"], ";")
	if status, body, _ := d.ask("GET", "/console", "", as("padwarden_staff="+session, "")); status != 200 || !strings.Contains(body, "Maria") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := d.ask("GET", "/console/me", "", as(cookie, "")); status != 200 || !strings.Contains(body, "blue key") || strings.Contains(body, "never") {
		t.Errorf("%d %s", status, body)
	}
	// Threat 8: the challenge is this browser's.
	other := func(string) string { return "padwarden_ceremony=" + strings.Repeat("A", 43) }
	none := func(string) string { return "" }
	for name, finish := range map[string]func(string) string{"another browser": other, "none": none} {
		if status, said, header := d.signs(key, finish); status != 409 || text(said["code"]) != identity.RefusedCeremony || header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	// Whose account is closed is answered like nobody.
	_, unknown, _ := d.signs(keytest.New(consolePage), same)
	maria, err := d.people.StaffByName(t.Context(), "Maria")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.people.SetStaffActive(t.Context(), maria.ID, false); err != nil {
		t.Fatal(err)
	}
	status, said, header = d.signs(key, same)
	if status != 409 || text(said["title"]) != text(unknown["title"]) || cookies(header)["padwarden_staff"] != "" {
		t.Errorf("closed: %d %s; unknown: %s", status, said, unknown)
	}
}

// A clinician has their own page at the console, and the same keys as at the iPads.
func TestACliniciansPasskeyAtTheConsole(t *testing.T) {
	d := newDesk(t)
	d.takesKeys(consolePage, "pads.example")
	if err := d.people.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna Berg", Active: true}); err != nil {
		t.Fatal(err)
	}
	session, _, err := d.ids.OpenClinicianSession(t.Context(), ledger.Clinician{ID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.console.Passkeys.Proved(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	key := keytest.New(consolePage)
	if status, said := d.adds(key, "mine", "padwarden_staff="+session, d.ids.CSRF(session)); status != 200 {
		t.Fatalf("%d %s", status, said)
	}
	if keys, err := d.people.Passkeys(t.Context(), "clinician:anna"); err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
	if status, said, _ := d.signs(key, same); status != 200 || text(said["next"]) != "/console/me" {
		t.Errorf("%d %s", status, said)
	}
}

// Keys are changed by who has just signed in, each their own; an administrator
// may stop anybody's.
func TestWhoChangesPasskeys(t *testing.T) {
	d := newDesk(t)
	d.takesKeys(consolePage, "pads.example")
	maria, mariaCSRF := d.signedIn(identity.Manager, "4B")
	admin, adminCSRF := d.signedIn(identity.Administrator)
	key := keytest.New(consolePage)
	d.adds(key, "blue key", maria, mariaCSRF)
	who, err := d.people.StaffByName(t.Context(), "Maria")
	if err != nil {
		t.Fatal(err)
	}
	owner := ledger.StaffOwner(who.ID)
	keys, err := d.people.Passkeys(t.Context(), owner)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	own := "/console/me/passkeys/" + keys[0].ID
	post := func(path, cookie, csrf string, body any) int {
		status, _, _ := d.asks(path, body, as(cookie, csrf))
		return status
	}
	for name, got := range map[string]int{
		"another's, named":   post(own+"/name", admin, adminCSRF, map[string]any{"name": "x"}),
		"another's, removed": post(own+"/remove", admin, adminCSRF, map[string]any{}),
	} {
		if got != 404 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := post("/console/keys/"+owner+"/"+keys[0].ID+"/remove", maria, mariaCSRF, map[string]any{}); got != 403 {
		t.Errorf("a manager as an administrator: %d", got)
	}
	if status, _, _ := d.ask("GET", "/console/keys/"+owner, "", as(maria, "")); status != 403 {
		t.Errorf("a manager looks: %d", status)
	}
	if got := post(own+"/name", maria, mariaCSRF, map[string]any{"name": "green key"}); got != 200 {
		t.Errorf("naming: %d", got)
	}
	if status, body, _ := d.ask("GET", "/console/keys/"+owner, "", as(admin, "")); status != 200 || !strings.Contains(body, "green key") {
		t.Errorf("an administrator looks: %d", status)
	}
	if _, body, _ := d.ask("GET", "/console/keys/clinician:anna", "", as(admin, "")); !strings.Contains(body, "There are none.") || !strings.Contains(body, `href="/console/people/anna"`) {
		t.Errorf("a clinician's: %s", body)
	}
	for _, odd := range []string{"nobody", "root:x", "staff:"} {
		if status, _, _ := d.ask("GET", "/console/keys/"+odd, "", as(admin, "")); status != 404 && status != 400 {
			t.Errorf("%s: %d", odd, status)
		}
	}
	if err := d.Delete(t.Context(), "passkey:proved:"+hashed(strings.TrimPrefix(maria, "padwarden_staff="))); err != nil { // ten minutes later
		t.Fatal(err)
	}
	if status, said := d.adds(keytest.New(consolePage), "x", maria, mariaCSRF); status != 409 || text(said["code"]) != "sign_in_again" {
		t.Errorf("later: %d %s", status, said)
	}
	if got := post(own+"/remove", maria, mariaCSRF, map[string]any{}); got != 409 {
		t.Errorf("removing, later: %d", got)
	}
	if got := post("/console/keys/"+owner+"/"+keys[0].ID+"/remove", admin, adminCSRF, map[string]any{}); got != 200 {
		t.Errorf("an administrator removes it: %d", got)
	}
	if status, said, _ := d.signs(key, same); status != 409 || text(said["code"]) != identity.RefusedPasskey {
		t.Errorf("it still signs in: %d %s", status, said)
	}
}

func TestPasskeyRequestsAtTheStart(t *testing.T) {
	d := newDesk(t)
	paths := []string{"/console/start/passkey/begin", "/console/start/passkey"}
	for _, path := range paths {
		if status, said, _ := d.asks(path, map[string]any{}, as("", "")); status != 409 || text(said["code"]) != "no_passkeys" {
			t.Errorf("%s without passkeys: %d %s", path, status, said)
		}
	}
	d.console.NoPasskeys = "Passkeys need a name, and this server has an address."
	cookie, csrf := d.signedIn(identity.Auditor)
	if status, body, _ := d.ask("GET", "/console/me", "", as(cookie, csrf)); status != 200 || !strings.Contains(body, "Passkeys need a name") || strings.Contains(body, "Add a passkey") {
		t.Errorf("%d %s", status, body)
	}
	d.takesKeys(consolePage, "pads.example")
	for _, path := range paths {
		for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "": 403} {
			if status, _, _ := d.ask("POST", path, "{}", as("", ""), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }); status != want {
				t.Errorf("%s from %q: %d", path, site, status)
			}
		}
		if status, _, _ := d.ask("POST", path, `{"x":"`+strings.Repeat("x", maxKeyBody)+`"}`, as("", "")); status != 413 {
			t.Errorf("%s, too large: %d", path, status)
		}
	}
}

// The first minute: a link, a passkey of one's own, and from then on no link.
func TestPasskeyAtTheConsoleInABrowser(t *testing.T) {
	d := newDesk(t)
	base := browsertest.Local(browsertest.Serve(t, d.app))
	d.takesKeys(base, "localhost")
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(strings.Replace(base, "localhost", "127.0.0.1", 1)+"/console/start"), chromedp.WaitVisible("#use-key"))
	tab.Until(`document.getElementById('use-key').disabled && document.getElementById('key-says').textContent.includes('open http://localhost:')`)
	tab.Do(chromedp.Navigate(base+"/console/start"), chromedp.WaitVisible("#use-key"))
	key := tab.Key(true) // the computer's own
	tab.Judge("console-key-1-start")
	tab.Do(chromedp.Click("#use-key"))
	tab.Until(`document.getElementById('key-says').textContent.includes('No key answered')`)

	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("form button"), chromedp.Click("form button"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Click(".who a"))
	tab.Until(`location.pathname === '/console/me' && document.body.textContent.includes('You have none yet')`)
	tab.Judge("console-key-2-none")
	tab.Do(chromedp.Click(`[data-opens="add"]`), chromedp.WaitVisible("#add"), chromedp.Click("#add-yes"))
	tab.Until(`document.querySelector('#add .error').textContent.includes('Give it a name')`)
	tab.Judge("console-key-3-add")
	tab.Do(chromedp.SendKeys("#add-name", "work laptop"), chromedp.Click("#add-yes"))
	tab.Until(`document.querySelector('tr[data-key] th')?.textContent === 'work laptop' && document.readyState === 'complete'`)
	tab.Judge("console-key-4-list")
	tab.Do(chromedp.Click(`[data-opens="add"]`), chromedp.WaitVisible("#add"), chromedp.SendKeys("#add-name", "again"), chromedp.Click("#add-yes"))
	tab.Until(`document.querySelector('#add .error').textContent.includes('registered already')`)
	tab.Do(chromedp.Click("#add [data-closes]"))
	tab.Do(chromedp.Click(`[data-opens="name"]`), chromedp.WaitVisible("#name"), chromedp.SendKeys("#name-name", "my laptop"), chromedp.Click("#name .primary"))
	tab.Until(`document.querySelector('tr[data-key] th')?.textContent === 'my laptop' && document.readyState === 'complete'`)

	tab.Do(chromedp.Click("#sign-out"))
	tab.Until(`location.pathname === '/console/start' && document.readyState === 'complete'`)
	key.Verified(false)
	tab.Do(chromedp.WaitVisible("#use-key"), chromedp.Click("#use-key"))
	tab.Until(`document.getElementById('key-says').textContent.includes('No key answered')`)
	key.Verified(true)
	tab.Do(chromedp.Click("#use-key"))
	tab.Until(`location.pathname === '/console' && document.querySelector('.who').textContent.includes('Maria Keller')`)

	tab.Do(chromedp.Navigate(base+"/console/me"), chromedp.WaitVisible(`[data-opens="remove"]`), chromedp.Click(`[data-opens="remove"]`), chromedp.WaitVisible("#remove"))
	tab.Judge("console-key-5-remove")
	tab.Do(chromedp.Click("#remove .danger"))
	tab.Until(`document.readyState === 'complete' && document.body.textContent.includes('You have none yet')`)
	tab.Do(chromedp.Click("#sign-out"))
	tab.Until(`location.pathname === '/console/start' && document.readyState === 'complete'`)
	tab.Do(chromedp.WaitVisible("#use-key"), chromedp.Click("#use-key"))
	tab.Until(`document.getElementById('key-says').textContent.includes('not known here')`)
}
