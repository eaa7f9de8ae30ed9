package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// guard is how a route is shut.
type guard string

const (
	open    guard = "open"    // to anybody, and tells nothing of the hospital
	secret  guard = "secret"  // to who has its one-time secret, or a device's certificate
	page    guard = "page"    // to who is signed in; others are shown where to
	stream  guard = "stream"  // as a page, with a plain no
	change  guard = "change"  // to who is signed in, from our own page
	api     guard = "api"     // to who is signed in, or has a token
	token   guard = "token"   // to who has a token
	signed  guard = "signed"  // to whoever is signed in, a clinician too
	oneself guard = "oneself" // as signed, and a page
	ipad    guard = "ipad"    // to an iPad's own page
	readers guard = "readers" // to a badge reader
)

// shut is what one route asks for: a guard, and what must be allowed on the ward
// of the object in its path. No action: any staff will do.
type shut struct {
	guard  guard
	action string
	path   string // with {id}, {ward}, {reader} and {emergency} of the object; empty: the route's own
	method string // of the request, if not the route's
}

// routes are all that there are. What is registered and not here turns the test
// red: say who may use it.
var routes = map[string]shut{
	"GET /healthz": {guard: open}, "GET /readyz": {guard: open}, "GET /metrics": {guard: open}, "GET ": {guard: open},
	"GET /scep": {guard: open, path: "/scep?operation=GetCACaps"}, "POST /scep": {guard: secret}, "PUT /mdm": {guard: secret},
	"GET /enroll/:token": {guard: secret}, "GET /kiosk/start/:secret": {guard: secret},

	"GET /kiosk": {guard: ipad}, "GET /kiosk/state": {guard: ipad}, "GET /kiosk/events": {guard: ipad},
	"POST /kiosk/tap": {guard: ipad}, "POST /kiosk/pin": {guard: ipad}, "POST /kiosk/takeover": {guard: ipad},
	"POST /kiosk/touch": {guard: ipad}, "POST /kiosk/return": {guard: ipad},
	"POST /kiosk/passkey/begin": {guard: ipad}, "POST /kiosk/passkey/finish": {guard: ipad}, "POST /kiosk/passkey/add": {guard: ipad},
	"POST /kiosk/passkey/add/begin": {guard: ipad}, "POST /kiosk/passkey/add/finish": {guard: ipad},
	"POST /kiosk/newpin": {guard: ipad}, "POST /kiosk/changepin": {guard: ipad}, "POST /kiosk/newcard": {guard: ipad},
	"POST /kiosk/emergency": {guard: ipad}, "POST /kiosk/emergency/code": {guard: ipad}, "POST /kiosk/explain": {guard: ipad},
	"POST /api/v1/readers/:id/tap": {guard: readers, path: "/api/v1/readers/{reader}/tap"},

	"GET /console/start": {guard: open}, "GET /console/start/:token": {guard: open}, "POST /console/start": {guard: open}, "POST /console/language": {guard: open},
	"GET /console/hospital": {guard: open}, "GET /console/hospital/callback": {guard: open},
	"POST /console/start/passkey/begin": {guard: open}, "POST /console/start/passkey": {guard: open},
	"POST /console/sign-out": {guard: signed},
	"GET /console/me":        {guard: oneself}, "POST /console/me/passkeys/begin": {guard: signed}, "POST /console/me/passkeys": {guard: signed},
	"POST /console/me/passkeys/:id/name": {guard: signed}, "POST /console/me/passkeys/:id/remove": {guard: signed},
	"GET /console/keys/:owner": {guard: page, action: "staff", path: "/console/keys/clinician:anna"},

	"POST /console/keys/:owner/:id/remove":   {guard: change, action: "staff", path: "/console/keys/clinician:anna/nothing/remove"},
	"GET /console/emergencies":               {guard: page},
	"POST /console/emergencies/:id/review":   {guard: change, action: "review", path: "/console/emergencies/{emergency}/review"},
	"POST /console/wards/:id/emergency-code": {guard: change, action: "review", path: "/console/wards/{ward}/emergency-code"},

	"GET /console":                         {guard: page, action: "view", path: "/console?ward={ward}"},
	"GET /console/events":                  {guard: stream, action: "view", path: "/console/events?ward={ward}"},
	"GET /console/devices/:id":             {guard: page, action: "view"},
	"GET /console/devices/:id/ping/events": {guard: stream, action: "view"},
	"POST /console/devices/:id/lock":       {guard: change, action: "lock"},
	"POST /console/devices/:id/wipe":       {guard: change, action: "wipe"},
	"POST /console/devices/:id/approve":    {guard: change, action: "wipe"},
	"POST /console/devices/:id/decline":    {guard: change, action: "wipe"},
	"POST /console/devices/:id/attest":     {guard: change, action: "attest"},
	"POST /console/devices/:id/lost":       {guard: change, action: "search"},
	"POST /console/devices/:id/found":      {guard: change, action: "search"},
	"POST /console/devices/:id/locate":     {guard: change, action: "search"},
	"POST /console/devices/:id/sound":      {guard: change, action: "search"},
	"POST /console/devices/:id/isolate":    {guard: change, action: "isolate"},
	"POST /console/devices/:id/release":    {guard: change, action: "isolate"},
	"POST /console/devices/:id/set-aside":  {guard: change, action: "seal"},
	"POST /console/devices/:id/code":       {guard: change, action: "seal"},
	"POST /console/devices/:id/bring-back": {guard: change, action: "seal"},
	"POST /console/devices/:id/hands":      {guard: change, action: "hands"},
	"POST /console/bulk/:deed":             {guard: change, path: "/console/bulk/lock"}, // each iPad is asked about by itself
	"POST /console/devices/:id/retire":     {guard: change, action: "retire"},
	"POST /console/devices/:id/reinstate":  {guard: change, action: "retire"},
	"POST /console/devices/:id/link":       {guard: change, action: "enrol"},
	"POST /console/devices/:id/ping":       {guard: change, action: "ping"},

	"GET /console/staff": {guard: page, action: "staff"}, "GET /console/tokens": {guard: page, action: "staff"},
	"POST /console/staff": {guard: change, action: "staff"}, "POST /console/staff/:id/role": {guard: change, action: "staff"},
	"POST /console/staff/:id/close": {guard: change, action: "staff"}, "POST /console/staff/:id/open": {guard: change, action: "staff"},
	"POST /console/tokens": {guard: change, action: "staff"}, "POST /console/tokens/:id/rotate": {guard: change, action: "staff"},
	"POST /console/tokens/:id/revoke": {guard: change, action: "staff"},

	"GET /api/v1/devices":             {guard: api, action: "view", path: "/api/v1/devices?ward={ward}"},
	"GET /api/v1/devices/:id":         {guard: api, action: "view"},
	"GET /api/v1/devices/:id/history": {guard: api, action: "view"},
	"GET /api/v1/devices/:id/facts":   {guard: api, action: "view"},
	"GET /api/v1/devices/:id/trial":   {guard: api, action: "try"},
	"POST /api/v1/devices/:id/ping":   {guard: api, action: "ping"},
	"GET /api/v1/wards":               {guard: api},
	"GET /api/v1/wards/:ward/wipes":   {guard: api, action: "view", path: "/api/v1/wards/{ward}/wipes"},
	"GET /api/v1/troubles":            {guard: api},
	"GET /api/v1/trials":              {guard: api, action: "view", path: "/api/v1/trials?ward={ward}"},
	"GET /api/v1/trials/key":          {guard: api},
	"POST /api/v1/trials":             {guard: token, action: "try everywhere"},
}

// The askers. What they may is written out here, apart from the code that decides it.
const (
	nobody, clinician, manager, auditor, administrator = "nobody", "a clinician", "a manager of 4B", "an auditor", "an administrator"
	program, narrow, reader, device                    = "a program that may all on 4B", "a program that may only file trials, anywhere", "a reader of 4B", "an iPad of 4B"
)

var askers = []string{nobody, clinician, manager, auditor, administrator, program, narrow, reader, device}

func may(who, action, ward string) bool {
	own := ward == "4B" && !strings.HasSuffix(action, "everywhere") && action != "staff"
	switch who {
	case administrator:
		return true
	case auditor:
		return action == "view" || action == "people view" || action == ""
	case manager:
		return action == "" || action == "people view" || action == "people badges" || own && slices.Contains([]string{"view", "lock", "wipe", "attest", "search", "isolate", "seal", "hands", "retire", "ping", "review"}, action)
	case program:
		return action == "" || own
	case narrow:
		return action == "" || strings.HasPrefix(action, "try")
	}
	return false
}

// What an answer says of who asked.
const (
	yes, no, who, toStart, toOwn, shutAway = "let in", "403", "401", "shown where to sign in", "sent to their own page", "refused"
)

func verdict(s shut, by, ward string) string {
	staff := by == manager || by == auditor || by == administrator
	programs := by == program || by == narrow
	allowed := map[bool]string{true: yes, false: no}[may(by, s.action, ward)]
	switch s.guard {
	case secret:
		return shutAway
	case ipad:
		return map[bool]string{true: yes, false: no}[by == device]
	case readers:
		return map[bool]string{true: yes, false: who}[by == reader && ward == "4B"]
	case oneself:
		return map[bool]string{true: yes, false: toStart}[staff || by == clinician]
	case signed:
		return map[bool]string{true: yes, false: who}[staff || by == clinician]
	case directory:
		return map[bool]string{true: allowed, false: who}[programs]
	case own:
		return map[bool]string{true: yes, false: toStart}[staff || by == clinician]
	case token:
		switch {
		case programs:
			return allowed
		case staff, by == clinician:
			return no
		}
		return who
	}
	switch {
	case staff, programs && s.guard == api:
		return allowed
	case by == clinician && s.guard == page:
		return toOwn
	case by == clinician:
		return no
	case s.guard == page:
		return toStart
	}
	return who
}

func said(status int, location string) string {
	switch {
	case status == http.StatusForbidden:
		return no
	case status == http.StatusUnauthorized:
		return who
	case status == http.StatusSeeOther && location == "/console/start":
		return toStart
	case status == http.StatusSeeOther && location == "/console/me":
		return toOwn
	}
	return yes
}

// Threat 24, P8: every route × whoever asks × an object of their ward and of
// another's. The routes are the running server's own.
func TestWhoMayWhatOnWhichWard(t *testing.T) {
	h := newMatrix(t)
	found := 0
	for _, route := range h.a.http.GetRoutes(true) {
		if route.Method == http.MethodHead { // GET's handler, which the browser package keeps from doing anything
			continue
		}
		name := route.Method + " " + strings.TrimSuffix(route.Path, "/")
		s, ok := routes[name]
		if !ok {
			t.Errorf("%s is not in the table: say who may use it, and on what", name)
			continue
		}
		found++
		for _, by := range askers {
			for _, ward := range []string{"4B", "5A"} {
				status, location := h.ask(route.Method, h.path(s, route.Path, ward), by)
				got, want := said(status, location), verdict(s, by, ward)
				if s.guard == secret && status >= http.StatusBadRequest {
					got = shutAway
				}
				if got != want && s.guard != open {
					t.Errorf("%s of %s by %s: %s, want %s", name, ward, by, got, want)
				}
			}
		}
	}
	if found != len(routes) {
		t.Errorf("%d routes of the table were found, of %d: take out those that are gone", found, len(routes))
	}
	for _, id := range []custody.DeviceID{"A1", "B1"} {
		if row, err := h.a.Ledger.Custody(t.Context(), id); err != nil || row.State != custody.Clean || row.Version != h.versions[id] {
			t.Errorf("%s was changed by who only asked of another hand-over: %+v, %v", id, row, err)
		}
	}
}

// matrix is a running server with an iPad, a reader and people of two wards.
type matrix struct {
	t        *testing.T
	a        *App
	web      *http.Client
	staff    map[string]ledger.Staff
	tokens   map[string]string
	cookie   string            // the iPad's
	opened   map[string]string // an emergency of each ward, as its address names it
	versions map[custody.DeviceID]int64
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	a, _ := running(t, Config{Data: t.TempDir(), OIDC: OIDC{Issuer: "http://127.0.0.1:1", ClientID: "padwarden"}})
	becomesReady(t, a)
	h := &matrix{t: t, a: a, staff: map[string]ledger.Staff{}, tokens: map[string]string{}, opened: map[string]string{}, versions: map[custody.DeviceID]int64{},
		web: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	credential := sha256.Sum256([]byte("credential of R4B"))
	for id, ward := range map[custody.DeviceID]string{"A1": "4B", "B1": "5A"} {
		must(a.Ledger.AddWard(t.Context(), ledger.Ward{ID: ward, Name: ward, Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}))
		must(a.Ledger.AddDevice(t.Context(), ledger.Device{ID: id, Ward: ward, Name: string(id)}))
		row, err := a.Ledger.Custody(t.Context(), id)
		must(err)
		next := row
		next.State, next.Enrolment, next.Version, next.Epoch = custody.Clean, "certificate", row.Version+1, 3
		must(a.Ledger.Commit(t.Context(), custody.Change{Prev: row, Next: next}))
		h.versions[id] = next.Version
		other := sha256.Sum256([]byte("credential of another"))
		c := map[string][]byte{"4B": credential[:], "5A": other[:]}[ward]
		must(a.Ledger.AddReader(t.Context(), ledger.Reader{ID: "R" + ward, Ward: ward, Device: id, Credential: c}))
	}
	must(a.Ledger.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna", Active: true}))
	must(a.Ledger.AddClinician(t.Context(), ledger.Clinician{ID: "ben", Name: "Ben", Active: true}))
	for id, ward := range map[custody.DeviceID]string{"A2": "4B", "B2": "5A"} { // one that a badge alone has opened
		must(a.Ledger.AddDevice(t.Context(), ledger.Device{ID: id, Ward: ward, Name: string(id)}))
		row, err := a.Ledger.Custody(t.Context(), id)
		must(err)
		next := row
		next.State, next.Enrolment, next.Version = custody.Clean, "certificate", row.Version+1
		must(a.Ledger.Commit(t.Context(), custody.Change{Prev: row, Next: next}))
		_, err = a.Steward.Apply(t.Context(), id, custody.Claim{By: map[string]string{"4B": "anna", "5A": "ben"}[ward], How: custody.AssuranceBreakGlass, With: "badge:1"})
		must(err)
	}
	emergencies, err := a.Ledger.Emergencies(t.Context(), true)
	must(err)
	for _, e := range emergencies {
		h.opened[e.Ward] = fmt.Sprintf("%s.%d", e.Device, e.Version)
	}
	for by, s := range map[string]ledger.Staff{manager: {ID: "m", Name: "Maria", Role: "manager", Wards: []string{"4B"}}, auditor: {ID: "o", Name: "Olaf", Role: "auditor"}, administrator: {ID: "a", Name: "Ada", Role: "administrator"}} {
		s.Active = true
		must(a.Ledger.AddStaff(t.Context(), s))
		h.staff[by] = s
	}
	var all []identity.Action
	for _, action := range []string{"view", "lock", "wipe", "attest", "search", "isolate", "seal", "retire", "enrol", "ping", "try", "staff", "scim"} {
		all = append(all, identity.Action(action))
	}
	for by, c := range map[string]struct {
		scopes []identity.Action
		wards  []string
	}{program: {all, []string{"4B"}}, narrow: {[]identity.Action{identity.Try}, []string{identity.AllWards}}} {
		made, _, err := a.Identity.MakeToken(t.Context(), by, c.scopes, c.wards, time.Hour, "test")
		must(err)
		h.tokens[by] = made
	}
	h.tokens[reader] = "credential of R4B"
	jar, err := cookiejar.New(nil)
	must(err)
	row, err := a.Ledger.Custody(t.Context(), "A1")
	must(err)
	page := &http.Client{Jar: jar}
	answer, err := page.Get(a.URL + "/kiosk/start/" + a.keys.KioskSecret("A1", row.Epoch, row.Run.ID))
	must(err)
	_ = answer.Body.Close()
	for _, c := range jar.Cookies(answer.Request.URL) {
		h.cookie = c.Name + "=" + c.Value
	}
	if answer.StatusCode != http.StatusOK || h.cookie == "" {
		t.Fatalf("the iPad's page does not start: %d", answer.StatusCode)
	}
	return h
}

func (h *matrix) path(s shut, route, ward string) string {
	path := s.path
	if path == "" {
		path = strings.NewReplacer("/devices/:id", "/devices/{id}", ":id", "nobody", ":token", "junk", ":secret", "junk").Replace(route)
	}
	return strings.NewReplacer("{id}", map[string]string{"4B": "A1", "5A": "B1"}[ward], "{ward}", ward, "{reader}", "R"+ward, "{emergency}", h.opened[ward]).Replace(path)
}

// ask asks as by, in a session of its own: some routes end it. Every change is of
// a hand-over that is over, so that nothing is done by who may.
func (h *matrix) ask(method, path, by string) (status int, location string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, h.a.URL+path, strings.NewReader(map[bool]string{true: "", false: `{"epoch":1,"badge":"12345678"}`}[method == http.MethodGet]))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	var session string
	switch by {
	case clinician:
		session, _, err = h.a.Identity.OpenClinicianSession(ctx, ledger.Clinician{ID: "anna"})
	case manager, auditor, administrator:
		session, _, err = h.a.Identity.OpenStaffSession(ctx, h.staff[by])
	case program, narrow, reader:
		r.Header.Set("Authorization", "Bearer "+h.tokens[by])
	case device:
		r.Header.Set("Cookie", h.cookie)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if session != "" {
		r.Header.Set("Cookie", "padwarden_staff="+session)
		r.Header.Set("X-CSRF-Token", h.a.Identity.CSRF(session))
	}
	answer, err := h.web.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}
