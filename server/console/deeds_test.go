package console

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// What can be done to a device is offered while it can be done, to who may.
func TestDeedsAreOfferedWhileTheyCanBeDone(t *testing.T) {
	d := newDesk(t)
	manager, _ := d.signedIn(identity.Manager, "4B")
	auditor, _ := d.signedIn(identity.Auditor)
	for id, want := range map[string]string{
		"DMQX00": "wipe lost isolate set-aside retire", "DMQX10": "lock wipe lost isolate", "DMQX11": "wipe lost isolate",
		"DMQX13": "lost isolate", "DMQX14": "wipe attest lost isolate",
	} {
		_, body, _ := d.ask("GET", "/console/devices/"+id, "", as(manager, ""))
		var offered []string
		for _, x := range deeds {
			if strings.Contains(body, `data-opens="`+x.Name+`"`) {
				offered = append(offered, x.Name)
			}
			if !strings.Contains(body, `<dialog id="`+x.Name+`"`) {
				t.Errorf("%s: nothing asks before %s", id, x.Name)
			}
		}
		if got := strings.Join(offered, " "); got != want {
			t.Errorf("%s is offered %q, want %q", id, got, want)
		}
		if _, body, _ = d.ask("GET", "/console/devices/"+id, "", as(auditor, "")); strings.Contains(body, "<dialog id=\"wipe\"") || strings.Contains(body, `data-opens="lost"`) {
			t.Errorf("%s: an auditor is asked", id)
		}
	}
}

func TestLostAndFoundAtTheConsole(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	do := func(deed, body string) (int, string) {
		status, said, _ := d.ask("POST", "/console/devices/DMQX10/"+deed, body, as(cookie, csrf))
		return status, said
	}
	for body, code := range map[string]string{
		`{"epoch":3,"message":"Call us."}`:                                                     `"code":"why"`,
		`{"epoch":3,"why":"  ","message":"Call us."}`:                                          `"code":"why"`,
		`{"epoch":3,"why":"gone","message":"` + strings.Repeat("x", 301) + `"}`:                `"code":"message"`,
		`{"epoch":3,"why":"gone","phone":"` + strings.Repeat("1", 301) + `"}`:                  `"code":"phone"`,
		`{"epoch":3,"why":"gone","message":"x","footnote":"` + strings.Repeat("x", 301) + `"}`: `"code":"footnote"`,
	} {
		if status, said := do("lost", body); status != 400 || !strings.Contains(said, code) {
			t.Errorf("%.60s: %d %s", body, status, said)
		}
	}
	if status, said := do("lost", `{"epoch":3,"why":"gone"}`); status != 409 || !strings.Contains(said, "message or a phone number") {
		t.Errorf("without words: %d %s", status, said)
	}
	if status, _ := do("lost", `{"epoch":2,"why":"gone","message":"Call us."}`); status != 409 || d.rows["DMQX10"].State != custody.InUse {
		t.Errorf("of another hand-over: %d", status)
	}
	status, said := do("lost", `{"epoch":3,"why":"not in its dock","message":"Call us.","phone":"+1 555 0100"}`)
	row := d.rows["DMQX10"]
	if status != 200 || row.State != custody.Lost || row.Lost.By != "staff:Maria" || row.Lost.Phone != "+1 555 0100" {
		t.Fatalf("%d %s %+v", status, said, row)
	}
	_, body, _ := d.ask("GET", "/console/devices/DMQX10", "", as(cookie, ""))
	for _, want := range []string{"Lost Mode is asked for", `data-opens="found"`, "not in its dock"} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if status, _ := do("found", `{"epoch":3}`); status != 200 || d.rows["DMQX10"].Run.Goal != custody.GoalFind {
		t.Errorf("found: %d %+v", status, d.rows["DMQX10"])
	}
}

func TestAnIsolatedIPadIsShownAsOne(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	for _, id := range []string{"DMQX00", "DMQX10"} {
		if status, said, _ := d.ask("POST", "/console/devices/"+id+"/isolate", `{"epoch":3,"why":"norovirus, bay 3"}`, as(cookie, csrf)); status != 200 {
			t.Fatalf("%s: %d %s", id, status, said)
		}
	}
	_, body, _ := d.ask("GET", "/console", "", as(cookie, ""))
	for _, want := range []string{`<li data-count="isolation" class="isolated"><a href="/console?show=isolation"><b>2</b>`, `<span class="pill isolated">`, "norovirus, bay 3", `<b>3</b> <span>Usable now`} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if _, said, _ := d.ask("GET", "/api/v1/devices/DMQX00", "", as(cookie, "")); !strings.Contains(said, `"state":"isolated"`) {
		t.Errorf("%s", said)
	}
	if _, said, _ := d.ask("GET", "/api/v1/devices/DMQX10", "", as(cookie, "")); !strings.Contains(said, `"state":"in_use"`) || !strings.Contains(said, `"isolation":{"by"`) {
		t.Errorf("%s", said)
	}
	if status, _, _ := d.ask("POST", "/console/devices/DMQX00/release", `{"epoch":3}`, as(cookie, csrf)); status != 400 {
		t.Errorf("a release that says nothing: %d", status)
	}
	if status, _, _ := d.ask("POST", "/console/devices/DMQX00/release", `{"epoch":3,"why":"chlorine"}`, as(cookie, csrf)); status != 200 || d.rows["DMQX00"].Isolation.On() {
		t.Errorf("released: %d", status)
	}
}

// Before a lock by passcode it is said what a restart does.
func TestAPasscodeWardIsWarnedBeforeALock(t *testing.T) {
	for target, want := range map[custody.LockTarget]bool{custody.TargetKioskApp: false, custody.TargetPasscode: true} {
		for _, x := range deeds {
			warned := strings.Contains(strings.Join(x.Says(custody.DefaultPolicy(custody.ReturnToService, target)), " "), "needs hands")
			if locks := x.Name == "lock" || x.Name == "lost"; warned != (locks && want) {
				t.Errorf("%s on a ward that locks by %s: warned %v", x.Name, target, warned)
			}
		}
	}
}

func TestAManagerLocksAtTheConsole(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	if status, said, _ := d.ask("POST", "/console/devices/DMQX10/lock", `{"epoch":3}`, as(cookie, csrf)); status != 200 || !strings.Contains(said, `"state":"locked"`) {
		t.Fatalf("%d %s", status, said)
	}
	if row := d.rows["DMQX10"]; row.Cause != custody.CauseManager || !row.ResumeUntil.After(d.now.Add(-time.Minute)) {
		t.Errorf("%+v", row)
	}
}

func TestASealedIPadAtTheConsole(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	do := func(deed, body string) (int, string) {
		status, said, _ := d.ask("POST", "/console/devices/DMQX00/"+deed, body, as(cookie, csrf))
		return status, said
	}
	status, said := do("set-aside", `{"epoch":3}`)
	code, err := d.Secret(t.Context(), "DMQX00", downtimeCode)
	if status != 200 || err != nil || len(code) != 8 || said != `{"code":"`+string(code)+`"}` {
		t.Fatalf("%d %s, kept %q, %v", status, said, code, err)
	}
	if status, _ := do("set-aside", `{"epoch":3}`); status != 409 {
		t.Errorf("sealed again: %d", status)
	}
	if again, _ := d.Secret(t.Context(), "DMQX00", downtimeCode); string(again) != string(code) {
		t.Error("a refused sealing changed the code")
	}
	_, page, _ := d.ask("GET", "/console/devices/DMQX00", "", as(cookie, ""))
	for what, want := range map[string]bool{string(code): false, `data-opens="code"`: true, `data-opens="bring-back"`: true, `data-opens="wipe"`: false, "Sealed since": true} {
		if strings.Contains(page, what) != want {
			t.Errorf("the page with %s: want %v", what, want)
		}
	}
	if _, said = do("code", `{}`); said != `{"code":"`+string(code)+`"}` {
		t.Errorf("%s", said)
	}
	last := d.entries["DMQX00"][len(d.entries["DMQX00"])-1]
	if last.Kind != custody.KindLooked || last.Actor != "staff:Maria" || strings.Contains(last.Detail, string(code)) {
		t.Errorf("the look is not in the history: %+v", last)
	}
	auditor, token := d.signedIn(identity.Auditor)
	if status, said, _ := d.ask("POST", "/console/devices/DMQX00/code", `{}`, as(auditor, token)); status != 403 || strings.Contains(said, string(code)) {
		t.Errorf("an auditor: %d %s", status, said)
	}
	if status, _ := do("bring-back", `{"epoch":3,"who":"Ada, night shift"}`); status != 200 || d.rows["DMQX00"].State != custody.Wiping || d.rows["DMQX00"].Cause != custody.CauseDowntime {
		t.Errorf("brought back: %d %+v", status, d.rows["DMQX00"])
	}
}

func TestACodeThatWasNotKept(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	d.ask("POST", "/console/devices/DMQX00/set-aside", `{}`, as(cookie, csrf))
	_ = d.Delete(t.Context(), "secret:"+downtimeCode+":DMQX00")
	if status, said, _ := d.ask("POST", "/console/devices/DMQX00/code", `{}`, as(cookie, csrf)); status != 409 || !strings.Contains(said, "seal it again") {
		t.Errorf("%d %s", status, said)
	}
}
