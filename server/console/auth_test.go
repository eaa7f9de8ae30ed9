package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// Every route that is registered is shut to who is not signed in, but for the
// sign-in itself. The list is the router's, so a new route is in it.
func TestNothingWithoutASession(t *testing.T) {
	d := newDesk(t)
	seen := 0
	for _, routes := range d.app.Stack() {
		for _, route := range routes {
			path := strings.NewReplacer(":id", "DMQX00", ":token", "x").Replace(route.Path)
			if strings.HasPrefix(path, "/static") || len(route.Handlers) == 0 || route.Path == "/console/start" || route.Path == "/console/language" || strings.HasPrefix(route.Path, "/console/start/") {
				continue
			}
			if route.Method != "GET" && route.Method != "POST" && route.Method != "HEAD" {
				continue
			}
			for name, change := range map[string]func(*http.Request){
				"nothing": func(*http.Request) {}, "junk": as("padwarden_staff=junk", "junk"),
				"a bad token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer junk") },
			} {
				ours := func(r *http.Request) { // asked as our own page would, or it would be refused as another site's
					r.Header.Set("Sec-Fetch-Site", "same-origin")
					r.Header.Set("Content-Type", "application/json")
				}
				status, body, _ := d.ask(route.Method, path, "{}", ours, change)
				// A group's middleware is listed for every method: 404 and 405 open nothing either.
				if status != 401 && status != 303 && status != 404 && status != 405 {
					t.Errorf("%s %s with %s: %d %s", route.Method, path, name, status, body)
				}
				if status == 401 || status == 303 {
					seen++
				}
				if strings.Contains(body, "DMQX00\"") || strings.Contains(body, "4B-01") {
					t.Errorf("%s %s with %s tells of devices", route.Method, path, name)
				}
			}
		}
	}
	if seen < 3*8 {
		t.Errorf("only %d refusals: were the routes found?", seen)
	}
}

// P8: route × role × ward.
func TestWhoMayWhat(t *testing.T) {
	type ask struct{ method, path, body string }
	on := func(id string) map[string]ask {
		return map[string]ask{
			"page": {"GET", "/console/devices/" + id, ""}, "json": {"GET", "/api/v1/devices/" + id, ""},
			"history": {"GET", "/api/v1/devices/" + id + "/history", ""},
			"facts":   {"GET", "/api/v1/devices/" + id + "/facts", ""},
			"ping":    {"POST", "/console/devices/" + id + "/ping", "{}"},
			"apiping": {"POST", "/api/v1/devices/" + id + "/ping", "{}"},
			"wipe":    {"POST", "/console/devices/" + id + "/wipe", `{"epoch":3}`},
			"link":    {"POST", "/console/devices/" + id + "/link", `{"epoch":3}`},
			"attest":  {"POST", "/console/devices/" + id + "/attest", `{"epoch":3,"why":"x"}`},
			"lost":    {"POST", "/console/devices/" + id + "/lost", `{"epoch":3,"why":"x","message":"Call us."}`},
			"isolate": {"POST", "/console/devices/" + id + "/isolate", `{"epoch":3,"why":"x"}`},
			"retire":  {"POST", "/console/devices/" + id + "/retire", `{"epoch":3}`},
			"lock":    {"POST", "/console/devices/" + id + "/lock", `{"epoch":3}`},
			"release": {"POST", "/console/devices/" + id + "/release", `{"epoch":3,"why":"x"}`},
		}
	}
	for _, who := range []struct {
		role  identity.Role
		wards []string
	}{{identity.Administrator, nil}, {identity.Manager, []string{"4B"}}, {identity.Manager, nil}, {identity.Auditor, nil}} {
		for id, ward := range map[string]string{"DMQX00": "4B", "DMQX20": "5A"} {
			for name, a := range on(id) {
				d := newDesk(t)
				cookie, csrf := d.signedIn(who.role, who.wards...)
				status, body, _ := d.ask(a.method, a.path, a.body, as(cookie, csrf))
				see := who.role == identity.Administrator || who.role == identity.Auditor || len(who.wards) > 0 && ward == "4B"
				want := 403
				switch {
				case see && a.method == "GET":
					want = 200
				case see && who.role != identity.Auditor && slices.Contains([]string{"wipe", "lost", "isolate", "retire"}, name):
					want = 200
				case see && who.role != identity.Auditor && strings.HasSuffix(name, "ping"):
					want = 202
				case name == "link" && who.role == identity.Administrator:
					want = 200
				case name == "link":
				case see && who.role != identity.Auditor && slices.Contains([]string{"attest", "lock", "release"}, name):
					want = 409 // allowed, but there is nothing to attest, lock or release
				}
				if status != want {
					t.Errorf("%s of %v: %s of an iPad of %s: %d, want %d: %.200s", who.role, who.wards, name, ward, status, want, body)
				}
				if want == 403 && d.rows[custody.DeviceID(id)].State != custody.Clean {
					t.Errorf("%s of %v wiped on %s", who.role, who.wards, ward)
				}
				if want != 202 && len(d.said.asked) > 0 {
					t.Errorf("%s of %v asked an iPad of %s", who.role, who.wards, ward)
				}
			}
		}
	}
}

func TestListsAreOfOnesOwnWards(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Manager, "5A")
	for _, path := range []string{"/console", "/api/v1/devices"} {
		status, body, _ := d.ask("GET", path, "", as(cookie, ""))
		if status != 200 || !strings.Contains(body, "5A-01") ||
			strings.Contains(body, "DMQX0") || strings.Contains(body, "DMQX1") || strings.Contains(body, "4B Surgery") { // "4B" alone is in some CSRF tokens
			t.Errorf("%s: %d %.300s", path, status, body)
		}
		if status, _, _ := d.ask("GET", path+"?ward=4B", "", as(cookie, "")); status != 403 {
			t.Errorf("%s of another ward: %d", path, status)
		}
	}
	if status, _, _ := d.ask("GET", "/console/events?ward=4B", "", as(cookie, "")); status != 403 {
		t.Errorf("events of another ward: %d", status)
	}
}

func TestSignInLink(t *testing.T) {
	d := newDesk(t)
	token, _ := d.ids.MintStaffToken(t.Context(), "Ada", identity.Administrator)
	if status, body, _ := d.ask("GET", "/console/start/"+token, ""); status != 200 || !strings.Contains(body, "<form") {
		t.Fatalf("%d %s", status, body)
	}
	form := func(site string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", site)
		}
	}
	if status, _, header := d.ask("POST", "/console/start", "token="+token, form("cross-site")); status != 403 || header.Get("Set-Cookie") != "" {
		t.Errorf("from another site: %d", status)
	}
	if status, _, header := d.ask("POST", "/console/start?token="+token, "", form("same-origin")); status != 401 || header.Get("Set-Cookie") != "" {
		t.Errorf("with the token in the URL: %d", status)
	}
	if status, _, _ := d.ask("POST", "/console/start", "token="+token+"&x="+strings.Repeat("x", maxBody), form("same-origin")); status != 413 {
		t.Errorf("a form of more than %d bytes: %d", maxBody, status)
	}
	status, _, header := d.ask("POST", "/console/start", "token="+token, form("same-origin"))
	if cookie := header.Get("Set-Cookie"); status != 303 || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, token) {
		t.Fatalf("%d %s", status, cookie)
	}
	if status, _, header := d.ask("POST", "/console/start", "token="+token, form("same-origin")); status != 401 || header.Get("Set-Cookie") != "" {
		t.Errorf("the second time: %d", status)
	}
	if status, body, _ := d.ask("GET", "/console/start/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", ""); strings.Contains(body, "<script>alert") {
		t.Errorf("%d %s", status, body)
	}
}

// Who signs in anew in the same browser leaves no session behind.
func TestSigningInEndsTheSessionBefore(t *testing.T) {
	d := newDesk(t)
	before, _ := d.signedIn(identity.Administrator)
	other, _ := d.signedIn(identity.Auditor)
	token, err := d.ids.MintStaffToken(t.Context(), "Ada", identity.Auditor)
	if err != nil {
		t.Fatal(err)
	}
	status, _, _ := d.ask("POST", "/console/start", "token="+token, as(before, ""), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
	if status != 303 {
		t.Fatalf("signing in anew: %d", status)
	}
	if status, _, _ := d.ask("GET", "/console", "", as(before, "")); status != 303 {
		t.Errorf("the session before it: %d", status)
	}
	if status, _, _ := d.ask("GET", "/console", "", as(other, "")); status != 200 {
		t.Errorf("another browser's: %d", status)
	}
}

// Threat 22: each of the three locks on a change holds by itself.
func TestForgedChanges(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Administrator)
	good := as(cookie, csrf)
	for name, c := range map[string]struct {
		spoil func(*http.Request)
		want  int
	}{
		"another site":       {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"another origin":     {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"no token":           {func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403},
		"another's token":    {func(r *http.Request) { r.Header.Set("X-CSRF-Token", d.ids.CSRF("another")) }, 403},
		"a form":             {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"an API token alone": {func(r *http.Request) { r.Header.Del("Cookie"); r.Header.Set("Authorization", "Bearer x") }, 401},
	} {
		if status, body, _ := d.ask("POST", "/console/devices/DMQX00/wipe", `{"epoch":3}`, good, c.spoil); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if d.rows["DMQX00"].State != custody.Clean {
		t.Error("a forged request wiped")
	}
	if status, body, _ := d.ask("POST", "/console/devices/DMQX00/wipe", `{"epoch":3}`, good); status != 200 || d.rows["DMQX00"].State != custody.Wiping {
		t.Errorf("and the page's own: %d %s", status, body)
	}
}

// watched notes which uses of a session counted as somebody's.
type watched struct {
	Identity
	mu     sync.Mutex
	active []bool
}

func (w *watched) StaffSession(ctx context.Context, session string, active bool) (identity.Staff, error) {
	w.mu.Lock()
	w.active = append(w.active, active)
	w.mu.Unlock()
	return w.Identity.StaffSession(ctx, session, active)
}

// A page that renews itself by script, with nobody in front, does not keep its
// session; one that somebody opens does.
func TestRenewalsDoNotProlongTheSession(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Administrator)
	w := &watched{Identity: d.ids}
	d.console.Identity = w
	for _, dest := range []string{"document", "", "empty"} {
		status, _, _ := d.ask("GET", "/console/devices/DMQX00", "", as(cookie, ""), func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", dest) })
		if status != 200 {
			t.Errorf("%q: %d", dest, status)
		}
	}
	if !slices.Equal(w.active, []bool{true, true, false}) {
		t.Errorf("counted as somebody's: %v", w.active)
	}
}

// Who is closed out is out at the next request, and their open pages with them,
// within a beat.
func TestAClosedAccountIsOutAtOnce(t *testing.T) {
	d := newDesk(t)
	d.console.Beat = 20 * time.Millisecond
	cookie, csrf := d.signedIn(identity.Manager, "4B")
	stream := d.watch(cookie, "/console/events?ward=")
	if _, ok := stream("snapshot"); !ok {
		t.Fatal("no stream")
	}
	maria, err := d.people.StaffByName(t.Context(), "Maria")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.people.SetStaffActive(t.Context(), maria.ID, false); err != nil {
		t.Fatal(err)
	}
	closed := time.Now()
	if status, body, _ := d.ask("POST", "/console/devices/DMQX00/wipe", `{"epoch":3}`, as(cookie, csrf)); status != 401 || !strings.Contains(body, "closed") {
		t.Errorf("a wipe: %d %s", status, body)
	}
	if status, _, _ := d.ask("GET", "/console", "", as(cookie, "")); status != 303 {
		t.Errorf("the pool view: %d", status)
	}
	if data, ok := stream("never"); ok || time.Since(closed) > 5*time.Second {
		t.Errorf("the stream went on for %s: %s", time.Since(closed), data)
	}
}

// A clinician at the console meets their own page, whatever they ask for.
func TestACliniciansConsoleIsTheirOwnPage(t *testing.T) {
	d := newDesk(t)
	if err := d.people.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna Berg", Active: true}); err != nil {
		t.Fatal(err)
	}
	session, _, err := d.ids.OpenClinicianSession(t.Context(), ledger.Clinician{ID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	anna := as("padwarden_staff="+session, d.ids.CSRF(session))
	for _, page := range []string{"/console", "/console/devices/DMQX10"} {
		if status, _, header := d.ask("GET", page, "", anna); status != 303 || header.Get("Location") != "/console/me" {
			t.Errorf("%s: %d %s", page, status, header.Get("Location"))
		}
	}
	for path, method := range map[string]string{"/console/events": "GET", "/api/v1/devices": "GET", "/api/v1/troubles": "GET", "/api/v1/trials/key": "GET", "/console/devices/DMQX10/lock": "POST"} {
		if status, body, _ := d.ask(method, path, "{}", anna); status != 403 {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	if status, _, _ := d.ask("POST", "/console/sign-out", "{}", anna); status != 200 {
		t.Errorf("signing out: %d", status)
	}
}

func TestSignOutEndsIt(t *testing.T) {
	d := newDesk(t)
	cookie, csrf := d.signedIn(identity.Auditor)
	status, _, header := d.ask("POST", "/console/sign-out", "{}", as(cookie, csrf))
	if status != 200 || header.Get("Clear-Site-Data") == "" || strings.Contains(header.Get("Clear-Site-Data"), "cookies") {
		t.Errorf("%d %v", status, header)
	}
	if set := header.Get("Set-Cookie"); !strings.HasPrefix(set, "padwarden_staff=;") || !strings.Contains(set, "expires=Thu, 01 Jan 1970") {
		t.Errorf("the browser keeps its cookie: %s", set)
	}
	if status, _, _ := d.ask("GET", "/console", "", as(cookie, "")); status != 303 {
		t.Errorf("afterwards: %d", status)
	}
}

func TestAPITokens(t *testing.T) {
	d := newDesk(t)
	token, err := d.ids.MintAPIToken(t.Context(), "siem", identity.Auditor, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	if status, body, _ := d.ask("GET", "/api/v1/devices?ward=5A", "", bearer); status != 200 || !strings.Contains(body, "DMQX20") {
		t.Errorf("%d %s", status, body)
	}
	status, _, header := d.ask("GET", "/api/v1/devices", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") })
	if status != 401 || header.Get("WWW-Authenticate") != "Bearer" || header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", status, header)
	}
}
