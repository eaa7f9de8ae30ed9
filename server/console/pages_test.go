package console

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

func TestPoolView(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Administrator)
	status, body, header := d.ask("GET", "/console", "", as(cookie, ""))
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	for _, want := range []string{
		`<li data-count="clean" class="clean"><a href="/console?show=clean"><b>5</b>`, `<li data-count="hands" class="unproven"><a href="/console?show=hands"><b>2</b>`,
		"Anna Berg", `data-touched="1772433580000" data-locks="1772433700000"`, `<span class="pill locked locked"><i aria-hidden="true"></i>Locked</span>`, "the app lock is in ProfileList", `<span class="pill locked lock_unconfirmed"><i aria-hidden="true"></i>Lock unconfirmed</span>`,
		"Wipe sent, no answer yet", "EraseDevice acknowledged 05:52, no re-enrolment since: needs hands.", "Proven: erased",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "script-src 'self'") {
		t.Errorf("%v", header)
	}
}

// Threat 23: a device's name is text, in every page and fragment.
func TestNamesAreInert(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Administrator)
	for _, path := range []string{"/console", "/console/devices/DMQX15"} {
		_, body, _ := d.ask("GET", path, "", as(cookie, ""))
		if strings.Contains(body, "<img src=x") || strings.Contains(body, "<script>document") || !strings.Contains(body, "&lt;img src=x") {
			t.Errorf("%s carries the name as HTML", path)
		}
	}
}

// A session that live has closed is not shown as in use.
func TestLiveMayBeStricter(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Administrator)
	s := d.sessions["DMQX10"]
	s.Open = false
	d.sessions["DMQX10"] = s
	closed := func(why string) {
		t.Helper()
		if _, body, _ := d.ask("GET", "/api/v1/devices/DMQX10", "", as(cookie, "")); !strings.Contains(body, `"state":"locked"`) || !strings.Contains(body, `"open":false`) {
			t.Errorf("%s: %s", why, body)
		}
	}
	closed("closed")
	s.Open, s.Epoch = true, s.Epoch-1
	d.sessions["DMQX10"] = s
	closed("of another epoch")
}

func TestDevicePage(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Manager, "4B")
	_, body, _ := d.ask("GET", "/console/devices/DMQX14", "", as(cookie, ""))
	for _, want := range []string{"Needs hands: nobody has it yet.", `data-opens="wipe"`, `data-opens="attest"`, "Acknowledged by the iPad", "not reached"} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if status, _, _ := d.ask("GET", "/console/devices/NOPE", "", as(cookie, "")); status != 404 {
		t.Errorf("an unknown one: %d", status)
	}
	cookie, _ = d.signedIn(identity.Auditor)
	if _, body, _ := d.ask("GET", "/console/devices/DMQX14", "", as(cookie, "")); strings.Contains(body, `data-opens`) {
		t.Error("an auditor is offered changes")
	}
}

func TestWipeAndAttest(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	post := func(path, body string) (int, string) {
		status, text, _ := d.ask("POST", "/console/devices/"+path, body, as(cookie, csrf))
		return status, text
	}
	if status, body := post("DMQX14/wipe", `{"epoch":2}`); status != 409 || !strings.Contains(body, `"stale"`) {
		t.Errorf("of an older hand-over: %d %s", status, body)
	}
	for _, why := range []string{"", "   ", strings.Repeat("x", maxWhy+1)} {
		if status, _ := post("DMQX14/attest", `{"epoch":3,"why":"`+why+`"}`); status != 400 {
			t.Errorf("why %.10q: %d", why, status)
		}
	}
	if status, body := post("DMQX14/attest", `{"epoch":3,"why":"erased by cable`+strings.Repeat("ä", maxWhy-15)+`"}`); status != 200 || !strings.Contains(body, `"state":"clean"`) {
		t.Fatalf("%d %s", status, body)
	}
	if e := d.entries["DMQX14"]; e[len(e)-2].Actor != "staff:Maria" || e[len(e)-2].Kind != custody.KindAttested {
		t.Errorf("%+v", e)
	}
	if status, body := post("DMQX13/wipe", `{"epoch":3}`); status != 409 || !strings.Contains(body, "being wiped already") {
		t.Errorf("of one that is being wiped: %d %s", status, body)
	}
}

// The API's history is the sealed entries: the chain can be checked from it.
func TestHistoryKeepsItsSeals(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Administrator)
	d.ask("POST", "/console/devices/DMQX11/wipe", `{"epoch":3}`, as(cookie, csrf))
	_, body, _ := d.ask("GET", "/api/v1/devices/DMQX11/history", "", as(cookie, ""))
	var got struct {
		Head    string
		Entries []struct {
			Seq int64
			custody.Entry
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var entries []custody.Entry
	for i, e := range got.Entries {
		if e.Seq != int64(i+1) {
			t.Errorf("entry %d has seq %d", i, e.Seq)
		}
		entries = append(entries, e.Entry)
	}
	if len(entries) < 2 || custody.VerifyChain(entries, got.Head) != -1 {
		t.Errorf("%s", body)
	}
	if _, body, _ := d.ask("GET", "/api/v1/devices/DMQX11/history?after=1&limit=1", "", as(cookie, "")); strings.Count(body, `"seq":`) != 1 || !strings.Contains(body, `"seq":2`) {
		t.Errorf("%s", body)
	}
	for _, bad := range []string{"after=-1", "limit=x", "limit=99999999999999999999"} {
		if status, _, _ := d.ask("GET", "/api/v1/devices/DMQX11/history?"+bad, "", as(cookie, "")); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

func TestEventStream(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 20 * time.Millisecond
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	w := &watched{Identity: d.ids}
	d.console.Identity = w
	next := d.watch(cookie, "/console/events?ward=")
	if rows, _ := next("snapshot"); !strings.Contains(rows, "row-DMQX10") || strings.Contains(rows, "5A") || strings.Contains(rows, "<img") {
		t.Errorf("snapshot: %s", rows)
	}
	if clocks, _ := next("clocks"); !strings.Contains(clocks, `"DMQX10":[20000,100000]`) || strings.Contains(clocks, "DMQX21") {
		t.Errorf("clocks: %s", clocks)
	}
	for _, id := range []custody.DeviceID{"DMQX20", "DMQX00"} { // the first is another ward's
		if _, err := d.Apply(t.Context(), id, custody.Wipe{By: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if row, _ := next("device"); !strings.Contains(row, "row-DMQX00") || !strings.Contains(row, "Being wiped") {
		t.Errorf("device: %s", row)
	}
	w.mu.Lock()
	if len(w.active) < 2 || slices.Contains(w.active, true) {
		t.Errorf("watching counted as being there: %v", w.active)
	}
	w.mu.Unlock()
	d.ask("POST", "/console/sign-out", "{}", as(cookie, csrf))
	if row, ok := next("never"); ok {
		t.Errorf("the stream outlives its session: %s", row)
	}
}

// watch serves the desk and opens a stream of it. What it returns waits for the
// next event of a name and answers its data; false if the stream ended before.
// One that goes on for ten seconds fails the test.
func (d *desk) watch(cookie, path string) func(name string) (data string, ok bool) {
	d.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	go func() { _ = d.app.Listener(l) }()
	d.t.Cleanup(func() { _ = d.app.ShutdownWithTimeout(5 * time.Second) })
	soon, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	d.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(soon, "GET", "http://"+l.Addr().String()+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	return func(name string) (data string, ok bool) {
		event := ""
		for lines.Scan() {
			line := lines.Text()
			if called, is := strings.CutPrefix(line, "event: "); is {
				event, data = called, ""
			} else if text, is := strings.CutPrefix(line, "data: "); is {
				data += text + "\n"
			} else if line == "" && event == name {
				return data, true
			}
		}
		if soon.Err() != nil {
			d.t.Error("the stream goes on")
		}
		return "", false
	}
}
