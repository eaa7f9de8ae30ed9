package kiosk

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func (h *house) lock() {
	h.t.Helper()
	h.advance(h.policy.Lock)
	if _, err := h.Apply(h.t.Context(), ipad, custody.Idle{Epoch: h.row(ipad).Epoch}); err != nil {
		h.t.Fatal(err)
	}
}

func TestBadgeInTouchAndReturn(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, annaPIN)
	s := h.decode(status, body)
	if s.State != custody.InUse || s.Holder != "Anna Berg" || !s.Mine || !s.Open || !s.Opening || s.Epoch != 4 ||
		s.WarnInMs != 90_000 || s.LockInMs != 120_000 || s.Asks != "" || s.Nonce == "" {
		t.Fatalf("claimed: %+v", s)
	}
	h.advance(time.Minute)
	if got := h.state().LockInMs; got != 60_000 {
		t.Errorf("a minute on, it locks in %d ms", got)
	}
	status, body = h.post("touch", m{"epoch": 4})
	if s := h.decode(status, body); s.LockInMs != 120_000 {
		t.Errorf("touched: %+v", s)
	}
	status, body = h.post("return", m{"epoch": 4})
	if s := h.decode(status, body); s.State != custody.Wiping || s.Holder != "" || s.Proof != custody.ProofRequested || strings.Join(s.Others, ",") != "4B-09" {
		t.Errorf("given back: %+v", s)
	}
}

func TestWrongPINAsksAgain(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, "582948")
	s := h.decode(status, body)
	if s.Asks != "pin" || s.State != custody.Clean || !strings.Contains(s.Sentence, "do not go together") {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("pin", m{"pin": annaPIN, "nonce": s.Nonce})
	if s := h.decode(status, body); s.State != custody.InUse {
		t.Errorf("then the right one: %+v", s)
	}
}

// A known and an unknown badge cannot be told apart by any answer on the way.
func TestUnknownBadgeAnswersAlike(t *testing.T) {
	h := newHouse(t)
	strip := func(status int, body string) string {
		s := h.decode(status, body)
		s.Nonce = ""
		return s.Asks + s.Sentence + string(s.State) + strings.Join(s.Others, ",")
	}
	known := strip(h.signIn(annaBadge, "111222"))
	h.advance(2 * time.Minute)
	unknown := strip(h.signIn("99999999", "111222"))
	if known != unknown {
		t.Errorf("known: %s\nunknown: %s", known, unknown)
	}
}

func TestLockedNamesNobodyAndResumes(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.lock()
	_, page, _ := h.ask("GET", "/kiosk", "")
	_, state, _ := h.ask("GET", "/kiosk/state", "")
	for _, text := range []string{page, state} {
		if strings.Contains(text, "Anna") || strings.Contains(text, "Berg") || strings.Contains(text, "anna") {
			t.Errorf("the locked page names its holder:\n%s", text)
		}
	}
	if s := h.state(); s.State != custody.Locked || s.Lock != custody.LockRequested || s.Mine || s.Open {
		t.Fatalf("%+v", s)
	}
	// Within the PIN grace the tap alone gives it back, in the same epoch.
	status, body := h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if status != 200 || strings.Contains(body, `"asks":"pin"`) {
		t.Fatalf("%d %s", status, body)
	}
	if s := h.state(); s.State != custody.InUse || s.Epoch != 4 {
		t.Errorf("%+v", s)
	}
}

func TestAfterTheGraceItAsksForThePIN(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.advance(h.policy.PINGrace)
	h.lock()
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.State != custody.InUse || s.Epoch != 4 {
		t.Errorf("%+v", s)
	}
}

// The grace gives back one's own session only: on a colleague's iPad it is a
// badge like any other.
func TestGraceIsOfNoUseOnAnothersIPad(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	if err := h.kiosk.Identity.StartGrace(t.Context(), "ben", "4B", time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, state := range []custody.State{custody.InUse, custody.Locked} {
		h.advance(10 * time.Second)
		if _, body := h.post("tap", m{"badge": benBadge, "nonce": h.state().Nonce}); !strings.Contains(body, `"asks":"pin"`) {
			t.Errorf("%s: %s", state, body)
		}
		if row := h.row(ipad); row.State != state || row.Holder != "anna" {
			t.Errorf("%+v", row)
		}
		if state == custody.InUse {
			h.lock()
		}
	}
}

func TestTakeOverNeedsItsOwnTapAndPIN(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.lock()
	status, body := h.signIn(benBadge, benPIN)
	s := h.decode(status, body)
	if s.Asks != "takeover" || strings.Contains(body, "Anna") {
		t.Fatalf("%s", body)
	}
	if status, body := h.post("takeover", m{"nonce": h.mint()}); status != 409 {
		t.Errorf("with a nonce of no question: %d %s", status, body)
	}
	status, body = h.post("takeover", m{"nonce": s.Nonce})
	if s := h.decode(status, body); s.State != custody.Wiping || s.Asks != "" {
		t.Errorf("%+v", s)
	}
	if row := h.row(ipad); row.Reserved.For != "ben" || row.Cause != custody.CauseTakeOver {
		t.Errorf("%+v", row)
	}
	if status, _ := h.post("takeover", m{"nonce": s.Nonce}); status != 409 {
		t.Errorf("the same nonce again: %d", status)
	}
}

// mint makes a nonce that is good, but answers no question.
func (h *house) mint() string {
	h.t.Helper()
	n, err := h.kiosk.nonce(h.row(ipad))
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func TestInUseByAnother(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.advance(20 * time.Second)
	status, body := h.signIn(benBadge, benPIN)
	if status != 409 || !strings.Contains(body, "In use by Anna Berg, active 20 s ago") ||
		!strings.Contains(body, `"other":"4B-09"`) || !strings.Contains(body, `"code":"in_use"`) {
		t.Errorf("%d %s", status, body)
	}
	if row := h.row(ipad); row.Holder != "anna" || row.State != custody.InUse {
		t.Errorf("%+v", row)
	}
}

// The owner's later tap offers End or Continue, never a silent log-out.
func TestOwnersLaterTapOffersAChoice(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.advance(10 * time.Second)
	_, body := h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if !strings.Contains(body, `"asks":"choose"`) {
		t.Fatal(body)
	}
	if s := h.state(); s.State != custody.InUse || s.Asks != "choose" {
		t.Fatalf("%+v", s)
	}
	status, body := h.post("touch", m{"epoch": 4})
	if s := h.decode(status, body); s.Asks != "" || s.State != custody.InUse {
		t.Errorf("after Continue: %+v", s)
	}
}

func TestDoubleTapIsOne(t *testing.T) {
	h := newHouse(t)
	nonce := h.state().Nonce
	_, first := h.post("tap", m{"badge": annaBadge, "nonce": nonce})
	status, second := h.post("tap", m{"badge": annaBadge, "nonce": nonce})
	if status != 200 || first != second {
		t.Errorf("%d\n%s\n%s", status, first, second)
	}
	// Where the tap alone resumes, its bounce must not ask whether they are done.
	h.post("pin", m{"pin": annaPIN, "nonce": h.state().Nonce})
	h.lock()
	nonce = h.state().Nonce
	h.post("tap", m{"badge": annaBadge, "nonce": nonce})
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if s := h.state(); s.State != custody.InUse || s.Asks != "" {
		t.Errorf("%+v", s)
	}
}

func TestNoncesAreGoodOnce(t *testing.T) {
	h := newHouse(t)
	nonce := h.state().Nonce
	h.post("tap", m{"badge": annaBadge, "nonce": nonce})
	h.advance(10 * time.Second)
	if status, body := h.post("tap", m{"badge": annaBadge, "nonce": nonce}); status != 409 || !strings.Contains(body, "stale_nonce") {
		t.Errorf("a replayed tap: %d %s", status, body)
	}
	asked := h.state().Nonce
	h.post("pin", m{"pin": "111222", "nonce": asked})
	if status, _ := h.post("pin", m{"pin": annaPIN, "nonce": asked}); status != 409 {
		t.Errorf("a replayed PIN: %d", status)
	}
	if h.row(ipad).State != custody.Clean {
		t.Error("a replay signed somebody in")
	}
	other, err := h.kiosk.nonce(h.row(spare))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "junk", strings.Repeat("A", 75), other} {
		if status, _ := h.post("tap", m{"badge": benBadge, "nonce": bad}); status != 409 {
			t.Errorf("nonce %q: %d", bad, status)
		}
	}
	old := h.mint()
	h.advance(nonceFor + time.Hour)
	if status, _ := h.post("tap", m{"badge": benBadge, "nonce": old}); status != 409 {
		t.Errorf("yesterday's nonce: %d", status)
	}
}

func TestQuestionsDoNotStandForEver(t *testing.T) {
	h := newHouse(t)
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	s := h.state()
	h.advance(askFor)
	if status, _ := h.post("pin", m{"pin": annaPIN, "nonce": s.Nonce}); status != 409 {
		t.Errorf("%d", status)
	}
	if s := h.state(); s.Asks != "" {
		t.Errorf("%+v", s)
	}
}

func TestWipingIsCalledBackOrTooLate(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.post("return", m{"epoch": 4})
	h.advance(10 * time.Second)
	status, body := h.signIn(annaBadge, annaPIN)
	if s := h.decode(status, body); s.State != custody.InUse || s.Epoch != 4 {
		t.Fatalf("called back: %+v", s)
	}
	h.post("return", m{"epoch": 4})
	h.set(ipad, func(c *custody.Custody) { c.Risk = custody.Risk{Request: "EraseDevice", Erase: true} })
	h.advance(10 * time.Second)
	status, body = h.signIn(annaBadge, annaPIN)
	if status != 409 || !strings.Contains(body, custody.RefusedTooLate) || !strings.Contains(body, "4B-09") {
		t.Errorf("%d %s", status, body)
	}
}

// Whoever finds a locked iPad cannot have its holder's work wiped.
func TestLockedCannotBeGivenBack(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	// Live has closed the session; custody has not been told yet.
	h.mu.Lock()
	s := h.sessions[ipad]
	s.Open, s.State = false, custody.Locked
	h.sessions[ipad] = s
	h.mu.Unlock()
	for _, path := range []string{"touch", "return"} {
		if status, body := h.post(path, m{"epoch": 4}); status != 409 || !strings.Contains(body, `"code":"locked"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if s := h.state(); s.State != custody.Locked || s.Holder != "" {
		t.Errorf("live is stricter, and the page shows %+v", s)
	}
	h.lock()
	if status, _ := h.post("return", m{"epoch": 4}); status != 409 || h.row(ipad).State != custody.Locked {
		t.Errorf("once locked: %d", status)
	}
}

func TestOldEpochsChangeNothing(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	for _, path := range []string{"touch", "return"} {
		if status, body := h.post(path, m{"epoch": 3}); status != 409 || !strings.Contains(body, `"code":"stale"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if h.row(ipad).State != custody.InUse {
		t.Error("the session ended")
	}
}

// P6: an emptied Redis shows locked, and the page stays signed on.
func TestEmptiedRedis(t *testing.T) {
	h := newHouse(t)
	h.signIn(annaBadge, annaPIN)
	h.mu.Lock()
	clear(h.values)
	clear(h.sessions)
	h.mu.Unlock()
	if s := h.state(); s.State != custody.Locked || s.Holder != "" {
		t.Fatalf("%+v", s)
	}
	if status, body := h.post("touch", m{"epoch": 4}); status != 409 || !strings.Contains(body, `"code":"locked"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, err := h.Apply(t.Context(), ipad, custody.LiveLost{}); err != nil {
		t.Fatal(err)
	}
	status, body := h.signIn(annaBadge, annaPIN) // the grace is gone with Redis, so with the PIN
	if s := h.decode(status, body); s.State != custody.InUse || s.Epoch != 4 {
		t.Errorf("%+v", s)
	}
}

func TestRedisDownGrantsNothing(t *testing.T) {
	h := newHouse(t)
	nonce := h.state().Nonce
	h.mu.Lock()
	h.liveDown = custody.ErrUnavailable
	h.mu.Unlock()
	if status, body := h.post("tap", m{"badge": annaBadge, "nonce": nonce}); status != 503 || !strings.Contains(body, "downtime iPad") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := h.ask("GET", "/kiosk", ""); status != 200 {
		t.Errorf("the page itself: %d", status)
	}
}

func TestTapsAreLimited(t *testing.T) {
	h := newHouse(t)
	for range maxTaps {
		h.post("tap", m{"badge": "junk", "nonce": ""})
	}
	if status, _ := h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce}); status != http.StatusTooManyRequests {
		t.Errorf("%d", status)
	}
}

func TestGuessingAtOneIPadIsPaused(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, "111222")
	for range 4 {
		status, body = h.post("pin", m{"pin": "111222", "nonce": h.decode(status, body).Nonce})
	}
	status, body = h.post("pin", m{"pin": annaPIN, "nonce": h.decode(status, body).Nonce})
	if status != http.StatusTooManyRequests || !strings.Contains(body, "use another iPad") && !strings.Contains(body, "Use another iPad") {
		t.Errorf("%d %s", status, body)
	}
}
