package console

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/oidc"
	"github.com/padwarden/padwarden/server/identity/oidc/dextest"
	"github.com/padwarden/padwarden/server/ledger"
)

// provider says what a test has it say.
type provider struct {
	asked  oidc.Ask
	bind   string
	answer oidc.Answer
	claims oidc.Claims
	err    error
}

func (p *provider) Begin(_ context.Context, a oidc.Ask) (string, error) {
	p.asked = a
	return "https://id.example/auth?state=s", p.err
}

func (p *provider) Finish(_ context.Context, bind string, a oidc.Answer) (oidc.Claims, error) {
	p.bind, p.answer = bind, a
	return p.claims, p.err
}

func hospitalDesk(t *testing.T) (*desk, *provider) {
	t.Helper()
	p := &provider{claims: oidc.Claims{Issuer: "https://id.example", Subject: "1", Name: "Maria Keller", Groups: []string{"leads"}}}
	return newDesk(t, func(c *Config) {
		c.Hospital = &HospitalAccounts{Provider: p, URL: "https://pads.example", Grants: []identity.Grant{{Group: "leads", Role: identity.Manager, Wards: []string{"4B"}}}}
	}), p
}

func cookies(header http.Header) map[string]string {
	all := map[string]string{}
	for _, set := range header["Set-Cookie"] {
		name, rest, _ := strings.Cut(set, "=")
		all[name] = rest
	}
	return all
}

func TestSigningInWithAHospitalAccount(t *testing.T) {
	d, p := hospitalDesk(t)
	if _, body, _ := d.ask("GET", "/console/start", ""); !strings.Contains(body, `href="/console/hospital"`) {
		t.Errorf("it is not offered: %s", body)
	}
	status, _, header := d.ask("GET", "/console/hospital", "")
	bound := cookies(header)["padwarden_hospital"]
	bind, _, _ := strings.Cut(bound, ";")
	if status != 303 || header.Get("Location") != "https://id.example/auth?state=s" || bind == "" || bind != p.asked.Bind ||
		p.asked.RedirectURI != "https://pads.example/console/hospital/callback" || p.asked.Again {
		t.Fatalf("%d %v %+v", status, header, p.asked)
	}
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "max-age=300"} {
		if !strings.Contains(bound, want) {
			t.Errorf("its cookie: %s", bound)
		}
	}
	with := func(r *http.Request) {
		r.Header.Set("Cookie", "padwarden_hospital="+bind)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	status, body, header := d.ask("GET", "/console/hospital/callback?state=s&code=c&iss=https%3A%2F%2Fid.example", "", with)
	set := cookies(header)
	session := set["padwarden_staff"]
	if status != 200 || !strings.Contains(body, `content="0; url=/console"`) || !strings.Contains(session, "SameSite=Strict") || !strings.Contains(session, "HttpOnly") {
		t.Fatalf("%d %v %s", status, header, body)
	}
	if p.bind != bind || p.answer != (oidc.Answer{State: "s", Code: "c", Issuer: "https://id.example"}) || !strings.Contains(set["padwarden_hospital"], "1970") {
		t.Errorf("%q %+v %v", p.bind, p.answer, set)
	}
	session, _, _ = strings.Cut(session, ";")
	if status, body, _ := d.ask("GET", "/console", "", as("padwarden_staff="+session, "")); status != 200 || !strings.Contains(body, "Maria Keller") {
		t.Errorf("the console: %d", status)
	}
	// Beginning anew ends the session that was there: its cookie does not come with the answer.
	if d.ask("GET", "/console/hospital", "", as("padwarden_staff="+session, "")); true {
		if status, _, _ := d.ask("GET", "/console", "", as("padwarden_staff="+session, "")); status != 303 {
			t.Errorf("the session before: %d", status)
		}
	}
}

func TestHospitalAccountsThatAreNotLetIn(t *testing.T) {
	d, p := hospitalDesk(t)
	back := func() (int, string, http.Header) {
		return d.ask("GET", "/console/hospital/callback?state=s&code=c", "")
	}
	p.claims.Groups = []string{"others"}
	if status, body, header := back(); status != 403 || !strings.Contains(body, "none of your groups") || cookies(header)["padwarden_staff"] != "" {
		t.Errorf("no group: %d %s", status, body)
	}
	for code, want := range map[string]int{oidc.RefusedState: 401, oidc.RefusedToken: 403, oidc.RefusedDown: 503} {
		p.err = &custody.Refusal{Code: code, Sentence: "A sentence <b>of it</b>."}
		if status, body, header := back(); status != want || !strings.Contains(body, "A sentence &lt;b&gt;of it") || !strings.Contains(body, `href="/console/hospital?again=1"`) || cookies(header)["padwarden_staff"] != "" {
			t.Errorf("%s: %d %s", code, status, body)
		}
		if status, body, header := d.ask("GET", "/console/hospital", ""); status != want || !strings.Contains(body, "A sentence") || cookies(header)["padwarden_hospital"] != "" {
			t.Errorf("beginning, %s: %d", code, status)
		}
	}
	if status, _, _ := newDesk(t).ask("GET", "/console/hospital", ""); status != 404 {
		t.Errorf("where there is no provider: %d", status)
	}
}

func TestACliniciansHospitalAccount(t *testing.T) {
	d, p := hospitalDesk(t)
	if err := d.people.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna Berg", Active: true}); err != nil {
		t.Fatal(err)
	}
	p.claims.Groups, p.claims.Account = nil, "anna"
	status, body, _ := d.ask("GET", "/console/hospital/callback?state=s&code=c", "")
	if status != 200 || !strings.Contains(body, `content="0; url=/console/me"`) {
		t.Errorf("%d %s", status, body)
	}
	if c, err := d.people.ClinicianBySubject(t.Context(), "https://id.example", "1"); err != nil || c.ID != "anna" {
		t.Errorf("%+v, %v", c, err)
	}
}

// In a real browser through a real provider's own page, on another site: the
// cookie that is Strict is there on the page after the answer.
func TestHospitalAccountInABrowser(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	issuer := dextest.Start(t, []string{base + HospitalCallback}, dextest.User{Name: "maria", Email: "maria@hospital.example", ID: "u-1"}, dextest.User{Name: "zoe", Email: "zoe@hospital.example", ID: "u-2"})
	tab := browsertest.Open(t)
	var d *desk
	d = newDesk(t, func(c *Config) {
		p, err := oidc.New(oidc.Config{Issuer: issuer, ClientID: dextest.ClientID, Secret: dextest.Secret, GroupsClaim: "name", Live: c.Live.(*hospital), Now: time.Now, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		c.Hospital = &HospitalAccounts{Provider: p, URL: base, Grants: []identity.Grant{{Group: "maria", Role: identity.Manager, Wards: []string{"4B"}}}}
	})
	go func() { _ = d.app.Listener(l) }()
	t.Cleanup(func() { _ = d.app.ShutdownWithTimeout(5 * time.Second) })

	signIn := func(email string) {
		tab.Do(chromedp.WaitVisible(`a[href$="/auth/local"], a[href*="/auth/local?"]`), chromedp.Click(`a[href*="/auth/local"]`), chromedp.WaitVisible("#login"),
			chromedp.SendKeys("#login", email), chromedp.SendKeys("#password", dextest.Password), chromedp.Click("#submit-login"))
	}
	tab.Do(chromedp.Navigate(base+"/console"), chromedp.WaitVisible(`a[href="/console/hospital"]`))
	tab.Judge("hospital-1-start")
	tab.Do(chromedp.Click(`a[href="/console/hospital"]`))
	signIn("maria@hospital.example")
	tab.Until(`location.pathname === '/console' && document.querySelector('#rows') !== null`)
	if who := tab.Eval(`document.querySelector('.who').textContent`); !strings.Contains(who, "maria") || !strings.Contains(who, "manager") {
		t.Errorf("signed in as %s", who)
	}
	tab.Do(chromedp.Click("#sign-out"))
	tab.Until(`location.pathname === '/console/start'`)
	tab.Do(chromedp.Click(`a[href^="/console/hospital"]`))
	signIn("zoe@hospital.example")
	tab.Until(`document.body.textContent.includes('none of your groups may use this console')`)
	tab.Judge("hospital-2-no-group")
	tab.Do(chromedp.Navigate(base + "/console"))
	tab.Until(`location.pathname === '/console/start'`)
	staff, err := d.people.Staffs(t.Context())
	if err != nil || len(staff) != 1 || !slices.Equal(staff[0].Wards, []string{"4B"}) || staff[0].Issuer != issuer {
		t.Errorf("%+v, %v", staff, err)
	}
}
