// Package trialtest is an iPad's history in memory, for tests of trials.
package trialtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Start is when the stories begin.
var Start = time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)

// Store is one iPad, its ward and what was filed of it. It is safe for
// concurrent use; its fields are for tests that have it alone.
type Store struct {
	mu      sync.Mutex
	Row     custody.Custody
	Record  ledger.Device
	Ward    custody.Policy
	entries []ledger.Recorded
	Said    []ledger.Fact
	Filed   []ledger.Trial
	now     time.Time
}

// New is a clean iPad of a ward of that policy, with a past.
func New(p custody.Policy) *Store {
	s := &Store{
		Row:    custody.Custody{Device: "DMPX01", Ward: "4B", State: custody.Clean, Epoch: 3, Version: 40, Run: custody.Run{ID: 38}},
		Record: ledger.Device{ID: "DMPX01", Ward: "4B", Name: "4B-01", Model: "iPad13,18", OSVersion: "18.2", Build: "22C152"},
		Ward:   p, now: Start,
	}
	s.Says(custody.KindClean, "device", "erased")
	return s
}

// Says adds an entry to the history, a second after the last.
func (s *Store) Says(kind, actor, detail string) ledger.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(time.Second)
	s.Row.Version++
	switch kind {
	case custody.KindSessionOpened, custody.KindSessionResumed, custody.KindLockAsked, custody.KindWipeAsked:
		s.Row.Run = custody.Run{ID: s.Row.Version}
	}
	e := custody.Entry{Device: s.Row.Device, Epoch: s.Row.Epoch, Version: s.Row.Version, At: s.now, Kind: kind, Actor: actor, Run: s.Row.Run.ID, State: s.Row.State, Detail: detail}
	e.Hash = custody.Seal(s.Row.Head, e)
	s.Row.Head = e.Hash
	r := ledger.Recorded{Seq: int64(len(s.entries) + 1), Entry: e}
	s.entries = append(s.entries, r)
	return r
}

// After lets time pass before the next entry.
func (s *Store) After(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// Becomes changes the iPad's state.
func (s *Store) Becomes(state custody.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Row.State = state
}

// Alter changes an entry behind everybody's back.
func (s *Store) Alter(seq int64, change func(*custody.Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.entries[seq-1].Entry)
}

// Custody is the iPad's row.
func (s *Store) Custody(_ context.Context, id custody.DeviceID) (custody.Custody, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != s.Row.Device {
		return custody.Custody{}, custody.ErrNotFound
	}
	return s.Row, nil
}

// Device is the iPad's record.
func (s *Store) Device(_ context.Context, id custody.DeviceID) (ledger.Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != s.Record.ID {
		return ledger.Device{}, custody.ErrNotFound
	}
	return s.Record, nil
}

// Facts are what the iPad said of itself.
func (s *Store) Facts(context.Context, custody.DeviceID) ([]ledger.Fact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.Said), nil
}

// Policy is the ward's.
func (s *Store) Policy(context.Context, string) (custody.Policy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Ward, nil
}

// History is as the ledger's.
func (s *Store) History(_ context.Context, _ custody.DeviceID, after int64, limit int) ([]ledger.Recorded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.entries[min(int(after), len(s.entries)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// RecentHistory is as the ledger's.
func (s *Store) RecentHistory(_ context.Context, _ custody.DeviceID, limit int) ([]ledger.Recorded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.entries)
	slices.Reverse(all)
	return all[:min(limit, len(all))], nil
}

// AddTrial is as the ledger's.
func (s *Store) AddTrial(_ context.Context, t ledger.Trial) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.Filed {
		if f.ID == t.ID {
			return custody.ErrConflict
		}
	}
	s.Filed = append([]ledger.Trial{t}, s.Filed...)
	return nil
}

// Trials is as the ledger's.
func (s *Store) Trials(_ context.Context, limit int) ([]ledger.Trial, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.Filed[:min(limit, len(s.Filed))]), nil
}

// ServerSecret keeps none: each call makes another key.
func (s *Store) ServerSecret(_ context.Context, _ string, create func() ([]byte, error)) ([]byte, error) {
	return create()
}
