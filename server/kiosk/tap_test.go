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

// A session that live holds of another epoch is nobody's here.
func TestASessionOfAnotherEpochIsNotShown(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.mu.Lock()
	session := h.sessions[ipad]
	session.Epoch--
	h.sessions[ipad] = session
	h.mu.Unlock()
	if s := h.state(); s.State != custody.Locked || s.Holder != "" || s.Mine {
		t.Errorf("%+v", s)
	}
}

// A question that what happened meanwhile has answered is not put any more.
func TestTakeOverIsNotAskedOfAnOpenSession(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.lock()
	if _, body := h.signIn(benBadge, benPIN); !strings.Contains(body, `"asks":"takeover"`) {
		t.Fatal(body)
	}
	if _, err := h.Apply(t.Context(), ipad, custody.Resume{By: "anna"}); err != nil {
		t.Fatal(err)
	}
	if s := h.state(); s.State != custody.InUse || s.Asks != "" {
		t.Errorf("%+v", s)
	}
}

// Of two answers to one question, however close, one is taken: the second finds
// its nonce spent though the question may still stand.
func TestASpentNonceAnswersNothing(t *testing.T) {
	h := newHouse(t)
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	asked := h.state().Nonce
	if err := h.kiosk.spend(t.Context(), h.row(ipad), asked); err != nil {
		t.Fatal(err)
	}
	if status, body := h.post("pin", m{"pin": annaPIN, "nonce": asked}); status != 409 || h.row(ipad).State != custody.Clean {
		t.Errorf("%d %s", status, body)
	}
	before := h.row(ipad)
	before.Enrolment = "cert-before-the-wipe"
	old, err := h.kiosk.nonce(before)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := h.post("tap", m{"badge": benBadge, "nonce": old}); status != 409 {
		t.Errorf("a nonce of an earlier enrolment: %d", status)
	}
}
