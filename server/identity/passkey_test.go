package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	virtual "github.com/descope/virtualwebauthn"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
)

func TestPasskeySignsIn(t *testing.T) {
	w := withAnna(t)
	c := w.ask(atA)
	if text := options(t, c); !strings.Contains(text, `"userVerification":"required"`) || !strings.Contains(text, `"security-key"`) || strings.Contains(text, "allowCredentials") {
		t.Errorf("asked: %s", text)
	}
	w.m.advance(59 * time.Second)
	key, err := w.SignIn(t.Context(), Clinicians, atA, c.ID, signed(t, w.anna, c))
	if err != nil || key.Owner != "clinician:anna" || key.SignCount != 1 || !key.Used.Equal(w.m.Now()) || key.Name != "blue key" {
		t.Fatalf("%+v, %v", key, err)
	}
	if kept, _ := w.r.PasskeyByID(t.Context(), key.ID); kept.SignCount != 1 {
		t.Errorf("the count is kept as %d", kept.SignCount)
	}
	if bytes.Contains(w.anna.Authenticator.Options.UserHandle, []byte("anna")) {
		t.Error("the key names its owner")
	}
}

// Threat 7: a sibling origin, another scheme or port, another RP ID.
func TestPasskeyOfAnotherPage(t *testing.T) {
	for name, change := range map[string]func(*virtual.RelyingParty){
		"sibling":      func(p *virtual.RelyingParty) { p.Origin = "https://other.example" },
		"a child":      func(p *virtual.RelyingParty) { p.Origin = "https://evil.ward.example" },
		"a parent":     func(p *virtual.RelyingParty) { p.Origin = "https://example" },
		"plain http":   func(p *virtual.RelyingParty) { p.Origin = "http://ward.example" },
		"a port":       func(p *virtual.RelyingParty) { p.Origin = "https://ward.example:8443" },
		"an app":       func(p *virtual.RelyingParty) { p.Origin = "android:apk-key-hash:abc" },
		"none":         func(p *virtual.RelyingParty) { p.Origin = "" },
		"other RP ID":  func(p *virtual.RelyingParty) { p.ID = "other.example" },
		"parent RP ID": func(p *virtual.RelyingParty) { p.ID = "example" },
	} {
		w := withAnna(t)
		change(&w.anna.Page)
		if err := w.signs(w.anna); custody.Refused(err) != RefusedPasskey {
			t.Errorf("%s signs in: %v", name, err)
		}
		other := newFob()
		change(&other.Page)
		if _, err := w.register(other); custody.Refused(err) != RefusedPasskey {
			t.Errorf("%s registers: %v", name, err)
		}
	}
}

// Threat 8: a challenge is good where it was asked, once, for a minute.
func TestPasskeyChallengeIsBound(t *testing.T) {
	w := withAnna(t)
	later := atA
	later.Bind = "A1 epoch 4 enrolment x"
	for name, at := range map[string]Place{"another iPad": atB, "a later epoch": later} {
		c := w.ask(atA)
		if _, err := w.SignIn(t.Context(), Clinicians, at, c.ID, signed(t, w.anna, c)); custody.Refused(err) != RefusedCeremony {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.SignIn(t.Context(), Clinicians, atA, c.ID, signed(t, w.anna, c)); custody.Refused(err) != RefusedCeremony {
			t.Errorf("after %s it is still good: %v", name, err)
		}
		r, err := w.BeginRegister(t.Context(), "clinician:anna", "Anna Berg", atA)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Register(t.Context(), at, r.ID, "key", made(t, newFob(), r)); custody.Refused(err) != RefusedCeremony {
			t.Errorf("%s registers: %v", name, err)
		}
	}
	if !strings.Contains(w.log.String(), "alert=true") {
		t.Errorf("nobody is told: %s", w.log)
	}
	// Another challenge of the same place does not stand in for it.
	first, second := w.ask(atA), w.ask(atA)
	if _, err := w.SignIn(t.Context(), Clinicians, atA, second.ID, signed(t, w.anna, first)); custody.Refused(err) != RefusedPasskey {
		t.Errorf("of another challenge: %v", err)
	}
	// A registration's challenge signs nobody in, nor the other way round.
	if _, err := w.Register(t.Context(), atA, first.ID, "key", made(t, newFob(), first)); custody.Refused(err) != RefusedCeremony {
		t.Errorf("registered by a sign-in's challenge: %v", err)
	}
	answer := signed(t, w.anna, first)
	if _, err := w.SignIn(t.Context(), Clinicians, atA, first.ID, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn(t.Context(), Clinicians, atA, first.ID, answer); custody.Refused(err) != RefusedCeremony {
		t.Errorf("twice: %v", err)
	}
	late := w.ask(atA)
	w.m.advance(time.Minute)
	if _, err := w.SignIn(t.Context(), Clinicians, atA, late.ID, signed(t, w.anna, late)); custody.Refused(err) != RefusedCeremony {
		t.Errorf("after a minute: %v", err)
	}
}

// Threat 9: who holds the key must be verified, at both ceremonies.
func TestPasskeyWithoutVerification(t *testing.T) {
	w := withAnna(t)
	w.anna.Authenticator.Options.UserNotVerified = true
	if err := w.signs(w.anna); custody.Refused(err) != RefusedUnverified {
		t.Errorf("signs in: %v", err)
	}
	other := newFob()
	other.Authenticator.Options.UserNotVerified = true
	if _, err := w.register(other); custody.Refused(err) != RefusedUnverified {
		t.Errorf("registers: %v", err)
	}
	w.anna.Authenticator.Options.UserNotVerified, w.anna.Authenticator.Options.UserNotPresent = false, true
	if err := w.signs(w.anna); custody.Refused(err) != RefusedPasskey {
		t.Errorf("nobody present: %v", err)
	}
}

// Threat 9: a count that does not rise is a copy's: refused, stopped, told.
func TestCopiedPasskey(t *testing.T) {
	for name, back := range map[string]uint32{"the same": 1, "lower": 3} {
		w := withAnna(t)
		for range 4 {
			if err := w.signs(w.anna); err != nil {
				t.Fatal(err)
			}
		}
		w.anna.Credential.Counter -= back
		if err := w.signs(w.anna); custody.Refused(err) != RefusedCopied {
			t.Errorf("%s: %v", name, err)
		}
		if keys, _ := w.r.Passkeys(t.Context(), "clinician:anna"); keys[0].Suspended.IsZero() || keys[0].Why == "" || !slices.Equal(w.ended, []string{"clinician:anna"}) ||
			!strings.Contains(w.log.String(), "level=WARN") || !strings.Contains(w.log.String(), "alert=true") {
			t.Errorf("%s: %+v, told %v, log %s", name, keys, w.ended, w.log)
		}
		w.anna.Credential.Counter = 100
		if err := w.signs(w.anna); custody.Refused(err) != RefusedCopied {
			t.Errorf("%s, and then a higher one: %v", name, err)
		}
	}
}

// Of two answers with one count one signs in, and the passkey is stopped.
func TestOneCountSignsInOnce(t *testing.T) {
	w := withAnna(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for range 8 {
		c := w.ask(atA)
		w.anna.Credential.Counter = 0
		answer := signed(t, w.anna, c)
		wg.Go(func() {
			_, err := w.SignIn(t.Context(), Clinicians, atA, c.ID, answer)
			mu.Lock()
			defer mu.Unlock()
			codes[custody.Refused(err)]++
		})
	}
	wg.Wait()
	if codes[""] != 1 || codes[RefusedCopied] != 7 {
		t.Errorf("%v", codes)
	}
}

// Threat 9: whether a passkey may be synced never changes.
func TestBackupEligibilityDoesNotChange(t *testing.T) {
	w := withAnna(t)
	w.anna.Authenticator.Options.BackupEligible = true
	if err := w.signs(w.anna); custody.Refused(err) != RefusedPasskey {
		t.Errorf("it became eligible: %v", err)
	}
	synced := newFob()
	synced.Authenticator.Options.BackupEligible = true
	key, err := w.register(synced)
	if err != nil || !key.BackupEligible() {
		t.Fatalf("%+v, %v", key, err)
	}
	synced.Authenticator.Options.BackupState = true // this may change
	if err := w.signs(synced); err != nil {
		t.Error(err)
	}
	if kept, _ := w.r.PasskeyByID(t.Context(), key.ID); kept.Flags != 0x1d {
		t.Errorf("flags are kept as %#x", kept.Flags)
	}
	synced.Authenticator.Options = virtual.AuthenticatorOptions{UserHandle: synced.Authenticator.Options.UserHandle}
	if err := w.signs(synced); custody.Refused(err) != RefusedPasskey {
		t.Errorf("it is no longer eligible: %v", err)
	}
}

// Whatever does not sign in is answered alike.
func TestPasskeysThatSignNobodyIn(t *testing.T) {
	w := withAnna(t)
	anna, _ := w.r.Passkeys(t.Context(), "clinician:anna")
	stranger := newFob()
	stranger.Authenticator.Options.UserHandle = w.anna.Authenticator.Options.UserHandle
	forged := newFob()
	forged.Credential.ID, forged.Authenticator.Options.UserHandle = w.anna.Credential.ID, w.anna.Authenticator.Options.UserHandle
	other := *w.anna
	other.Authenticator.Options.UserHandle = []byte("somebody else")
	nameless := *w.anna
	nameless.Authenticator.Options.UserHandle = nil
	for name, f := range map[string]*keytest.Key{"unknown": stranger, "wrong signature": forged, "of another owner": &other, "no owner": &nameless} {
		if err := w.signs(f); custody.Refused(err) != RefusedPasskey || err.Error() != NoPasskey().Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := w.ask(atA)
	if _, err := w.SignIn(t.Context(), StaffKeys, atA, c.ID, signed(t, w.anna, c)); !errors.Is(err, NoPasskey()) {
		t.Errorf("a clinician's at the console: %v", err)
	}
	for _, junk := range []string{"", "{", "[]", "null", `{"id":"AA"}`, strings.Repeat("x", 20<<10)} {
		c := w.ask(atA)
		if _, err := w.SignIn(t.Context(), Clinicians, atA, c.ID, []byte(junk)); !errors.Is(err, NoPasskey()) {
			t.Errorf("%.10q: %v", junk, err)
		}
	}
	// A removed one is as good as none: nobody is told that it may have been copied.
	_ = w.r.change(anna[0].ID, func(p *ledger.Passkey) { p.Removed, p.SignCount = w.m.Now(), 1000 })
	if err := w.signs(w.anna); !errors.Is(err, NoPasskey()) {
		t.Errorf("removed: %v", err)
	}
}

// A place has a budget, of challenges and of wrong answers; another place has its own.
func TestPasskeyBudgets(t *testing.T) {
	w := withAnna(t)
	stranger := newFob()
	stranger.Authenticator.Options.UserHandle = []byte("x")
	for range atA.Most {
		if err := w.signs(stranger); custody.Refused(err) != RefusedPasskey {
			t.Fatal(err)
		}
		w.m.advance(3 * time.Second)
	}
	if _, err := w.BeginSignIn(t.Context(), atA); custody.Refused(err) != RefusedHurry {
		t.Errorf("after %d wrong keys: %v", atA.Most, err)
	}
	// Nobody shuts everybody out where one meter is everybody's.
	desk := Place{Bind: "a browser", Meter: "console", Most: 1000}
	for range 200 {
		c := w.ask(desk)
		if _, err := w.SignIn(t.Context(), "", desk, c.ID, signed(t, stranger, c)); custody.Refused(err) != RefusedPasskey {
			t.Fatalf("at the console: %v", err)
		}
	}
	c := w.ask(atB)
	if _, err := w.SignIn(t.Context(), Clinicians, atB, c.ID, signed(t, w.anna, c)); err != nil {
		t.Errorf("on another iPad: %v", err)
	}
	w.m.advance(wrongFor)
	for range atA.Most {
		w.ask(atA)
	}
	if _, err := w.BeginSignIn(t.Context(), atA); custody.Refused(err) != RefusedHurry {
		t.Errorf("a flood of challenges: %v", err)
	}
}

// Nobody is let in where nothing can be counted or kept.
func TestPasskeysNeedLive(t *testing.T) {
	w := withAnna(t)
	c := w.ask(atA)
	w.m.down = custody.ErrUnavailable
	if _, err := w.BeginSignIn(t.Context(), atA); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
	if _, err := w.SignIn(t.Context(), Clinicians, atA, c.ID, signed(t, w.anna, c)); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
}

func TestPasskeyConfigsThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*PasskeyConfig){
		"an address":         func(c *PasskeyConfig) { c.RPID, c.Origins = "127.0.0.1", []string{"http://127.0.0.1"} },
		"an IPv6 address":    func(c *PasskeyConfig) { c.RPID = "::1" },
		"nothing":            func(c *PasskeyConfig) { c.RPID = "" },
		"a port":             func(c *PasskeyConfig) { c.RPID = "ward.example:443" },
		"a URL":              func(c *PasskeyConfig) { c.RPID = "https://ward.example" },
		"no origin":          func(c *PasskeyConfig) { c.Origins = nil },
		"another's origin":   func(c *PasskeyConfig) { c.Origins = []string{"https://evilward.example"} },
		"a plain origin":     func(c *PasskeyConfig) { c.Origins = []string{"http://ward.example"} },
		"a path":             func(c *PasskeyConfig) { c.Origins = []string{"https://ward.example/kiosk"} },
		"a model":            func(c *PasskeyConfig) { c.Models = []string{"YubiKey"} },
		"a short key":        func(c *PasskeyConfig) { c.Key = c.Key[:31] },
		"no store of theirs": func(c *PasskeyConfig) { c.Ledger = nil },
	} {
		c := PasskeyConfig{RPID: "ward.example", Origins: []string{"https://ward.example"}, Ledger: &ring{}, Live: newMemory(), Key: make([]byte, 32), Now: time.Now, Rand: rand.Reader}
		change(&c)
		if _, err := NewPasskeys(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Whatever a browser sends, the answer is a refusal.
func FuzzPasskeyAnswers(f *testing.F) {
	w := withAnna(f)
	asked := w.ask(atA)
	f.Add(signed(f, w.anna, asked))
	asks, err := w.BeginRegister(f.Context(), "clinician:anna", "Anna", atA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(made(f, newFob(), asks))
	f.Fuzz(func(t *testing.T, answer []byte) {
		w := newKeyWorld(t)
		in := w.ask(atA)
		if _, err := w.SignIn(t.Context(), Clinicians, atA, in.ID, answer); custody.Refused(err) == "" {
			t.Errorf("signing in: %v", err)
		}
		c, err := w.BeginRegister(t.Context(), "clinician:anna", "Anna", atA)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Register(t.Context(), atA, c.ID, "key", answer); custody.Refused(err) == "" {
			t.Errorf("registering: %v", err)
		}
	})
}

// A whole sign-in: challenge, store, parsing, signature, count. Beside it one
// bare ES256 verification, to tell what the rest costs.
func BenchmarkPasskeyVerify(b *testing.B) {
	w := withAnna(b)
	at := Place{Bind: "x", Meter: "bench", Most: 1 << 62}
	b.Run("sign-in", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c, err := w.BeginSignIn(b.Context(), at)
			if err != nil {
				b.Fatal(err)
			}
			answer := signed(b, w.anna, c)
			b.StartTimer()
			if _, err := w.SignIn(b.Context(), Clinicians, at, c.ID, answer); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ES256 alone", func(b *testing.B) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		sum := sha256.Sum256([]byte("authenticator data and client data"))
		sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
				b.Fatal(hex.EncodeToString(sig))
			}
		}
	})
}
