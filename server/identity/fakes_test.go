package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// memory is live's keyed store and a clock that only a test moves.
type memory struct {
	mu     sync.Mutex
	now    time.Time
	values map[string][]byte
	counts map[string]int64
	ends   map[string]time.Time
	down   error
}

func newMemory() *memory {
	return &memory{now: time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC), values: map[string][]byte{}, counts: map[string]int64{}, ends: map[string]time.Time{}}
}

func (m *memory) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *memory) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for k, end := range m.ends {
		if !m.now.Before(end) {
			delete(m.ends, k)
			delete(m.values, strings.TrimPrefix(k, "v"))
			delete(m.counts, strings.TrimPrefix(k, "c"))
		}
	}
}

func (m *memory) Put(_ context.Context, key string, v []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key], m.ends["v"+key] = bytes.Clone(v), m.now.Add(ttl)
	return m.down
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return nil, m.down
	}
	v, ok := m.values[key]
	if !ok {
		return nil, fmt.Errorf("getting %s: %w", key, custody.ErrNotFound)
	}
	return v, nil
}

func (m *memory) Take(ctx context.Context, key string) ([]byte, error) {
	v, err := m.Get(ctx, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return v, err
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return m.down
}

func (m *memory) Count(_ context.Context, key string, ttl time.Duration) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts[key] == 0 {
		m.ends["c"+key] = m.now.Add(ttl)
	}
	m.counts[key]++
	return m.counts[key], m.down
}

func (m *memory) Peek(_ context.Context, key string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[key], m.down
}

func (m *memory) Forget(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.counts, key)
	return m.down
}

// people is the ledger's part; lookups counts how many attempts came as far as a hash.
type people struct {
	mu      sync.Mutex
	byBadge map[string]ledger.Clinician
	lookups int
	pins    map[string]string
}

func (p *people) ClinicianByBadge(_ context.Context, hash []byte, _ time.Time) (ledger.Clinician, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lookups++
	who, ok := p.byBadge[hex.EncodeToString(hash)]
	if !ok {
		return ledger.Clinician{}, custody.ErrNotFound
	}
	if pin, ok := p.pins[who.ID]; ok {
		who.PIN = pin
	}
	return who, nil
}

func (p *people) SetPIN(_ context.Context, clinician, pin string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pins[clinician] = pin
	return nil
}

const (
	annaBadge = "0040012345"
	annaPIN   = "582947"
)

// world is an identity with one clinician, Anna, and hashes cheap enough to test with.
func world(t *testing.T) (*Identity, *memory, *people) {
	t.Helper()
	m, p := newMemory(), &people{byBadge: map[string]ledger.Clinician{}, pins: map[string]string{}}
	i, err := New(Config{Ledger: p, Live: m, Key: bytes.Repeat([]byte{7}, 32), Now: m.Now, Rand: rand.Reader,
		Staff: ledgertest.Open(t, ledgertest.SQLite(t)),
		Cost:  Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 2, Waiting: 64, WaitAtMost: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	p.byBadge[hex.EncodeToString(card(t, i, annaBadge))] = ledger.Clinician{ID: "anna", Name: "Anna", Active: true}
	if err := i.SetPIN(t.Context(), "anna", annaPIN); err != nil {
		t.Fatal(err)
	}
	return i, m, p
}

func card(t *testing.T, i *Identity, raw string) []byte {
	t.Helper()
	b, err := i.Badge(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (i *Identity) try(t *testing.T, raw, pin string, device custody.DeviceID, ward string) error {
	t.Helper()
	_, err := i.Verify(t.Context(), Attempt{Badge: card(t, i, raw), PIN: pin, Device: device, Ward: ward})
	return err
}
