package steward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// tries bounds how often a change is decided again after losing a race.
const tries = 8

// errRaced: another writer was faster; read and decide again.
var errRaced = errors.New("lost a race")

// Apply decides and commits what happened to a device, and returns its row. It
// answers a [*custody.Refusal] with a sentence where a person asks for what
// cannot be had, and custody.ErrUnavailable where a store could not be reached
// and nothing was granted.
func (s *Steward) Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	row, err := s.apply(ctx, id, e, custody.Due{})
	if err != nil && custody.Refused(err) == "" {
		s.Count("apply_failed")
	}
	return row, err
}

// apply is Apply for an event that a timer claimed as due; due is zero otherwise.
func (s *Steward) apply(ctx context.Context, id custody.DeviceID, e custody.Event, due custody.Due) (row custody.Custody, err error) {
	for range tries {
		row, err = s.applyOnce(ctx, id, e, due)
		if !errors.Is(err, errRaced) {
			return row, err
		}
		s.Count("race_lost")
	}
	return row, fmt.Errorf("applying %T to %s: %w after %d tries", e, id, custody.ErrStale, tries)
}

func (s *Steward) applyOnce(ctx context.Context, id custody.DeviceID, e custody.Event, due custody.Due) (custody.Custody, error) {
	row, policy, err := s.lookWithPolicy(ctx, id)
	if err != nil {
		return row, err
	}
	ch, err := s.begin(ctx, row, shownByDevice(e))
	if err != nil {
		return row, err
	}
	if err := ch.decide(e, policy); err != nil {
		return ch.prev, err
	}
	if p, ok := plan.Start(ch.next, policy); ok {
		if err := ch.decide(p, policy); err != nil {
			return ch.prev, err
		}
	}
	if err := s.commit(ctx, ch, policy, due); err != nil {
		return ch.prev, err
	}
	return ch.next, nil
}

// shownByDevice: the device's own evidence is taken even while live is away.
func shownByDevice(e custody.Event) bool {
	switch e.(type) {
	case custody.Authenticated, custody.TokenUpdated, custody.AppleSignIn, custody.CheckedOut:
		return true
	}
	return false
}

// change is one row on its way from prev to next, perhaps through several decisions.
type change struct {
	prev, next custody.Custody
	now        time.Time
	entries    []custody.Entry
	owed       int
	nudge      bool
	evidence   bool
}

// begin reads the time for a row, and puts what history is owed in front of
// what will be decided (hand-over rule 10).
func (s *Steward) begin(ctx context.Context, row custody.Custody, evidence bool) (*change, error) {
	m, err := s.moment(ctx, row.Device, evidence)
	if err != nil {
		return nil, err
	}
	ch := &change{prev: row, next: row, now: m.Now, evidence: evidence}
	if m.Owed == 0 {
		return ch, nil
	}
	owed, err := s.Live.Owed(ctx, row.Device)
	if err != nil {
		return nil, fmt.Errorf("reading what history is owed for %s: %w", row.Device, err)
	}
	written := 0
	for i, e := range owed {
		if row.Owed != "" && e.Detail == row.Owed {
			written = i + 1
		}
	}
	if written == len(owed) {
		return ch, nil // by another server, which settles it; or the next entry's writer does
	}
	ch.owed = len(owed)
	ch.next.Version++
	ch.next.Owed = owed[len(owed)-1].Detail
	for _, e := range owed[written:] {
		e.Device, e.Version = row.Device, ch.next.Version
		e.Hash = custody.Seal(ch.next.Head, e)
		ch.next.Head = e.Hash
		ch.entries = append(ch.entries, e)
	}
	return ch, nil
}

func (ch *change) decide(e custody.Event, p custody.Policy) error {
	out, err := custody.Decide(ch.next, e, p, ch.now)
	if err != nil {
		return err
	}
	ch.next = out.Next
	ch.entries = append(ch.entries, out.Entries...)
	ch.nudge = ch.nudge || out.Nudge
	return nil
}

func (ch *change) changed() bool { return ch.next.Version != ch.prev.Version }

// commit writes a change in the order of hand-over rule 1.
func (s *Steward) commit(ctx context.Context, ch *change, p custody.Policy, due custody.Due) error {
	if !ch.changed() {
		return nil
	}
	if ch.prev.State == custody.InUse && ch.next.State != custody.InUse {
		if err := s.restrict(ctx, ch, p, due); err != nil {
			return err
		}
	}
	err := s.Ledger.Commit(ctx, custody.Change{Prev: ch.prev, Next: ch.next, Entries: ch.entries, Fleet: p.Fleet})
	if errors.Is(err, custody.ErrStale) {
		return errRaced
	}
	if err != nil {
		return fmt.Errorf("committing custody of %s: %w", ch.prev.Device, err)
	}
	if ch.owed > 0 {
		if err := s.Live.Settle(ctx, ch.prev.Device, ch.owed); err != nil {
			s.Logger.Warn("settling owed history", "device", ch.prev.Device, "err", err)
		}
	}
	return s.publish(ctx, ch, p)
}

// restrict closes the session in live before the ledger is told. A timer's
// restriction must match what it was claimed with; anybody else's first brings
// a lagging mirror up to the row.
func (s *Steward) restrict(ctx context.Context, ch *change, p custody.Policy, due custody.Due) error {
	r := custody.Restriction{Device: ch.prev.Device, Epoch: ch.prev.Epoch, Version: ch.prev.Version, Retry: s.Hold}
	if due.Idle {
		r = s.restriction(due)
	}
	err := s.Live.Restrict(ctx, r)
	if errors.Is(err, custody.ErrStale) && !due.Idle {
		if err = s.Live.Publish(ctx, mirror(ch.prev, p, false)); err == nil {
			err = s.Live.Restrict(ctx, r)
		}
		if errors.Is(err, custody.ErrStale) {
			return errRaced
		}
	}
	switch {
	case err == nil, errors.Is(err, custody.ErrNotFound):
		return nil
	case ch.evidence && !errors.Is(err, custody.ErrStale):
		s.Logger.Warn("closing the session in live", "device", ch.prev.Device, "err", err)
		return nil
	}
	return fmt.Errorf("closing the session on %s: %w", ch.prev.Device, err)
}

// publish tells live. Only a session that was just granted needs live to
// answer: without it nobody holds one.
func (s *Steward) publish(ctx context.Context, ch *change, p custody.Policy) error {
	grant := ch.next.State == custody.InUse && (ch.prev.State != custody.InUse || ch.prev.Epoch != ch.next.Epoch)
	err := s.Live.Publish(ctx, mirror(ch.next, p, grant))
	if ch.nudge {
		s.nudge(ch.next.Device)
	}
	if err == nil {
		return nil
	}
	s.Logger.Warn("publishing", "device", ch.next.Device, "err", err)
	if grant {
		return fmt.Errorf("opening the session on %s: %w", ch.next.Device, err)
	}
	return nil
}

// mirror is a row as live keeps it.
func mirror(c custody.Custody, p custody.Policy, grant bool) custody.Mirror {
	m := custody.Mirror{Row: c, Wake: custody.Wake(c, p), Grant: grant}
	if p.Evidence == custody.EvidencePage {
		m.Warn, m.Lock = custody.IdleTimes(c, p)
	}
	if cmd, err := plan.LockWithoutLedger(c); err == nil && cmd != nil {
		m.LockCommand, m.LockUUID = cmd.Body, cmd.UUID
	}
	return m
}
