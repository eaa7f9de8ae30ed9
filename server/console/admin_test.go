package console

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/provision"
)

// mover changes custody in a real ledger, without live.
type mover struct {
	l   *ledger.Ledger
	now func() time.Time
}

func (m mover) Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	row, err := m.l.Custody(ctx, id)
	if err != nil {
		return row, err
	}
	p, err := m.l.Policy(ctx, row.Ward)
	if err != nil {
		return row, err
	}
	out, err := custody.Decide(row, e, p, m.now())
	if err != nil || !out.Changed {
		return row, err
	}
	return out.Next, m.l.Commit(ctx, custody.Change{Prev: row, Next: out.Next, Entries: out.Entries})
}

// estate is a desk with real wards, iPads and readers behind it: 4B with some of
// each, 5A with one.
type estate struct {
	*desk
	l *ledger.Ledger
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	d := newDesk(t)
	e := &estate{desk: d, l: ledgertest.Open(t, ledgertest.SQLite(t))}
	d.console.Ledger, d.console.Steward = e.l, mover{e.l, d.Now}
	d.console.Administration = &Administration{Kept: e.l,
		Estate: &provision.Estate{Things: e.l, Steward: mover{e.l, d.Now}, Now: d.Now, Credential: func() string { return "reader-secret" }},
		System: func(context.Context) []SystemPart {
			return []SystemPart{
				{Title: "Push certificate", State: "soon", Says: "It is good for 21 more days.", Do: "Renew it at Apple's Push Certificates Portal with the same Apple Account, and start the servers with it. A new one instead would leave every iPad to be enrolled again.",
					Facts: []SystemFact{{Label: "Topic", Value: "com.apple.mgmt.External.0c3f2b9e-55aa-4a1f-9d2e-6b2c1f0a9e77"}, {Label: "Ends", At: d.now.Add(21 * 24 * time.Hour)}}},
				{Title: "Database", State: "good", Says: "It answers.", Facts: []SystemFact{{Label: "Kind", Value: "PostgreSQL"}}},
				{Title: "Redis", State: "bad", Says: "It cannot be relied on: open sessions are locked, and nobody can take an iPad.", Do: "Look after Redis. Sessions come back as locked, and their holders resume with a tap."},
			}
		}}
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	for id, name := range map[string]string{"4B": "4B Surgery", "5A": "5A Medicine"} {
		e.must(e.l.AddWard(t.Context(), ledger.Ward{ID: id, Name: name, Policy: policy}, ledger.WardDeed{At: d.now, By: "staff:Maria", What: "Ward " + name + " was made."}))
	}
	e.must(e.l.AddDevice(t.Context(), ledger.Device{ID: "FIVE1", Ward: "5A", Name: "5A-01"}))
	for id, heard := range map[string]time.Duration{"dock-4b-01": time.Hour, "dock-4b-02": 50 * time.Hour} {
		e.must(e.l.AddReader(t.Context(), ledger.Reader{ID: id, Ward: "4B", Credential: []byte(id)}))
		e.must(e.l.Heard(t.Context(), id, d.now.Add(-heard)))
	}
	e.must(e.l.AddReader(t.Context(), ledger.Reader{ID: "wall-5a", Ward: "5A", Credential: []byte{1}}))
	return e
}

func (e *estate) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// iPad adds a clean one.
func (e *estate) iPad(id custody.DeviceID, ward, name string, state custody.State) {
	e.t.Helper()
	e.must(e.l.AddDevice(e.t.Context(), ledger.Device{ID: id, Ward: ward, Name: name, Model: "iPad (A16)", OSVersion: "26.1"}))
	row, err := e.l.Custody(e.t.Context(), id)
	e.must(err)
	next := row
	next.State, next.Enrolment, next.Version, next.Epoch = state, "cert", row.Version+1, 3
	next.Proof = custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeErased}
	e.must(e.l.Commit(e.t.Context(), custody.Change{Prev: row, Next: next}))
}

// form is what the editor of a policy sends, with some fields written otherwise.
func form(fields map[string]string, more ...string) string {
	all := map[string]string{"fleet": "return-to-service", "target": "kiosk-app", "evidence": "page", "was": "return-to-service kiosk-app page", "ward_name": "4B Surgery", "version": "1"}
	for name, v := range fields {
		all[name] = v
	}
	var parts []string
	for name, v := range all {
		parts = append(parts, strconv.Quote(name)+":"+strconv.Quote(v))
	}
	return "{" + strings.Join(append(parts, more...), ",") + "}"
}

// Two administrators edit one ward: the second is told, nothing of the first's is
// overwritten, and what the second typed is not lost.
func TestTheSecondOfTwoEditorsIsTold(t *testing.T) {
	e := newEstate(t)
	cookie, csrf := e.signedIn(identity.Administrator)
	status, _, header := e.ask("POST", "/console/admin/wards/4B", form(map[string]string{"lock": "3 min", "warn": "2 min 15 s"}), as(cookie, csrf))
	if status != 204 || header.Get("HX-Redirect") != "/console/admin/wards/4B?saved=yes" {
		t.Fatalf("the first: %d %v", status, header)
	}
	status, said, header := e.ask("POST", "/console/admin/wards/4B", form(map[string]string{"lock": "7 min", "ward_name": "Surgery"}), as(cookie, csrf))
	if status != 200 || header.Get("HX-Redirect") != "" || !strings.Contains(said, "Somebody else has changed this ward") || !strings.Contains(said, `value="7 min"`) ||
		!strings.Contains(said, "Lock after: from 2 min to 3 min.") {
		t.Errorf("the second: %d %s", status, said)
	}
	w, err := e.l.Ward(t.Context(), "4B")
	if e.must(err); w.Policy.Lock != 3*time.Minute || w.Policy.Warn != 135*time.Second || w.Name != "4B Surgery" || w.Version != 2 {
		t.Errorf("the ward is %+v", w)
	}
	log, err := e.l.WardLog(t.Context(), "4B", 10)
	if e.must(err); len(log) != 3 || log[0].By != "staff:the administrator" {
		t.Errorf("the log is %+v", log)
	}
	// What cannot be is said beside its field, with what was typed.
	status, said, _ = e.ask("POST", "/console/admin/wards/4B", form(map[string]string{"version": "2", "lock": "20 s", "resume": "a while", "ward_name": "  "}), as(cookie, csrf))
	for _, want := range []string{`value="20 s"`, `value="a while"`, "20 s is outside 30 s to 1 h.", "It has no name.", `id="fault-resume">Write minutes`} {
		if status != 200 || !strings.Contains(said, want) {
			t.Errorf("%d, and %q is not in %s", status, want, said)
		}
	}
}

// A ward keeps its kind while somebody has one of its iPads, and is removed when
// it is empty, with its history.
func TestWhatAWardMayNot(t *testing.T) {
	e := newEstate(t)
	e.iPad("USED1", "4B", "4B-01", custody.InUse)
	cookie, csrf := e.signedIn(identity.Administrator)
	if _, said, _ := e.ask("POST", "/console/admin/wards/4B", form(map[string]string{"target": "passcode"}), as(cookie, csrf)); !strings.Contains(said, "are in use, locked or being wiped") {
		t.Errorf("another lock target with an iPad in use: %s", said)
	}
	if status, said, _ := e.ask("POST", "/console/admin/wards/4B/remove", `{"version":"1"}`, as(cookie, csrf)); status != 409 || !strings.Contains(said, "has iPads or readers") {
		t.Errorf("removing it: %d %s", status, said)
	}
	create := form(map[string]string{"ward_id": "6C", "ward_name": "6C Children", "lock": "4 min", "warn": "3 min"})
	if status, said, header := e.ask("POST", "/console/admin/wards", create, as(cookie, csrf)); status != 204 {
		t.Fatalf("making one: %d %v %s", status, header, said)
	}
	if _, said, _ := e.ask("POST", "/console/admin/wards", create, as(cookie, csrf)); !strings.Contains(said, "There is a ward of this id already") {
		t.Errorf("making it twice: %s", said)
	}
	for _, id := range []string{"a/b", "..", "", "a\x00", strings.Repeat("x", 200)} {
		if status, said, _ := e.ask("POST", "/console/admin/wards", form(map[string]string{"ward_id": id, "ward_name": "x"}), as(cookie, csrf)); status == 204 {
			t.Errorf("a ward called %q was made: %s", id, said)
		}
	}
	for _, step := range []string{"remove", "restore"} {
		w, err := e.l.Ward(t.Context(), "6C")
		e.must(err)
		if status, said, _ := e.ask("POST", "/console/admin/wards/6C/"+step, fmt.Sprintf(`{"version":"%d","why":"moved out"}`, w.Version), as(cookie, csrf)); status != 200 {
			t.Errorf("%s: %d %s", step, status, said)
		}
	}
	if log, err := e.l.WardLog(t.Context(), "6C", 9); err != nil || len(log) != 3 || log[1].Why != "moved out" {
		t.Errorf("its history: %+v %v", log, err)
	}
}

// P8: a manager looks at what is theirs and changes nothing.
func TestAdministrationOfAManager(t *testing.T) {
	e := newEstate(t)
	e.iPad("MINE1", "4B", "4B-01", custody.Clean)
	cookie, csrf := e.signedIn(identity.Manager, "4B")
	for path, want := range map[string]string{"/console/admin": "Wards and policies", "/console/admin/wards": "4B Surgery", "/console/admin/devices": "4B-01", "/console/admin/readers": "dock-4b-01", "/console/admin/wards/4B": "Locks after 2 min"} {
		status, said, _ := e.ask("GET", path, "", as(cookie, ""))
		if status != 200 || !strings.Contains(said, want) || strings.Contains(said, "5A Medicine") || strings.Contains(said, "FIVE1") || strings.Contains(said, "wall-5a") || strings.Contains(said, "data-posts") || strings.Contains(said, "/wards/new") {
			t.Errorf("%s: %d %s", path, status, said)
		}
	}
	for _, path := range []string{"/console/admin/wards/5A", "/console/admin/wards/4B/edit", "/console/admin/system", "/console/admin/wards/new"} {
		if status, _, _ := e.ask("GET", path, "", as(cookie, "")); status != 403 {
			t.Errorf("%s: %d", path, status)
		}
	}
	// A ward that is asked for and not theirs shows nothing of it.
	if _, said, _ := e.ask("GET", "/console/admin/devices?ward=5A", "", as(cookie, "")); strings.Contains(said, "FIVE1") {
		t.Error("an iPad of another ward is shown")
	}
	for path, body := range map[string]string{"/console/admin/devices/MINE1/move": `{"ward":"5A"}`, "/console/admin/devices/MINE1/rename": `{"name":"x"}`, "/console/admin/wards/4B": form(nil), "/console/admin/readers/dock-4b-01/remove": `{"why":"x"}`} {
		if status, _, _ := e.ask("POST", path, body, as(cookie, csrf)); status != 403 {
			t.Errorf("%s: %d", path, status)
		}
	}
	admin, token := e.signedIn(identity.Administrator)
	for _, path := range []string{"/console/admin/wards/4B", "/console/admin/devices", "/console/admin/wards/preview"} {
		if status, _, _ := e.ask("POST", path, form(nil), as(admin, "")); status != 403 {
			t.Errorf("%s without the page's token: %d", path, status)
		}
	}
	_ = token
}

// iPads and readers: what is refused says why, what is done is in the log.
func TestIPadsAndReaders(t *testing.T) {
	e := newEstate(t)
	cookie, csrf := e.signedIn(identity.Administrator)
	post := func(path, body string, want int, says string) string {
		t.Helper()
		status, said, _ := e.ask("POST", "/console/admin/"+path, body, as(cookie, csrf))
		if status != want || !strings.Contains(said, says) {
			t.Errorf("%s %s: %d %s, want %d with %q", path, body, status, said, want, says)
		}
		return said
	}
	rtl := "خامس ٤ב"
	post("devices", `{"serial":"DMPX1","name":"`+rtl+`","ward":"4B"}`, 200, "DMPX1")
	post("devices", `{"serial":"DMPX1","ward":"4B"}`, 409, "already")
	post("devices", `{"serial":"DM PX","ward":"4B"}`, 409, "letters, digits and hyphens")
	post("devices", `{"serial":"DMPX2","ward":"nowhere"}`, 409, "no such ward")
	post("devices", `{"serial":"DMPX2","ward":"4B","name":"a\u0000b"}`, 409, "control character")
	post("devices", `{"serial":"DMPX2","ward":"4B","name":"a\u202eb"}`, 409, "characters that change")
	post("devices", `{"serial":"DMPX2","ward":"4B","name":"`+strings.Repeat("ü", 201)+`"}`, 409, "longer than 200")
	post("devices/DMPX1/rename", `{"name":"`+strings.Repeat("ü", 200)+`"}`, 200, "")
	post("devices/nothing/rename", `{"name":"x"}`, 404, "")

	post("readers", `{"id":"dock 9","ward":"4B"}`, 409, "part of an address")
	post("readers", `{"id":"dock-9","ward":"4B"}`, 200, "reader-secret")
	post("readers", `{"id":"dock-9","ward":"4B"}`, 409, "already")
	post("readers/dock-9/tie", `{"device":"FIVE1"}`, 409, "another ward")
	post("readers/dock-9/tie", `{"device":"nothing"}`, 409, "no iPad of this serial number")
	post("readers/dock-9/tie", `{}`, 400, "")
	post("readers/dock-9/tie", `{"device":"DMPX1"}`, 200, "")
	post("readers/dock-9/renew", `{"why":"lost"}`, 200, "reader-secret")

	e.iPad("CLEAN1", "4B", "4B-01", custody.Clean)
	e.iPad("USED1", "4B", "4B-02", custody.InUse)
	post("devices/DMPX1/move", `{"ward":"5A"}`, 409, "dock-9 is tied to this iPad")
	post("devices/USED1/move", `{"ward":"5A"}`, 409, "session is on this iPad")
	post("devices/CLEAN1/move", `{"ward":""}`, 400, "Choose the ward")
	post("devices/CLEAN1/move", `{"ward":"nowhere"}`, 409, "no such ward")
	post("devices/CLEAN1/move", `{"ward":"5A","epoch":2}`, 409, "")
	post("devices/CLEAN1/move", `{"ward":"5A","epoch":3}`, 200, `"state":"clean"`)
	other := custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode)
	e.must(e.l.AddWard(t.Context(), ledger.Ward{ID: "7D", Name: "7D", Policy: other}))
	post("devices/CLEAN1/move", `{"ward":"7D"}`, 200, `"state":"unproven"`)
	post("readers/dock-9/remove", `{"why":"broken"}`, 200, "")

	var what []string
	log, err := e.l.WardLog(t.Context(), "4B", 20)
	e.must(err)
	for _, d := range log {
		what = append(what, d.What)
	}
	for _, want := range []string{"Reader dock-9: removed.", "Reader dock-9: a new secret.", "Reader dock-9: on the dock of iPad DMPX1.", "iPad 4B-01 (CLEAN1): moved to ward 5A.", "iPad " + rtl + " (DMPX1): added."} {
		if !strings.Contains(strings.Join(what, "\n"), want) {
			t.Errorf("%q is not in the log:\n%s", want, strings.Join(what, "\n"))
		}
	}
	if strings.Contains(strings.Join(what, "\n"), "reader-secret") {
		t.Error("a secret is in the log")
	}
}

// An administrator's way: a ward with a policy that is first wrong, then right;
// an iPad with its link; a reader with its secret; how the system stands.
func TestAdministrationInABrowser(t *testing.T) {
	e := newEstate(t)
	e.iPad("MARKUP", "4B", evil, custody.Clean)
	e.iPad("LONG", "4B", strings.Repeat("Fensterplatz am Ende des Flures ", 6)+"7", custody.Unproven)
	e.iPad("RTL", "4B", "חדר 12 — ٣٤", custody.InUse)
	for n := range 60 {
		e.iPad(custody.DeviceID(fmt.Sprintf("DMPX%04d", n)), "4B", fmt.Sprintf("4B-%02d", n), custody.Clean)
	}
	e.must(e.l.TieReader(t.Context(), "dock-4b-01", "DMPX0000"))
	base := browsertest.Serve(t, e.app)
	tab := browsertest.Open(t)
	token, err := e.ids.MintStaffToken(t.Context(), "Ada Admin", identity.Administrator)
	e.must(err)
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible(".who a"))
	tab.Do(chromedp.Navigate(base+"/console/admin"), chromedp.WaitVisible(".card-list"))
	tab.Judge("admin-1-index")
	tab.Do(chromedp.Click(`a[href="/console/admin/wards"]`), chromedp.WaitVisible("table.list"))
	tab.Judge("admin-2-wards")

	tab.Do(chromedp.Click(`a[href="/console/admin/wards/new"]`), chromedp.WaitVisible("#editor"))
	tab.Until(`document.readyState === 'complete' && !!window.htmx`)
	set := func(name, value string) {
		tab.Eval(`(() => { const f = document.getElementById('f-` + name + `'); f.focus(); f.value = ` + strconv.Quote(value) + `; f.dispatchEvent(new Event('input', {bubbles: true})); return 1; })()`)
	}
	tab.Do(chromedp.SendKeys("#f-ward_id", "6C"), chromedp.SendKeys("#f-ward_name", "6C Kinderklinik"))
	set("lock", "20 s")
	tab.Until(`document.getElementById('fault-lock').textContent === '20 s is outside 30 s to 1 h.' && document.getElementById('f-lock').getAttribute('aria-invalid') === 'true'`)
	if tab.Eval(`document.activeElement.id`) != "f-lock" || tab.Eval(`document.getElementById('f-lock').value`) != "20 s" {
		t.Error("the preview takes the cursor or what was typed")
	}
	tab.Judge("admin-3-fault")
	tab.Eval(`document.querySelector('#editor button.primary').click()`)
	tab.Until(`document.getElementById('trouble')?.textContent.includes('Nothing was saved yet') && document.activeElement.id === 'trouble'`)
	set("warn", "2 min 15 s")
	set("lock", "3")
	tab.Until(`document.getElementById('preview').textContent.includes('Locks after 3 min without a touch (asks at 2 min 15 s).') && document.getElementById('fault-lock').hidden`)
	tab.Until(`document.getElementById('weaker-lock').textContent.includes('CIS')`)
	tab.Judge("admin-4-preview")
	set("fleet", "shared-ipad")
	tab.Until(`!!document.getElementById('f-sign_out_after') && !document.getElementById('f-least_battery') && document.getElementById('f-lock').value === '3 min'`)
	set("fleet", "return-to-service")
	tab.Until(`!!document.getElementById('f-least_battery') && document.getElementById('f-lock').value === '3 min'`)
	tab.Eval(`document.querySelector('#editor button.primary').click()`)
	tab.Until(`location.pathname === '/console/admin/wards/6C' && document.readyState === 'complete'`)
	tab.Judge("admin-5-ward")
	made, err := e.l.Ward(t.Context(), "6C")
	if e.must(err); made.Policy.Lock != 3*time.Minute || made.Name != "6C Kinderklinik" || made.Policy.Fleet != custody.ReturnToService || made.Policy.LeastBattery != 20 {
		t.Errorf("made: %+v", made)
	}

	// A sign-in that ends while a policy is written loses nothing of it.
	tab.Do(chromedp.Navigate(base+"/console/admin/wards/6C/edit"), chromedp.WaitVisible("#editor"))
	tab.Until(`document.readyState === 'complete' && !!window.htmx`)
	set("longest", "10 h")
	tab.Until(`document.getElementById('preview').textContent.includes('A session ends 10 h after')`)
	e.mu.Lock()
	kept := map[string][]byte{}
	for key, v := range e.values {
		if strings.HasPrefix(key, "staff:session:") {
			kept[key] = v
			delete(e.values, key)
		}
	}
	e.mu.Unlock()
	tab.Eval(`document.querySelector('#editor button.primary').click()`)
	tab.Until(`document.getElementById('problem').textContent.includes('what you wrote stays here') && document.getElementById('f-longest').value === '10 h'`)
	e.mu.Lock()
	for key, v := range kept {
		e.values[key] = v
	}
	e.mu.Unlock()
	tab.Eval(`document.body.dataset.csrf = 'that of the session before', document.querySelector('#editor button.primary').click()`)
	tab.Until(`location.pathname === '/console/admin/wards/6C' && document.readyState === 'complete'`)
	if made, err = e.l.Ward(t.Context(), "6C"); err != nil || made.Policy.Longest != 10*time.Hour {
		t.Errorf("after signing in again: %+v %v", made.Policy, err)
	}

	// Two editors: another administrator saves while this page is open.
	tab.Do(chromedp.Navigate(base+"/console/admin/wards/6C/edit"), chromedp.WaitVisible("#editor"))
	tab.Until(`document.readyState === 'complete' && !!window.htmx`)
	p := made.Policy
	p.Resume = 6 * time.Hour
	e.must(e.console.Administration.Estate.ChangeWard(t.Context(), "6C", made.Version, made.Name, p, provision.Deed{By: "staff:Maria"}))
	set("ward_name", "Mine")
	tab.Eval(`document.querySelector('#editor button.primary').click()`)
	tab.Until(`document.getElementById('trouble')?.textContent.includes('Somebody else has changed this ward') && document.getElementById('f-ward_name').value === 'Mine'`)
	tab.Judge("admin-6-second")

	tab.Do(chromedp.Navigate(base+"/console/admin/devices"), chromedp.WaitVisible("#found table"))
	tab.Until(`document.readyState === 'complete' && !!window.htmx`)
	tab.Judge("admin-7-devices")
	if tab.Eval(`document.querySelectorAll('#found img, #found script').length`) != "0" || strings.Contains(tab.Eval(`document.title`), "owned") {
		t.Error("a name ran as markup")
	}
	tab.Eval(`(() => { const q = document.getElementById('q'); q.value = 'dmpx0059'; q.dispatchEvent(new Event('input', {bubbles: true})); return 1; })()`)
	tab.Until(`document.querySelectorAll('#found tbody tr').length === 1 && location.search.includes('q=dmpx0059')`)
	tab.Eval(`document.querySelector('[data-opens=add]').click()`)
	tab.Do(chromedp.WaitVisible("#add"), chromedp.SendKeys("#add-serial", "NEW0001"), chromedp.SendKeys("#add-name", "6C-01"))
	tab.Eval(`document.getElementById('add-ward').value = '6C'`)
	tab.Judge("admin-8-add")
	tab.Eval(`window.old = true, document.querySelector('#add [data-posts]').click()`)
	tab.Until(`!window.old && document.readyState === 'complete'`) // it loads itself again
	tab.Do(chromedp.Navigate(base+"/console/admin/devices?q="+url.QueryEscape("6c-01")), chromedp.WaitVisible("#found table"))
	tab.Until(`document.readyState === 'complete' && document.getElementById('found').textContent.includes('NEW0001')`)
	tab.Eval(`document.querySelector('[data-opens=link]').click()`)
	tab.Eval(`document.querySelector('#link [data-posts]').click()`)
	tab.Until(`document.querySelector('#link .link').textContent === 'https://mdm.example/enroll/one-time-NEW0001'`)
	tab.Judge("admin-9-link")
	tab.Do(chromedp.Navigate(base+"/console/admin/devices?q=nothing"), chromedp.WaitVisible("#found .empty"))
	tab.Judge("admin-a-none")

	tab.Do(chromedp.Navigate(base+"/console/admin/readers"), chromedp.WaitVisible("table.list"))
	tab.Until(`document.readyState === 'complete'`)
	tab.Judge("admin-b-readers")
	tab.Eval(`document.querySelector('[data-opens=add]').click()`)
	tab.Do(chromedp.WaitVisible("#add"), chromedp.SendKeys("#add-id", "dock-6c-01"))
	tab.Eval(`document.querySelector('#add [data-posts]').click()`)
	tab.Until(`document.querySelector('#add .link').textContent === 'reader-secret'`)
	tab.Judge("admin-c-secret")
	tab.Do(chromedp.Navigate(base+"/console/admin/system"), chromedp.WaitVisible(".parts"))
	tab.Judge("admin-d-system")
}
