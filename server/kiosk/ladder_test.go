package kiosk

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
)

// Pace of 4B: enough wipes, of three to five minutes. Elsewhere there were none.
func (w *ward) Pace(_ context.Context, ward string) (custody.Pace, error) {
	if ward != "4B" {
		return custody.PaceOf(nil), nil
	}
	var all []custody.Wiped
	for i := range 40 {
		all = append(all, custody.Wiped{Asked: time.UnixMilli(0), Ended: time.UnixMilli(0).Add(3*time.Minute + time.Duration(i)*3*time.Second), Grade: custody.GradeErased})
	}
	return custody.PaceOf(all), nil
}

func (h *house) shows(row custody.Custody) State {
	h.t.Helper()
	row.Device = ipad
	s, err := h.kiosk.state(h.t.Context(), row)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func TestTheCleaningPageHasTheRealLadder(t *testing.T) {
	h := newHouse(t)
	at := func(n int) time.Time { return h.now.Add(time.Duration(n) * time.Second) }
	row := custody.Custody{Ward: "4B", State: custody.Wiping, Proof: custody.Proof{Rung: custody.ProofReturned, At: map[custody.ProofRung]time.Time{
		custody.ProofRequested: at(0), custody.ProofHandedOver: at(1), custody.ProofReturned: at(9)}}}
	s := h.shows(row)
	if len(s.Ladder) != 5 || !s.Ladder[3].Now || s.Ladder[3].Word != "It came back empty" || s.Ladder[4].Reached || s.Usual != "Usually 3 to 5 minutes on this ward." {
		t.Errorf("%+v", s)
	}
	for fleet, want := range map[custody.FleetKind]string{
		custody.ManagedApps: "Asked for, Sent to the iPad, The iPad has answered, Its apps are gone, Proven clean",
		custody.SharedIPad:  "Asked for, Sent to the iPad, The iPad has answered, Proven clean",
		custody.SharedGuest: "Asked for, Sent to the iPad, The iPad has answered, Nobody is signed in any more",
	} {
		p := custody.Proof{Rung: custody.ProofHandedOver, At: map[custody.ProofRung]time.Time{custody.ProofRequested: at(0), custody.ProofHandedOver: at(1)}}
		var words []string
		for _, r := range cleaning(p, fleet) {
			words = append(words, r.Word)
		}
		if got := strings.Join(words, ", "); got != want {
			t.Errorf("%s: %s", fleet, got)
		}
	}
	row.Ward = "5A"
	if s := h.shows(row); s.Usual != "" {
		t.Errorf("promised on no wipes: %q", s.Usual)
	}
	for _, c := range []struct {
		from, to time.Duration
		want     string
	}{
		{40 * time.Second, 90 * time.Second, "Usually 40 to 90 seconds on this ward."},
		{200 * time.Second, 350 * time.Second, "Usually 3 to 6 minutes on this ward."},
		{30 * time.Second, 125 * time.Second, "Usually 1 to 3 minutes on this ward."},
		{4 * time.Minute, 4 * time.Minute, "Usually about 4 minutes on this ward."},
	} {
		if got := usually(c.from, c.to); got != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestResetAndDarkAreCalledSo(t *testing.T) {
	h := newHouse(t)
	h.policy.LeastGrade, h.policy.OfferReset = custody.GradeErased, true
	s := h.shows(custody.Custody{Ward: "4B", State: custody.Clean, Proof: custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeAppsRemoved}})
	if s.State != custody.Reset || !strings.Contains(s.Sentence, "was reset") || !strings.Contains(s.Sentence, "Safari") || s.Others != nil {
		t.Errorf("reset: %+v", s)
	}
	locked := custody.Custody{Ward: "4B", State: custody.Locked, Run: custody.Run{ID: 3, Goal: custody.GoalLock, Done: true},
		Lock: custody.Lock{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff}}
	if s := h.shows(locked); !strings.Contains(s.LockWord, "no lock of its own") {
		t.Errorf("a dark screen is called: %q", s.LockWord)
	}
	locked.Lock = custody.Lock{Rung: custody.LockConfirmed, Strength: custody.Enforced}
	if s := h.shows(locked); s.LockWord != "Its lock is confirmed." {
		t.Errorf("%q", s.LockWord)
	}
	locked.Lock = custody.Lock{}
	if s := h.shows(locked); !strings.Contains(s.LockWord, "not confirmed") {
		t.Errorf("%q", s.LockWord)
	}
}

// The start page of a reset iPad, a badge on it, and the cleaning page, as people see them.
func TestLaddersInABrowser(t *testing.T) {
	h := newHouse(t)
	h.policy.LeastGrade, h.policy.OfferReset = custody.GradeErased, true
	h.bays(2, 5)
	base := browsertest.Serve(t, h.app)
	tab := browsertest.Open(t)
	tab.Look(820, 1180, "light")
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07.3.31"), chromedp.WaitVisible("#ready"))
	h.set(ipad, func(c *custody.Custody) {
		c.State, c.Proof = custody.Clean, custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeAppsRemoved}
	})
	tab.Until(`document.body.dataset.state === 'reset' && document.querySelector('#ready .say').textContent.includes('was reset')`)
	tab.Until(showing("ready") + ` && getComputedStyle(document.querySelector('#ready .calm')).display === 'none'`)
	tab.Judge("kiosk-20-reset")
	tab.Do(chromedp.KeyEvent(annaBadge + "\r"))
	tab.Until(showing("pin"))
	tab.Do(chromedp.Click("#pin-cancel"))
	tab.Until(showing("ready"))
	tab.Until(`document.querySelector('#ready .say').textContent.includes('was reset')`) // at once, though the question stands

	now := h.Now()
	h.set(ipad, func(c *custody.Custody) {
		c.State, c.Proof = custody.Wiping, custody.Proof{Rung: custody.ProofReturned, At: map[custody.ProofRung]time.Time{
			custody.ProofRequested: now, custody.ProofHandedOver: now, custody.ProofAcknowledged: now, custody.ProofReturned: now}}
	})
	tab.Until(showing("wiping") + ` && document.querySelectorAll('#ladder .reached').length === 4`)
	if got := tab.Eval(`document.getElementById('usual').textContent`); got != "Usually 3 to 5 minutes on this ward." {
		t.Errorf("%q", got)
	}
	if got := tab.Eval(`document.querySelector('#ladder [aria-current]').textContent`); got != "It came back empty" {
		t.Errorf("%q", got)
	}
	if got := tab.Eval(`[...document.querySelectorAll('#others li')].map(li => li.textContent).join(', ')`); got != "Bay 5, Bay 2, Bay 9" {
		t.Errorf("instead: %s", got)
	}
	tab.Judge("kiosk-21-cleaning")
	fits(t, tab)
}
