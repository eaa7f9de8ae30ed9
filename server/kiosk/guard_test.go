package kiosk

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Without the device's cookie nothing answers, and with one of another
// enrolment neither.
func TestOnlyTheDevicesOwnPage(t *testing.T) {
	h := newHouse(t)
	good := h.cookie
	other := h.row(ipad)
	other.Enrolment = "cert-before-the-wipe"
	forged := strings.Replace(good, ".", "x.", 1)
	for name, cookie := range map[string]string{
		"none": "", "junk": "padwarden_device=junk", "of another enrolment": "padwarden_device=" + h.kiosk.seal(other), "forged": forged,
		"of an unknown iPad": "padwarden_device=" + h.kiosk.seal(custody.Custody{Device: "NOPE", Enrolment: "x"}),
	} {
		h.cookie = cookie
		for _, r := range []struct{ method, path string }{{"GET", "/kiosk"}, {"GET", "/kiosk/state"}, {"GET", "/kiosk/events"},
			{"POST", "/kiosk/tap"}, {"POST", "/kiosk/pin"}, {"POST", "/kiosk/takeover"}, {"POST", "/kiosk/touch"}, {"POST", "/kiosk/return"}} {
			if status, body, _ := h.ask(r.method, r.path, "{}"); status != 403 {
				t.Errorf("%s cookie: %s %s: %d %s", name, r.method, r.path, status, body)
			}
		}
	}
	h.cookie = good
	h.set(ipad, func(c *custody.Custody) { c.Enrolment = "cert-after-the-wipe" })
	if status, _, _ := h.ask("GET", "/kiosk/state", ""); status != 403 {
		t.Errorf("after the wipe the old page still answers: %d", status)
	}
	h.set(ipad, func(c *custody.Custody) { c.Enrolment = "" })
	h.cookie = "padwarden_device=" + h.kiosk.seal(h.row(ipad))
	if status, _, _ := h.ask("GET", "/kiosk/state", ""); status != 403 {
		t.Errorf("a cookie of no enrolment: %d", status)
	}
}

// An iPad that was taken out of service has no page, whatever it holds.
func TestARetiredIPadHasNoPage(t *testing.T) {
	h := newHouse(t)
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Retired })
	if status, body, _ := h.ask("GET", "/kiosk/state", ""); status != 403 {
		t.Errorf("its cookie: %d %s", status, body)
	}
	h.cookie = ""
	if status, _, _ := h.ask("GET", "/kiosk/start/D07.3.31", ""); status != 403 {
		t.Errorf("its start address: %d", status)
	}
}

// P8: the address of one iPad is not opened by the cookie of another.
func TestAnotherIPadsCookieDoesNotStart(t *testing.T) {
	h := newHouse(t)
	h.cookie = "padwarden_device=" + h.kiosk.seal(h.row(spare))
	status, _, header := h.ask("GET", "/kiosk/start/D07.3.31", "")
	if cookie := header.Get("Set-Cookie"); status != 303 || len(h.spent) != 1 || !strings.HasPrefix(cookie, "padwarden_device="+h.kiosk.seal(h.row(ipad))+";") {
		t.Errorf("%d %s, %d spent", status, cookie, len(h.spent))
	}
}

func TestStartAddress(t *testing.T) {
	h := newHouse(t)
	h.cookie = ""
	const secret = "/kiosk/start/D07.3.31"
	if status, _, _ := h.ask("HEAD", secret, ""); status == 303 {
		t.Error("a HEAD used the address up")
	}
	status, _, header := h.ask("GET", secret, "")
	cookie := header.Get("Set-Cookie")
	if status != 303 || header.Get("Location") != "/kiosk" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Fatalf("%d %v", status, header)
	}
	if status, _, header := h.ask("GET", secret, ""); status != 403 || header.Get("Set-Cookie") != "" {
		t.Errorf("in another browser: %d", status)
	}
	h.cookie, _, _ = strings.Cut(cookie, ";")
	if status, _, _ := h.ask("GET", "/kiosk/state", ""); status != 200 {
		t.Errorf("with the cookie: %d", status)
	}
	if status, _, _ := h.ask("GET", secret, ""); status != 303 {
		t.Errorf("the web clip opened again: %d", status)
	}
}

func TestStartAddressesThatAreRefused(t *testing.T) {
	for _, secret := range []string{"junk", "D07.2.31", "D07.4.31", "D07.3.30", "NOPE.3.31"} {
		h := newHouse(t)
		h.cookie = ""
		if status, body, _ := h.ask("GET", "/kiosk/start/"+secret, ""); status != 403 || len(h.spent) != 0 {
			t.Errorf("%s: %d %s", secret, status, body)
		}
	}
	// Once the device was handed over, an address that nobody opened is dead.
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.cookie = ""
	if status, _, _ := h.ask("GET", "/kiosk/start/D07.3.31", ""); status != 403 {
		t.Errorf("after a claim: %d", status)
	}
}

func TestCookieIsBoundToTheHostOverHTTPS(t *testing.T) {
	h := newHouse(t)
	h.kiosk.Secure = true
	h.cookie = ""
	_, _, header := h.ask("GET", "/kiosk/start/D07.3.31", "")
	cookie := strings.ToLower(header.Get("Set-Cookie"))
	if !strings.HasPrefix(cookie, "__host-padwarden_device=") || !strings.Contains(cookie, "secure") || !strings.Contains(cookie, "path=/") || strings.Contains(cookie, "domain") {
		t.Errorf("%s", header.Get("Set-Cookie"))
	}
}

func TestCrossSitePosts(t *testing.T) {
	h := newHouse(t)
	set := func(site, origin, kind string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			if site != "" {
				r.Header.Set("Sec-Fetch-Site", site)
			}
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			r.Header.Set("Content-Type", kind)
		}
	}
	const json = "application/json"
	for name, c := range map[string]struct {
		site, origin, kind string
		want               int
	}{
		"another site":        {"cross-site", "https://evil.example", json, 403},
		"a sibling site":      {"same-site", "http://kiosk.example.com", json, 403},
		"neither header":      {"", "", json, 403},
		"another origin only": {"", "http://evil.example", json, 403},
		"null origin":         {"", "null", json, 403},
		"null, another site":  {"cross-site", "null", json, 403},
		"null, own form":      {"same-origin", "null", json, 409},
		"they disagree":       {"same-origin", "http://evil.example", json, 403},
		"a form":              {"same-origin", "", "application/x-www-form-urlencoded", 415},
		"a text form":         {"same-origin", "", "text/plain", 415},
		"own origin":          {"", "http://example.com", json, 409},
		"own page":            {"same-origin", "http://example.com", json, 409},
	} {
		if status, body, _ := h.ask("POST", "/kiosk/tap", `{"badge":"0040012345","nonce":"x"}`, set(c.site, c.origin, c.kind)); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestBadBodies(t *testing.T) {
	h := newHouse(t)
	for body, want := range map[string]int{
		"": 400, "{": 400, "[]": 400, `{"badge":5}`: 400, `{"badge":"12"}{}`: 400, `{"badge":"abc","nonce":""}`: 400,
		`{"badge":"` + strings.Repeat("1", 200) + `"}`: 400, `{"badge":"` + strings.Repeat("1", 2000) + `"}`: 413,
	} {
		if status, answer, header := h.ask("POST", "/kiosk/tap", body); status != want || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.40s: %d %s", body, status, answer)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/kiosk", "/kiosk/state"} {
		_, _, header := h.ask("GET", path, "")
		for name, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "Referrer-Policy": "no-referrer",
			"Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
			"Cache-Control":      "no-store", "X-Content-Type-Options": "nosniff"} {
			if !strings.Contains(header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
		if csp := header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") {
			t.Errorf("CSP: %s", csp)
		}
	}
}

func TestReaderTap(t *testing.T) {
	h := newHouse(t)
	tap := func(reader, credential, badge string) (int, string) {
		status, body, _ := h.ask("POST", "/api/v1/readers/"+reader+"/tap", `{"badge":"`+badge+`"}`, func(r *http.Request) {
			r.Header.Del("Cookie")
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Authorization", "Bearer "+credential)
		})
		return status, body
	}
	for _, c := range [][2]string{{"dock7", "wrong"}, {"nowhere", dockCredential}, {"dock7", ""}} {
		if status, body := tap(c[0], c[1], annaBadge); status != 401 || strings.Contains(body, "dock7") {
			t.Errorf("%v: %d %s", c, status, body)
		}
	}
	if s := h.state(); s.Asks != "" {
		t.Fatalf("a refused reader put up the PIN pad: %+v", s)
	}
	status, known := tap("dock7", dockCredential, annaBadge)
	if s := h.state(); status != 202 || s.Asks != "pin" || s.State != custody.Clean {
		t.Fatalf("%d %s: %+v", status, known, s)
	}
	answer, body := h.post("pin", m{"pin": annaPIN, "nonce": h.state().Nonce})
	if s := h.decode(answer, body); s.State != custody.InUse {
		t.Fatalf("%+v", s)
	}
	h.advance(10 * time.Second)
	if _, unknown := tap("dock7", dockCredential, "99999999"); unknown != known {
		t.Errorf("known: %s\nunknown: %s", known, unknown)
	}
	// The wall's reader sends to a clean one; a bounce does not take a second.
	_, first := tap("wall", dockCredential, benBadge)
	_, second := tap("wall", dockCredential, benBadge)
	if !strings.Contains(first, "4B-09") || first != second {
		t.Errorf("%s\n%s", first, second)
	}
	if status, body := tap("wall", dockCredential, annaBadge); status != 409 || !strings.Contains(body, "none_clean") {
		t.Errorf("the only clean one is asked for: %d %s", status, body)
	}
}

func TestBadgesAreNotKept(t *testing.T) {
	h := newHouse(t)
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, v := range h.values {
		if strings.Contains(key+string(v), "40012345") {
			t.Errorf("a badge number is in live: %s %s", key, v)
		}
	}
}

// A stream begins with the state, tells of changes, names nobody once locked,
// and ends with the server and with the enrolment.
func TestEventStream(t *testing.T) {
	h := newHouse(t)
	h.kiosk.Beat = 20 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.app.Listener(l) }()
	t.Cleanup(func() { _ = h.app.ShutdownWithTimeout(5 * time.Second) })

	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	open := func() (*bufio.Scanner, func()) {
		r, _ := http.NewRequestWithContext(soon, "GET", "http://"+l.Addr().String()+"/kiosk/events", nil)
		r.Header.Set("Cookie", h.cookie)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
			t.Fatalf("%d %v", answer.StatusCode, answer.Header)
		}
		return bufio.NewScanner(answer.Body), func() { _ = answer.Body.Close() }
	}
	next := func(lines *bufio.Scanner) (s State, ok bool) {
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: {"); is {
				if err := json.Unmarshal([]byte("{"+data), &s); err != nil {
					t.Fatal(err)
				}
				return s, true
			}
		}
		return s, false
	}
	lines, done := open()
	defer done()
	if s, _ := next(lines); s.State != custody.Clean || s.Nonce == "" {
		t.Fatalf("snapshot: %+v", s)
	}
	h.signIn(annaBadge, annaPIN)
	if s, _ := next(lines); s.State != custody.InUse || s.Holder != "Anna Berg" {
		t.Fatalf("%+v", s)
	}
	h.lock()
	if s, _ := next(lines); s.State != custody.Locked || s.Holder != "" {
		t.Fatalf("%+v", s)
	}
	h.mu.Lock() // quietly: the next beat must notice
	row := h.rows[ipad]
	row.Enrolment = "cert-after"
	h.rows[ipad] = row
	h.mu.Unlock()
	if s, ok := next(lines); ok || soon.Err() != nil {
		t.Errorf("the ended enrolment still hears: %+v", s)
	}

	h.cookie = "padwarden_device=" + h.kiosk.seal(row)
	lines, done = open()
	defer done()
	next(lines)
	h.stop()
	if _, ok := next(lines); ok || soon.Err() != nil {
		t.Error("the stream outlives the server")
	}
	for range 100 {
		if h.watchers(ipad) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a subscription is left behind")
}
