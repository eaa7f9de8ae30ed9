package steward

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// inHand is how many messages of devices a server works on at once (mdm's InFlight).
const inHand = 256

// erasing is a steward over one pair of stores, and what it asked of them.
type erasing struct {
	*testing.B
	ledger  custody.Ledger
	live    custody.Live
	steward *Steward
	places  chan struct{}

	commits, times, writes atomic.Int64
}

type tallyLedger struct {
	custody.Ledger
	n *atomic.Int64
}

func (l tallyLedger) Commit(ctx context.Context, ch custody.Change) error {
	l.n.Add(1)
	return l.Ledger.Commit(ctx, ch)
}

type tallyLive struct {
	custody.Live
	times, writes *atomic.Int64
}

func (l tallyLive) Now(ctx context.Context, id custody.DeviceID) (custody.Moment, error) {
	l.times.Add(1)
	return l.Live.Now(ctx, id)
}

func (l tallyLive) Publish(ctx context.Context, ms ...custody.Mirror) error {
	l.writes.Add(int64(len(ms)))
	return l.Live.Publish(ctx, ms...)
}

// settings gathers what a wipe needs, the policy from the ledger as the engine does.
type settings struct{ custody.Ledger }

func (settings) Nudge(context.Context, custody.DeviceID) error { return nil }
func (s settings) Inputs(ctx context.Context, c custody.Custody) (plan.Inputs, error) {
	p, err := s.Policy(ctx, c.Ward)
	return plan.Inputs{Policy: p, Organisation: "General", ServerURL: "https://mdm.example.org", Topic: "com.apple.mgmt.External.0",
		Challenge: "challenge", KioskURL: "https://mdm.example.org/kiosk/start/secret"}, err
}

func newErasing(b *testing.B, l custody.Ledger, v custody.Live) *erasing {
	e := &erasing{B: b, ledger: l, live: v, places: make(chan struct{}, inHand)}
	e.steward = New(Options{Ledger: tallyLedger{l, &e.commits}, Live: tallyLive{v, &e.times, &e.writes}, Driver: settings{l},
		NewID: func() string { return "x" }})
	return e
}

// inMemory are stores that cost nothing: what is left is the steward's own work.
func inMemory(b *testing.B, policy custody.Policy, _ int) *erasing {
	s := newStores()
	s.policies["4B"] = policy
	e := newErasing(b, s.memory, &client{redis: s.redis})
	for range 2 { // makes the buckets
		if err := e.steward.Reconcile(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

// onRealStores are a SQLite file and a redis-server.
func onRealStores(b *testing.B, policy custody.Policy, devices int) *erasing {
	l := ledgertest.Open(b, ledgertest.SQLite(b))
	if err := l.AddWard(b.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: policy}); err != nil {
		b.Fatal(err)
	}
	v := livetest.Open(b, livetest.StartServer(b).Fresh(b))
	for n := range custody.Buckets { // SQL knows the buckets that are in Redis
		mine := custody.BucketState{Bucket: n, ID: livetest.BucketID(n)}
		if err := l.AdoptBucket(b.Context(), custody.BucketState{Bucket: n}, mine); err != nil {
			b.Fatal(err)
		}
	}
	e := newErasing(b, l, v)
	e.together(devices, func(id custody.DeviceID) error {
		return l.AddDevice(b.Context(), ledger.Device{ID: id, Ward: "4B", Name: string(id)})
	})
	return e
}

// together does f for every device at once.
func (e *erasing) together(devices int, f func(id custody.DeviceID) error) {
	e.Helper()
	var wg sync.WaitGroup
	for i := range devices {
		wg.Go(func() {
			if err := f(custody.DeviceID(fmt.Sprintf("DMPW%06d", i))); err != nil {
				e.Error(err)
			}
		})
	}
	wg.Wait()
}

// message waits for its turn at the server, as one at /mdm does.
func (e *erasing) message(f func() error) error {
	e.places <- struct{}{}
	defer func() { <-e.places }()
	return f()
}

// lock puts a device back to where it is locked with somebody's session.
func (e *erasing) lock(id custody.DeviceID) error {
	row, err := e.ledger.Custody(e.Context(), id)
	if errors.Is(err, custody.ErrNotFound) {
		row, err = custody.Custody{Device: id}, nil
	}
	if err != nil {
		return err
	}
	m, err := e.live.Now(e.Context(), id)
	if err != nil {
		return err
	}
	next := custody.Custody{Device: id, Ward: "4B", State: custody.Locked, Holder: "ada", Epoch: row.Epoch + 1, Version: row.Version + 1,
		Since: m.Now, Opened: m.Now, ResumeUntil: m.Now.Add(time.Hour), Enrolment: "before", Head: row.Head}
	return e.ledger.Commit(e.Context(), custody.Change{Prev: row, Next: next})
}

// wipe is a manager's wipe of one iPad from the request to the proof. The iPad
// does what it is told at once, and comes back under another certificate.
func (e *erasing) wipe(id custody.DeviceID) error {
	ctx, charged := e.Context(), 0.9
	tell := func(ev custody.Event) error {
		return e.message(func() error { _, err := e.steward.Apply(ctx, id, ev); return err })
	}
	if err := tell(custody.Wipe{By: "maria"}); err != nil {
		return err
	}
	r := plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: "before", Status: plan.StatusIdle}
	for range 40 {
		var cmd *plan.Command
		err := e.message(func() (err error) { cmd, err = e.steward.Exchange(ctx, r, nil); return err })
		if err != nil {
			return err
		}
		if cmd == nil && r.Status == plan.StatusIdle {
			row, err := e.ledger.Custody(ctx, id)
			if err != nil || row.State == custody.Clean {
				return err
			}
		}
		r = plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: r.Enrolment, Status: plan.StatusIdle}
		if cmd == nil {
			continue
		}
		r.Status, r.Command = plan.StatusAcknowledged, cmd.UUID
		switch cmd.Request {
		case "DeviceInformation":
			r.Battery = &charged
		case "ProfileList":
			r.Profiles = []string{encode.RestrictionsID, encode.KioskID}
		case "EraseDevice":
			err := e.message(func() error { _, err := e.steward.Exchange(ctx, r, nil); return err })
			for _, ev := range []custody.Event{custody.Authenticated{Enrolment: "after"}, custody.TokenUpdated{Enrolment: "after", Awaiting: true}} {
				if err == nil {
					err = tell(ev)
				}
			}
			if err != nil {
				return err
			}
			r = plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: "after", Status: plan.StatusIdle}
		}
	}
	return fmt.Errorf("the wipe of %s does not end", id)
}

// bare is what the stores alone take for what a wipe asks of them: as many
// readings of Redis' TIME, commits of a row without history, and rows written
// to Redis, one after the other.
func (e *erasing) bare(id custody.DeviceID, times, commits, writes int) error {
	row, err := e.ledger.Custody(e.Context(), id)
	if err != nil {
		return err
	}
	for i := range max(times, commits, writes) {
		err := e.message(func() error {
			if i < times {
				if _, err := e.live.Now(e.Context(), id); err != nil {
					return err
				}
			}
			next := row
			next.Version++
			if i < commits {
				if err := e.ledger.Commit(e.Context(), custody.Change{Prev: row, Next: next}); err != nil {
					return err
				}
				row = next
			}
			if i < writes {
				return e.live.Publish(e.Context(), custody.Mirror{Row: row})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkWipes1000 wipes 1,000 iPads at once, each through its whole plan:
// asked for, preflight, erase, back under another certificate, set up, seen and
// idle. The floor is the same number of scripts and commits on the same stores.
func BenchmarkWipes1000(b *testing.B) {
	const devices = 1000
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	for _, c := range []struct {
		name string
		open func(*testing.B, custody.Policy, int) *erasing
	}{{"memory", inMemory}, {"sqlite+redis", onRealStores}} {
		b.Run(c.name, func(b *testing.B) {
			e := c.open(b, policy, devices)
			var times, commits, writes int
			b.Run("wipes", func(b *testing.B) {
				e.B = b
				var all [3]int64
				for b.Loop() {
					b.StopTimer()
					e.together(devices, e.lock)
					e.times.Store(0)
					e.commits.Store(0)
					e.writes.Store(0)
					b.StartTimer()
					e.together(devices, e.wipe)
					all = [3]int64{e.times.Load(), e.commits.Load(), e.writes.Load()}
				}
				times, commits, writes = int(all[0]/devices), int(all[1]/devices), int(all[2]/devices)
				b.ReportMetric(float64(devices*b.N)/b.Elapsed().Seconds(), "wipes/s")
				b.ReportMetric(float64(all[1])/devices, "commits/wipe")
				b.ReportMetric(float64(all[0]+all[2])/devices, "scripts/wipe")
			})
			b.Run("floor", func(b *testing.B) {
				e.B = b
				for b.Loop() {
					e.together(devices, func(id custody.DeviceID) error { return e.bare(id, times, commits, writes) })
				}
				b.ReportMetric(float64(devices*b.N)/b.Elapsed().Seconds(), "wipes/s")
			})
		})
	}
}
