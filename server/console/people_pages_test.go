package console

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/provision"
	"github.com/padwarden/padwarden/server/revoke"
)

// holding is a ledger of people beside the desk's devices.
type holding struct {
	*ledger.Ledger
	h *hospital
}

func (l holding) HeldBy(_ context.Context, clinician string) (held []custody.Custody, err error) {
	l.h.mu.Lock()
	defer l.h.mu.Unlock()
	for _, d := range l.h.devices {
		if row := l.h.rows[d.ID]; row.Holder == clinician {
			held = append(held, row)
		}
	}
	return held, nil
}

// endings notes whose sessions are to end, and has a device that was not reached.
type endings struct {
	mu        sync.Mutex
	ended     []string
	unreached []revoke.Unreached
}

func (e *endings) End(_ context.Context, clinician string) ([]custody.Custody, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, clinician)
	return nil, nil
}

func (e *endings) Unreached(_ context.Context, clinician string) (list []revoke.Unreached, err error) {
	for _, u := range e.unreached {
		if clinician == "" || u.Holder == clinician {
			list = append(list, u)
		}
	}
	return list, nil
}

// oneCode gives codes as identity does, and knows badges.
type oneCode struct{ *identity.Identity }

func (oneCode) ResetPIN(context.Context, string) (string, error) { return "4711-0815", nil }

const annasCard, sparesCard = "0048210000", "0048219907"

// staffed is a roster with its office.
func staffed(t *testing.T) (*roster, *endings) {
	t.Helper()
	r := newRoster(t)
	e := &endings{unreached: []revoke.Unreached{{Device: "DMQX13", Name: "4B-13", Ward: "4B", Holder: "anna", HolderName: "Anna Berg", Since: r.now}, {Device: "DMQX21", Name: "5A-02", Ward: "5A", Holder: "anna", HolderName: "Anna Berg", Since: r.now, Seen: r.now}}}
	r.console.People = &provision.Office{People: holding{r.people, r.hospital}, Cards: oneCode{r.ids}, Revoker: e, Now: r.Now}
	hash, err := r.ids.Badge(annasCard)
	if err != nil {
		t.Fatal(err)
	}
	name, fred := "Anna Berg", "Fred <b>Bold</b>"
	for _, c := range []ledger.PersonChange{
		{ID: "anna", New: true, Name: &name, At: r.now.Add(-time.Hour), Badges: []ledger.Badge{{Hash: hash, Label: "card"}}}, {ID: "fred/5a", New: true, Name: &fred, At: r.now},
	} {
		if err := r.people.ChangePerson(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return r, e
}

// ref is how the page names Anna's first badge.
func (r *roster) ref(t *testing.T, n int) string {
	t.Helper()
	badges, err := r.people.Badges(t.Context(), "anna")
	if err != nil || len(badges) <= n {
		t.Fatalf("%+v %v", badges, err)
	}
	return provision.Ref(badges[n])
}

func TestWhoMayDoWhatAboutPeople(t *testing.T) {
	type ask struct{ method, path, body string }
	soon := `"expires":"2026-03-04T00:00:00Z"`
	asks := map[string]ask{
		"list": {"GET", "/console/people", ""}, "page": {"GET", "/console/people/anna", ""},
		"search": {"POST", "/console/people/search", `{"text":"anna"}`}, "find": {"POST", "/console/people/find", `{"badge":"` + annasCard + `"}`},
		"add":        {"POST", "/console/people", `{"id":"new","name":"New"}`},
		"rename":     {"POST", "/console/people/anna/rename", `{"name":"Anna B"}`},
		"deactivate": {"POST", "/console/people/anna/deactivate", `{"why":"left"}`}, "activate": {"POST", "/console/people/anna/activate", `{}`},
		"lend":   {"POST", "/console/people/anna/badge", `{"badge":"` + sparesCard + `","label":"spare","why":"forgot hers",` + soon + `}`},
		"give":   {"POST", "/console/people/anna/badge", `{"badge":"` + sparesCard + `","label":"spare","why":"x"}`},
		"revoke": {"POST", "/console/people/anna/revoke-badge", `{"ref":"REF","why":"lost"}`}, "pin": {"POST", "/console/people/anna/pin", `{"why":"forgot it"}`},
	}
	sees := map[string]bool{"list": true, "page": true, "search": true, "find": true}
	helps := map[string]bool{"lend": true, "revoke": true, "pin": true}
	for _, who := range []struct {
		role  identity.Role
		wards []string
	}{{identity.Administrator, nil}, {identity.Manager, []string{"4B"}}, {identity.Manager, nil}, {identity.Auditor, nil}} {
		r, _ := staffed(t)
		cookie, csrf := r.signedIn(who.role, who.wards...)
		for name, a := range asks {
			status, said, _ := r.ask(a.method, a.path, strings.Replace(a.body, "REF", r.ref(t, 0), 1), as(cookie, csrf))
			want := 403
			switch {
			case who.role == identity.Administrator:
				want = 200
			case who.role == identity.Manager && len(who.wards) == 0:
			case sees[name], who.role == identity.Manager && helps[name]:
				want = 200
			case who.role == identity.Manager && name == "give":
				want = 400 // for good: an administrator's
			}
			if name == "give" && want == 200 || name == "lend" && want == 200 {
				if status == 409 { // the other of the two came first
					want = 409
				}
			}
			if status != want {
				t.Errorf("%s of %v: %s: %d, want %d: %.200s", who.role, who.wards, name, status, want, said)
			}
		}
	}
}

func TestWhatIsWrittenAboutAPerson(t *testing.T) {
	r, e := staffed(t)
	cookie, csrf := r.signedIn(identity.Manager, "4B")
	post := func(want int, deed, body string) string {
		t.Helper()
		status, said, _ := r.ask("POST", "/console/people/anna/"+deed, body, as(cookie, csrf))
		if status != want {
			t.Fatalf("%s: %d %s", deed, status, said)
		}
		return said
	}
	post(400, "revoke-badge", `{"ref":"`+r.ref(t, 0)+`","why":" "}`)
	post(400, "pin", `{}`)
	post(404, "revoke-badge", `{"ref":"0000","why":"x"}`)
	post(400, "badge", `{"badge":"`+sparesCard+`","why":"x","expires":"2026-06-01T00:00:00Z"}`) // three months
	post(409, "badge", `{"badge":"junk","why":"x","expires":"2026-03-04T00:00:00Z"}`)
	if said := post(409, "badge", `{"badge":"`+annasCard+`","why":"x","expires":"2026-03-04T00:00:00Z"}`); strings.Contains(said, "nna") {
		t.Errorf("whose a badge is, is told: %s", said)
	}
	if len(e.ended) > 0 {
		t.Errorf("ended %v", e.ended)
	}
	post(200, "badge", `{"badge":"`+sparesCard+`","label":"spare","why":"forgot hers","expires":"2026-03-04T00:00:00Z"}`)
	post(200, "revoke-badge", `{"ref":"`+r.ref(t, 0)+`","why":"lost on the bus"}`)
	if said := post(200, "pin", `{"why":"forgot it"}`); !strings.Contains(said, `"code":"4711-0815"`) {
		t.Error(said)
	}
	if fmt.Sprint(e.ended) != "[anna]" {
		t.Errorf("ended %v", e.ended)
	}
	log, err := r.people.PersonLog(t.Context(), "anna", 10)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, d := range log {
		said = append(said, d.By+": "+d.What+" ("+d.Why+")")
	}
	if got, want := strings.Join(said, " | "), "staff:Maria: A new PIN: a one-time code was asked for. (forgot it) | staff:Maria: Badge revoked: card. (lost on the bus) | staff:Maria: Badge added: spare, until 2026-03-04 00:00 UTC. (forgot hers)"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}

	_, page, _ := r.ask("GET", "/console/people/anna", "", as(cookie, ""))
	for _, want := range []string{"spare", "revoked <time", "lost on the bus", "staff:Maria", "DMQX10", `<h2 id="unreached-title">`, "4B-13"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, secret := range []string{annasCard, sparesCard, "48210000", "48219907", "4711-0815", "5A-02"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page tells %s", secret)
		}
	}
	if _, list, _ := r.ask("GET", "/console/people", "", as(cookie, "")); !strings.Contains(list, "4B-13") || strings.Contains(list, "5A-02") {
		t.Error("what was not reached is not that of the manager's own wards")
	}

	if _, list, _ := r.ask("GET", "/api/v1/revocations", "", as(cookie, "")); !strings.Contains(list, `"device":"DMQX13"`) || strings.Contains(list, "5A") {
		t.Errorf("%s", list)
	}
	cookie, csrf = r.signedIn(identity.Administrator)
	if _, list, _ := r.ask("GET", "/api/v1/revocations?ward=5A", "", as(cookie, "")); !strings.Contains(list, `"device":"DMQX21"`) || strings.Contains(list, "4B") {
		t.Errorf("%s", list)
	}
	if err := r.people.PinClinician(t.Context(), "anna", "https://id.example", "1"); err != nil {
		t.Fatal(err)
	}
	post(400, "unpin", `{}`)
	post(200, "unpin", `{"why":"a new account"}`)
	if who, err := r.people.ClinicianBySubject(t.Context(), "https://id.example", "1"); !errors.Is(err, custody.ErrNotFound) {
		t.Errorf("her hospital account is still %+v, %v", who, err)
	}
	e.ended = nil
	post(400, "deactivate", `{}`)
	post(200, "deactivate", `{"why":"left the house"}`)
	if anna, err := r.people.Clinician(t.Context(), "anna"); err != nil || anna.Active || fmt.Sprint(e.ended) != "[anna]" {
		t.Errorf("%+v %v, ended %v", anna, err, e.ended)
	}
	for path, body := range map[string]string{"/console/people/fred%2F5a/rename": `{"name":"Fred","account":"fred@x.org"}`, "/console/people": `{"id":"gina","name":"Gina"}`} {
		if status, said, _ := r.ask("POST", path, body, as(cookie, csrf)); status != 200 {
			t.Errorf("%s: %d %s", path, status, said)
		}
	}
	if fred, err := r.people.Clinician(t.Context(), "fred/5a"); err != nil || fred.Name != "Fred" || fred.Account != "fred@x.org" {
		t.Errorf("%+v %v", fred, err)
	}
	if status, said, _ := r.ask("POST", "/console/people", `{"id":"","name":"x"}`, as(cookie, csrf)); status != 409 || !strings.Contains(said, "no id") {
		t.Errorf("%d %s", status, said)
	}
	for _, path := range []string{"/console/people/nobody", "/console/people/%2525"} {
		if status, _, _ := r.ask("GET", path, "", as(cookie, "")); status != 404 && status != 400 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestTenThousandPeople(t *testing.T) {
	r, _ := staffed(t)
	var file strings.Builder
	file.WriteString("id,name\n")
	for n := range 10_000 {
		fmt.Fprintf(&file, "n%05d,Nurse %05d\n", n, n)
	}
	f, err := provision.Parse([]byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.jobs.Start(t.Context(), f, provision.Asked{By: "x"}, "nurses.csv"); err != nil {
		t.Fatal(err)
	}
	r.jobs.Wait()
	cookie, csrf := r.signedIn(identity.Auditor)
	began := time.Now()
	for page, want := range map[int]string{0: "n00000", 199: "n09999"} {
		status, said, _ := r.ask("POST", "/console/people/search", fmt.Sprintf(`{"text":"NURSE 0","page":%d}`, page), as(cookie, csrf))
		if status != 200 || !strings.Contains(said, want) {
			t.Errorf("page %d: %d %.200s", page, status, said)
		}
	}
	took := time.Since(began) / 2
	t.Logf("a search among 10,000 people took %s", took)
	if took > 500*time.Millisecond {
		t.Errorf("a search took %s", took)
	}
}

// An administrator's way: a name is looked up, a badge is tapped, a badge is
// given by a tap, revoked, and a new PIN is made.
func TestPeopleInABrowser(t *testing.T) {
	r, e := staffed(t)
	base := browsertest.Serve(t, r.app)
	tab := browsertest.Open(t)
	token, err := r.ids.MintStaffToken(t.Context(), "Ada Admin", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Click(`.ways a[href="/console/people"]`), chromedp.WaitVisible("#search"))
	tab.Until(`document.getElementById('sum').textContent === '2 people.'`)
	if n := tab.Eval(`document.querySelectorAll('#lines b').length`); n != "0" {
		t.Errorf("a name became %s elements", n)
	}
	tab.Judge("people-1-all")
	tab.Do(chromedp.SendKeys("#text", "BOLD"))
	tab.Until(`document.getElementById('sum').textContent === '1 person.' && document.getElementById('lines').textContent.startsWith('Fred <b>Bold</b>fred/5a')`)
	tab.Do(chromedp.Click("#lines a"), chromedp.WaitVisible("#badges-title"))
	if got := tab.Eval(`document.querySelector('h1').textContent`); got != "Fred <b>Bold</b>" {
		t.Errorf("%q", got)
	}

	// A reader that acts as a keyboard, with nothing focused.
	wedge := func(number string) {
		tab.Eval(`document.activeElement.blur()`)
		tab.Do(chromedp.KeyEvent(number + "\r"))
	}
	tab.Do(chromedp.Navigate(base+"/console/people"), chromedp.WaitVisible("#search"))
	tab.Until(`document.getElementById('sum').textContent === '2 people.'`)
	wedge("99990000")
	tab.Until(`document.getElementById('trouble').textContent === 'Nobody has this badge.'`)
	wedge(annasCard)
	tab.Until(`location.pathname === '/console/people/anna' && document.querySelector('h1')?.textContent === 'Anna Berg'`)
	if at := tab.Eval(`location.href`); strings.Contains(at, "4821") {
		t.Errorf("a badge's number is in the address: %s", at)
	}
	tab.Judge("people-2-anna")

	tab.Until(`(document.querySelector('[data-opens="badge"]').click(), document.getElementById('badge').open)`)
	tab.Judge("people-3-badge")
	wedge(sparesCard)
	tab.Until(`document.getElementById('badge-number').value === '` + sparesCard + `'`)
	tab.Do(chromedp.SendKeys("#badge-label", "spare"))
	tab.Eval(`(() => { document.getElementById('badge-last').value = '2027-01-31'; return 1; })()`)
	tab.Do(chromedp.Click(`#badge [data-does]`))
	tab.Until(`document.querySelectorAll('[data-opens="revoke-badge"]').length === 2`)
	tab.Until(`(document.querySelector('[data-named="card"]').click(), document.getElementById('revoke-badge').open)`) // once the page's script is there
	tab.Do(chromedp.Click(`#revoke-badge [data-does]`))
	tab.Until(`document.querySelector('#revoke-badge .error').textContent === 'Say why.'`)
	tab.Judge("people-4-revoke")
	tab.Do(chromedp.SendKeys("#revoke-badge-why", "lost on the bus"), chromedp.Click(`#revoke-badge [data-does]`))
	tab.Until(`document.querySelectorAll('[data-opens="revoke-badge"]').length === 1 && document.querySelector('.history').textContent.includes('lost on the bus')`)
	e.mu.Lock()
	if fmt.Sprint(e.ended) != "[anna]" {
		t.Errorf("ended %v", e.ended)
	}
	e.mu.Unlock()
	tab.Until(`(document.querySelector('[data-opens="pin"]').click(), document.getElementById('pin').open)`)
	tab.Do(chromedp.SendKeys("#pin-why", "forgot it"), chromedp.Click(`#pin [data-does]`))
	tab.Until(`document.querySelector('#pin .link').textContent === '4711-0815' && document.querySelector('#pin [data-does]').hidden`)
	tab.Judge("people-5-pin")
	tab.Do(chromedp.Click(`#pin [data-closes]`))
	tab.Until(`!document.getElementById('pin').open && document.querySelector('.history').textContent.includes('one-time code')`)
	if strings.Contains(tab.Eval(`document.body.textContent`), "4711-0815") {
		t.Error("the code is told a second time")
	}
}
