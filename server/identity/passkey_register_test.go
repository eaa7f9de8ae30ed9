package identity

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
)

func TestRegistrationsThatAreRefused(t *testing.T) {
	w := withAnna(t)
	if _, err := w.register(w.anna); custody.Refused(err) != RefusedPasskeyKnown {
		t.Errorf("the same key twice: %v", err)
	}
	c, err := w.BeginRegister(t.Context(), "clinician:anna", "Anna Berg", atA)
	if text := options(t, c); err != nil || !strings.Contains(text, `"excludeCredentials":[{`) || !strings.Contains(text, `"residentKey":"required"`) ||
		!strings.Contains(text, `"authenticatorAttachment":"cross-platform"`) || !strings.Contains(text, `"hints":["security-key"]`) {
		t.Errorf("%v: %s", err, text)
	}
	for _, name := range []string{"", " ", "a\nb", strings.Repeat("x", 61), "\xff"} {
		if _, err := w.Register(t.Context(), atA, c.ID, name, nil); custody.Refused(err) != RefusedPasskeyName {
			t.Errorf("named %q: %v", name, err)
		}
	}
	kept := bytes.Replace(made(t, newFob(), c), []byte(`{"type"`), []byte(`{"authenticatorAttachment":"platform","type"`), 1)
	if _, err := w.Register(t.Context(), atA, c.ID, "the iPad's", kept); custody.Refused(err) != RefusedPasskeyKept {
		t.Errorf("a platform passkey at a shared iPad: %v", err)
	}
	for range MaxPasskeys - 1 {
		if _, err := w.register(newFob()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.BeginRegister(t.Context(), "clinician:anna", "Anna Berg", atA); custody.Refused(err) != RefusedPasskeyMany {
		t.Errorf("an eleventh: %v", err)
	}
	// At one's own computer anything may be registered.
	desk := Place{Bind: "a browser", Meter: "console", Most: 100}
	c, err = w.BeginRegister(t.Context(), "staff:s1", "Maria", desk)
	if text := options(t, c); err != nil || strings.Contains(text, "cross-platform") || strings.Contains(text, "hints") {
		t.Errorf("%v: %s", err, text)
	}
	own := bytes.Replace(made(t, newFob(), c), []byte(`{"type"`), []byte(`{"authenticatorAttachment":"platform","type"`), 1)
	if _, err := w.Register(t.Context(), desk, c.ID, "laptop", own); err != nil {
		t.Errorf("a platform passkey at the console: %v", err)
	}
}

func TestOnlyAllowedModels(t *testing.T) {
	good := newFob()
	w := newKeyWorld(t, func(c *PasskeyConfig) { c.Models = []string{uuid.UUID(good.Authenticator.Aaguid).String()} })
	if _, err := w.register(newFob()); custody.Refused(err) != RefusedPasskeyModel {
		t.Errorf("another model: %v", err)
	}
	blank := newFob()
	blank.Authenticator.Aaguid = [16]byte{}
	if _, err := w.register(blank); custody.Refused(err) != RefusedPasskeyModel {
		t.Errorf("a model that is not told: %v", err)
	}
	if _, err := w.register(good); err != nil {
		t.Error(err)
	}
}
