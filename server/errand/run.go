package errand

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

const (
	keepEvery  = 5 * time.Second // facts of plans reach the ledger so often
	sweepEvery = time.Minute
	nudgeFor   = 5 * time.Second
	// batch is the most devices that one sweep asks: with a sweep a minute, 5,000
	// iPads that were all silent are through in twenty minutes.
	batch = 256
	// chunk is the most facts of one statement.
	chunk = 500
	// keptFor is how long an ask is shown after it has expired.
	keptFor = 7 * 24 * time.Hour
	// seenEvery is how exactly "last seen" is kept: a device that polls costs no
	// more than one row in so long.
	seenEvery = time.Minute
)

// Run asks by the schedule, pushes, and keeps what was heard, until ctx ends.
// It returns when all its goroutines have; what was heard by then is kept.
func (d *Desk) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { d.every(ctx, sweepEvery, "asking by the schedule", d.Sweep) })
	wg.Go(func() { d.every(ctx, keepEvery, "keeping facts", d.Keep) })
	wg.Go(func() { d.pusher(ctx) })
	wg.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookup)
	defer cancel()
	if err := d.Keep(last); err != nil {
		d.Logger.Info("keeping facts", "err", err)
	}
}

// every calls f until ctx ends, and says once when it starts to fail.
func (d *Desk) every(ctx context.Context, period time.Duration, what string, f func(context.Context) error) {
	t := time.NewTicker(period)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := f(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			d.Logger.Warn(what+" fails", "err", err)
		}
		failing = err != nil
	}
}

// Sweep asks what is due by the schedule, of at most 256 devices, and forgets
// what is long past.
func (d *Desk) Sweep(ctx context.Context) error {
	now := d.Now()
	if err := d.Store.DropAsks(ctx, now.Add(-keptFor)); err != nil {
		return err
	}
	if d.Schedule == (Schedule{}) {
		return nil
	}
	observed, err := d.Store.Observed(ctx)
	if err != nil {
		return err
	}
	asked, err := d.Store.Asked(ctx)
	if err != nil {
		return err
	}
	var rows []custody.Custody
	broken := d.Store.Rows(ctx, 0, func(c custody.Custody) error { rows = append(rows, c); return nil })
	return errors.Join(broken, d.askDue(ctx, d.Schedule.dues(rows, observed, asked, now, batch)))
}

// askDue asks each of dues, and each of their devices once to connect.
func (d *Desk) askDue(ctx context.Context, dues []due) error {
	var errs []error
	called := map[custody.DeviceID]bool{}
	for _, due := range dues {
		if ctx.Err() != nil {
			break
		}
		_, err := d.put(ctx, Ask{Device: due.device, Kind: due.kind, Rank: RankInventory, Expires: due.expires})
		switch {
		case custody.Refused(err) != "": // it has left its enrolment since the rows were read
		case err != nil:
			errs = append(errs, err)
		case !called[due.device]:
			called[due.device] = true
			d.call(d.calm, due.device)
		}
	}
	return errors.Join(errs...)
}

// call asks a device to connect, without waiting for it. A full queue drops it:
// the device comes by itself, or is asked again.
func (d *Desk) call(queue chan<- custody.DeviceID, id custody.DeviceID) {
	select {
	case queue <- id:
	default:
		d.Count("errand_nudge_dropped")
	}
}

// pusher asks devices to connect, one after the other: those that a person
// waits for first. A device that the schedule asks is pushed only if it is
// still free, since whoever is locking or wiping it pushes it already.
func (d *Desk) pusher(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-d.urgent:
			d.push(ctx, id)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case id := <-d.urgent:
			d.push(ctx, id)
		case id := <-d.calm:
			if row, err := d.Store.Custody(ctx, id); err == nil && Free(row) {
				d.push(ctx, id)
			}
		}
	}
}

func (d *Desk) push(ctx context.Context, id custody.DeviceID) {
	ctx, cancel := context.WithTimeout(ctx, nudgeFor)
	defer cancel()
	if err := d.Nudge(ctx, id); err != nil && !errors.Is(err, context.Canceled) {
		d.failed("nudge", id, err)
	}
}

// keep puts facts where the next batch finds them. Past the bound they are
// dropped: the schedule asks again.
func (d *Desk) keep(id custody.DeviceID, facts []plan.Fact, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.seen) >= maxHeard {
		clear(d.seen)
	}
	if now.Sub(d.seen[id]) >= seenEvery {
		d.seen[id] = now
		facts = append(facts, plan.Fact{Kind: plan.FactSeen, Value: true})
	}
	for _, f := range known(id, facts, now) {
		key := factKey{id, f.Kind}
		if _, there := d.heard[key]; !there && len(d.heard) >= maxHeard {
			d.Count("fact_dropped")
			continue
		}
		d.heard[key] = f
	}
}

// Keep writes the facts that wait.
func (d *Desk) Keep(ctx context.Context) error {
	d.mu.Lock()
	heard := d.heard
	d.heard = map[factKey]ledger.Fact{}
	d.mu.Unlock()
	list := make([]ledger.Fact, 0, len(heard))
	for _, f := range heard {
		list = append(list, f)
	}
	var errs []error
	for len(list) > 0 {
		n := min(chunk, len(list))
		errs = append(errs, d.Store.PutFacts(ctx, list[:n]))
		list = list[n:]
	}
	return errors.Join(errs...)
}

// Watch tells when something of a device's errands changes on this server, and
// how to stop. Signals are not counted: one may stand for several.
func (d *Desk) Watch(id custody.DeviceID) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watching[id] == nil {
		d.watching[id] = map[chan struct{}]bool{}
	}
	d.watching[id][ch] = true
	return ch, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watching[id], ch)
		if len(d.watching[id]) == 0 {
			delete(d.watching, id)
		}
	}
}

func (d *Desk) tell(id custody.DeviceID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ch := range d.watching[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
