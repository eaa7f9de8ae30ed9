package oidc

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity/oidc/dextest"
)

// The whole flow against a real provider, its pages walked as a browser does,
// with a password and with a group.
func TestDex(t *testing.T) {
	const back = "http://127.0.0.1:1/console/hospital/callback"
	issuer := dextest.Start(t, []string{back}, dextest.User{Name: "anna", Email: "anna@hospital.example", ID: "u-1"})
	m := &memory{now: time.Now(), values: map[string][]byte{}, ends: map[string]time.Time{}}
	open := func(secret string) *Provider {
		p, err := New(Config{Issuer: issuer, ClientID: dextest.ClientID, Secret: secret, AccountClaim: "name", Live: m, Now: m.Now, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := open(dextest.Secret)

	anna, err := p.Finish(t.Context(), "b", walk(t, p, "local"))
	if err != nil || anna.Issuer != issuer || anna.Subject == "" || anna.Name != "anna" || anna.Account != "anna" || anna.Groups != nil {
		t.Errorf("%+v, %v", anna, err)
	}
	again, err := p.Finish(t.Context(), "b", walk(t, p, "local"))
	if err != nil || again.Subject != anna.Subject {
		t.Errorf("the second time %+v, %v; the first %+v", again, err, anna)
	}
	author, err := p.Finish(t.Context(), "b", walk(t, p, "mock"))
	if err != nil || author.Name != dextest.GroupMember || !slices.Equal(author.Groups, []string{"authors"}) || author.Subject == anna.Subject {
		t.Errorf("%+v, %v", author, err)
	}

	spent := walk(t, p, "local")
	if _, err := p.Finish(t.Context(), "b", spent); err != nil {
		t.Fatal(err)
	}
	other := walk(t, p, "local")
	other.Code = spent.Code // another sign-in's state with a code that was used
	if _, err := p.Finish(t.Context(), "b", other); custody.Refused(err) != RefusedState && custody.Refused(err) != RefusedAnswer {
		t.Errorf("a code twice: %v", err)
	}
	wrong := open("not the secret")
	if _, err := wrong.Finish(t.Context(), "b", walk(t, wrong, "local")); custody.Refused(err) != RefusedAnswer {
		t.Errorf("without the client's secret: %v", err)
	}
}

// walk goes through dex's pages by one of its connectors, up to the address that
// it sends the browser back to.
func walk(t *testing.T, p *Provider, connector string) Answer {
	t.Helper()
	address, err := p.Begin(t.Context(), Ask{RedirectURI: "http://127.0.0.1:1/console/hospital/callback", Bind: "b"})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	web := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Port() == "1" {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	read := func(answer *http.Response, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		address = answer.Request.URL.String()
		return string(body)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path += "/" + connector // what the choice on dex's first page does
	page := read(web.Get(u.String()))
	if connector == "local" {
		if !strings.Contains(page, "password") {
			t.Fatalf("no login page: %s", page)
		}
		read(web.PostForm(address, url.Values{"login": {"anna@hospital.example"}, "password": {dextest.Password}}))
	}
	if back == nil {
		t.Fatalf("dex sent nobody back, from %s", address)
	}
	return Answer{State: back.Query().Get("state"), Code: back.Query().Get("code"), Error: back.Query().Get("error")}
}
