package console

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// urgents reads emergencies off the desk's history as the ledger's projection
// does, and keeps the sealed codes in the real ledger.
type urgents struct {
	h      *hospital
	Ledger *ledger.Ledger
}

func (u urgents) Emergencies(_ context.Context, all bool) (found []custody.Emergency, _ error) {
	u.h.mu.Lock()
	defer u.h.mu.Unlock()
	for id, entries := range u.h.entries {
		for _, e := range entries {
			if e.Kind != custody.KindEmergency {
				continue
			}
			x := custody.Emergency{Device: id, Ward: u.h.rows[id].Ward, Epoch: e.Epoch, Version: e.Version, Clinician: e.Actor, Opened: e.At}
			for _, later := range entries {
				switch {
				case later.Run != e.Version:
				case later.Kind == custody.KindExplained:
					x.Reason, x.Explained = later.Detail, later.At
				case later.Kind == custody.KindReviewed:
					x.Finding, x.Reviewer, x.Reviewed = later.Detail, later.Actor, later.At
				}
			}
			if all || x.Reviewed.IsZero() {
				found = append(found, x)
			}
		}
	}
	return found, nil
}

func (u urgents) Emergency(ctx context.Context, device custody.DeviceID, version int64) (custody.Emergency, error) {
	all, err := u.Emergencies(ctx, true)
	for _, e := range all {
		if e.Device == device && e.Version == version {
			return e, err
		}
	}
	return custody.Emergency{}, custody.ErrNotFound
}

func (u urgents) Ward(ctx context.Context, id string) (ledger.Ward, error) {
	return u.Ledger.Ward(ctx, id)
}
func (u urgents) EmergencyCode(ctx context.Context, ward string) (bool, error) {
	return u.Ledger.EmergencyCode(ctx, ward)
}
func (u urgents) SetEmergencyCode(ctx context.Context, ward string, hash []byte) error {
	return u.Ledger.SetEmergencyCode(ctx, ward, hash)
}
func (u urgents) TakeEmergencyCode(ctx context.Context, ward string, hash []byte) error {
	return u.Ledger.TakeEmergencyCode(ctx, ward, hash)
}
func (u urgents) AddClinician(ctx context.Context, c ledger.Clinician) error {
	return u.Ledger.AddClinician(ctx, c)
}

// breaks opens a clean iPad in an emergency.
func (d *desk) breaks(id custody.DeviceID) custody.Custody {
	d.t.Helper()
	row, err := d.Apply(d.t.Context(), id, custody.Claim{By: "anna", How: custody.AssuranceBreakGlass, With: "badge:x"})
	if err != nil {
		d.t.Fatal(err)
	}
	return row
}

// An emergency is seen at once by those whose ward it is, explained by who
// opened it, and reviewed once.
func TestEmergenciesAreReviewed(t *testing.T) {
	d := newDesk(t)
	row := d.breaks("DMQX00")
	maria, olga, auditor := as(d.signedIn(identity.Manager, "4B")), as(d.signedIn(identity.Manager, "5A")), as(d.signedIn(identity.Auditor))
	path := fmt.Sprintf("/console/emergencies/DMQX00.%d/review", row.Version)
	if _, said, _ := d.ask("GET", "/console", "", maria); !strings.Contains(said, "nobody has looked at it yet") || !strings.Contains(said, "Opened in an emergency, by a badge alone.") {
		t.Error("the pool view says nothing of it")
	}
	if _, said, _ := d.ask("GET", "/console", "", olga); strings.Contains(said, "emergency, ") || strings.Contains(said, "nobody has looked") {
		t.Error("another ward's manager is told")
	}
	_, said, _ := d.ask("GET", "/console/emergencies", "", maria)
	for _, want := range []string{"4B-01", "Anna Berg", "Not said yet", "still open", "Review…"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if _, said, _ := d.ask("GET", "/console/emergencies", "", auditor); !strings.Contains(said, "Anna Berg") || strings.Contains(said, "Review…") {
		t.Error("an auditor sees it, and reviews nothing")
	}
	for who, by := range map[string]func() (int, string){
		"another ward's manager": func() (int, string) { s, b, _ := d.ask("POST", path, `{"found":"x"}`, olga); return s, b },
		"an auditor":             func() (int, string) { s, b, _ := d.ask("POST", path, `{"found":"x"}`, auditor); return s, b },
	} {
		if status, said := by(); status != 403 {
			t.Errorf("%s: %d %s", who, status, said)
		}
	}
	for body, want := range map[string]int{`{"found":" "}`: 400, `{"found":"` + strings.Repeat("x", 501) + `"}`: 400} {
		if status, said, _ := d.ask("POST", path, body, maria); status != want {
			t.Errorf("%.20s: %d %s", body, status, said)
		}
	}
	for _, nowhere := range []string{"/console/emergencies/DMQX00.99999/review", "/console/emergencies/junk/review"} {
		if status, _, _ := d.ask("POST", nowhere, `{"found":"x"}`, maria); status != 404 {
			t.Errorf("%s: %d", nowhere, status)
		}
	}
	if status, said, _ := d.ask("POST", path, `{"found":"A crash call."}`, maria); status != 200 {
		t.Fatalf("%d %s", status, said)
	}
	if status, _, _ := d.ask("POST", path, `{"found":"Again."}`, maria); status != 409 {
		t.Errorf("a second review: %d", status)
	}
	_, said, _ = d.ask("GET", "/console/emergencies", "", maria)
	if !strings.Contains(said, "A crash call.") || !strings.Contains(said, "staff:Maria") || !strings.Contains(said, "None waits.") {
		t.Error("the review is not shown")
	}
}

// A ward's sealed code is made by who may, told once, and kept as its HMAC.
func TestSealedCodeIsMade(t *testing.T) {
	d := newDesk(t)
	maria, olga := as(d.signedIn(identity.Manager, "4B")), as(d.signedIn(identity.Manager, "5A"))
	if status, _, _ := d.ask("POST", "/console/wards/4B/emergency-code", `{}`, olga); status != 403 {
		t.Errorf("another ward's manager: %d", status)
	}
	if status, _, _ := d.ask("POST", "/console/wards/9Z/emergency-code", `{}`, maria); status != 404 {
		t.Errorf("no such ward: %d", status)
	}
	status, said, _ := d.ask("POST", "/console/wards/4B/emergency-code", `{}`, maria)
	if has, err := d.people.EmergencyCode(t.Context(), "4B"); status != 200 || !has || err != nil || !strings.Contains(said, `"code":"`) {
		t.Errorf("%d %s, %v", status, said, err)
	}
	if _, page, _ := d.ask("GET", "/console/emergencies", "", maria); !strings.Contains(page, "There is one, not used yet") || strings.Contains(page, said[9:19]) {
		t.Error("the page shows the code, or does not say that there is one")
	}
}

func TestEmergenciesInABrowser(t *testing.T) {
	d := newDesk(t)
	d.breaks("DMQX00")
	base := browsertest.Serve(t, d.app)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Open(t)
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.Click("button"), chromedp.WaitVisible("#urgent a"))
	tab.Judge("console-emergencies-1-pool")
	tab.Do(chromedp.Click("#urgent a"), chromedp.WaitVisible(`[data-opens="review"]`))
	tab.Judge("console-emergencies-2-list")
	press := func(button string) { tab.Eval(`document.querySelector('` + button + `').click()`) }
	press(`[data-opens="review"]`)
	tab.Do(chromedp.WaitVisible("#review-found"), chromedp.SendKeys("#review-found", "A crash call."))
	tab.Judge("console-emergencies-3-review")
	press(`#review [data-posts]`)
	tab.Until(`document.body.textContent.includes('None waits.')`)
	tab.Until(`document.readyState === 'complete'`) // the list was read anew
	press(`[data-opens="code"]`)
	tab.Do(chromedp.WaitVisible("#code"))
	press(`#code [data-posts]`)
	tab.Until(`/^[0-9]{10}$/.test(document.querySelector('#code .link').textContent)`)
	tab.Judge("console-emergencies-4-code")
}
