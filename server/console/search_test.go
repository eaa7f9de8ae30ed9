package console

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/identity"
)

// lost puts an iPad into Lost Mode, seen.
func (d *desk) lost(id custody.DeviceID) {
	d.t.Helper()
	row, err := d.Apply(d.t.Context(), id, custody.Lose{By: "staff:Maria", Why: "gone", Message: "Call us."})
	if err != nil {
		d.t.Fatal(err)
	}
	run := row.Run
	run.Done = true
	if _, err := d.Apply(d.t.Context(), id, custody.Progress{Run: run, Lock: &custody.LockMark{Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "seen"}}); err != nil {
		d.t.Fatal(err)
	}
}

// answer has the device answer what it was asked last, soon.
func (d *desk) answer(outcome, says, result string) {
	go func() {
		for range 100 {
			time.Sleep(10 * time.Millisecond)
			d.mu.Lock()
			if n := len(d.said.asked); n > 0 && d.said.asked[n-1].Answered.IsZero() {
				a := &d.said.asked[n-1]
				a.Answered, a.Outcome, a.Says, a.Result = d.now, outcome, says, []byte(result)
				d.mu.Unlock()
				return
			}
			d.mu.Unlock()
		}
	}()
}

func TestWhereALostIPadIs(t *testing.T) {
	d := newDesk(t)
	d.console.AnswerWait = 600 * time.Millisecond
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	do := func(deed string) (int, string) {
		status, said, _ := d.ask("POST", "/console/devices/DMQX10/"+deed, `{"epoch":3}`, as(cookie, csrf))
		return status, said
	}
	entries := len(d.entries["DMQX10"])
	if status, said := do("locate"); status != 409 || !strings.Contains(said, "not_lost") || len(d.entries["DMQX10"]) != entries || len(d.said.asked) != 0 {
		t.Errorf("before it is lost: %d %s", status, said)
	}
	d.lost("DMQX10")
	if _, page, _ := d.ask("GET", "/console/devices/DMQX10", "", as(cookie, "")); !strings.Contains(page, `data-opens="locate"`) || !strings.Contains(page, `data-opens="sound"`) {
		t.Error("neither is offered")
	}
	d.answer("Acknowledged", "", `{"latitude":52.012,"longitude":4.5,"within_m":12,"at":"2026-03-02T06:39:00Z"}`)
	if status, said := do("locate"); status != 200 || said != `{"code":"52.01200, 4.50000, within 12 m, at 2026-03-02 06:39:00 UTC"}` {
		t.Errorf("%d %s", status, said)
	}
	last := d.entries["DMQX10"][len(d.entries["DMQX10"])-1]
	if last.Kind != custody.KindLooked || last.Actor != "staff:Maria" || strings.Contains(last.Detail, "52") {
		t.Errorf("the look in the history: %+v", last)
	}
	if a := d.said.asked[0]; a.Kind != errand.Location || a.Rank != errand.RankPerson || a.By != "Maria" {
		t.Errorf("asked %+v", a)
	}
	for _, path := range []string{"/console/devices/DMQX10", "/api/v1/devices/DMQX10", "/api/v1/devices/DMQX10/facts", "/api/v1/devices/DMQX10/history"} {
		if _, body, _ := d.ask("GET", path, "", as(cookie, "")); strings.Contains(body, "52.01") {
			t.Errorf("%s tells where it is to who has not looked", path)
		}
	}
	d.answer("Error", "MDM 12069 not in Lost Mode", "")
	if status, said := do("locate"); status != 409 || !strings.Contains(said, "The iPad refused: MDM 12069") {
		t.Errorf("refused: %d %s", status, said)
	}
	d.answer("Acknowledged", "", "")
	if status, said := do("locate"); status != 409 || !strings.Contains(said, "named no place") {
		t.Errorf("without a place: %d %s", status, said)
	}
	if status, said := do("locate"); status != 409 || !strings.Contains(said, "has not answered yet") {
		t.Errorf("unanswered: %d %s", status, said)
	}
	d.answer("Acknowledged", "", "")
	if status, said := do("sound"); status != 200 || d.said.asked[len(d.said.asked)-1].Kind != errand.Sound {
		t.Errorf("the sound: %d %s", status, said)
	}
	auditor, token := d.signedIn(identity.Auditor)
	if status, _, _ := d.ask("POST", "/console/devices/DMQX10/locate", `{}`, as(auditor, token)); status != 403 {
		t.Errorf("an auditor: %d", status)
	}
}
