package identity

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func TestRightBadgeAndPIN(t *testing.T) {
	i, _, p := world(t)
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.pins["anna"], annaPIN) || !strings.HasPrefix(p.pins["anna"], "$argon2id$v=19$") {
		t.Errorf("stored PIN: %s", p.pins["anna"])
	}
}

// Threat 2: the answer does not tell a known badge from an unknown one.
func TestUnknownBadgeAndWrongPINAnswerAlike(t *testing.T) {
	i, _, _ := world(t)
	unknown := i.try(t, "99999999", annaPIN, "A1", "4B")
	wrong := i.try(t, annaBadge, "582948", "A2", "4B")
	if custody.Refused(unknown) != RefusedWrong || unknown.Error() != wrong.Error() {
		t.Errorf("unknown: %v\nwrong:   %v", unknown, wrong)
	}
}

// P7: who is no longer active signs in by nothing, and is answered like nobody.
func TestInactivePeopleAreNobody(t *testing.T) {
	i, _, p := world(t)
	b := card(t, i, annaBadge)
	gone := p.byBadge[hex.EncodeToString(b)]
	gone.Active = false
	p.byBadge[hex.EncodeToString(b)] = gone
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); custody.Refused(err) != RefusedWrong {
		t.Errorf("badge and right PIN: %v", err)
	}
	if who, err := i.Owner(t.Context(), b); !errors.Is(err, custody.ErrNotFound) || who.ID != "" {
		t.Errorf("the badge's owner: %+v, %v", who, err)
	}
}

// Threat 2: ten thousand sequential badges get one body until the iPad cools
// down, and hashing stops with the budget.
func TestSequentialBadgesAreCooledDown(t *testing.T) {
	i, _, p := world(t)
	answers := map[string]int{}
	for n := range 10_000 {
		answers[custody.Refused(i.try(t, fmt.Sprint(50_000_000+n), "582947", "A1", "4B"))]++
	}
	if len(answers) != 2 || answers[RefusedWrong] != int(DefaultLimits.Device) || answers[RefusedDevice] == 0 {
		t.Errorf("answers: %v", answers)
	}
	if p.lookups != int(DefaultLimits.Device) {
		t.Errorf("%d attempts were looked at", p.lookups)
	}
}

// Threat 4: the eleventh attempt is refused even if it is right.
func TestEleventhAttemptIsRefused(t *testing.T) {
	i, m, _ := world(t)
	for n := range 10 {
		device := custody.DeviceID(fmt.Sprint("A", n/5))
		if err := i.try(t, annaBadge, "111222", device, "4B"); custody.Refused(err) != RefusedWrong {
			t.Fatalf("attempt %d: %v", n+1, err)
		}
	}
	if err := i.try(t, annaBadge, annaPIN, "A9", "4B"); custody.Refused(err) != RefusedPaused {
		t.Fatalf("the 11th: %v", err)
	}
	m.advance(DefaultLimits.BadgeFor)
	if err := i.try(t, annaBadge, annaPIN, "A9", "4B"); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

// Threat 6: whoever guesses on one iPad does not shut the owner out on another.
func TestVictimSignsInElsewhere(t *testing.T) {
	i, _, _ := world(t)
	for range 50 {
		_ = i.try(t, annaBadge, "111222", "A1", "4B")
	}
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); custody.Refused(err) != RefusedPair {
		t.Errorf("on the guessed iPad: %v", err)
	}
	if err := i.try(t, annaBadge, annaPIN, "A2", "4B"); err != nil {
		t.Errorf("on another: %v", err)
	}
}

// Threat 5: one guess over five thousand badges, spread over devices.
func TestSprayTripsTheWard(t *testing.T) {
	i, _, p := world(t)
	var last error
	for n := range 5_000 {
		last = i.try(t, fmt.Sprint(60_000_000+n), "582947", custody.DeviceID(fmt.Sprint("A", n%200)), "4B")
	}
	if p.lookups >= 100 || custody.Refused(last) != RefusedWard {
		t.Errorf("%d guesses were looked at; last: %v", p.lookups, last)
	}
	if err := i.try(t, annaBadge, annaPIN, "B1", "5A"); err != nil {
		t.Errorf("another ward is shut too: %v", err)
	}
}

// A busy shift change of right sign-ins uses up no budget.
func TestRightSignInsCostNothing(t *testing.T) {
	i, _, _ := world(t)
	for n := range 300 {
		if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); err != nil {
			t.Fatalf("sign-in %d: %v", n, err)
		}
	}
}

// Counting comes before hashing: attempts that arrive at the same instant, all
// of them before any was counted, share the limit.
func TestConcurrentGuessesShareTheLimit(t *testing.T) {
	i, _, p := world(t)
	i.hasher.cost.WaitAtMost = time.Minute
	b := card(t, i, annaBadge)
	var turns []func()
	for range cap(i.hasher.turns) { // nobody gets a turn until all have come
		leave, err := i.hasher.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		turns = append(turns, leave)
	}
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			_, _ = i.Verify(t.Context(), Attempt{Badge: b, PIN: "111222", Device: custody.DeviceID(fmt.Sprint("A", n)), Ward: "4B"})
		})
	}
	for len(i.hasher.queue) < 40+cap(i.hasher.turns) {
		time.Sleep(time.Millisecond)
	}
	for _, leave := range turns {
		leave()
	}
	wg.Wait()
	if p.lookups != 10 {
		t.Errorf("%d guesses were looked at, want 10", p.lookups)
	}
}

func TestNoCountingNoSignIn(t *testing.T) {
	i, m, p := world(t)
	m.down = custody.ErrUnavailable
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); !errors.Is(err, custody.ErrUnavailable) || p.lookups != 0 {
		t.Errorf("%v after %d lookups", err, p.lookups)
	}
}

// A hundred wrong PINs without a right one, however slowly, need a new PIN.
func TestHundredEver(t *testing.T) {
	i, m, _ := world(t)
	for n := range 100 {
		if n%10 == 0 {
			m.advance(time.Hour)
		}
		_ = i.try(t, annaBadge, "111222", custody.DeviceID(fmt.Sprint("A", n/2)), "4B")
	}
	m.advance(24 * time.Hour)
	if err := i.try(t, annaBadge, annaPIN, "Z1", "4B"); custody.Refused(err) != RefusedRebind {
		t.Errorf("%v", err)
	}
	// … and a new PIN is all it needs.
	if err := i.SetPIN(t.Context(), "anna", "719305"); err != nil {
		t.Fatal(err)
	}
	if err := i.try(t, annaBadge, "719305", "Z2", "4B"); err != nil {
		t.Errorf("with the new PIN: %v", err)
	}
}

// An unknown badge is refused for good like a known one: the answer tells nothing.
func TestHundredEverOfAnUnknownBadge(t *testing.T) {
	i, m, _ := world(t)
	for n := range 100 {
		if n%10 == 0 {
			m.advance(time.Hour)
		}
		_ = i.try(t, "99999999", "111222", custody.DeviceID(fmt.Sprint("A", n/2)), "4B")
	}
	m.advance(24 * time.Hour)
	if err := i.try(t, "99999999", annaPIN, "Z1", "4B"); custody.Refused(err) != RefusedRebind {
		t.Errorf("%v", err)
	}
}

func TestHashersAreBounded(t *testing.T) {
	i, _, _ := world(t)
	i.hasher = newHasher(Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 1, WaitAtMost: time.Minute}, i.Rand)
	leave, err := i.hasher.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); custody.Refused(err) != RefusedBusy || !Paused(err) {
		t.Errorf("while another is hashed: %v", err)
	}
	leave()
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Threat 27: what a limit refuses does not wait for a hash, nor take another's place.
func TestAFloodIsTurnedAwayBeforeItQueues(t *testing.T) {
	i, _, _ := world(t)
	for range DefaultLimits.Pair {
		_ = i.try(t, annaBadge, "111222", "A1", "4B")
	}
	i.hasher = newHasher(Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 1, WaitAtMost: time.Minute}, i.Rand)
	leave, err := i.hasher.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if err := i.try(t, annaBadge, annaPIN, "A1", "4B"); custody.Refused(err) != RefusedPair {
		t.Errorf("with the queue full: %v", err)
	}
}

func TestSpoiledHashes(t *testing.T) {
	h := newHasher(DefaultCost, nil)
	for _, encoded := range []string{"", "plain", "$argon2i$v=19$m=8,t=1,p=1$AA$AA", "$argon2id$v=18$m=8,t=1,p=1$AA$AA",
		"$argon2id$v=19$m=4294967295,t=1,p=1$AA$AA", "$argon2id$v=19$m=8,t=0,p=1$AA$AA", "$argon2id$v=19$m=8,t=1,p=1$AA$AA",
		"$argon2id$v=19$m=307200,t=1,p=1$AAAAAAAA$" + strings.Repeat("A", 43), "$argon2id$v=19$m=8,t=11,p=1$AAAAAAAA$" + strings.Repeat("A", 43)} {
		if ok, err := h.check(encoded, []byte("x")); ok || err == nil {
			t.Errorf("%q: %v, %v", encoded, ok, err)
		}
	}
}

func TestTrivialPINs(t *testing.T) {
	for _, pin := range []string{"000000", "123456", "654321", "890123", "121212", "123123", "112233", "111222", "999888", "123321", "147258", "198407", "12345", "58294", "abcdef", "1234567890123"} {
		if CheckPIN(pin) == nil {
			t.Errorf("%s may be chosen", pin)
		}
	}
	for _, pin := range []string{"582947", "719305", "40718263"} {
		if err := CheckPIN(pin); err != nil {
			t.Errorf("%s: %v", pin, err)
		}
	}
}

func TestGraceEnds(t *testing.T) {
	i, m, _ := world(t)
	if i.GraceValid(t.Context(), "anna", "4B") {
		t.Error("valid before it began")
	}
	if err := i.StartGrace(t.Context(), "anna", "4B", time.Hour); err != nil {
		t.Fatal(err)
	}
	if !i.GraceValid(t.Context(), "anna", "4B") || i.GraceValid(t.Context(), "anna", "5A") {
		t.Error("want it in its ward, and there only")
	}
	m.advance(time.Hour)
	if i.GraceValid(t.Context(), "anna", "4B") {
		t.Error("valid for ever")
	}
}
