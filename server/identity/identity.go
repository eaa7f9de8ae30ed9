// Package identity says who is at the iPad (badge and PIN, passkey, a badge
// alone in an emergency) and who is at the console (passkey, the hospital's own
// provider, a one-time link; an API token).
//
// A badge number is an identifier, not a secret: it is printed on the card and
// can be copied, so it never signs anybody in alone. Badge and PIN together
// are AAL1 in the terms of SP 800-63B-4, a documented deviation from AAL2; a
// passkey that verified its owner is AAL2, and a ward may ask for one once a shift.
//
// What is kept: of a badge its HMAC, of a PIN an argon2id hash over an HMAC, of
// a passkey its public key, of every token and session its SHA-256. Attempts are
// counted in Redis before anything is hashed, so that guessing is slow and cheap
// to refuse; a passkey has budgets of its own, so that whoever guesses a PIN
// shuts nobody out.
package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Ledger is what identity reads and writes of people.
type Ledger interface {
	// ClinicianByBadge returns whose badge it is, or custody.ErrNotFound for one
	// that is unknown, revoked or expired at now. Its owner may be inactive.
	ClinicianByBadge(ctx context.Context, hash []byte, now time.Time) (ledger.Clinician, error)
	// SetPIN stores an encoded PIN hash.
	SetPIN(ctx context.Context, clinician, pin string) error
}

// Store is what identity keeps in live: small values and counters that end by
// themselves. A ttl runs from the write, of a counter from its first count.
type Store interface {
	// Put writes a value.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get reads one, or answers custody.ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// Take reads and deletes in one step: of two takers one gets it.
	Take(ctx context.Context, key string) ([]byte, error)
	// Delete drops a value, if it is there.
	Delete(ctx context.Context, key string) error
	// Count raises a counter and returns it.
	Count(ctx context.Context, key string, ttl time.Duration) (int64, error)
	// Peek reads a counter; 0 if there is none.
	Peek(ctx context.Context, key string) (int64, error)
	// Forget drops a counter.
	Forget(ctx context.Context, key string) error
}

// Config is what an [Identity] is made of. Ledger, Live, Key, Now and Rand are needed.
type Config struct {
	Ledger Ledger
	Live   Store
	// Key is at least 32 random bytes, kept apart from both stores. Losing it
	// makes every badge and PIN unknown.
	Key  []byte
	Now  func() time.Time
	Rand io.Reader
	Log  *slog.Logger

	// Staff is who may be at the console; nil: nobody is.
	Staff StaffLedger

	Format badge.Format // how badge numbers are written where no ward's reader is asked
	Limits Limits       // zero: DefaultLimits
	Cost   Cost         // zero: DefaultCost
}

// Identity answers who somebody is. It is safe for concurrent use.
type Identity struct {
	Config
	dummy  string // the hash that an unknown badge's PIN is checked against
	hasher *hasher
}

// New checks the configuration.
func New(c Config) (*Identity, error) {
	if c.Ledger == nil || c.Live == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("identity: ledger, live, clock and randomness are needed")
	}
	if len(c.Key) < 32 {
		return nil, fmt.Errorf("identity: the key has %d bytes, want at least 32", len(c.Key))
	}
	if err := c.Format.Validate(); err != nil {
		return nil, err
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	if c.Cost == (Cost{}) {
		c.Cost = DefaultCost
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	i := &Identity{Config: c, hasher: newHasher(c.Cost, c.Rand)}
	var err error
	if i.dummy, err = i.hasher.nobodys(); err != nil {
		return nil, err
	}
	return i, nil
}

// mac is HMAC-SHA256 of what, kept apart by purpose.
func (i *Identity) mac(purpose, what string) []byte {
	h := hmac.New(sha256.New, i.Key)
	h.Write([]byte(purpose + what))
	return h.Sum(nil)
}

// refusal is a "no" that says the way out.
func refusal(code, sentence string) *custody.Refusal {
	return &custody.Refusal{Code: code, Sentence: sentence}
}
