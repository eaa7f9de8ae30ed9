package kiosk

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestGuestsTapAtTheDockOnly: the badge takes a clean iPad and gives it back,
// nobody else's does anything, and the reader's answer is the same to all.
func TestGuestsTapAtTheDockOnly(t *testing.T) {
	h := newHouse(t)
	h.policy = custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone)
	h.policy.BadgeAlone = true
	var answers []string
	tap := func(badge string) custody.Custody {
		h.advance(10 * time.Second)
		status, body, _ := h.ask("POST", "/api/v1/readers/dock7/tap", `{"badge":"`+badge+`"}`, func(r *http.Request) {
			r.Header.Del("Cookie")
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Authorization", "Bearer "+dockCredential)
		})
		if status != 202 || strings.Contains(body, "pin") {
			t.Errorf("%d %s", status, body)
		}
		answers = append(answers, body)
		return h.row(ipad)
	}
	if c := tap("99999999"); c.State != custody.Clean {
		t.Errorf("an unknown badge: %s", c.State)
	}
	if c := tap(annaBadge); c.State != custody.InUse || c.Holder != "anna" {
		t.Errorf("anna: %s %q", c.State, c.Holder)
	}
	if c := tap(benBadge); c.State != custody.InUse || c.Holder != "anna" {
		t.Errorf("ben at anna's: %s %q", c.State, c.Holder)
	}
	if c := tap(annaBadge); c.State != custody.Wiping || c.Cause != custody.CauseReturn {
		t.Errorf("given back: %s %s", c.State, c.Cause)
	}
	if c := tap(benBadge); c.State != custody.Wiping {
		t.Errorf("ben while it is cleaned: %s", c.State)
	}
	if c := tap(annaBadge); c.State != custody.InUse {
		t.Errorf("called back before the sign-out left: %s", c.State)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Cause = custody.Locked, custody.CauseLiveLost })
	if c := tap(annaBadge); c.State != custody.InUse {
		t.Errorf("resumed after live was lost: %s", c.State)
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers differ: %s, %s", a, answers[0])
		}
	}
}

// TestABadgeAloneIsAcceptedOnlyWhereTheWardSaysSo: without its policy's word a
// tap at a guests' dock opens nothing.
func TestABadgeAloneIsAcceptedOnlyWhereTheWardSaysSo(t *testing.T) {
	h := newHouse(t)
	h.policy = custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone)
	h.ask("POST", "/api/v1/readers/dock7/tap", `{"badge":"`+annaBadge+`"}`, func(r *http.Request) {
		r.Header.Del("Cookie")
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Set("Authorization", "Bearer "+dockCredential)
	})
	if c := h.row(ipad); c.State != custody.Clean {
		t.Errorf("a badge alone led to %s", c.State)
	}
}
