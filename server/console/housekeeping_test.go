package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// saying is what the hospital's iPads said of themselves, and were asked.
type saying struct {
	facts    map[custody.DeviceID][]ledger.Fact
	asked    []ledger.Ask
	watching []chan struct{}
}

func (h *hospital) Facts(_ context.Context, id custody.DeviceID) ([]ledger.Fact, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.said.facts[id]), nil
}

func (h *hospital) FactsOf(_ context.Context, _ string, kinds ...string) (all []ledger.Fact, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, facts := range h.said.facts {
		for _, f := range facts {
			if slices.Contains(kinds, f.Kind) {
				f.Device = id
				all = append(all, f)
			}
		}
	}
	return all, nil
}

func (h *hospital) Asks(_ context.Context, id custody.DeviceID) ([]ledger.Ask, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.said.asked), func(a ledger.Ask) bool { return a.Device != id }), nil
}

func (h *hospital) Ask(_ context.Context, a errand.Ask) (ledger.Ask, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said.asked = append(h.said.asked, ledger.Ask{ID: errand.NewID(), Device: a.Device, Kind: a.Kind, Rank: a.Rank, By: a.By, Asked: h.now, Expires: a.Expires})
	return h.said.asked[len(h.said.asked)-1], nil
}

func (h *hospital) Watch(custody.DeviceID) (<-chan struct{}, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan struct{}, 1)
	h.said.watching = append(h.said.watching, ch)
	return ch, func() {}
}

// say lets a device answer its ping, and keeps facts of it.
func (h *hospital) say(id custody.DeviceID, after time.Duration, outcome string, facts map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.said.facts == nil {
		h.said.facts = map[custody.DeviceID][]ledger.Fact{}
	}
	for kind, body := range facts {
		h.said.facts[id] = append(h.said.facts[id], ledger.Fact{Device: id, Kind: kind, Observed: h.now.Add(-after), Body: []byte(body)})
	}
	for i, a := range h.said.asked {
		if a.Device == id && outcome != "" {
			h.said.asked[i].HandedOver, h.said.asked[i].Answered, h.said.asked[i].Outcome = a.Asked, a.Asked.Add(after), outcome
		}
	}
	for _, ch := range h.said.watching {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

var everything = map[string]string{
	"model": `"iPad (10th generation)"`, "os": `"18.2"`, "build": `"22C152"`, "battery": "0.71", "free_gb": "40.3", "supervised": "true",
	"passcode": "false", "lost_mode": "false", "seen": "true",
	"profiles": `[{"identifier":"com.padwarden.kiosk","uuid":"U"},{"identifier":"com.padwarden.restrictions"}]`, "apps": `["org.example.charts"]`,
}

func TestFactsOnThePageAndInTheAPI(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Auditor)
	if _, body, _ := d.ask("GET", "/console/devices/DMQX10", "", as(cookie, "")); !strings.Contains(body, "Not seen yet") || !strings.Contains(body, "Nothing yet.") {
		t.Error("a device that has said nothing")
	}
	d.say("DMQX10", 3*time.Minute, "", everything)
	_, body, _ := d.ask("GET", "/console/devices/DMQX10", "", as(cookie, ""))
	for _, want := range []string{`Seen <time class="ago" datetime="2026-03-02T06:37:00.000Z">`, "iPad (10th generation) <span", "71 %", "40.3 GB",
		"<dt>Supervised</dt><dd>yes", "<dt>Passcode</dt><dd>none", "<dt>Lost Mode</dt><dd>off", "Profiles: 2", "com.padwarden.restrictions", "Managed apps: 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(body, `id="ping"`) {
		t.Error("an auditor is offered a ping")
	}
	d.said.facts["DMQX10"] = append(d.said.facts["DMQX10"][:0], ledger.Fact{Kind: "model", Body: []byte(`{"x":1}`)}, ledger.Fact{Kind: "os", Body: []byte("\"" + `<img src=x>` + "\"")}, ledger.Fact{Kind: "apps", Body: []byte(`7`)})
	if _, body, _ := d.ask("GET", "/console/devices/DMQX10", "", as(cookie, "")); strings.Contains(body, "<img src=x") || strings.Contains(body, "Managed apps") {
		t.Error("what a device says is taken for HTML, or for what it is not")
	}

	d.say("DMQX11", time.Minute, "", everything)
	status, body, _ := d.ask("GET", "/api/v1/devices/DMQX11/facts", "", as(cookie, ""))
	var got struct {
		Device string
		SeenAt time.Time `json:"seen_at"`
		Facts  map[string]struct {
			Value      any
			ObservedAt time.Time `json:"observed_at"`
		}
		Ping *pingJSON
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if at := d.Now().Add(-time.Minute); got.Facts["battery"].Value != 0.71 || !got.Facts["battery"].ObservedAt.Equal(at) || !got.SeenAt.Equal(at) ||
		len(got.Facts) != len(everything)-1 || got.Ping != nil {
		t.Errorf("%s", body)
	}
}

func TestPingByAProgram(t *testing.T) {
	d := newDesk(t)
	token, err := d.ids.MintAPIToken(t.Context(), "robot", identity.Manager, time.Hour, "4B")
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
	}
	status, body, _ := d.ask("POST", "/api/v1/devices/DMQX10/ping", "{}", bearer)
	if status != 202 || !strings.Contains(body, "Asked to connect. No answer yet.") || len(d.said.asked) != 1 {
		t.Fatalf("%d %s", status, body)
	}
	if a := d.said.asked[0]; a.Rank != errand.RankPerson || a.By != "robot" || a.Expires.Sub(a.Asked) != pingFor {
		t.Errorf("asked %+v", a)
	}
	d.say("DMQX10", 1234*time.Millisecond, "Acknowledged", nil)
	if _, body, _ := d.ask("GET", "/api/v1/devices/DMQX10/facts", "", bearer); !strings.Contains(body, `"took_ms":1234`) || !strings.Contains(body, "Answered in 1.2 s.") {
		t.Errorf("%s", body)
	}
	// A page's session alone is not enough: another site could have asked.
	cookie, csrf := d.signedIn(identity.Administrator)
	for name, change := range map[string]func(*http.Request){
		"without the page's token": as(cookie, ""),
		"from another site": func(r *http.Request) {
			as(cookie, csrf)(r)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
	} {
		if status, _, _ := d.ask("POST", "/api/v1/devices/DMQX11/ping", "{}", change); status != 403 {
			t.Errorf("%s: %d", name, status)
		}
	}
	d.console.Errands = nil
	if status, _, _ := d.ask("POST", "/api/v1/devices/DMQX11/ping", "{}", as(cookie, csrf)); status != 409 {
		t.Errorf("with nobody to ask: %d", status)
	}
}

func TestWhatAPingSays(t *testing.T) {
	at := time.Date(2026, 3, 2, 6, 40, 0, 0, time.UTC)
	free := custody.Custody{State: custody.Clean, Enrolment: "c"}
	wiping := custody.Custody{State: custody.Wiping, Enrolment: "c"}
	for want, row := range map[string]struct {
		change func(*ledger.Ask)
		c      custody.Custody
		now    time.Duration
	}{
		"Asked to connect.":                               {func(*ledger.Ask) {}, free, 0},
		"It has connected":                                {func(a *ledger.Ask) { a.HandedOver = at }, free, 0},
		"Waits until":                                     {func(*ledger.Ask) {}, wiping, 0},
		"No answer in 2 min.":                             {func(a *ledger.Ask) { a.HandedOver = at }, free, 2 * time.Minute},
		"Not asked: what is under":                        {func(*ledger.Ask) {}, wiping, 2 * time.Minute},
		"Answered in 0.1 s.":                              {func(a *ledger.Ask) { a.Answered, a.Outcome = at.Add(100*time.Millisecond), "Acknowledged" }, free, time.Hour},
		"Answered in less than 0.1 s.":                    {func(a *ledger.Ask) { a.Answered, a.Outcome = at.Add(99*time.Millisecond), "Acknowledged" }, free, 0},
		"Answered in 2.0 s, but with an error: MDM 1 no.": {func(a *ledger.Ask) { a.Answered, a.Outcome, a.Says = at.Add(2*time.Second), "Error", "MDM 1 no." }, free, 0},
		"Not answered: x":                                 {func(a *ledger.Ask) { a.Answered, a.Outcome, a.Says = at, errand.Overtaken, "x" }, free, 0},
	} {
		a := ledger.Ask{Asked: at, Expires: at.Add(2 * time.Minute)}
		row.change(&a)
		if got := pingSays(a, row.c, at.Add(row.now)); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A manager's ping: the button, what it waits for, and the answer with its facts,
// without the page being asked again by hand.
func TestPingInABrowser(t *testing.T) {
	d := newDesk(t)
	d.say("DMQX10", 3*time.Hour, "", everything)
	base := browsertest.Serve(t, d.app)
	tab := browsertest.Open(t)
	token, err := d.ids.MintStaffToken(t.Context(), "Maria Keller", identity.Manager, "4B")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Navigate(base+"/console/devices/DMQX10"), chromedp.WaitVisible("#ping"))
	tab.Until(`document.querySelector('.seen').textContent === 'Seen 3 h ago'`)
	tab.Judge("housekeeping-1-facts")
	tab.Do(chromedp.Click("details summary"), chromedp.Click("#ping"))
	tab.Until(`document.querySelector('#pinged').textContent === 'Asked to connect. No answer yet.'`)
	tab.Judge("housekeeping-2-waits")
	for range 100 { // until the page watches
		d.mu.Lock()
		n := len(d.said.watching)
		d.mu.Unlock()
		if n > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.say("DMQX10", 1200*time.Millisecond, "Acknowledged", map[string]string{"battery": "0.42"})
	tab.Until(`document.querySelector('#pinged').textContent === 'Answered in 1.2 s.'`)
	tab.Until(`document.querySelector('.seen').textContent !== 'Seen 3 h ago' && document.querySelector('#live').textContent.includes('42 %')`)
	if open, focus := tab.Eval(`document.querySelector('details').open`), tab.Eval(`document.activeElement.id`); open != "true" || focus != "ping" {
		t.Errorf("the page that renewed itself has closed the list (open: %s) or lost the focus (on %q)", open, focus)
	}
	tab.Judge("housekeeping-3-answered")
}
