package steward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Exchange takes a device's report and answers with the next command of its
// present run, or nil. The report's meaning and the hand-over are one
// compare-and-set on the custody row, made before any byte leaves (hand-over
// rule 2); a connect that brings no news and gets no new command writes
// nothing. A report by the user channel, under another enrolment, or of
// another run or attempt changes nothing and is counted.
//
// Whoever has just read the device gives its look, and it is not read again
// unless another change came between; nil: nobody has.
func (s *Steward) Exchange(ctx context.Context, r plan.Report, look *custody.Look) (*plan.Command, error) {
	if r.Channel != plan.DeviceChannel {
		s.Count("exchange_wrong_channel")
		return nil, nil
	}
	var cmd *plan.Command
	err := errRaced
	for n := 0; n < tries && errors.Is(err, errRaced); n++ {
		cmd, err = s.exchangeOnce(ctx, r, look)
		look = nil
	}
	if errors.Is(err, custody.ErrUnavailable) && cmd == nil {
		if cmd, ok := s.lockWithoutLedger(ctx, r); ok {
			return cmd, nil
		}
	}
	if errors.Is(err, errRaced) {
		err = fmt.Errorf("exchanging with %s: %w after %d tries", r.Device, custody.ErrStale, tries)
	}
	if err != nil {
		s.Count("exchange_failed")
		return nil, err
	}
	return cmd, nil
}

// lookup bounds a reading of the ledger: a database that is silent for so long
// counts as one that cannot be reached, so that a lock does not wait for it.
const lookup = 2 * time.Second

func (s *Steward) look(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	row, err := soon(ctx, func(ctx context.Context) (custody.Custody, error) { return s.Ledger.Custody(ctx, id) })
	if err != nil {
		return row, fmt.Errorf("reading custody of %s: %w", id, err)
	}
	return row, nil
}

func (s *Steward) lookWithPolicy(ctx context.Context, id custody.DeviceID) (row custody.Custody, p custody.Policy, err error) {
	row, err = soon(ctx, func(ctx context.Context) (c custody.Custody, err error) {
		c, p, err = s.Ledger.CustodyAndPolicy(ctx, id)
		return c, err
	})
	if err != nil {
		return row, p, fmt.Errorf("reading custody of %s with its policy: %w", id, err)
	}
	return row, p, nil
}

func (s *Steward) policy(ctx context.Context, ward string) (custody.Policy, error) {
	p, err := soon(ctx, func(ctx context.Context) (custody.Policy, error) { return s.Ledger.Policy(ctx, ward) })
	if err != nil {
		return p, fmt.Errorf("reading the policy of ward %q: %w", ward, err)
	}
	return p, nil
}

func soon[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	short, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	v, err := read(short)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("no answer within %s: %w", lookup, custody.ErrUnavailable)
	}
	return v, err
}

func (s *Steward) exchangeOnce(ctx context.Context, r plan.Report, look *custody.Look) (*plan.Command, error) {
	if look == nil {
		row, err := s.look(ctx, r.Device)
		if err != nil {
			return nil, err
		}
		look = &custody.Look{Row: row, Asked: true}
	}
	row := look.Row
	if r.Enrolment != row.Enrolment {
		s.Count("exchange_old_enrolment")
		return nil, nil
	}
	ofPlan := s.heard(ctx, r)
	row, err := s.closed(ctx, row)
	if err != nil {
		return nil, err
	}
	if !row.Run.Active() && !row.Risk.Open() {
		return s.errand(ctx, row, r, look.Asked), nil
	}
	in, err := s.Driver.Inputs(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("gathering what a plan for %s needs: %w", r.Device, err)
	}
	ch, err := s.begin(ctx, row, true)
	if err != nil {
		return nil, err
	}
	cmd, err := s.converse(ch, ofPlan, in)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, ch, in.Policy, custody.Due{}); err != nil {
		return nil, err
	}
	if cmd == nil {
		cmd = s.errand(ctx, ch.next, r, look.Asked)
	}
	return cmd, nil
}

// closed brings a row up to a session that live has closed and the ledger was
// not told of: it may be readable and take nothing, and then the row alone
// would send the device away unlocked (hand-over rule 10).
func (s *Steward) closed(ctx context.Context, row custody.Custody) (custody.Custody, error) {
	if row.State != custody.InUse {
		return row, nil
	}
	session, err := s.Live.Session(ctx, row.Device)
	if err != nil || session.State != custody.Locked || session.Epoch != row.Epoch || session.Version != row.Version {
		return row, nil // open; or live is away, or shows an older row, perhaps the lock before a resume
	}
	row, err = s.applyOnce(ctx, row.Device, custody.Idle{Epoch: row.Epoch}, custody.Due{})
	if errors.Is(err, custody.ErrStale) {
		err = errRaced // it has left in_use meanwhile
	}
	return row, err
}

// converse decides what the report means and what the device is told.
func (s *Steward) converse(ch *change, r plan.Report, in plan.Inputs) (*plan.Command, error) {
	if ch.next.Risk.Open() && !r.Queued { // a connect to another's queue may be about to get the command
		if err := ch.decide(custody.Seen{}, in.Policy); err != nil {
			return nil, err
		}
	}
	if p, ok := plan.Observe(ch.next, r, in, ch.now); ok {
		if err := ch.decide(p, in.Policy); err != nil {
			return nil, err
		}
	} else if r.Command != "" && r.Status != plan.StatusNotNow {
		s.Count("report_ignored")
		s.Logger.Info("a report that changes nothing", "device", r.Device, "command", r.Command, "status", r.Status)
	}
	if r.Status == plan.StatusNotNow {
		return nil, nil // it has said that it will not now; the row's next wake asks again
	}
	return s.next(ch, in)
}

// next decides what the device is told.
func (s *Steward) next(ch *change, in plan.Inputs) (*plan.Command, error) {
	p, changed, cmd, err := plan.Next(ch.next, in, ch.now)
	if err != nil { // it may quote secrets: the row's sentence says what people need
		s.Count("command_cannot_be_made")
		s.Logger.Error("a command cannot be made", "device", ch.prev.Device, "step", ch.next.Run.Step)
	}
	if !changed {
		return cmd, nil
	}
	return cmd, ch.decide(p, in.Policy)
}

// lockWithoutLedger hands over the mirrored lock step while SQL cannot be
// reached, if the session is closed and the enrolment is the mirrored one. The
// entry it owes is kept first.
func (s *Steward) lockWithoutLedger(ctx context.Context, r plan.Report) (*plan.Command, bool) {
	if r.Status != plan.StatusIdle {
		return nil, false
	}
	m, err := s.Live.Mirror(ctx, r.Device)
	if err != nil || len(m.LockCommand) == 0 || m.Row.Enrolment != r.Enrolment {
		return nil, false
	}
	session, err := s.Live.Session(ctx, r.Device)
	if err != nil || session.State != custody.Locked {
		return nil, false
	}
	owed, err := s.Live.Owed(ctx, r.Device)
	if err != nil {
		return nil, false
	}
	if !slices.ContainsFunc(owed, func(e custody.Entry) bool { return strings.Contains(e.Detail, m.LockUUID) }) {
		e := custody.Entry{Kind: custody.KindOwed, Epoch: m.Row.Epoch, State: custody.Locked, At: session.Now, Run: m.Row.Run.ID,
			Detail: "DeviceLock " + m.LockUUID + " handed over while SQL could not be reached"}
		if err := s.Live.Owe(ctx, r.Device, e); err != nil {
			return nil, false
		}
	}
	s.Count("lock_without_ledger")
	return &plan.Command{UUID: m.LockUUID, Request: "DeviceLock", Step: "lock_without_ledger", Body: m.LockCommand}, true
}
