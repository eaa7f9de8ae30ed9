package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Each host answers its own routes and nothing else, by the running server's own
// list of them; a name that none of them has gets what is everybody's.
func TestHostsAreKeptApart(t *testing.T) {
	hosts := Hosts{Kiosk: "https://kiosk.example", Console: "https://console.example", MDM: "https://mdm.example:8443"}
	a, _ := running(t, Config{Data: t.TempDir(), Hosts: hosts, OIDC: OIDC{Issuer: "http://127.0.0.1:1", ClientID: "x"}})
	bound := "http://" + a.socket.Addr().String()
	web := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, host, path string, change ...func(*http.Request)) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, bound+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		for _, f := range change {
			f(r)
		}
		answer, err := web.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	names := map[string]string{"kiosk": "kiosk.example", "console": "console.example", "mdm": "mdm.example:8443", "": "10.0.0.7"}
	seen := map[string]int{}
	for _, route := range a.http.GetRoutes(true) {
		if route.Method == http.MethodHead {
			continue
		}
		whose := "console"
		for prefix, of := range map[string]string{"/kiosk": "kiosk", "/api/v1/readers": "kiosk", "/mdm": "mdm", "/scep": "mdm", "/enroll": "mdm", "/healthz": "", "/readyz": "", "/metrics": ""} {
			if strings.HasPrefix(route.Path, prefix) {
				whose = of
			}
		}
		seen[whose]++
		path := strings.NewReplacer(":id", "X", ":token", "x", ":secret", "x", ":ward", "4B", "/hospital/callback", "/start", "/hospital", "/start").Replace(route.Path)
		for name, host := range names {
			// What a host has may answer 404 too, of an object; what it has not never answers anything else.
			if status := ask(route.Method, host, path); status != 404 && name != whose && whose != "" {
				t.Errorf("%s %s at %s, which is the %s's: %d", route.Method, path, host, whose, status)
			} else if status == 404 && (name == whose || whose == "") && route.Path != "/enroll/:token" {
				t.Errorf("%s %s is not at %s", route.Method, path, host)
			}
		}
	}
	if len(seen) != 4 || seen["kiosk"] < 5 || seen["mdm"] < 3 {
		t.Errorf("were the routes found? %v", seen)
	}
	for host, want := range map[string]int{"kiosk.example": 200, "console.example": 200, "mdm.example:8443": 200, "10.0.0.7": 200} {
		if status := ask("GET", host, "/static/base.css"); status != want {
			t.Errorf("/static at %s: %d", host, status)
		}
	}
	for host, want := range map[string]int{"CONSOLE.example": 200, "console.example:443": 200, "console.example:8443": 404, "mdm.example": 404, "console.example.evil.example": 404, "": 404} {
		if status := ask("GET", host, "/console/start"); status != want && host != "" {
			t.Errorf("the console at %q: %d", host, status)
		}
	}
	forwarded := func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "console.example") }
	if status := ask("GET", "kiosk.example", "/console/start", forwarded); status != 404 {
		t.Errorf("by another header: %d", status)
	}
	if status := ask("GET", "kiosk.example", "/CONSOLE/start"); status != 404 {
		t.Errorf("in capitals: %d", status)
	}
}

// What is handed out names the right one of the three.
func TestAddressesNameTheRightHost(t *testing.T) {
	a, _ := running(t, Config{Data: t.TempDir(), BaseURL: "https://pads.example", Hosts: Hosts{Kiosk: "https://kiosk.example", MDM: "https://mdm.example"},
		OIDC: OIDC{Issuer: "http://127.0.0.1:1", ClientID: "x"}})
	if err := a.Ledger.AddWard(t.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}); err != nil {
		t.Fatal(err)
	}
	if err := a.Ledger.AddDevice(t.Context(), ledger.Device{ID: "A1", Ward: "4B", Name: "A1"}); err != nil {
		t.Fatal(err)
	}
	row, err := a.Ledger.Custody(t.Context(), "A1")
	if err != nil {
		t.Fatal(err)
	}
	in, err := a.Engine.Inputs(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	link, err := a.Engine.EnrolmentLink("A1")
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string][2]string{
		"the web clip": {in.KioskURL, "https://kiosk.example/kiosk/start/"}, "the enrolment's server": {in.ServerURL + "/", "https://mdm.example/"},
		"the enrolment link": {link, "https://mdm.example/enroll/"}, "the console": {a.ConsoleURL() + "/", "https://pads.example/"},
		"the provider's way back": {a.hospitalAccounts().URL + "/", "https://pads.example/"},
	} {
		if u, err := url.Parse(c[0]); err != nil || !strings.HasPrefix(c[0], c[1]) || u.Scheme != "https" {
			t.Errorf("%s is %s, want %s…", what, c[0], c[1])
		}
	}
	if !a.Secure() {
		t.Error("cookies are not bound to their host")
	}
}

func TestHostsThatCannotBe(t *testing.T) {
	for name, c := range map[string]Config{
		"one alone":        {Hosts: Hosts{Kiosk: "https://kiosk.example"}},
		"two schemes":      {BaseURL: "https://pads.example", Hosts: Hosts{Kiosk: "http://kiosk.example"}},
		"a path":           {BaseURL: "https://pads.example", Hosts: Hosts{MDM: "https://mdm.example/mdm"}},
		"no scheme at all": {BaseURL: "https://pads.example", Hosts: Hosts{Console: "console.example"}},
	} {
		c.Data = t.TempDir()
		if a, err := Open(t.Context(), c); err == nil {
			t.Errorf("%s was taken", name)
			_ = a.Close()
		}
	}
}
