package live_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/live/livetest"
)

// Each benchmark runs on a redis-server of its own; touches are to be compared
// with the floor beside them: a script of the same arity that does nothing.

const benchDevices = 5_000

func benchDevice(i int) custody.DeviceID {
	return custody.DeviceID(fmt.Sprintf("DMPZ%06d", i%100_000))
}

func publishBench(b *testing.B, l *live.Live, n int, version int64, state custody.State, grant bool) {
	b.Helper()
	ms := make([]custody.Mirror, n)
	for i := range ms {
		ms[i] = custody.Mirror{Row: custody.Custody{Device: benchDevice(i), Ward: "4B", State: state, Epoch: 1, Version: version,
			Holder: "n.ade"}, Warn: 90 * time.Second, Lock: time.Hour, Grant: grant}
	}
	if err := l.Publish(b.Context(), ms...); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkTouch(b *testing.B) {
	l := livetest.Open(b, livetest.StartServer(b).Fresh(b))
	publishBench(b, l, benchDevices, 1, custody.InUse, true)
	one := map[string]func(i int) error{
		"touch": func(i int) error {
			_, err := l.Touch(b.Context(), benchDevice(i%benchDevices), 1)
			return err
		},
		"floor": func(i int) error { return l.Floor(b.Context(), benchDevice(i%benchDevices)) },
	}
	for _, name := range []string{"floor", "touch"} {
		b.Run("single/"+name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if err := one[name](i); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("parallel/"+name, func(b *testing.B) {
			var next atomic.Int64
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := one[name](int(next.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
		b.Run("pipelined/"+name, func(b *testing.B) {
			const batch = 100
			for i := 0; i < b.N; i += batch {
				ids := make([]custody.DeviceID, min(batch, b.N-i))
				for j := range ids {
					ids[j] = benchDevice((i + j) % benchDevices)
				}
				if err := l.Touches(b.Context(), ids, name == "floor"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkClaim100k is the time 4 sweepers take to claim 100,000 idle sessions.
func BenchmarkClaim100k(b *testing.B) {
	const devices, sweepers, limit = 100_000, 4, 5_000
	r := livetest.StartServer(b).Fresh(b)
	twice := 0
	for b.Loop() {
		b.StopTimer()
		if err := r.Client.FlushDB(b.Context()).Err(); err != nil {
			b.Fatal(err)
		}
		l := livetest.Open(b, r)
		publishBench(b, l, devices, 1, custody.InUse, false)
		dues := make([][]custody.Due, sweepers)
		var all sync.WaitGroup
		b.StartTimer()
		for i := range sweepers {
			all.Go(func() {
				for {
					got, err := l.ClaimDue(b.Context(), limit, time.Hour)
					if err != nil {
						b.Error(err)
					}
					if len(got) == 0 {
						return
					}
					dues[i] = append(dues[i], got...)
				}
			})
		}
		all.Wait()
		b.StopTimer()
		seen := map[custody.DeviceID]bool{}
		for _, mine := range dues {
			for _, d := range mine {
				if seen[d.Device] {
					twice++
				}
				seen[d.Device] = true
			}
		}
		if len(seen) != devices {
			b.Fatalf("claimed %d of %d", len(seen), devices)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(twice), "duplicates")
}

// BenchmarkPublish is the time a changed row takes in a republisher's batch;
// BenchmarkPublishUnchanged that of a row live has already.
func BenchmarkPublish(b *testing.B)          { benchPublish(b, 1) }
func BenchmarkPublishUnchanged(b *testing.B) { benchPublish(b, 0) }

func benchPublish(b *testing.B, step int64) {
	const batch = 1_000
	l := livetest.Open(b, livetest.StartServer(b).Fresh(b))
	publishBench(b, l, batch, 1, custody.Clean, false)
	b.ResetTimer()
	for i, version := 0, int64(1); i < b.N; i += batch {
		version += step
		publishBench(b, l, min(batch, b.N-i), version, custody.Clean, false)
	}
}
