// Package beside takes a figure of ours and what it is held to in the same run:
// a peer, or the bare floor that our work stands on. The machines that measure
// are shared and noisy, so a number alone says little; a ratio of two that were
// taken in turn, within the same seconds, says what our own work costs.
//
// Each side does the same number of operations, with the same number at once. A
// round is cut into slices, the sides take turns, and who begins changes from
// slice to slice, so that a disturbance meets both. Rounds are sub-benchmarks,
// each with a line of its own: who reads them has the median and the spread.
package beside

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Rounds are how often each figure is taken in a run.
const Rounds = 5

// slices are how often the sides change over within a round.
const slices = 4

// Side is one of those that are compared.
type Side struct {
	// Unit is what it reports in, such as "taps/s".
	Unit string
	// Do does n operations, and fails the benchmark if one of them fails.
	Do func(b *testing.B, n int)
	// Spent reads what its operations cost, as a meter that only goes up: seconds
	// of a processor, for one. Nil: time on the wall.
	Spent func() time.Duration
	// Each reports what an operation cost, in microseconds, and not how many there
	// are in a second.
	Each bool
}

// Run takes the sides in turn, for Rounds rounds of b.N operations a side; the
// number is -benchtime's, such as 2000x.
func Run(b *testing.B, sides ...Side) {
	b.Helper()
	for round := range Rounds {
		ok := b.Run(fmt.Sprintf("round=%d", round+1), func(b *testing.B) { take(b, round, sides) })
		if !ok {
			return // its reason is printed
		}
	}
}

func take(b *testing.B, round int, sides []Side) {
	spent := make([]time.Duration, len(sides))
	for slice := range slices {
		n := b.N*(slice+1)/slices - b.N*slice/slices
		for k := range sides {
			i := (k + slice + round) % len(sides)
			spent[i] += cost(b, sides[i], n)
		}
	}
	for i, s := range sides {
		if s.Each {
			b.ReportMetric(float64(spent[i].Nanoseconds())/1000/float64(b.N), s.Unit)
		} else {
			b.ReportMetric(float64(b.N)/spent[i].Seconds(), s.Unit)
		}
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

func cost(b *testing.B, s Side, n int) time.Duration {
	if n == 0 {
		return 0
	}
	start := time.Now()
	read := s.Spent
	if read == nil {
		read = func() time.Duration { return time.Since(start) }
	}
	before := read()
	s.Do(b, n)
	return read() - before
}

// AtOnce calls do for 0 to n-1 from so many goroutines, and returns the first
// error, with how many there were. It goes on after one: both sides do all.
func AtOnce(many, n int, do func(worker, i int) error) error {
	var next, failed atomic.Int64
	var first atomic.Pointer[error]
	var all sync.WaitGroup
	for worker := range many {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := do(worker, int(i)); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	if err := first.Load(); err != nil {
		return fmt.Errorf("%d of %d failed, the first with: %w", failed.Load(), n, *err)
	}
	return nil
}
