package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/padwarden/padwarden/server/custody"
)

// CeremonyFor is how long a challenge stands.
const CeremonyFor = time.Minute

const (
	// wrongFor is the window in which a place's wrong answers are counted.
	wrongFor = 15 * time.Minute
	// maxResponse bounds what a browser sends back, in bytes. An attestation
	// with a chain of certificates is under 4 KiB.
	maxResponse = 16 << 10
)

// Codes of the refusals of passkeys.
const (
	RefusedPasskey    = "passkey_refused"
	RefusedCeremony   = "passkey_expired"
	RefusedUnverified = "passkey_unverified"
	RefusedCopied     = "passkey_suspended"
	RefusedHurry      = "passkey_paused"
)

var (
	errPasskey = refusal(RefusedPasskey,
		"This key is not known here, or did not show that it is yours. Try again, or sign in another way.")
	errCeremony = refusal(RefusedCeremony,
		"That took longer than a minute, or this page has changed meanwhile. Press the button again.")
	errUnverified = refusal(RefusedUnverified,
		"Your key asked for neither a PIN nor a finger, so it does not show who holds it. Set a PIN on the key, or sign in another way.")
	errCopied = refusal(RefusedCopied,
		"This key may have been copied, so it signs nobody in any more. Sign in another way, and ask IT for a new key.")
	errHurry = refusal(RefusedHurry,
		"Too many keys were tried here. Wait a few minutes, or sign in another way.")
)

// Place is where a ceremony is held. A challenge that was begun at one place is
// good at no other.
type Place struct {
	// Bind is all that the challenge is for: at an iPad its device, epoch and
	// enrolment; at the console one browser.
	Bind string
	// Meter names whose attempts are counted together.
	Meter string
	// Most is how many challenges Meter may have in a minute.
	Most int64
	// Wrong is how many wrong answers it may have in a quarter of an hour; 0: any
	// number, where one meter is everybody's and some could shut the others out.
	// Nobody guesses a signature: it is work that this bounds.
	Wrong int64
	// Roaming: only keys that one carries are registered here.
	//
	// A shared iPad says so. A passkey that the iPad itself keeps would be gone
	// with the next wipe, and until then be within reach of whoever holds the
	// iPad next; and it could not come back from iCloud Keychain, which the
	// profiles turn off (allowCloudKeychainSync).
	Roaming bool
}

// Ceremony is a challenge on its way to a browser.
type Ceremony struct {
	ID      string `json:"ceremony"`
	Options any    `json:"options"` // for navigator.credentials, as JSON (section 5.1.8)
}

const (
	creating = "create"
	getting  = "get"
)

// held is a ceremony under way, as live keeps it.
type held struct {
	Session webauthn.SessionData `json:"session"`
	Bind    string               `json:"bind"`
	Owner   string               `json:"owner,omitempty"` // of what is created
	Roaming bool                 `json:"roaming,omitempty"`
}

func ceremonyKey(kind, id string) string { return "passkey:" + kind + ":" + digest(id) }

// hold keeps a ceremony for CeremonyFor under a random id.
func (p *Passkeys) hold(ctx context.Context, kind string, h held) (string, error) {
	random, err := p.random()
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return "", fmt.Errorf("keeping a challenge: %w", err)
	}
	id := text(random)
	if err := p.Live.Put(ctx, ceremonyKey(kind, id), raw, CeremonyFor); err != nil {
		return "", fmt.Errorf("keeping a challenge: %w", err)
	}
	return id, nil
}

// take returns a ceremony once, to the place that began it.
func (p *Passkeys) take(ctx context.Context, kind, id string, at Place) (held, error) {
	raw, err := p.Live.Take(ctx, ceremonyKey(kind, id))
	if errors.Is(err, custody.ErrNotFound) {
		return held{}, errCeremony
	}
	if err != nil {
		return held{}, fmt.Errorf("taking a challenge: %w", err)
	}
	var h held
	if err := json.Unmarshal(raw, &h); err != nil {
		return held{}, fmt.Errorf("taking a challenge: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(h.Bind), []byte(at.Bind)) != 1 {
		p.Log.Warn("a passkey's challenge was answered where it was not asked", "alert", true, "meter", at.Meter)
		return held{}, errCeremony
	}
	return h, nil
}

// begin counts a challenge.
func (p *Passkeys) begin(ctx context.Context, at Place) error {
	if at.Bind == "" || at.Meter == "" {
		return errors.New("passkeys: a place needs a binding and a meter")
	}
	n, err := p.Live.Count(ctx, "passkey:asked:"+at.Meter, time.Minute)
	if err != nil {
		return fmt.Errorf("counting challenges: %w", err)
	}
	if n > at.Most {
		return errHurry
	}
	return p.patient(ctx, at)
}

// patient refuses a place where too many answers were wrong.
func (p *Passkeys) patient(ctx context.Context, at Place) error {
	if at.Wrong == 0 {
		return nil
	}
	n, err := p.Live.Peek(ctx, "passkey:wrong:"+at.Meter)
	if err != nil {
		return fmt.Errorf("reading how many keys were wrong: %w", err)
	}
	if n >= at.Wrong {
		return errHurry
	}
	return nil
}

// wrong counts an answer that was refused.
func (p *Passkeys) wrong(ctx context.Context, at Place) {
	if at.Wrong == 0 {
		return
	}
	if _, err := p.Live.Count(ctx, "passkey:wrong:"+at.Meter, wrongFor); err != nil {
		p.Log.Warn("a wrong key could not be counted", "meter", at.Meter, "err", err)
	}
}
