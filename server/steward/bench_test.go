package steward_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/steward"
)

// The benchmarks run on a real SQLite file and a real redis-server.

type nobody struct{}

func (nobody) Nudge(context.Context, custody.DeviceID) error { return nil }
func (nobody) Inputs(context.Context, custody.Custody) (plan.Inputs, error) {
	return plan.Inputs{}, nil
}

type bench struct {
	*testing.B
	ledger  *ledger.Ledger
	live    *live.Live
	steward *steward.Steward
}

func open(b *testing.B, lock time.Duration) bench {
	b.Helper()
	l := ledgertest.Open(b, ledgertest.SQLite(b))
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	p.Lock, p.Warn = lock, lock/2
	if err := l.AddWard(b.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: p}); err != nil {
		b.Fatal(err)
	}
	v := livetest.Open(b, livetest.StartServer(b).Fresh(b))
	s := steward.New(steward.Options{Ledger: l, Live: v, Driver: nobody{}, NewID: func() string { return "x" }})
	return bench{b, l, v, s}
}

func device(i int) custody.DeviceID { return custody.DeviceID(fmt.Sprintf("DMPZ%06d", i)) }

// together does f for 0..n-1 from 64 goroutines.
func (b bench) together(n int, f func(i int) error) {
	b.Helper()
	work := make(chan int)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range work {
				if err := f(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

// clean adds n devices that are clean.
func (b bench) clean(n int) {
	b.Helper()
	b.together(n, func(i int) error {
		if err := b.ledger.AddDevice(b.Context(), ledger.Device{ID: device(i), Ward: "4B", Name: fmt.Sprint(i)}); err != nil {
			return err
		}
		row, err := b.ledger.Custody(b.Context(), device(i))
		if err != nil {
			return err
		}
		return b.reset(row)
	})
}

// reset makes a row clean, whatever it was.
func (b bench) reset(row custody.Custody) error {
	next := custody.Custody{Device: row.Device, Ward: row.Ward, State: custody.Clean, Epoch: row.Epoch, Version: row.Version + 1, Since: time.Now().UTC()}
	return b.ledger.Commit(b.Context(), custody.Change{Prev: row, Next: next})
}

// BenchmarkTap is the tap path behind the sign-in: decide, commit with history,
// open the session. The floor is one bare commit and one reading of Redis'
// TIME on the same stores.
func BenchmarkTap(b *testing.B) {
	h := open(b, 2*time.Minute)
	h.clean(2)
	b.Run("floor", func(b *testing.B) {
		row, err := h.ledger.Custody(b.Context(), device(1))
		for b.Loop() && err == nil {
			next := row
			next.Version++
			if err = h.ledger.Commit(b.Context(), custody.Change{Prev: row, Next: next}); err == nil {
				_, err = h.live.Now(b.Context(), device(1))
			}
			row = next
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("claim", func(b *testing.B) {
		for b.Loop() {
			row, err := h.steward.Apply(b.Context(), device(0), custody.Claim{By: "ada"})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := h.reset(row); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkIdleSweep locks 100,000 sessions whose deadlines have all passed:
// claimed, closed in Redis, committed to SQL with history, published. With
// -short there are 5,000.
func BenchmarkIdleSweep(b *testing.B) {
	sessions := 100_000
	if testing.Short() {
		sessions = 5_000
	}
	h := open(b, time.Second)
	h.clean(sessions)
	for b.Loop() {
		b.StopTimer()
		h.together(sessions, func(i int) error {
			row, err := h.ledger.Custody(b.Context(), device(i))
			if err == nil && row.State != custody.Clean {
				err = h.reset(row)
			}
			if err == nil {
				_, err = h.steward.Apply(b.Context(), device(i), custody.Claim{By: "ada"})
			}
			return err
		})
		time.Sleep(1100 * time.Millisecond)
		b.StartTimer()
		if err := h.steward.SweepAll(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		row, err := h.ledger.Custody(b.Context(), device(sessions-1))
		if err != nil || row.State != custody.Locked {
			b.Fatalf("the last session is %s, %v", row.State, err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(sessions*b.N)/b.Elapsed().Seconds(), "locks/s")
}
