package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
)

// ring is the ledger's part of passkeys.
type ring struct {
	mu   sync.Mutex
	keys map[string]ledger.Passkey
}

func (r *ring) AddPasskey(_ context.Context, p ledger.Passkey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.keys[p.ID]; ok {
		return custody.ErrConflict
	}
	r.keys[p.ID] = p
	return nil
}

func (r *ring) Passkeys(_ context.Context, owner string) (own []ledger.Passkey, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.keys {
		if p.Owner == owner && p.Removed.IsZero() {
			own = append(own, p)
		}
	}
	return own, nil
}

func (r *ring) PasskeyByID(_ context.Context, id string) (ledger.Passkey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.keys[id]
	if !ok {
		return p, custody.ErrNotFound
	}
	return p, nil
}

func (r *ring) UsePasskey(_ context.Context, id string, was, count uint32, flags byte, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.keys[id]
	if p.SignCount != was || !p.Suspended.IsZero() || !p.Removed.IsZero() {
		return custody.ErrStale
	}
	p.SignCount, p.Flags, p.Used = count, flags, at
	r.keys[id] = p
	return nil
}

func (r *ring) SuspendPasskey(ctx context.Context, id, why string, at time.Time) error {
	return r.change(id, func(p *ledger.Passkey) { p.Suspended, p.Why = at, why })
}

func (r *ring) NamePasskey(ctx context.Context, owner, id, name string) error {
	if r.keys[id].Owner != owner {
		return custody.ErrNotFound
	}
	return r.change(id, func(p *ledger.Passkey) { p.Name = name })
}

func (r *ring) RemovePasskey(ctx context.Context, owner, id, _ string, at time.Time) error {
	if r.keys[id].Owner != owner {
		return custody.ErrNotFound
	}
	return r.change(id, func(p *ledger.Passkey) { p.Removed = at })
}

func (r *ring) change(id string, what func(*ledger.Passkey)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.keys[id]
	what(&p)
	r.keys[id] = p
	return nil
}

func newFob() *keytest.Key { return keytest.New("https://ward.example") }

func options(t testing.TB, c Ceremony) string {
	t.Helper()
	raw, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// made and signed are what a key answers to a challenge.
func made(t testing.TB, f *keytest.Key, c Ceremony) []byte {
	t.Helper()
	answer, err := f.Create(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func signed(t testing.TB, f *keytest.Key, c Ceremony) []byte {
	t.Helper()
	answer, err := f.Get(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// keyWorld is passkeys, where one is Anna's.
type keyWorld struct {
	*Passkeys
	t     testing.TB
	m     *memory
	r     *ring
	anna  *keytest.Key
	log   *bytes.Buffer
	ended []string
}

var (
	atA = Place{Bind: "A1 epoch 3 enrolment x", Meter: "A1", Most: 30, Wrong: 30, Roaming: true}
	atB = Place{Bind: "B1 epoch 3 enrolment y", Meter: "B1", Most: 30, Wrong: 30, Roaming: true}
)

func newKeyWorld(t testing.TB, change ...func(*PasskeyConfig)) *keyWorld {
	t.Helper()
	w := &keyWorld{t: t, m: newMemory(), r: &ring{keys: map[string]ledger.Passkey{}}, anna: newFob(), log: &bytes.Buffer{}}
	c := PasskeyConfig{RPID: "ward.example", Origins: []string{"https://ward.example"}, Ledger: w.r, Live: w.m, Key: bytes.Repeat([]byte{5}, 32),
		Now: w.m.Now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Ended: func(_ context.Context, p ledger.Passkey) { w.ended = append(w.ended, p.Owner) }}
	for _, f := range change {
		f(&c)
	}
	var err error
	if w.Passkeys, err = NewPasskeys(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func withAnna(t testing.TB) *keyWorld {
	t.Helper()
	w := newKeyWorld(t)
	if _, err := w.register(w.anna); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *keyWorld) register(f *keytest.Key) (ledger.Passkey, error) {
	w.t.Helper()
	c, err := w.BeginRegister(w.t.Context(), "clinician:anna", "Anna Berg", atA)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Register(w.t.Context(), atA, c.ID, "blue key", made(w.t, f, c))
}

func (w *keyWorld) ask(at Place) Ceremony {
	w.t.Helper()
	c, err := w.BeginSignIn(w.t.Context(), at)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *keyWorld) signs(f *keytest.Key) error {
	w.t.Helper()
	c := w.ask(atA)
	_, err := w.SignIn(w.t.Context(), Clinicians, atA, c.ID, signed(w.t, f, c))
	return err
}
