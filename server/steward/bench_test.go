package steward_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

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
	redis   livetest.Redis
}

func open(b *testing.B, lock time.Duration) bench {
	b.Helper()
	l := ledgertest.Open(b, ledgertest.SQLite(b))
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	p.Lock, p.Warn = lock, lock/2
	if err := l.AddWard(b.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: p}); err != nil {
		b.Fatal(err)
	}
	r := livetest.StartServer(b).Fresh(b)
	v := livetest.Open(b, r)
	for n := range custody.Buckets { // SQL knows the buckets that are in Redis
		mine := custody.BucketState{Bucket: n, ID: livetest.BucketID(n)}
		if err := l.AdoptBucket(b.Context(), custody.BucketState{Bucket: n}, mine); err != nil {
			b.Fatal(err)
		}
	}
	s := steward.New(steward.Options{Ledger: l, Live: v, Driver: nobody{}, NewID: func() string { return "x" }})
	return bench{b, l, v, s, r}
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

// counted counts the locks that the ledger has taken.
type counted struct {
	*ledger.Ledger
	taken *atomic.Int64
}

func (l counted) Commit(ctx context.Context, ch custody.Change) error {
	err := l.Ledger.Commit(ctx, ch)
	if err == nil && ch.Next.State == custody.Locked {
		l.taken.Add(1)
	}
	return err
}

// BenchmarkIdleSweep locks 100,000 sessions whose deadlines have all passed:
// claimed, closed in Redis, committed to SQL with history, published. With
// -short there are 5,000.
func BenchmarkIdleSweep(b *testing.B) {
	sessions := 100_000
	if testing.Short() {
		sessions = 5_000
	}
	h := open(b, time.Minute)
	h.clean(sessions)
	var taken atomic.Int64
	for b.Loop() {
		b.StopTimer()
		taken.Store(0)
		h.together(sessions, func(i int) error {
			row, err := h.ledger.Custody(b.Context(), device(i))
			if err != nil {
				return err
			}
			next := custody.Custody{Device: row.Device, Ward: row.Ward, State: custody.InUse, Holder: "ada", Epoch: row.Epoch + 1,
				Version: row.Version + 1, Since: time.Now().UTC(), Opened: time.Now().UTC()}
			if err := h.ledger.Commit(b.Context(), custody.Change{Prev: row, Next: next}); err != nil {
				return err
			}
			// In use without a session: due at once.
			return h.live.Publish(b.Context(), custody.Mirror{Row: next, Lock: time.Minute})
		})
		s := steward.New(steward.Options{Ledger: counted{h.ledger, &taken}, Live: h.live, Driver: nobody{}, NewID: uuid.NewString,
			BeatEvery: time.Hour, SweepEvery: 10 * time.Millisecond})
		ctx, stop := context.WithCancel(b.Context())
		var running sync.WaitGroup
		b.StartTimer()
		running.Go(func() { s.Run(ctx) })
		for end := time.Now().Add(10 * time.Minute); taken.Load() < int64(sessions); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				b.Fatalf("%d of %d are locked", taken.Load(), sessions)
			}
		}
		b.StopTimer()
		stop()
		running.Wait()
		b.StartTimer()
	}
	b.ReportMetric(float64(sessions*b.N)/b.Elapsed().Seconds(), "locks/s")
}
