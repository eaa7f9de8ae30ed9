package kiosk

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// A tap of which nothing came is not the first of two: the next one, made at
// once, is answered.
func TestATapThatFailedIsNoTap(t *testing.T) {
	h := newHouse(t)
	reader := func(name string) (int, string) {
		status, body, _ := h.ask("POST", "/api/v1/readers/"+name+"/tap", `{"badge":"`+annaBadge+`"}`, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+dockCredential)
		})
		return status, body
	}
	for name, tap := range map[string]func() (int, string){
		"page": func() (int, string) { return h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce}) },
		"dock": func() (int, string) { return reader("dock7") }, "wall": func() (int, string) { return reader("wall") },
	} {
		h.advance(2 * time.Minute)
		h.noPeople = custody.ErrUnavailable
		if status, body := tap(); status != 503 {
			t.Errorf("%s: %d %s", name, status, body)
		}
		h.noPeople = nil
		if status, body := tap(); status >= 300 || h.state().Asks != "pin" {
			t.Errorf("%s, once more: %d %s, and the page asks %q", name, status, body, h.state().Asks)
		}
	}
}

// On a Shared iPad Apple's sign-in comes first: the page then asks whoever it
// was to tap, and only as long as a tap can still be of use.
func TestAppleSignInAsksForTheTap(t *testing.T) {
	signedIn := func(t *testing.T, account string) *house {
		h := newHouse(t)
		h.policy = custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)
		if _, err := h.Apply(t.Context(), ipad, custody.AppleSignIn{Enrolment: h.row(ipad).Enrolment, Account: account}); err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := signedIn(t, "anna@example.appleid.com")
	s := h.state()
	if s.State != custody.Wiping || !s.Invite || !strings.Contains(s.Sentence, "tap your badge now") {
		t.Fatalf("%+v", s)
	}
	_, page, _ := h.ask("GET", "/kiosk", "")
	if !strings.Contains(page, ">Tap your badge</h1>\n      <p class=\"say\">Somebody has just signed in") || strings.Contains(s.Sentence+page, "anna") {
		t.Errorf("the page: %s", page)
	}
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.State != custody.InUse || s.Epoch != 4 || s.Invite {
		t.Errorf("her tap: %+v", s)
	}
	for name, spoil := range map[string]func(*custody.Custody){
		"the sign-out has left":         func(c *custody.Custody) { c.Risk = custody.Risk{Request: "LogOutUser"} },
		"another account came after it": func(c *custody.Custody) { c.Cause = custody.CauseSignIn },
		"it came over a session":        func(c *custody.Custody) { c.Holder = "ben" },
	} {
		h := signedIn(t, "anna@example.appleid.com")
		h.set(ipad, spoil)
		if s := h.state(); s.Invite || !strings.Contains(s.Sentence, "is being removed") {
			t.Errorf("%s, and the page says %+v", name, s)
		}
		status, body := h.signIn(annaBadge, annaPIN)
		if status != 409 {
			t.Errorf("%s, and the tap is answered %d %s", name, status, body)
		}
	}
}
