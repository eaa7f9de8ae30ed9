package trial

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrForged: the signature is not of that key, or not of this text.
var ErrForged = errors.New("the signature does not hold")

// What a signature is for. It is signed with the text, so that one thing is
// never taken for another.
const (
	purposeTable     = "padwarden trial table 1"
	purposeBeginning = "padwarden trial beginning 1"
)

// Signed is a JSON text with an Ed25519 signature (RFC 8032) over its purpose,
// a line feed, and the text without insignificant space: it may be indented.
type Signed struct {
	Purpose   string          `json:"purpose"`
	Body      json.RawMessage `json:"body"`
	Signature []byte          `json:"signature"`
}

func message(purpose string, body []byte) ([]byte, error) {
	b := bytes.NewBufferString(purpose + "\n")
	if err := json.Compact(b, body); err != nil {
		return nil, fmt.Errorf("%w: it is no JSON text (%w)", ErrForged, err)
	}
	return b.Bytes(), nil
}

// Key signs a server's tables.
type Key struct{ private ed25519.PrivateKey }

// Secrets keeps a server's own keys: it returns the bytes kept under name, or
// keeps and returns what create makes. All servers on one store get the same.
type Secrets interface {
	ServerSecret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error)
}

// OpenKey gets the key from secrets, or creates it.
func OpenKey(ctx context.Context, secrets Secrets) (Key, error) {
	seed, err := secrets.ServerSecret(ctx, "trials", func() ([]byte, error) {
		b := make([]byte, ed25519.SeedSize)
		_, err := rand.Read(b)
		return b, err
	})
	if err != nil {
		return Key{}, fmt.Errorf("opening the key of trials: %w", err)
	}
	if len(seed) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("opening the key of trials: it is %d bytes long, not %d", len(seed), ed25519.SeedSize)
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// Public is what verifies the key's signatures.
func (k Key) Public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

func (k Key) sign(purpose string, v any) (Signed, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Signed{}, fmt.Errorf("signing a trial: %w", err)
	}
	m, err := message(purpose, body)
	if err != nil {
		return Signed{}, err
	}
	return Signed{Purpose: purpose, Body: body, Signature: ed25519.Sign(k.private, m)}, nil
}

// open decodes what was signed for purpose; ErrForged if it was not, by public.
func (s Signed) open(public ed25519.PublicKey, purpose string, into any) error {
	m, err := message(purpose, s.Body)
	if err != nil {
		return err
	}
	if s.Purpose != purpose || len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, m, s.Signature) {
		return ErrForged
	}
	if err := json.Unmarshal(s.Body, into); err != nil {
		return fmt.Errorf("reading a signed text: %w", err)
	}
	return nil
}

// Verify returns the table that s is, if public's owner signed it, and [ErrForged] if not.
func Verify(s Signed, public ed25519.PublicKey) (t Table, err error) {
	return t, s.open(public, purposeTable, &t)
}
