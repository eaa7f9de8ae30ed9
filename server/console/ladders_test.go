package console

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// unsure adds to 4B what is neither quite clean, quite locked, nor quite in
// time: DMQX30 reset, DMQX31 slow, DMQX32 only dark, DMQX33 attested.
func (d *desk) unsure() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.policy.OfferReset = true
	at := func(sec int) time.Time { return d.now.Add(-time.Duration(sec) * time.Second) }
	add := func(id custody.DeviceID, name string, c custody.Custody) {
		c.Device, c.Ward, c.Version, c.Epoch, c.Since = id, "4B", 7, 3, at(60)
		d.devices = append(d.devices, ledger.Device{ID: id, Ward: "4B", Name: name})
		d.publish(c)
	}
	removed := custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeAppsRemoved, At: map[custody.ProofRung]time.Time{custody.ProofRequested: at(300), custody.ProofProven: at(60)}}
	add("DMQX30", "4B-30", custody.Custody{State: custody.Clean, Proof: removed})
	add("DMQX31", "4B-31", custody.Custody{State: custody.Wiping, Holder: "gina", Cause: custody.CauseReturn, WipeAsked: at(540), Risk: custody.Risk{Request: "EraseDevice", Erase: true},
		Run: custody.Run{ID: 7, Goal: custody.GoalWipe, Step: "returned"},
		Proof: custody.Proof{Rung: custody.ProofAcknowledged, At: map[custody.ProofRung]time.Time{custody.ProofRequested: at(540), custody.ProofHandedOver: at(533), custody.ProofAcknowledged: at(530)},
			How: map[custody.ProofRung]string{custody.ProofRequested: "given back by its holder", custody.ProofHandedOver: "EraseDevice 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", custody.ProofAcknowledged: "EraseDevice acknowledged: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"}}})
	add("DMQX32", "4B-32", custody.Custody{State: custody.Locked, Holder: "hugo", Cause: custody.CauseIdle, Opened: at(900), Run: custody.Run{ID: 7, Goal: custody.GoalLock, Done: true},
		Lock: custody.Lock{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "no passcode: only the screen sleeps", At: at(50),
			Requested: custody.Reached{At: at(60), How: "nobody touched it for too long"}, Acknowledged: custody.Reached{At: at(50), How: "no passcode: only the screen sleeps"}}})
	removed.Attested = true
	add("DMQX33", "4B-33", custody.Custody{State: custody.Clean, Proof: removed})
}

func TestThePoolSaysHowSureItIs(t *testing.T) {
	d := newDesk(t)
	d.unsure()
	cookie, _ := d.signedIn(identity.Manager, "4B")
	_, body, _ := d.ask("GET", "/console?ward=4B", "", as(cookie, ""))
	for _, want := range []string{
		`<li data-count="clean" class="clean"><a href="/console?show=clean&amp;ward=4B"><b>5</b>`, `<li data-count="reset" class="reset"><a href="/console?show=reset&amp;ward=4B"><b>1</b> <span>Reset</span>`,
		`data-id="DMQX30" data-state="reset"`, "offered because its policy says so", "Safari, Photos and Files was not",
		"Attested clean by a person",
		`<span class="slow"><i aria-hidden="true"></i>Slow</span>`, "The iPad acknowledged the erase and has not come back since.",
		`Screen off only</span>`, `Lock unconfirmed</span>`, "more by about",
		"wipes here take 4 min (p50) to 5 min (p95), 211 proven in 30 days", "3 unproven: 2 not proven in time, 1 failed", `<span class="pill locked screen_off_only"><i aria-hidden="true"></i>Screen off only</span>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(body, "5A Medicine</b>") {
		t.Error("a manager of 4B is told the pace of 5A")
	}
	if n := strings.Count(body, `class="slow"`); n != 1 {
		t.Errorf("%d iPads are called slow", n)
	}
	cookie, _ = d.signedIn(identity.Administrator)
	if _, body, _ := d.ask("GET", "/console?ward=5A", "", as(cookie, "")); !strings.Contains(body, "not enough wipes yet") || strings.Contains(body, "(p95)") {
		t.Error("a pace is promised on three wipes")
	}
}

func TestTheDevicePageHasTheEvidence(t *testing.T) {
	d := newDesk(t)
	d.unsure()
	cookie, _ := d.signedIn(identity.Manager, "4B")
	for id, wants := range map[string][]string{
		"DMQX30": {"Grade: apps removed, below this ward&#39;s user deleted", "passed over", "The best this ward can have: An app lock"},
		"DMQX31": {"EraseDevice acknowledged: 1b9d6bcd", "given back by its holder", `class="slow"`},
		"DMQX32": {"Screen off only", "nobody touched it for too long"},
		"DMQX33": {"Attested clean by a person; see the history."},
	} {
		_, body, _ := d.ask("GET", "/console/devices/"+id, "", as(cookie, ""))
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks: %s", id, want)
			}
		}
	}
	d.policy.Target = custody.TargetNone
	if _, body, _ := d.ask("GET", "/console/devices/DMQX32", "", as(cookie, "")); !strings.Contains(body, "Screen off is the most that this ward can have") {
		t.Error("the page does not say that this ward has no lock")
	}
}

func TestLaddersInTheAPI(t *testing.T) {
	d := newDesk(t)
	d.unsure()
	cookie, _ := d.signedIn(identity.Manager, "4B")
	get := func(path string, into any) int {
		t.Helper()
		status, body, _ := d.ask("GET", path, "", as(cookie, ""))
		if status == 200 {
			if err := json.Unmarshal([]byte(body), into); err != nil {
				t.Fatalf("%s: %v in %s", path, err, body)
			}
		}
		return status
	}
	var got deviceJSON
	get("/api/v1/devices/DMQX30", &got)
	if got.State != custody.Reset || got.CustodyRow.State != custody.Clean || got.Wipe.Grade != custody.GradeAppsRemoved || got.Wipe.Least != custody.GradeUserDeleted {
		t.Errorf("reset: %+v", got)
	}
	got = deviceJSON{}
	get("/api/v1/devices/DMQX31", &got)
	if got.Slow == nil || got.Slow.P95Ms != 300_000 || !got.Slow.Since.Equal(d.now.Add(-4*time.Minute)) || got.Slow.Cause == "" || got.Wipe.Usual != nil || len(got.Wipe.Steps) != 5 {
		t.Errorf("slow: %+v", got)
	}
	got = deviceJSON{}
	get("/api/v1/devices/DMQX13", &got)
	if got.Slow != nil || got.Wipe.Usual == nil || !got.Wipe.Usual.From.Equal(d.now.Add(2*time.Minute)) {
		t.Errorf("in time: %+v", got)
	}
	got = deviceJSON{}
	get("/api/v1/devices/DMQX32", &got)
	if got.Lock.Word != custody.LockScreenOff || got.Lock.Strength != custody.ScreenOff || len(got.Lock.At) != 2 || got.Lock.Best != custody.Enforced {
		t.Errorf("only dark: %+v", got.Lock)
	}
	var pace paceJSON
	if status := get("/api/v1/wards/4B/wipes", &pace); status != 200 || pace.P50Ms != 240_000 || pace.P95Ms != 300_000 || pace.Proven != 211 || pace.Unproven != 3 ||
		pace.Why[custody.CauseOverdue] != 2 || pace.Grades[custody.GradeErased] != 211 {
		t.Errorf("%d %+v", status, pace)
	}
	var wards struct{ Wards []wardJSON }
	if get("/api/v1/wards", &wards); len(wards.Wards) != 1 || wards.Wards[0].ID != "4B" {
		t.Errorf("a manager of 4B sees %+v", wards)
	}
	// P8: another's ward, and one that does not exist, are refused alike.
	for _, ward := range []string{"5A", "nowhere"} {
		if status := get("/api/v1/wards/"+ward+"/wipes", &pace); status != 403 {
			t.Errorf("%s: %d", ward, status)
		}
	}
	if status, _, _ := d.ask("GET", "/api/v1/wards/4B/wipes", ""); status != 401 {
		t.Errorf("nobody: %d", status)
	}
	cookie, _ = d.signedIn(identity.Administrator)
	if status := get("/api/v1/wards/nowhere/wipes", &pace); status != 404 {
		t.Errorf("no such ward: %d", status)
	}
	pace = paceJSON{}
	if get("/api/v1/wards/5A/wipes", &pace); pace.Enough || pace.P50Ms != 0 || pace.Proven != 3 {
		t.Errorf("on three wipes: %+v", pace)
	}
}

// The ladders as people see them. Time alone makes a wipe slow, and the open
// pool view says so by itself.
func TestLaddersInABrowser(t *testing.T) {
	d := newDesk(t)
	d.unsure()
	d.console.Beat = 200 * time.Millisecond
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Until(`document.querySelector('#row-DMQX10 .clock').textContent.includes('locks in')`)
	tab.Judge("ladders-1-pool")
	if n := tab.Eval(`document.querySelector('[data-count=reset] b').textContent`); n != "1" {
		t.Errorf("%s reset", n)
	}
	if tab.Eval(`document.querySelector('#row-DMQX13 .slow') === null`) != "true" {
		t.Error("a wipe of two minutes is called slow")
	}
	d.mu.Lock()
	d.now = d.now.Add(10 * time.Minute)
	for id, s := range d.sessions {
		s.Now = d.now
		d.sessions[id] = s
	}
	d.mu.Unlock()
	tab.Until(`document.querySelector('#row-DMQX13 .slow')`)

	for _, id := range []string{"DMQX30", "DMQX31", "DMQX32"} {
		tab.Do(chromedp.Navigate(base+"/console/devices/"+id), chromedp.WaitVisible("#live"))
		tab.Judge("ladders-2-" + id)
	}
}
