package kiosk

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

const newBadge = "0077700077" // nobody's

// tapped taps a badge and returns what the page asks.
func (h *house) tapped(badge string) State {
	h.t.Helper()
	if status, body := h.post("tap", m{"badge": badge, "nonce": h.state().Nonce}); status != 200 {
		h.t.Fatalf("tap: %d %s", status, body)
	}
	return h.state()
}

func (h *house) ids() *identity.Identity { return h.kiosk.Identity.(*identity.Identity) }

// A session says how its holder showed who they are, and with which badge.
func TestHowASessionWasOpened(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	hash, _ := h.ids().Badge(annaBadge)
	if row := h.row(ipad); row.Assurance != custody.AssuranceBadgePIN || row.Credential != custody.BadgeCredential(hash) || row.Assurance.Level() != "AAL1" {
		t.Errorf("%s by %s", row.Assurance, row.Credential)
	}
	h.lock()
	h.tapped(annaBadge) // within the grace: nothing new is shown, so what held goes on
	if row := h.row(ipad); row.State != custody.InUse || row.Assurance != custody.AssuranceBadgePIN {
		t.Errorf("%s, %s", row.State, row.Assurance)
	}
}

// An emergency: one badge, a named session of fifteen minutes that locks when
// they are over whatever is touched, told at once and asked about afterwards.
func TestEmergency(t *testing.T) {
	h := newHouse(t)
	counted := map[string]int{}
	h.kiosk.Count = func(name string) { counted[name]++ }
	s := h.tapped(annaBadge)
	if !s.Emergency {
		t.Fatal("the ward's page offers no emergency")
	}
	status, body := h.post("emergency", m{"nonce": s.Nonce})
	if s := h.decode(status, body); s.State != custody.InUse || s.Assurance != custody.AssuranceBreakGlass || s.Holder != "Anna Berg" ||
		s.Explain == nil || s.Explain.Name != "4B-07" || s.LockInMs != (15*time.Minute).Milliseconds() {
		t.Fatalf("%+v", s)
	}
	row := h.row(ipad)
	if row.Until != h.Now().Add(15*time.Minute) || row.Assurance.Level() != "" || counted["emergency"] != 1 {
		t.Errorf("until %s, level %q, counted %v", row.Until, row.Assurance.Level(), counted)
	}
	if status, _ := h.post("emergency", m{"nonce": s.Nonce}); status != http.StatusConflict {
		t.Errorf("the same tap opened it twice: %d", status)
	}
	if next, err := h.Apply(t.Context(), ipad, custody.Tick{}); err != nil || next.State != custody.InUse {
		t.Fatalf("%s, %v before its time", next.State, err)
	}
	h.advance(15 * time.Minute)
	next, err := h.Apply(t.Context(), ipad, custody.Tick{})
	if err != nil || next.State != custody.Locked || next.Cause != custody.CauseEmergency || next.Holder != "anna" {
		t.Fatalf("%s, %s, %v when its time is over", next.State, next.Cause, err)
	}
	// Back in full: the emergency is over, and what was not explained is still asked.
	status, body = h.signIn(annaBadge, annaPIN)
	s = h.decode(status, body)
	if s.Assurance != custody.AssuranceBadgePIN || h.row(ipad).Until != (time.Time{}) || s.Explain == nil {
		t.Fatalf("%+v", s)
	}
	say := m{"epoch": s.Epoch, "device": s.Explain.Device, "version": s.Explain.Version, "why": "A patient needed help at once"}
	if status, body = h.post("explain", say); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if s := h.state(); s.Explain != nil {
		t.Errorf("explained, and still asked: %+v", s.Explain)
	}
	if all := h.emergencies(); len(all) != 1 || all[0].Reason != "A patient needed help at once" {
		t.Errorf("%+v", all)
	}
}

// A tap within the PIN grace gives an emergency's session back to nobody: it
// asks in full, or for another emergency.
func TestAnEmergencyHasNoGrace(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN) // her grace runs
	h.lock()
	h.set(ipad, func(c *custody.Custody) { c.Assurance, c.Credential = custody.AssuranceBreakGlass, "badge:x" })
	if s := h.tapped(annaBadge); s.State != custody.Locked || s.Asks != "pin" {
		t.Errorf("%s, asks %q", s.State, s.Asks)
	}
	// A full sign-in in the middle of one ends it.
	h = newHouse(t)
	h.post("emergency", m{"nonce": h.tapped(annaBadge).Nonce})
	h.advance(5 * time.Second)
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.Assurance != custody.AssuranceBadgePIN || s.Asks != "" || !h.row(ipad).Until.IsZero() {
		t.Errorf("%+v", s)
	}
}

// What an emergency does not open.
func TestWhatAnEmergencyDoesNotOpen(t *testing.T) {
	h := newHouse(t)
	open := func() (int, string) { return h.post("emergency", m{"nonce": h.state().Nonce}) }
	if status, _ := open(); status != http.StatusConflict {
		t.Errorf("without any badge: %d", status)
	}
	h.tapped(newBadge)
	if status, body := open(); status != http.StatusConflict || !strings.Contains(body, "opens no iPad") {
		t.Errorf("an unknown badge: %d %s", status, body)
	}
	h.signIn(benBadge, benPIN)
	h.lock()
	h.advance(5 * time.Second)
	h.tapped(annaBadge)
	if status, body := open(); status != http.StatusConflict || h.row(ipad).Holder != "ben" {
		t.Errorf("a colleague's session: %d %s", status, body)
	}
	h = newHouse(t)
	h.policy.BreakGlass = 0
	h.tapped(annaBadge)
	if status, body := open(); status != http.StatusConflict || h.row(ipad).State != custody.Clean || h.state().Emergency {
		t.Errorf("in a ward without: %d %s", status, body)
	}
	h = newHouse(t)
	for range maxEmergencies {
		h.tapped(newBadge)
		open()
		h.advance(4 * time.Second)
	}
	h.tapped(annaBadge)
	if status, _ := open(); status != http.StatusTooManyRequests {
		t.Errorf("after %d tries: %d", maxEmergencies, status)
	}
}

// The sealed code opens one clean iPad once, and only the ward that has one
// offers it.
func TestSealedCode(t *testing.T) {
	h := newHouse(t)
	use := func(code string) (int, string) {
		return h.post("emergency/code", m{"code": code, "nonce": h.state().Nonce})
	}
	if status, _ := use("0123456789"); status != http.StatusConflict || h.state().Code {
		t.Errorf("without a code: %d", status)
	}
	code, err := h.ids().NewEmergencyCode(t.Context(), h.ward, "4B", "ward 4B")
	if err != nil || len(code) != 10 || bytes.Contains(h.codes["4B"], []byte(code)) {
		t.Fatalf("%q, %v", code, err)
	}
	if !h.state().Code {
		t.Error("the page does not offer it")
	}
	wrong := "1" + code[1:]
	if code[0] == '1' {
		wrong = "2" + code[1:]
	}
	if status, _ := use(wrong); status != http.StatusConflict {
		t.Errorf("a wrong code: %d", status)
	}
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Wiping })
	if status, body := use(code); status != http.StatusConflict || !strings.Contains(body, "not used") {
		t.Errorf("on an iPad that is not clean: %d %s", status, body)
	}
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Clean })
	status, body := use(code)
	if s := h.decode(status, body); s.State != custody.InUse || s.Holder != "Emergency code of ward 4B" || s.Assurance != custody.AssuranceBreakGlass {
		t.Fatalf("%+v", s)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	if status, _ := use(code); status != http.StatusConflict {
		t.Errorf("a second time: %d", status)
	}
}

// A ward lead's code of one use asks for a PIN of one's own, and opens nothing before.
func TestNewPIN(t *testing.T) {
	h := newHouse(t)
	code, err := h.ids().ResetPIN(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	status, body := h.signIn(annaBadge, annaPIN) // the old one is gone at once
	if s := h.decode(status, body); s.Asks != "pin" || s.State != custody.Clean {
		t.Fatalf("%+v", s)
	}
	enter := func(path, pin string) State {
		t.Helper()
		status, body := h.post(path, m{"pin": pin, "nonce": h.state().Nonce})
		return h.decode(status, body)
	}
	if s := enter("pin", code); s.Asks != "newpin" || s.State != custody.Clean {
		t.Fatalf("%+v", s)
	}
	for _, bad := range []string{"12345", "123456", "abcdef", code} {
		if s := enter("newpin", bad); s.Asks != "newpin" || s.State != custody.Clean {
			t.Errorf("%s: %+v", bad, s)
		}
	}
	if s := enter("newpin", "730518"); s.State != custody.InUse || s.Assurance != custody.AssuranceBadgePIN {
		t.Fatalf("%+v", s)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	h.advance(5 * time.Second)
	status, body = h.signIn(annaBadge, code)
	if s := h.decode(status, body); s.State != custody.Clean || s.Asks != "pin" {
		t.Errorf("the code works twice: %+v", s)
	}
	// One that was never used ends after a day.
	h = newHouse(t)
	code, _ = h.ids().ResetPIN(t.Context(), "anna")
	h.advance(24 * time.Hour)
	status, body = h.signIn(annaBadge, code)
	if s := h.decode(status, body); s.Asks != "pin" {
		t.Errorf("the code outlives its day: %+v", s)
	}
}

// Who leaves between the code and the PIN chooses none, and claims no card.
func TestWhoLeftChoosesNothing(t *testing.T) {
	for name, q := range map[string]ask{
		"newpin":  {Asks: asksNewPIN, Clinician: "anna", Badge: []byte("b")},
		"newcard": {Asks: asksNewCard, Clinician: "anna", Badge: []byte("b"), How: custody.AssurancePasskey},
	} {
		h := newHouse(t)
		h.kiosk.Ledger = closedTo{h.ward, "anna"}
		before := h.pins["anna"]
		if _, err := h.kiosk.put(t.Context(), h.row(ipad), q); err != nil {
			t.Fatal(err)
		}
		status, body := h.post(name, m{"pin": "730518", "yes": true, "nonce": h.state().Nonce})
		if status != http.StatusConflict || h.pins["anna"] != before || h.row(ipad).State != custody.Clean || len(h.deeds) != 0 {
			t.Errorf("%s: %d %s, %s", name, status, body, h.row(ipad).State)
		}
	}
}

// A ward of eight digits takes a PIN of six once, to ask for a longer one.
func TestALongerPIN(t *testing.T) {
	h := newHouse(t)
	h.policy.PINDigits = 8
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.Asks != "newpin" || s.Digits != 8 || s.State != custody.Clean {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("newpin", m{"pin": "7305182", "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.Asks != "newpin" || !strings.Contains(s.Sentence, "at least 8") {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("newpin", m{"pin": "73051829", "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.State != custody.InUse {
		t.Fatalf("%+v", s)
	}
}

// The holder changes their PIN: at once after a full sign-in, with the old one later.
func TestChangePIN(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	status, body := h.post("changepin", m{"epoch": h.state().Epoch})
	if s := h.decode(status, body); s.Asks != "newpin" {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("newpin", m{"pin": annaPIN, "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.Asks != "newpin" || !strings.Contains(s.Sentence, "the PIN you have") {
		t.Fatalf("%+v", s)
	}
	h.post("newpin", m{"pin": "730518", "nonce": h.state().Nonce})
	h.advance(freshFor)
	status, body = h.post("changepin", m{"epoch": h.state().Epoch})
	if s := h.decode(status, body); s.Asks != "pin" || s.Emergency {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("pin", m{"pin": annaPIN, "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.Asks != "pin" {
		t.Fatalf("the old PIN: %+v", s)
	}
	status, body = h.post("pin", m{"pin": "730518", "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.Asks != "newpin" {
		t.Fatalf("%+v", s)
	}
	nonce := h.state().Nonce
	h.lock()
	if status, _ := h.post("newpin", m{"pin": "918273", "nonce": nonce}); status != http.StatusConflict {
		t.Errorf("a locked iPad changed a PIN: %d", status)
	}
}

// A ward may ask for a passkey once a shift; after it badge and PIN are enough.
func TestPasskeyOnceAShift(t *testing.T) {
	h := newHouse(t)
	h.policy.PasskeyEvery = 12 * time.Hour
	if status, body := h.signIn(annaBadge, annaPIN); status != http.StatusConflict || !strings.Contains(body, "passkey_needed") || h.row(ipad).State != custody.Clean {
		t.Fatalf("%d %s", status, body)
	}
	if err := h.ids().MarkStrong(t.Context(), "anna", h.policy.PasskeyEvery); err != nil {
		t.Fatal(err)
	}
	h.advance(5 * time.Second)
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.State != custody.InUse {
		t.Fatalf("%+v", s)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	h.advance(12 * time.Hour)
	if status, _ := h.signIn(annaBadge, annaPIN); status != http.StatusConflict {
		t.Errorf("after the shift: %d", status)
	}
}

// What a second iPad does is the ward's policy.
func TestSecondDevice(t *testing.T) {
	for policy, want := range map[custody.SecondDevice]struct{ first, second custody.State }{
		"":                   {custody.InUse, custody.InUse},
		custody.SecondAllow:  {custody.InUse, custody.InUse},
		custody.SecondMove:   {custody.Locked, custody.InUse},
		custody.SecondRefuse: {custody.InUse, custody.Clean},
	} {
		h := newHouse(t)
		h.policy.SecondDevice = policy
		h.signIn(annaBadge, annaPIN)
		h.cookie = "padwarden_device=" + h.kiosk.seal(h.row(spare))
		status, body := h.signIn(annaBadge, annaPIN)
		if first, second := h.row(ipad).State, h.row(spare).State; first != want.first || second != want.second {
			t.Errorf("%q: %s and %s (%d %s)", policy, first, second, status, body)
		}
		if policy == custody.SecondRefuse && !strings.Contains(body, "4B-07") {
			t.Errorf("it does not say where: %s", body)
		}
	}
	// Two at once: one is first.
	h := newHouse(t)
	h.policy.SecondDevice = custody.SecondRefuse
	who := h.clinician("anna")
	var wg sync.WaitGroup
	for _, id := range []custody.DeviceID{ipad, spare} {
		wg.Go(func() {
			_ = h.kiosk.claim(t.Context(), h.row(id), who, shownBy{custody.AssuranceBadgePIN, "badge:x"}, h.policy)
		})
	}
	wg.Wait()
	if held, _ := h.HeldBy(t.Context(), "anna"); len(held) != 1 {
		t.Errorf("%d iPads at once", len(held))
	}
}

// One badge on two wards within a minute is told; the same ward, or later, is not.
func TestImpossibleLocation(t *testing.T) {
	h := newHouse(t)
	alerts := 0
	h.kiosk.Count = func(name string) {
		if name == "impossible_location" {
			alerts++
		}
	}
	h.signIn(annaBadge, annaPIN)
	move := func(ward string) {
		h.set(ipad, func(c *custody.Custody) { c.State, c.Holder, c.Ward = custody.Clean, "", ward })
		h.signIn(annaBadge, annaPIN)
	}
	h.advance(10 * time.Second)
	if move("4B"); alerts != 0 {
		t.Error("the same ward")
	}
	h.advance(30 * time.Second)
	if move("4C"); alerts != 1 {
		t.Errorf("two wards in 30 s: %d alerts", alerts)
	}
	h.advance(time.Minute)
	if move("4B"); alerts != 1 {
		t.Error("after a minute's walk")
	}
}

// A reader writes as its ward's says, at the page and on the wall.
func TestWardsReaders(t *testing.T) {
	h := newHouse(t)
	h.format = badge.Format{Wiegand: 26, Shows: badge.Card, Facility: 17}
	hash, err := h.ids().Badge("u111092") // facility 17, card 4242
	if err != nil {
		t.Fatal(err)
	}
	h.badges[hex.EncodeToString(hash)] = "anna"
	status, body := h.signIn("04242", annaPIN)
	if s := h.decode(status, body); s.Holder != "Anna Berg" {
		t.Errorf("%+v", s)
	}
	if status, _ := h.post("tap", m{"badge": "999999", "nonce": h.state().Nonce}); status != http.StatusBadRequest {
		t.Errorf("no card of that format: %d", status)
	}
}

// An unknown card becomes that of who then shows who they are by passkey, if
// they say so, and opens their sessions from then on.
func TestNewCard(t *testing.T) {
	h, f := annasKey(t)
	hash, err := h.ids().Badge(newBadge)
	if err != nil {
		t.Fatal(err)
	}
	if s := h.tapped(newBadge); s.Asks != asksPIN {
		t.Fatalf("an unknown card asks %q", s.Asks)
	}
	status, body := f.signs()
	if s := h.decode(status, body); s.Asks != asksNewCard || s.State != custody.Clean || !strings.Contains(s.Sentence, "Anna Berg") {
		t.Fatalf("%+v", s)
	}
	nonce := h.state().Nonce
	status, body = h.post("newcard", m{"yes": true, "nonce": nonce})
	if s := h.decode(status, body); s.State != custody.InUse || h.row(ipad).Assurance != custody.AssurancePasskey {
		t.Fatalf("%+v", s)
	}
	if h.badges[hex.EncodeToString(hash)] != "anna" || len(h.deeds) != 1 || h.deeds[0].By != "anna" || strings.Contains(h.deeds[0].What, newBadge) {
		t.Errorf("%q, %+v", h.badges[hex.EncodeToString(hash)], h.deeds)
	}
	if status, _ := h.post("newcard", m{"yes": true, "nonce": nonce}); status != http.StatusConflict {
		t.Errorf("one question, two answers: %d", status)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })
	h.advance(time.Minute)
	status, body = h.signIn(newBadge, annaPIN)
	if s := h.decode(status, body); s.State != custody.InUse {
		t.Errorf("the new card does not open: %+v", s)
	}
}

// Whose card it is not: she says no; a revoked card and a colleague's are not offered.
func TestCardsThatAreNotClaimed(t *testing.T) {
	h, f := annasKey(t)
	hash, _ := h.ids().Badge(newBadge)
	h.tapped(newBadge)
	f.signs()
	status, body := h.post("newcard", m{"yes": false, "nonce": h.state().Nonce})
	if s := h.decode(status, body); s.State != custody.InUse || h.badges[hex.EncodeToString(hash)] != "" {
		t.Errorf("no is yes: %+v", s)
	}
	for name, prepare := range map[string]func(h *house){
		"revoked":     func(h *house) { h.revoked[hex.EncodeToString(hash)] = true },
		"a colleague": func(h *house) { h.badges[hex.EncodeToString(hash)] = "ben" },
	} {
		h, f := annasKey(t)
		prepare(h)
		h.tapped(newBadge)
		status, body := f.signs()
		if s := h.decode(status, body); s.Asks != "" || s.State != custody.InUse {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
