package console

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/provision"
)

// roster is a desk with a real ledger of people behind it.
type roster struct {
	*desk
	people *ledger.Ledger
	jobs   *provision.Jobs
}

func newRoster(t *testing.T) *roster {
	t.Helper()
	d := newDesk(t)
	r := &roster{desk: d, people: ledgertest.Open(t, ledgertest.SQLite(t))}
	pins := *d.ids
	pins.Ledger = r.people
	importer := &provision.Importer{Ledger: r.people, Identity: &pins, Now: d.Now, Credential: func() string { return "reader-secret" }}
	r.jobs = &provision.Jobs{Base: t.Context(), Importer: importer, Kept: r.people, Now: d.Now, NewID: uuid.NewString}
	t.Cleanup(r.jobs.Wait)
	d.console.Importer, d.console.Imports = importer, r.jobs
	if err := r.people.AddWard(t.Context(), ledger.Ward{ID: "4B", Name: "4B Surgery", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}); err != nil {
		t.Fatal(err)
	}
	return r
}

// body is what the page sends.
func body(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnImportIsAnAdministrators(t *testing.T) {
	r := newRoster(t)
	file := body(t, importAsked{Text: "id,name\nada,Ada\n", Only: []int{2}})
	for _, role := range []identity.Role{identity.Manager, identity.Auditor} {
		cookie, csrf := r.signedIn(role, "4B")
		if status, _, _ := r.ask("POST", "/console/import", file, as(cookie, csrf)); status != 403 {
			t.Errorf("%s: %d", role, status)
		}
		if status, _, _ := r.ask("GET", "/console/import", "", as(cookie, "")); status != 403 {
			t.Errorf("the page of a %s: %d", role, status)
		}
	}
	cookie, csrf := r.signedIn(identity.Administrator)
	if status, _, _ := r.ask("POST", "/console/import", file, as(cookie, "")); status != 403 {
		t.Errorf("without the page's token: %d", status)
	}
	if all, err := r.people.Clinicians(t.Context()); err != nil || len(all) > 0 {
		t.Fatalf("%v %v", all, err)
	}
	status, said, _ := r.ask("POST", "/console/import", file, as(cookie, csrf))
	r.jobs.Wait()
	if status != 202 {
		t.Errorf("%d %s", status, said)
	}
	if _, said, _ := r.ask("GET", "/console/import/rows", "", as(cookie, "")); !strings.Contains(said, "2,clinician ada,Ada,add,") {
		t.Errorf("what became of each row: %s", said)
	}
	if log, err := r.people.PersonLog(t.Context(), "ada", 5); err != nil || len(log) != 1 || !strings.HasPrefix(log[0].By, "staff:") {
		t.Errorf("%+v %v", log, err)
	}
	for _, bad := range []string{"", "who,what\n1,2\n"} {
		if status, said, _ := r.ask("POST", "/console/import", body(t, importAsked{Text: bad, Dry: true}), as(cookie, csrf)); status != 400 || !strings.Contains(said, "This file cannot be read") {
			t.Errorf("%q: %d %s", bad, status, said)
		}
	}
	// Rows that no dry run has shown are not done.
	if status, said, _ := r.ask("POST", "/console/import", body(t, map[string]any{"text": "id,name\nben,=HYPERLINK(1)\n"}), as(cookie, csrf)); status != 202 {
		t.Errorf("without a dry run: %d %s", status, said)
	}
	r.jobs.Wait()
	if _, said, _ := r.ask("GET", "/console/import/rows", "", as(cookie, "")); !strings.Contains(said, ",'=HYPERLINK(1),refused,") {
		t.Errorf("a spreadsheet takes a name for a formula: %s", said)
	}
	if _, said, _ := r.ask("GET", "/console/import/progress", "", as(cookie, "")); !strings.Contains(said, "The dry run did not say so") {
		t.Errorf("without a dry run: %s", said)
	}
}

// choose puts a file into the page's field.
func choose(tab *browsertest.Tab, name, text string) {
	encoded, _ := json.Marshal([]string{name, text})
	tab.Eval(`(() => { const [n, t] = ` + string(encoded) + `, d = new DataTransfer(), f = document.getElementById('file');
		d.items.add(new File([t], n)); f.files = d.files; f.dispatchEvent(new Event('change')); return f.files.length; })()`)
}

// An administrator's way: the file, what would be done, that it is done.
func TestImportInABrowser(t *testing.T) {
	r := newRoster(t)
	base := browsertest.Serve(t, r.app)
	tab := browsertest.Open(t)
	token, err := r.ids.MintStaffToken(t.Context(), "Ada Admin", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Navigate(base+"/console/import"), chromedp.WaitVisible("#pick"))
	tab.Judge("import-1-empty")
	choose(tab, "people.csv", "\xef\xbb\xbfid;name;badge\nada;\""+strings.ReplaceAll(evil, `"`, `""`)+"\";0048210000\nben;Ben;card\n")
	tab.Do(chromedp.Click("#check"))
	tab.Until(`document.getElementById('import').textContent === 'Import this row' && document.activeElement.id === 'report-title'`)
	if n := tab.Eval(`document.querySelectorAll('#lines img, #lines script').length`); n != "0" || tab.Eval(`document.title`) != "Import · padwarden" {
		t.Errorf("a name became %s elements", n)
	}
	tab.Judge("import-2-dry")
	if all, err := r.people.Clinicians(t.Context()); err != nil || len(all) > 0 {
		t.Fatalf("the dry run wrote %v, %v", all, err)
	}
	tab.Do(chromedp.Click("#import"))
	tab.Until(`document.getElementById('progress')?.innerText.includes('1 added, 0 changed, 1 refused.') && document.getElementById('progress').innerText.includes('All 2 rows are done.')`)
	if ada, err := r.people.Clinician(t.Context(), "ada"); err != nil || ada.Name != evil {
		t.Errorf("%+v %v", ada, err)
	}
	tab.Judge("import-3-done")
	choose(tab, "ipads.csv", "serial,ward,reader\nDMPX0001,4B,dock-1\n")
	tab.Do(chromedp.Click("#check"))
	tab.Until(`!document.getElementById('report').hidden && document.getElementById('lines').textContent.includes('dock-1')`)
	tab.Do(chromedp.Click("#import"))
	tab.Until(`document.getElementById('secrets')?.innerText.includes('dock-1 reader-secret')`)
	tab.Judge("import-4-reader")
	tab.Until(`document.readyState === 'complete'`)
	tab.Eval(`document.getElementById('taken').click()`)
	tab.Until(`!document.getElementById('secrets')`)
	tab.Do(chromedp.Navigate(base+"/console/import"), chromedp.WaitVisible("#progress"))
	if tab.Eval(`document.body.innerText.includes('reader-secret')`) != "false" {
		t.Error("a secret that was taken is shown again")
	}

	// A thousand rows: who leaves and comes back sees how far it is.
	var many strings.Builder
	many.WriteString("id,name\n")
	for n := range 1000 {
		fmt.Fprintf(&many, "p%04d,Person %d\n", n, n)
	}
	choose(tab, "many.csv", many.String())
	tab.Do(chromedp.Click("#check"))
	tab.Until(`document.getElementById('import').textContent === 'Import these 1000 rows'`)
	tab.Do(chromedp.Click("#import"))
	tab.Until(`document.querySelector('#progress progress')?.max === 1000`)
	tab.Judge("import-6-going")
	tab.Do(chromedp.Navigate(base+"/console/me"), chromedp.WaitVisible("h1"), chromedp.Navigate(base+"/console/import"), chromedp.WaitVisible("#progress"))
	tab.Until(`document.getElementById('progress').innerText.includes('All 1,000 rows are done.') || document.getElementById('progress').innerText.includes('All 1000 rows are done.')`)
	choose(tab, "bad.csv", "what\n1\n")
	tab.Do(chromedp.Click("#check"))
	tab.Until(`document.getElementById('trouble').textContent.startsWith('This file cannot be read: its first row must name its columns')`)
	tab.Judge("import-5-bad")
}
