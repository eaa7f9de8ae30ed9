package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

func (h *hospital) AddTrial(_ context.Context, t ledger.Trial) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trials = append([]ledger.Trial{t}, h.trials...)
	return nil
}

func (h *hospital) Trials(context.Context, int) ([]ledger.Trial, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trials, h.noTrials
}

func (h *hospital) ServerSecret(_ context.Context, _ string, create func() ([]byte, error)) ([]byte, error) {
	return create()
}

func (h *hospital) office(t testing.TB) *trial.Office {
	t.Helper()
	key, err := trial.OpenKey(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return &trial.Office{Store: h, Key: key, World: trial.Hardware, Because: "it is a test", Version: "test", Now: h.Now}
}

// token is a bearer token of somebody.
func (d *desk) token(role identity.Role, wards ...string) func(*http.Request) {
	d.t.Helper()
	token, err := d.ids.MintAPIToken(d.t.Context(), "Ada", role, time.Hour, wards...)
	if err != nil {
		d.t.Fatal(err)
	}
	return func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
	}
}

// tries begins a trial of a device, has its lock asked and confirmed, and
// returns the claim of it.
func (d *desk) tries(id custody.DeviceID) string {
	d.t.Helper()
	status, body, _ := d.ask("GET", "/api/v1/devices/"+string(id)+"/trial", "", d.token(identity.Administrator))
	var c trial.Claim
	var b trial.Beginning
	if err := json.Unmarshal([]byte(body), &c.Beginning); err != nil || status != 200 {
		d.t.Fatalf("beginning: %d %v %s", status, err, body)
	}
	if err := json.Unmarshal(c.Beginning.Body, &b); err != nil {
		d.t.Fatal(err)
	}
	for _, e := range []custody.Entry{
		{Kind: custody.KindLockAsked, Actor: "timer", Detail: "idle", At: d.now, Run: 50},
		{Kind: custody.KindLockEnded, Detail: "confirmed: app lock seen", At: d.now.Add(time.Second), Run: 50},
	} {
		d.mu.Lock()
		row := d.rows[id]
		e.Device = id
		e.Hash = custody.Seal(row.Head, e)
		row.Head = e.Hash
		d.publish(row, e)
		d.mu.Unlock()
	}
	entries, err := d.History(d.t.Context(), id, b.Seq, 10)
	if err != nil {
		d.t.Fatal(err)
	}
	t := trial.Tried{Name: "lock", Outcome: trial.Passed, After: b.Seq, Until: b.Seq + 2, Answers: []string{"yes"}}
	for _, e := range entries {
		t.Marks = append(t.Marks, trial.Cited{Seq: e.Seq, Hash: e.Hash})
	}
	c.Called, c.Steps = "iPad (10th generation)", []trial.Tried{t}
	text, err := json.Marshal(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

func TestOnlyAdministratorsFileATrial(t *testing.T) {
	d := newDesk(t)
	claim := d.tries("DMQX10")
	for name, who := range map[string]func(*http.Request){
		"a manager": d.token(identity.Manager, "4B"), "an auditor": d.token(identity.Auditor),
	} {
		if status, body, _ := d.ask("POST", "/api/v1/trials", claim, who); status != 403 {
			t.Errorf("%s files: %d %s", name, status, body)
		}
		if status, body, _ := d.ask("GET", "/api/v1/devices/DMQX10/trial", "", who); status != 403 {
			t.Errorf("%s begins: %d %s", name, status, body)
		}
	}
	// A cookie comes along by itself, from another site's page too.
	cookie, csrf := d.signedIn(identity.Administrator)
	if status, body, _ := d.ask("POST", "/api/v1/trials", claim, as(cookie, csrf)); status != 403 {
		t.Errorf("by a cookie: %d %s", status, body)
	}
	if len(d.trials) != 0 {
		t.Fatal("one was kept")
	}
	admin := d.token(identity.Administrator)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"no JSON":                 {"x", 400},
		"too much":                {`{"called":"` + strings.Repeat("x", maxClaim) + `"}`, 413},
		"nothing":                 {"{}", 409},
		"a lock that was not":     {strings.Replace(claim, `"name":"lock"`, `"name":"wipe"`, 1), 409},
		"the claim as it is made": {claim, 200},
	} {
		status, body, _ := d.ask("POST", "/api/v1/trials", c.body, admin)
		if status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if len(d.trials) != 1 {
		t.Errorf("%d were kept", len(d.trials))
	}
	if status, _, _ := d.ask("GET", "/api/v1/devices/DMQX99/trial", "", admin); status != 404 {
		t.Errorf("of no iPad: %d", status)
	}
}

func TestTrialsInTheAPI(t *testing.T) {
	d := newDesk(t)
	if status, body, _ := d.ask("POST", "/api/v1/trials", d.tries("DMQX10"), d.token(identity.Administrator)); status != 200 {
		t.Fatal(body)
	}
	type answer struct {
		Wards []struct {
			Ward  string
			Plans []standingJSON
		}
		Trials []trial.Signed
	}
	ask := func(path string, who func(*http.Request)) (a answer, status int) {
		status, body, _ := d.ask("GET", path, "", who)
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatalf("%v %s", err, body)
		}
		return a, status
	}
	a, _ := ask("/api/v1/trials", d.token(identity.Auditor))
	if len(a.Wards) != 2 || len(a.Trials) != 1 || len(a.Wards[0].Plans) != 3 {
		t.Fatalf("%+v", a)
	}
	for _, p := range a.Wards[0].Plans {
		want := trial.NotTried
		if p.Goal == custody.GoalLock {
			want = trial.Passed
		}
		if p.Outcome != want || len(p.Digest) != 64 {
			t.Errorf("%+v", p)
		}
	}
	status, body, _ := d.ask("GET", "/api/v1/trials/key", "", d.token(identity.Auditor))
	var key struct {
		Algorithm string
		Key       []byte
	}
	if err := json.Unmarshal([]byte(body), &key); err != nil || status != 200 || key.Algorithm != "Ed25519" {
		t.Fatalf("%d %v %s", status, err, body)
	}
	if table, err := trial.Verify(a.Trials[0], key.Key); err != nil || table.Device != "DMQX10" || table.By != "Ada" {
		t.Errorf("%v %+v", err, table)
	}
	// Another ward's tables are not a manager's to see, and how the plans stand is.
	if a, _ := ask("/api/v1/trials", d.token(identity.Manager, "5A")); len(a.Trials) != 0 || len(a.Wards) != 1 || a.Wards[0].Ward != "5A" {
		t.Errorf("%+v", a)
	}
	if _, status := ask("/api/v1/trials?ward=4B", d.token(identity.Manager, "5A")); status != 403 {
		t.Errorf("another's ward: %d", status)
	}
}

func TestThePagesSayWhatWasTried(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Manager, "4B")
	page := func(path string) string {
		t.Helper()
		status, body, _ := d.ask("GET", path, "", as(cookie, ""))
		if status != 200 {
			t.Fatalf("%s: %d", path, status)
		}
		return strings.Join(strings.Fields(body), " ")
	}
	has := func(path, want string) {
		t.Helper()
		if body := page(path); !strings.Contains(body, want) {
			_, body, _ = strings.Cut(body, `class="trials"`)
			body, _, _ = strings.Cut(body, "</ul>")
			t.Errorf("%s: no %q in %s", path, want, body)
		}
	}
	const untried = `open, lock, wipe — <span class="trial not_tried"><i aria-hidden="true"></i>not tried on hardware</span>`
	has("/console", "<b>4B Surgery</b>: Plans: "+untried)
	has("/console/devices/DMQX11", "Plans: "+untried)
	if strings.Contains(page("/console"), "5A Medicine") {
		t.Error("another's ward is on the page")
	}
	if status, body, _ := d.ask("POST", "/api/v1/trials", d.tries("DMQX10"), d.token(identity.Administrator)); status != 200 {
		t.Fatal(body)
	}
	const tried = `lock — <span class="trial passed"><i aria-hidden="true"></i>tried on iPad (10th generation), iPadOS 18.2, 2026-03-02</span>`
	has("/console", tried)
	has("/console", "Mishaps: Wi-Fi loss not tried, Restart not tried, Dead battery not tried.")
	has("/console/devices/DMQX11", tried)
	d.devices[5].Model = "iPad14,8" // DMQX11
	has("/console/devices/DMQX11", "and not on this model (iPad14,8)")
	d.policy.Target = custody.TargetPasscode // another plan altogether
	has("/console", untried)
	d.policy.Target = custody.TargetKioskApp
	has("/console", tried)
	d.noTrials = custody.ErrUnavailable // what cannot be read was not tried
	has("/console", untried)
}

func TestTrialsInABrowser(t *testing.T) {
	tab := browsertest.Open(t)
	d := newDesk(t)
	if status, body, _ := d.ask("POST", "/api/v1/trials", d.tries("DMQX10"), d.token(identity.Administrator)); status != 200 {
		t.Fatal(body)
	}
	base := browsertest.Serve(t, d.app)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.querySelectorAll('.trials li').length === 1 && document.querySelector('.trials').innerText.includes('tried on iPad (10th generation)')`)
	tab.Until(`getComputedStyle(document.querySelector('.trial.passed')).color !== getComputedStyle(document.querySelector('.trial.not_tried')).color`)
	tab.Judge("trials-1-pool")
	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX11"), chromedp.WaitVisible("#live"))
	tab.Until(`document.querySelectorAll('.trials li').length === 1`)
	tab.Judge("trials-2-device")
}
