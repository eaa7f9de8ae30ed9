package console

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/identity"
)

// told is what a change told once.
func told(t *testing.T, body string) string {
	t.Helper()
	var said struct{ Code, Path string }
	if err := json.Unmarshal([]byte(body), &said); err != nil || said.Code+said.Path == "" {
		t.Fatalf("%v: %s", err, body)
	}
	return said.Code + said.Path
}

func bearing(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestATokenIsMadeShownOnceRotatedAndRevoked(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Administrator)
	ada := as(cookie, csrf)
	for body, code := range map[string]string{
		`{"name":"","scopes":["view"],"wards":["*"],"days":30}`:      identity.RefusedToken,
		`{"name":"siem","wards":["*"],"days":30}`:                    identity.RefusedToken,
		`{"name":"siem","scopes":["view"],"days":30}`:                identity.RefusedToken,
		`{"name":"siem","scopes":["view"],"wards":["*"]}`:            identity.RefusedToken,
		`{"name":"siem","scopes":["view"],"wards":["*"],"days":400}`: identity.RefusedToken,
		`{"name":"siem","scopes":["wipe"],"wards":["*"],"days":30}`:  "scopes",
	} {
		if status, said, _ := d.ask("POST", "/console/tokens", body, ada); status < 400 || status > 409 || !strings.Contains(said, `"code":"`+code+`"`) {
			t.Errorf("%s: %d %s", body, status, said)
		}
	}
	status, said, _ := d.ask("POST", "/console/tokens", `{"name":"siem","scopes":["view"],"wards":["4B"],"days":30}`, ada)
	if status != 200 {
		t.Fatalf("%d %s", status, said)
	}
	secret := told(t, said)
	works := func(token string) bool {
		status, _, _ := d.ask("GET", "/api/v1/devices/DMQX00", "", bearing(token))
		return status == 200
	}
	if !works(secret) {
		t.Error("it does not work")
	}
	if status, _, _ := d.ask("GET", "/api/v1/devices/DMQX20", "", bearing(secret)); status != 403 {
		t.Errorf("another ward's: %d", status)
	}
	_, page, _ := d.ask("GET", "/console/tokens", "", ada)
	if strings.Contains(page, secret) || !strings.Contains(page, "siem") || !strings.Contains(page, "Works") {
		t.Errorf("the page: %s", page)
	}
	tokens, err := d.ids.Tokens(t.Context())
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%v, %v", tokens, err)
	}
	_, said, _ = d.ask("POST", "/console/tokens/"+tokens[0].ID+"/rotate", "{}", ada)
	next := told(t, said)
	if next == secret || !works(next) || !works(secret) {
		t.Error("rotating it left a gap")
	}
	if status, _, _ := d.ask("POST", "/console/tokens/"+tokens[0].ID+"/revoke", "{}", ada); status != 200 || works(secret) || !works(next) {
		t.Errorf("revoked: %d", status)
	}
	if status, _, _ := d.ask("POST", "/console/tokens/nobody/revoke", "{}", ada); status != 404 {
		t.Errorf("an unknown one: %d", status)
	}
}

func TestStaffAreInvitedChangedAndClosed(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Administrator)
	ada := as(cookie, csrf)
	for body, code := range map[string]string{
		`{"name":"","role":"auditor"}`:                         "name",
		`{"name":"Maria","role":"root"}`:                       "role",
		`{"name":"Maria","role":"clinician"}`:                  "role",
		`{"name":"Maria","role":"manager"}`:                    "wards",
		`{"name":"Maria","role":"manager","wards":["4B", ""]}`: "wards",
	} {
		if status, said, _ := d.ask("POST", "/console/staff", body, ada); status != 400 || !strings.Contains(said, `"code":"`+code+`"`) {
			t.Errorf("%s: %d %s", body, status, said)
		}
	}
	_, said, _ := d.ask("POST", "/console/staff", `{"name":"Maria","role":"manager","wards":["4B"]}`, ada)
	_, token, _ := strings.Cut(told(t, said), "/console/start/")
	status, _, header := d.ask("POST", "/console/start", "token="+token, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
	hers, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	if status != 303 || hers == "" {
		t.Fatalf("%d %v", status, header)
	}
	maria, err := d.people.StaffByName(t.Context(), "Maria")
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := d.ask("POST", "/console/staff/"+maria.ID+"/role", `{"role":"manager","wards":["5A"]}`, ada); status != 200 {
		t.Errorf("another ward: %d", status)
	}
	if a, _, _ := d.ask("GET", "/console/devices/DMQX00", "", as(hers, "")); a != 403 {
		t.Errorf("her old ward: %d", a)
	}
	if a, _, _ := d.ask("GET", "/console/devices/DMQX20", "", as(hers, "")); a != 200 {
		t.Errorf("her new ward: %d", a)
	}
	if status, _, _ := d.ask("POST", "/console/staff/"+maria.ID+"/close", "{}", ada); status != 200 {
		t.Errorf("closing: %d", status)
	}
	if status, _, _ := d.ask("GET", "/console", "", as(hers, "")); status != 303 {
		t.Errorf("closed, and still in: %d", status)
	}
	if status, _, _ := d.ask("POST", "/console/staff/"+maria.ID+"/open", "{}", ada); status != 200 {
		t.Errorf("opening: %d", status)
	}
	self, err := d.people.StaffByName(t.Context(), "the administrator")
	if err != nil {
		t.Fatal(err)
	}
	for deed, body := range map[string]string{"role": `{"role":"auditor"}`, "close": "{}"} {
		if status, said, _ := d.ask("POST", "/console/staff/"+self.ID+"/"+deed, body, ada); status != 409 || !strings.Contains(said, identity.RefusedOneself) {
			t.Errorf("%s of oneself: %d %s", deed, status, said)
		}
	}
}

// The administrators' pages by hand: a link is made, a token is made and revoked.
func TestOfficesInABrowser(t *testing.T) {
	d := newDesk(t)
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Ada Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))

	tab.Do(chromedp.Navigate(base+"/console/staff"), chromedp.WaitVisible(`[data-opens="invite"]`), chromedp.Click(`[data-opens="invite"]`), chromedp.WaitVisible("#invite"))
	tab.Judge("staff-1-invite")
	tab.Do(chromedp.SendKeys("#invite-name", "Maria Keller"), chromedp.Click(`#invite [value="4B"]`), chromedp.Click(`#invite [data-posts]`))
	tab.Until(`document.querySelector('#invite .link').textContent.startsWith(location.origin + '/console/start/')`)

	tab.Do(chromedp.Navigate(base+"/console/tokens"), chromedp.WaitVisible(`[data-opens="make"]`), chromedp.Click(`[data-opens="make"]`), chromedp.WaitVisible("#make"))
	tab.Do(chromedp.Click(`#make [data-posts]`))
	tab.Until(`document.querySelector('#make .error').textContent.startsWith('Give the token a name')`)
	tab.Do(chromedp.SendKeys("#make-name", evil), chromedp.Click(`#make [value="view"]`), chromedp.Click(`#make [value="*"]`), chromedp.Click(`#make [data-posts]`))
	tab.Until(`document.querySelector('#make .link').textContent.length === 43`)
	tab.Judge("tokens-1-made")
	tab.Do(chromedp.Click(`#make [data-closes]`))
	tab.Until(`document.querySelector('[data-opens="rotate"]') !== null`)
	tab.Judge("tokens-2-list")
	if title := tab.Eval(`document.title`); title != "API tokens · padwarden" {
		t.Errorf("a token's name ran: %s", title)
	}
	tab.Do(chromedp.Click(`[data-opens="revoke"]`), chromedp.WaitVisible("#revoke"), chromedp.Click(`#revoke [data-posts]`))
	tab.Until(`document.querySelector('.list').textContent.includes('Revoked')`)
}
