package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func TestWhoTheProviderSaysItIs(t *testing.T) {
	p, f, m := world(t)
	state := begun(t, p, f, "browser")
	for k, v := range m.values {
		if strings.Contains(k+string(v), state) || strings.Contains(k+string(v), "browser") {
			t.Errorf("a secret is kept in plain: %s", k)
		}
	}
	got, err := p.Finish(t.Context(), "browser", Answer{State: state, Code: "the-code", Issuer: f.URL})
	want := Claims{Issuer: f.URL, Subject: "42", Name: "Maria Keller", Account: "mkeller", Groups: []string{"ward-leads", "all"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Of what a token may say beside who it is: claims by another name, a bare
// group, none at all.
func TestClaimsAsProvidersWriteThem(t *testing.T) {
	for name, c := range map[string]struct {
		says   map[string]any
		groups []string
		who    string
	}{
		"one group, bare":   {map[string]any{"groups": "ward-leads"}, []string{"ward-leads"}, "Maria Keller"},
		"no groups":         {map[string]any{"groups": nil}, nil, "Maria Keller"},
		"groups of junk":    {map[string]any{"groups": map[string]any{"a": 1}}, nil, "Maria Keller"},
		"numbers":           {map[string]any{"groups": []int{1}}, nil, "Maria Keller"},
		"no name":           {map[string]any{"name": nil}, []string{"ward-leads", "all"}, "mkeller"},
		"several audiences": {map[string]any{"aud": []string{"padwarden", "x"}, "azp": "padwarden"}, []string{"ward-leads", "all"}, "Maria Keller"},
	} {
		p, f, _ := world(t)
		f.says = c.says
		got, err := p.Finish(t.Context(), "b", Answer{State: begun(t, p, f, "b"), Code: "the-code"})
		if err != nil || !reflect.DeepEqual(got.Groups, c.groups) || got.Name != c.who {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Nothing counts but the answer to what this browser asked, once.
func TestAnswersToNobodysQuestion(t *testing.T) {
	p, f, m := world(t)
	finish := func(bind string, a Answer) error {
		_, err := p.Finish(t.Context(), bind, a)
		return err
	}
	begun(t, p, f, "browser")
	for name, state := range map[string]string{"none": "", "made up": "AAAA", "a key of the store": "oidc:begun"} {
		if err := finish("browser", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedState {
			t.Errorf("a state, %s: %v", name, err)
		}
	}
	// Another browser's: an attacker has somebody finish the sign-in that the attacker began.
	state := begun(t, p, f, "attacker")
	if err := finish("victim", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("another browser's: %v", err)
	}
	if err := finish("attacker", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("and then its own: %v", err)
	}
	if err := finish("", Answer{State: begun(t, p, f, "browser"), Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("no browser's: %v", err)
	}

	delete(f.says, "nonce")
	state = begun(t, p, f, "browser")
	if err := finish("browser", Answer{State: state, Code: "the-code"}); err != nil {
		t.Fatal(err)
	}
	if err := finish("browser", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("the second time: %v", err)
	}
	late := begun(t, p, f, "browser")
	m.advance(stateFor)
	if err := finish("browser", Answer{State: late, Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("after five minutes: %v", err)
	}
	if err := finish("browser", Answer{State: begun(t, p, f, "browser"), Code: "the-code", Issuer: "https://evil.example"}); custody.Refused(err) != RefusedToken {
		t.Errorf("another provider's: %v", err)
	}
}

// A token that is not for this sign-in, not for us, not now, or nobody's, is
// worth nothing (OpenID Connect Core 1.0, 3.1.3.7).
func TestTokensThatDoNotHold(t *testing.T) {
	for name, spoil := range map[string]func(*fake){
		"another nonce":    func(f *fake) { f.says["nonce"] = "x" },
		"no nonce":         func(f *fake) { f.says["nonce"] = "" },
		"another issuer":   func(f *fake) { f.says["iss"] = "https://evil.example" },
		"another audience": func(f *fake) { f.says["aud"] = "another" },
		"made for another": func(f *fake) { f.says["aud"], f.says["azp"] = []string{"padwarden", "another"}, "another" },
		"expired":          func(f *fake) { f.says["exp"] = 1_000_000_000 },
		"nobody":           func(f *fake) { f.says["sub"] = "" },
		"another token's":  func(f *fake) { f.says["at_hash"] = "AAAA" },
		"unsigned": func(f *fake) {
			f.header, f.sign = `{"alg":"none"}`, func(string, string) string { return "" }
		},
		"signed with the client's secret": func(f *fake) {
			f.header = `{"alg":"HS256"}`
			f.sign = func(h, p string) string {
				m := hmac.New(sha256.New, []byte("s"))
				m.Write([]byte(h + "." + p))
				return b64(m.Sum(nil))
			}
		},
		"signed by nobody": func(f *fake) { f.sign = func(string, string) string { return b64(make([]byte, 256)) } },
		"another's body":   func(f *fake) { f.sign = func(h, _ string) string { return rs256(h, "e30") } },
	} {
		p, f, _ := world(t)
		state := begun(t, p, f, "b")
		spoil(f)
		if got, err := p.Finish(t.Context(), "b", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedToken || got.Subject != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// What the provider says of a failure is a sentence of ours, never its own.
func TestErrorsOfTheProvider(t *testing.T) {
	for code, want := range map[string]string{"access_denied": RefusedAnswer, "server_error": RefusedDown, "temporarily_unavailable": RefusedDown,
		"login_required": RefusedAnswer, "unauthorized_client": RefusedAnswer, "<b>call 555 0100</b>": RefusedAnswer} {
		p, f, _ := world(t)
		_, err := p.Finish(t.Context(), "b", Answer{State: begun(t, p, f, "b"), Error: code})
		if custody.Refused(err) != want || strings.Contains(err.Error(), "555") {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, want := range map[string]string{"invalid_grant": RefusedState, "invalid_client": RefusedAnswer} {
		p, f, _ := world(t)
		state := begun(t, p, f, "b")
		f.refuses = code
		if _, err := p.Finish(t.Context(), "b", Answer{State: state, Code: "the-code"}); custody.Refused(err) != want || strings.Contains(err.Error(), "555") {
			t.Errorf("%s: %v", code, err)
		}
	}
	p, f, _ := world(t) // PKCE: a code that another sign-in was given
	state := begun(t, p, f, "b")
	f.challenge = "another"
	if _, err := p.Finish(t.Context(), "b", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedState {
		t.Errorf("a code of another sign-in: %v", err)
	}
}

// A provider that is down is said to be, is not asked at every click, and is
// found when it is back.
func TestTheProviderIsDown(t *testing.T) {
	p, f, m := world(t)
	f.down = true
	ask := Ask{RedirectURI: redirect, Bind: "b"}
	for range 5 {
		if _, err := p.Begin(t.Context(), ask); custody.Refused(err) != RefusedDown {
			t.Errorf("%v", err)
		}
	}
	if f.asked != 1 {
		t.Errorf("it was asked %d times", f.asked)
	}
	f.down = false
	m.advance(restFor)
	state := begun(t, p, f, "b")
	f.down = true // between the two halves
	if _, err := p.Finish(t.Context(), "b", Answer{State: state, Code: "the-code"}); custody.Refused(err) != RefusedDown {
		t.Errorf("between: %v", err)
	}
	f.Close()
	gone, err := New(Config{Issuer: f.URL, ClientID: "x", Live: m, Now: m.Now, Rand: p.Rand})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Begin(t.Context(), ask); custody.Refused(err) != RefusedDown {
		t.Errorf("nobody there: %v", err)
	}
}

func TestSignInsAreBounded(t *testing.T) {
	p, f, m := world(t)
	m.begun = maxBegun
	if _, err := p.Begin(t.Context(), Ask{RedirectURI: redirect, Bind: "b"}); custody.Refused(err) != RefusedBusy || len(m.values) > 0 || f.asked > 0 {
		t.Errorf("%v, kept %d", err, len(m.values))
	}
	if _, err := p.Begin(t.Context(), Ask{RedirectURI: redirect}); err == nil || errors.As(err, new(*custody.Refusal)) {
		t.Errorf("without a browser: %v", err)
	}
}

func TestAgainAsksForASignIn(t *testing.T) {
	p, _, _ := world(t)
	for _, again := range []bool{false, true} {
		address, err := p.Begin(t.Context(), Ask{RedirectURI: redirect, Bind: "b", Again: again})
		if u, _ := url.Parse(address); err != nil || (u.Query().Get("prompt") == "login") != again {
			t.Errorf("%v: %s, %v", again, address, err)
		}
	}
}

func TestIssuers(t *testing.T) {
	m := &memory{now: time.Now()}
	for issuer, ok := range map[string]bool{"https://id.example": true, "https://id.example/realms/ward": true, "http://127.0.0.1:5556/dex": true, "http://localhost:1": true,
		"http://id.example": false, "": false, "id.example": false, "https://id.example?x=1": false, "ftp://id.example": false} {
		if _, err := New(Config{Issuer: issuer, ClientID: "x", Live: m, Now: m.Now, Rand: strings.NewReader("")}); (err == nil) != ok {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}
