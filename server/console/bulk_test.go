package console

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

type bulkAnswer struct {
	Says    string
	Done    int
	Results []bulkResult
}

// atOnce does a deed to several iPads in their third hand-over.
func (d *desk) atOnce(cookie, csrf, deed, why string, ids ...string) (int, bulkAnswer) {
	d.t.Helper()
	var devices []string
	for _, id := range ids {
		devices = append(devices, fmt.Sprintf(`{"id":%q,"epoch":3}`, id))
	}
	status, body, _ := d.ask("POST", "/console/bulk/"+deed, fmt.Sprintf(`{"devices":[%s],"why":%q}`, strings.Join(devices, ","), why), as(cookie, csrf))
	var a bulkAnswer
	if err := json.Unmarshal([]byte(body), &a); status == 200 && err != nil {
		d.t.Fatalf("%v: %s", err, body)
	}
	return status, a
}

// Each iPad of a bulk is looked at by itself: its ward, its hand-over, its state.
func TestEachIPadOfABulkIsLookedAtByItself(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	d.mu.Lock()
	old := d.rows["DMQX11"]
	old.Epoch = 4 // somebody else's by now
	d.rows["DMQX11"] = old
	d.mu.Unlock()
	status, a := d.atOnce(cookie, csrf, "isolate", "norovirus, bay 3", "DMQX00", "DMQX01", "DMQX21", "NOPE")
	if status != 200 || a.Done != 2 || a.Says != "2 done, 2 refused:" || !d.rows["DMQX00"].Isolation.On() || d.rows["DMQX21"].Isolation.On() {
		t.Fatalf("%d %+v", status, a)
	}
	if r := a.Results[2]; r.Done || r.Code != identity.RefusedAllowed || r.Name != "DMQX21" {
		t.Errorf("another ward's is named: %+v", r)
	}
	if _, a = d.atOnce(cookie, csrf, "lock", "the shift ends", "DMQX10", "DMQX11"); a.Done != 1 || a.Results[1].Code != "stale" || a.Results[1].Name != "4B-11" {
		t.Errorf("of another hand-over: %+v", a)
	}
	if e := d.entries["DMQX10"]; e[len(e)-1].Kind != custody.KindReason || e[len(e)-1].Detail != "the shift ends" || e[len(e)-1].Actor != "staff:Maria" {
		t.Errorf("the reason is not in the history: %+v", e)
	}
	if _, a = d.atOnce(cookie, csrf, "isolate", "norovirus", "DMQX11"); a.Done != 0 || a.Results[0].Code != "stale" || d.rows["DMQX11"].Isolation.On() {
		t.Errorf("isolated in another hand-over: %+v", a)
	}
	for body, want := range map[string]int{`{"devices":[],"why":"x"}`: 400, `{"devices":[{"id":"DMQX00"}],"why":" "}`: 400, `{"why":"x"}`: 400,
		`{"devices":[` + strings.TrimSuffix(strings.Repeat(`{"id":"DMQX00"},`, maxAtOnce+1), ",") + `],"why":"x"}`: 400} {
		if status, said, _ := d.ask("POST", "/console/bulk/wipe", body, as(cookie, csrf)); status != want {
			t.Errorf("%.40s: %d %s", body, status, said)
		}
	}
	if status, _, _ := d.ask("POST", "/console/bulk/retire", `{"devices":[{"id":"DMQX00"}],"why":"x"}`, as(cookie, csrf)); status != 404 {
		t.Errorf("what is no bulk: %d", status)
	}
	auditor, token := d.signedIn(identity.Auditor)
	if _, a := d.atOnce(auditor, token, "lock", "x", "DMQX21"); a.Done != 0 || d.rows["DMQX21"].State != custody.InUse {
		t.Errorf("an auditor locked: %+v", a)
	}
}

// A bulk is no way around a second person: neither for somebody's session nor for a fourth.
func TestABulkWaitsForASecondPerson(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	status, a := d.atOnce(cookie, csrf, "wipe", "the flood", "DMQX00", "DMQX01", "DMQX10", "DMQX02", "DMQX03", "DMQX13")
	if status != 200 || a.Done != 3 || a.Says != "3 done, 2 waiting for a second person, 1 refused:" {
		t.Fatalf("%d %+v", status, a)
	}
	for id, want := range map[custody.DeviceID]custody.State{"DMQX00": custody.Wiping, "DMQX01": custody.Wiping, "DMQX02": custody.Wiping, "DMQX10": custody.InUse, "DMQX03": custody.Clean} {
		if got := d.rows[id].State; got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if !a.Results[2].Waits || !a.Results[4].Waits || a.Results[5].Waits {
		t.Errorf("%+v", a.Results)
	}
	if all, _ := d.Approvals(t.Context(), d.now); len(all) != 2 || all[0].Why != "the flood" {
		t.Errorf("%+v", all)
	}
}

// Of two managers who act on one iPad the second is told who was first, and nothing happens twice.
func TestTheSecondManagerIsTold(t *testing.T) {
	d := newDesk(t)
	maria, csrf := d.signedIn(identity.Manager, "4B")
	ben, bens := d.signedIn(identity.Administrator)
	if status, _ := d.atOnce(maria, csrf, "lock", "left alone", "DMQX10"); status != 200 {
		t.Fatal(status)
	}
	locks := func() (n int) {
		for _, e := range d.entries["DMQX10"] {
			if e.Kind == custody.KindLockAsked {
				n++
			}
		}
		return n
	}
	before := locks()
	_, a := d.atOnce(ben, bens, "lock", "left alone", "DMQX10")
	if a.Done != 0 || a.Results[0].Says != "Maria was first and locked it. This iPad is locked already." || locks() != before {
		t.Errorf("in a bulk: %+v, %d locks", a, locks())
	}
	if status, said, _ := d.ask("POST", "/console/devices/DMQX10/lock", `{"epoch":3}`, as(ben, bens)); status != 409 || !strings.Contains(said, "Maria was first and locked it.") || locks() != before {
		t.Errorf("alone: %d %s", status, said)
	}
	if status, said, _ := d.ask("POST", "/console/devices/DMQX10/lock", `{"epoch":3}`, as(maria, csrf)); status != 409 || strings.Contains(said, "was first") {
		t.Errorf("oneself: %d %s", status, said)
	}
	d.ask("POST", "/console/devices/DMQX11/wipe", `{"epoch":3}`, as(maria, csrf))
	d.ask("POST", "/console/devices/DMQX10/wipe", `{"epoch":3}`, as(maria, csrf))
	if status, said, _ := d.ask("POST", "/console/devices/DMQX10/wipe", `{"epoch":3}`, as(ben, bens)); status != 409 || !strings.Contains(said, "Maria was first to ask for this wipe") {
		t.Errorf("of a wipe that waits: %d %s", status, said)
	}
}

// Who sees to an iPad that needs hands.
func TestHandsAtTheConsole(t *testing.T) {
	d := newDesk(t)
	maria, csrf := d.signedIn(identity.Manager, "4B")
	other, others := d.signedIn(identity.Manager, "5A")
	chief, chiefs := d.signedIn(identity.Administrator)
	hands := func(cookie, csrf, body string) (int, string) {
		status, said, _ := d.ask("POST", "/console/devices/DMQX14/hands", body, as(cookie, csrf))
		return status, said
	}
	if status, _ := hands(other, others, `{"epoch":3,"take":true}`); status != 403 {
		t.Errorf("a manager of another ward: %d", status)
	}
	if status, said := hands(maria, csrf, `{"epoch":3,"take":true}`); status != 200 || !strings.Contains(said, `"hands":{"who":"staff:Maria"`) {
		t.Fatalf("%d %s", status, said)
	}
	_, page, _ := d.ask("GET", "/console/devices/DMQX14", "", as(chief, ""))
	for _, want := range []string{"Needs hands: Maria has it.", "Erase acknowledged <time", "no re-enrolment since.", `data-opens="give"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the story lacks %s", want)
		}
	}
	if status, said := hands(chief, chiefs, `{"epoch":3,"take":true}`); status != 409 || !strings.Contains(said, "Maria was first and has this iPad in hand") {
		t.Errorf("the second: %d %s", status, said)
	}
	staff, err := d.ids.Staffs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range staff {
		status, said := hands(maria, csrf, fmt.Sprintf(`{"epoch":3,"from":%q,"who":%q}`, d.rows["DMQX14"].Hands.Who, one.ID))
		if may := one.Role == string(identity.Administrator) || one.Name == "Maria"; may != (status == 200) {
			t.Errorf("given to %s: %d %s", one.Name, status, said)
		}
	}
	if status, _ := hands(maria, csrf, fmt.Sprintf(`{"epoch":3,"from":%q}`, d.rows["DMQX14"].Hands.Who)); status != 200 || d.rows["DMQX14"].Hands.On() {
		t.Errorf("handed back: %d %+v", status, d.rows["DMQX14"].Hands)
	}
	if _, a := d.atOnce(maria, csrf, "take", "", "DMQX14", "DMQX15", "DMQX00"); a.Done != 2 || !strings.Contains(a.Results[2].Says, "needs no hands") {
		t.Errorf("%+v", a)
	}
}
