package steward

import (
	"context"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// wakers are how many groups of due devices are on their way to the ledger at
// once: one is read and decided while another is written and a third published.
const wakers = 3

// together does what a group of due devices is due for, each as [Steward.tell]
// does and by the same compare-and-set, but with one question to each store for
// all of them. What is out of the ordinary with one of them, such as owed
// history or a lost race, is left to tell, after the others.
func (s *Steward) together(ctx context.Context, dues []custody.Due) {
	if len(dues) == 1 {
		s.tell(ctx, dues[0])
		return
	}
	g, err := s.lookTogether(ctx, dues)
	if unreachable(err) { // it would meet each of them too
		for _, d := range dues {
			s.woken(ctx, d, err)
		}
		return
	}
	var alone []custody.Due
	changes := make([]*dueChange, 0, len(dues))
	for i, d := range dues {
		ch, err := g.decide(s, i)
		switch {
		case errors.Is(err, errAlone):
			alone = append(alone, d)
		case err != nil:
			s.woken(ctx, d, err)
		case ch.changed():
			changes = append(changes, ch)
		}
	}
	for _, ch := range s.commitTogether(ctx, changes) {
		if errors.Is(ch.err, custody.ErrStale) {
			s.Count("race_lost")
			alone = append(alone, ch.due)
			continue
		}
		s.woken(ctx, ch.due, fmt.Errorf("committing custody of %s: %w", ch.due.Device, ch.err))
	}
	for _, d := range alone {
		s.tell(ctx, d)
	}
}

// errAlone: the device needs more than what a group asks for.
var errAlone = errors.New("it is not like the others")

// lookedAt is what the stores say of a group.
type lookedAt struct {
	dues     []custody.Due
	rows     map[custody.DeviceID]custody.Custody
	moments  []custody.Moment
	errs     []error // of the moments
	policies map[string]custody.Policy
}

// lookTogether reads the rows and then the time, in this order as one device's
// are, and the policies of their wards.
func (s *Steward) lookTogether(ctx context.Context, dues []custody.Due) (g lookedAt, err error) {
	g.dues, g.policies = dues, map[string]custody.Policy{}
	ids := make([]custody.DeviceID, len(dues))
	for i, d := range dues {
		ids[i] = d.Device
	}
	g.rows, err = soon(ctx, func(ctx context.Context) (map[custody.DeviceID]custody.Custody, error) {
		return s.Ledger.Custodies(ctx, ids)
	})
	if err != nil {
		return g, fmt.Errorf("reading custody of %d due devices: %w", len(ids), err)
	}
	g.moments, g.errs = s.Live.Moments(ctx, ids)
	for _, row := range g.rows {
		if _, known := g.policies[row.Ward]; known {
			continue
		}
		p, err := s.policy(ctx, row.Ward)
		if unreachable(err) {
			return g, err
		}
		if err == nil {
			g.policies[row.Ward] = p
		}
	}
	return g, nil
}

// dueChange is what one due device becomes.
type dueChange struct {
	change
	due    custody.Due
	policy custody.Policy
	err    error // of its commit
}

// decide is what the i-th device becomes, or errAlone.
func (g *lookedAt) decide(s *Steward, i int) (*dueChange, error) {
	due := g.dues[i]
	row, ok := g.rows[due.Device]
	policy, known := g.policies[row.Ward]
	if !ok || !known || g.errs[i] != nil || g.moments[i].Owed > 0 {
		return nil, errAlone
	}
	s.clock.keep(g.moments[i].Now)
	ch := &dueChange{change: change{prev: row, next: row, now: g.moments[i].Now}, due: due, policy: policy}
	if err := ch.decide(happened(due), policy); err != nil {
		return nil, err
	}
	if p, ok := plan.Start(ch.next, policy); ok {
		if err := ch.decide(p, policy); err != nil {
			return nil, err
		}
	}
	if row.State == custody.InUse && ch.next.State != custody.InUse && !closes(due, row) {
		return nil, errAlone // its session is closed in live first
	}
	return ch, nil
}

// closes reports whether the claim of a due device has closed the session of
// just this row: live opens it again only for a row that is newer, and then the
// compare-and-set refuses this one.
func closes(due custody.Due, row custody.Custody) bool {
	return due.Idle && due.Epoch == row.Epoch && due.Version == row.Version
}

// commitTogether commits changes at the same time, so that the ledger groups
// them, publishes those that it took and nudges their devices. It returns the others.
func (s *Steward) commitTogether(ctx context.Context, changes []*dueChange) (refused []*dueChange) {
	s.parallel(len(changes), func(i int) {
		ch := changes[i]
		ch.err = s.Ledger.Commit(ctx, custody.Change{Prev: ch.prev, Next: ch.next, Entries: ch.entries, Fleet: ch.policy.Fleet})
	})
	mirrors := make([]custody.Mirror, 0, len(changes))
	for _, ch := range changes {
		if ch.err != nil {
			refused = append(refused, ch)
			continue
		}
		mirrors = append(mirrors, mirror(ch.next, ch.policy, false))
	}
	if err := s.Live.Publish(ctx, mirrors...); err != nil {
		s.Logger.Warn("publishing", "devices", len(mirrors), "err", err) // the reconciler is the retry
	}
	for _, ch := range changes {
		if ch.err == nil && ch.nudge {
			s.nudge(ch.next.Device)
		}
	}
	return refused
}
