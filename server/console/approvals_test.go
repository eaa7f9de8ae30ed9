package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// person signs somebody in by name, whoever was there before.
func (d *desk) person(name string, role identity.Role, wards ...string) func(deed, device, body string) (int, string) {
	d.t.Helper()
	token, err := d.ids.MintStaffToken(d.t.Context(), name, role, wards...)
	if err != nil {
		d.t.Fatal(err)
	}
	session, _, err := d.ids.SignInStaff(d.t.Context(), token)
	if err != nil {
		d.t.Fatal(err)
	}
	me := as("padwarden_staff="+session, d.ids.CSRF(session))
	return func(deed, device, body string) (int, string) {
		d.t.Helper()
		if deed == "page" {
			status, said, _ := d.ask("GET", "/console/devices/"+device, "", me)
			return status, said
		}
		status, said, _ := d.ask("POST", "/console/devices/"+device+"/"+deed, body, me)
		return status, said
	}
}

const atThree = `{"epoch":3}`

// Threat 25: nobody alone wipes an iPad that somebody works on.
func TestAnActiveSessionIsWipedByTwo(t *testing.T) {
	d := newDesk(t)
	maria, ben := d.person("Maria", identity.Manager, "4B"), d.person("Ben", identity.Manager, "4B")
	other, auditor := d.person("Olga", identity.Manager, "5A"), d.person("Audit", identity.Auditor)
	for _, body := range []string{`{"epoch":3,"why":"It is stuck."}`, `{"why":"It is stuck."}`} { // asking again is still one
		if status, said := maria("wipe", "DMQX10", body); status != 409 || !strings.Contains(said, secondPerson) {
			t.Errorf("alone: %d %s", status, said)
		}
	}
	if d.rows["DMQX10"].State != custody.InUse {
		t.Fatalf("alone: %s", d.rows["DMQX10"].State)
	}
	for who, page := range map[string]string{"Maria": `data-opens="decline"`, "Ben": `data-opens="approve"`, "an auditor": "It is stuck."} {
		ask := map[string]func(string, string, string) (int, string){"Maria": maria, "Ben": ben, "an auditor": auditor}[who]
		_, said := ask("page", "DMQX10", "")
		if !strings.Contains(said, page) || !strings.Contains(said, "Maria asks to wipe this iPad") || who != "Ben" && strings.Contains(said, `data-opens="approve"`) {
			t.Errorf("%s does not see it as they should", who)
		}
	}
	for name, c := range map[string]struct {
		ask  func(string, string, string) (int, string)
		body string
		want int
	}{
		"herself": {maria, atThree, 409}, "another ward's manager": {other, atThree, 403}, "an auditor": {auditor, atThree, 403},
		"of another hand-over": {ben, `{"epoch":2}`, 409}, "of none": {ben, `{}`, 409},
	} {
		if status, said := c.ask("approve", "DMQX10", c.body); status != c.want || d.rows["DMQX10"].State != custody.InUse {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	if status, said := ben("wipe", "DMQX10", atThree); status != 409 || !strings.Contains(said, "that may be you") {
		t.Errorf("the second asks as well: %d %s", status, said)
	}
	if status, said := ben("approve", "DMQX10", atThree); status != 200 || d.rows["DMQX10"].State != custody.Wiping {
		t.Fatalf("%d %s", status, said)
	}
	if last := d.entries["DMQX10"]; !strings.Contains(fmt.Sprint(last), "staff:Maria and staff:Ben") {
		t.Errorf("the history does not name both: %v", last)
	}
	if status, said := ben("approve", "DMQX10", atThree); status != 409 {
		t.Errorf("twice: %d %s", status, said)
	}
}

// A lock before the wipe is no way around it, and what is idle or clean waits for nobody.
func TestWhatIsASession(t *testing.T) {
	d := newDesk(t)
	maria := d.person("Maria", identity.Manager, "4B")
	if status, said := maria("lock", "DMQX10", atThree); status != 200 {
		t.Fatalf("locking needs nobody: %d %s", status, said)
	}
	if status, _ := maria("wipe", "DMQX10", atThree); status != 409 || d.rows["DMQX10"].State != custody.Locked {
		t.Errorf("locked, then wiped alone: %d %s", status, d.rows["DMQX10"].State)
	}
	for _, id := range []string{"DMQX00", "DMQX11", "DMQX14"} { // clean, locked by idleness, unproven
		if status, said := maria("wipe", id, atThree); status != 200 {
			t.Errorf("%s: %d %s", id, status, said)
		}
	}
	if status, said := maria("lost", "DMQX12", `{"epoch":3,"why":"gone","message":"Call us."}`); status != 200 {
		t.Errorf("Lost Mode: %d %s", status, said)
	}
}

// Threat 25: nobody alone empties a ward.
func TestTheFourthWipeWithinAnHourNeedsASecond(t *testing.T) {
	d := newDesk(t)
	maria, ben := d.person("Maria", identity.Manager, "4B"), d.person("Ben", identity.Manager, "4B")
	for _, id := range []string{"DMQX00", "DMQX01", "DMQX02"} {
		if status, said := maria("wipe", id, atThree); status != 200 {
			t.Fatalf("%s: %d %s", id, status, said)
		}
	}
	if status, said := maria("wipe", "DMQX00", atThree); status != 409 || !strings.Contains(said, "being wiped already") {
		t.Errorf("the same again: %d %s", status, said)
	}
	if status, said := maria("wipe", "DMQX03", atThree); status != 409 || !strings.Contains(said, secondPerson) || d.rows["DMQX03"].State != custody.Clean {
		t.Fatalf("the fourth: %d %s", status, said)
	}
	if status, said := ben("wipe", "DMQX14", atThree); status != 200 {
		t.Errorf("another person's first: %d %s", status, said)
	}
	if status, said := ben("approve", "DMQX03", atThree); status != 200 || d.rows["DMQX03"].State != custody.Wiping {
		t.Errorf("%d %s", status, said)
	}
	d.later(time.Hour + time.Second)
	if status, said := maria("wipe", "DMQX15", atThree); status != 200 {
		t.Errorf("an hour later: %d %s", status, said)
	}
}

func (h *hospital) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func TestWhatWaitsEnds(t *testing.T) {
	d := newDesk(t)
	maria, ben := d.person("Maria", identity.Manager, "4B"), d.person("Ben", identity.Manager, "4B")
	ask := func() {
		t.Helper()
		if status, said := maria("wipe", "DMQX10", atThree); status != 409 || !strings.Contains(said, secondPerson) {
			t.Fatalf("%d %s", status, said)
		}
	}
	gone := func(how string) {
		t.Helper()
		if status, said := ben("approve", "DMQX10", atThree); status != 409 || !strings.Contains(said, "nothing_waits") || d.rows["DMQX10"].State != custody.InUse {
			t.Errorf("%s: %d %s", how, status, said)
		}
	}
	ask()
	if status, _ := ben("decline", "DMQX10", atThree); status != 200 {
		t.Errorf("declining: %d", status)
	}
	gone("declined")
	ask()
	if status, _ := maria("decline", "DMQX10", atThree); status != 200 {
		t.Errorf("withdrawing: %d", status)
	}
	gone("withdrawn")
	ask()
	d.later(approvalFor)
	gone("after half an hour")

	// Who asked may have been closed out since, or lost the ward.
	ask()
	row, err := d.people.StaffByName(t.Context(), "Maria")
	if err != nil {
		t.Fatal(err)
	}
	for how, change := range map[string]func() error{
		"another ward's": func() error { return d.people.SetStaff(t.Context(), row.ID, "manager", []string{"5A"}) },
		"closed":         func() error { return d.people.SetStaffActive(t.Context(), row.ID, false) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if status, said := ben("approve", "DMQX10", atThree); status != 409 || !strings.Contains(said, "may not wipe this iPad any more") || d.rows["DMQX10"].State != custody.InUse {
			t.Errorf("%s: %d %s", how, status, said)
		}
	}
	// The iPad has gone on to somebody else.
	d.mu.Lock()
	next := d.rows["DMQX10"]
	next.Epoch++
	d.publish(next)
	d.mu.Unlock()
	if status, said := ben("approve", "DMQX10", atThree); status != 409 || !strings.Contains(said, "stale") {
		t.Errorf("the next hand-over: %d %s", status, said)
	}
}

// Two people, two browsers' worth of pages: asked on one, seen on the pool view
// and approved on the other.
func TestTwoPeopleInABrowser(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 100 * time.Millisecond
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	maria := d.person("Maria", identity.Manager, "4B")
	token, err := d.ids.MintStaffToken(t.Context(), "Ben Adler", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	if status, _ := maria("wipe", "DMQX10", `{"epoch":3,"why":"<b>stuck</b>"}`); status != 409 {
		t.Fatalf("%d", status)
	}
	tab.Until(`document.querySelector('#approvals').textContent.includes('Maria asks to wipe it (“<b>stuck</b>”)')`)
	tab.Judge("approvals-1-pool")
	tab.Do(chromedp.Click("#approvals a"), chromedp.WaitVisible("#approval"))
	tab.Judge("approvals-2-device")
	press(tab, "approve")
	tab.Do(chromedp.WaitVisible("#approve"))
	tab.Judge("approvals-3-asked")
	tab.Do(chromedp.Click(`#approve [data-does="approve"]`))
	tab.Until(`document.querySelector('.pill').textContent === 'Being wiped' && document.querySelector('#approval') === null`)
	if !strings.Contains(tab.Eval(`document.querySelector('.history').textContent`), "Maria and Ben Adler") {
		t.Errorf("the history on the page does not name both: %s", tab.Eval(`document.querySelector(".history").textContent`))
	}
}
