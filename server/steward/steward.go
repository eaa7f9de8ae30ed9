// Package steward changes custody, and nothing else does.
//
// A change goes one way: [custody.Decide] on the row that was read, one
// compare-and-set in the ledger with its history, then live, then a nudge.
// What closes a session is told to live first, what opens one to the ledger
// first, so live may be stricter than the ledger and never looser (hand-over
// rule 1). A crash between any two of these writes leaves a state that the
// sweeper or the reconciler takes further.
//
// [Steward.Exchange] is the one door to a device: it takes a report and
// answers with the next command of the present run, recorded before it leaves.
//
// Time is Redis' TIME, read through live. While live cannot be reached, what a
// device itself shows (check-ins, reports) is still taken, at the last reading
// plus the time that has passed since on the monotonic clock; nothing is
// granted then. That is looser than refusing, and on purpose: a device that
// comes back from an erase and finds no server needs hands.
package steward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Driver reaches devices. Nudge may be late or lost; Inputs gathers what a
// plan needs for a row.
type Driver interface {
	Nudge(ctx context.Context, id custody.DeviceID) error
	Inputs(ctx context.Context, row custody.Custody) (plan.Inputs, error)
}

// Options are what a steward is made of. Zero durations and counts get defaults.
type Options struct {
	Ledger custody.Ledger
	Live   custody.Live
	Driver Driver
	Logger *slog.Logger
	// Count is told of things worth counting: a name of a few words in snake case.
	Count func(name string)
	// NewID makes a bucket's random id.
	NewID func() string
	// Errands are what devices are asked beside their plans; nil: nothing.
	Errands Errands

	SweepEvery time.Duration // between two looks for due devices; 100 ms
	BeatEvery  time.Duration // between two beats; 1 s
	Hold       time.Duration // a claimed wake is hidden from other sweepers this long; 5 s
	Batch      int           // devices claimed at once; 500
	Workers    int           // due devices worked on at once; 384, so that the ledger can group their commits
	Nudgers    int           // nudges sent at once; 8
}

// Steward applies events to custody. Any number of servers may run one over
// the same stores.
type Steward struct {
	Options
	nudges  chan custody.DeviceID
	wakes   chan claimed
	clock   lastTime
	buckets bucketWatch
}

// queued is how many batches of due devices may wait for the ledger: about what
// it can take before their claims end and others may have them.
const queued = 20

// New returns a steward; [Steward.Run] does its background work.
func New(o Options) *Steward {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.SweepEvery, 100*time.Millisecond)
	def(&o.BeatEvery, time.Second)
	def(&o.Hold, 5*time.Second)
	if o.Batch <= 0 {
		o.Batch = 500
	}
	if o.Workers <= 0 {
		o.Workers = 384
	}
	if o.Nudgers <= 0 {
		o.Nudgers = 8
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	return &Steward{Options: o, nudges: make(chan custody.DeviceID, 1024), wakes: make(chan claimed, queued*o.Batch)}
}

// Run sweeps, wakes, beats and nudges until ctx ends. It returns when all its
// goroutines have.
func (s *Steward) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.every(ctx, s.SweepEvery, "sweeping", func() error { return s.SweepAll(ctx) }) })
	wg.Go(func() { s.every(ctx, s.BeatEvery, "reconciling", func() error { return s.Reconcile(ctx) }) })
	for range s.Nudgers {
		wg.Go(func() { s.nudger(ctx) })
	}
	for range min(wakers, s.Workers) {
		wg.Go(func() { s.waker(ctx) })
	}
	wg.Wait()
}

// every calls f until ctx ends, and says once when it starts to fail and once when it works again.
func (s *Steward) every(ctx context.Context, d time.Duration, what string, f func() error) {
	t := time.NewTicker(d)
	defer t.Stop()
	failing := false
	for {
		if err := f(); err != nil && ctx.Err() == nil {
			if !failing {
				s.Logger.Warn(what+" fails", "err", err)
			}
			failing = true
		} else if failing && ctx.Err() == nil {
			s.Logger.Info(what + " works again")
			failing = false
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// nudge asks for a push without waiting for it. A full queue drops it: the
// row's next wake is the retry.
func (s *Steward) nudge(id custody.DeviceID) {
	select {
	case s.nudges <- id:
	default:
		s.Count("nudge_dropped")
	}
}

// nudgeFor bounds one nudge, so that none holds the others up for good.
const nudgeFor = 15 * time.Second

func (s *Steward) nudger(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-s.nudges:
			short, cancel := context.WithTimeout(ctx, nudgeFor)
			err := s.Driver.Nudge(short, id)
			cancel()
			if err != nil && ctx.Err() == nil {
				s.Count("nudge_failed")
				s.Logger.Info("nudging", "device", id, "err", err)
			}
		}
	}
}

// lastTime remembers the last reading of Redis' TIME against the monotonic clock.
type lastTime struct {
	mu     sync.Mutex
	redis  time.Time
	readAt time.Time
}

func (l *lastTime) keep(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.redis, l.readAt = t, time.Now()
}

func (l *lastTime) guess() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.redis.Add(time.Since(l.readAt)), !l.redis.IsZero()
}

// moment reads the time that decides. With evidence set, a live that cannot be
// reached is bridged (see the package comment).
func (s *Steward) moment(ctx context.Context, id custody.DeviceID, evidence bool) (custody.Moment, error) {
	m, err := s.Live.Now(ctx, id)
	switch {
	case err == nil:
		s.clock.keep(m.Now)
		return m, nil
	case evidence && (errors.Is(err, custody.ErrUnavailable) || errors.Is(err, custody.ErrLost)):
		if now, ok := s.clock.guess(); ok {
			s.Count("time_bridged")
			return custody.Moment{Now: now}, nil
		}
	}
	return m, fmt.Errorf("reading the time for %s: %w", id, err)
}
