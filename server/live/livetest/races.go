package livetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var raceTests = map[string]func(*testing.T, *bench){
	"race/four sweepers":      testFourSweepers,
	"race/touch and restrict": testTouchOrRestrict,
	"race/publishers":         testPublishers,
	"race/grant and restrict": testGrantOrRestrict,
}

func testFourSweepers(t *testing.T, b *bench) {
	ms := make([]custody.Mirror, b.Crowd)
	for i := range ms {
		ms[i] = custody.Mirror{Row: row(device(i), custody.InUse, 1, 1)}
	}
	b.publish(ms...)
	claimed, twice := sweepAll(b, 4, 500)
	b.want("claimed", claimed, b.Crowd)
	b.want("claimed twice", twice, 0)
}

// sweepAll claims with n sweepers until none finds anything.
func sweepAll(b *bench, n, limit int) (claimed, twice int) {
	var mu sync.Mutex
	seen := map[custody.DeviceID]bool{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for {
				dues, err := b.ClaimDue(b.ctx, limit, hold)
				if err != nil {
					b.Error(err)
				}
				if len(dues) == 0 {
					return
				}
				mu.Lock()
				for _, d := range dues {
					if seen[d.Device] {
						twice++
					}
					seen[d.Device] = true
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return len(seen), twice
}

// At a deadline exactly one of them happens: the touch moves it, or the
// session is closed by it.
func testTouchOrRestrict(t *testing.T, b *bench) {
	touchedFirst := 0
	for round := int64(1); round <= 40; round++ {
		m := b.granted(1, round)
		m.Warn, m.Lock = 0, 5*time.Millisecond
		b.publish(m)
		deadline := b.session().LockAt
		var touched, restricted atomic.Bool
		var all sync.WaitGroup
		wait := time.Duration(rand.IntN(6)) * time.Millisecond
		all.Go(func() {
			b.Advance(wait)
			s, err := b.Live.Touch(b.ctx, ipad, 1)
			touched.Store(err == nil && !s.LockAt.Equal(deadline)) // in the ms of the grant it moves nothing
			if err != nil && !errors.Is(err, custody.ErrLocked) {
				b.Error(err)
			}
		})
		all.Go(func() {
			r := custody.Restriction{Device: ipad, Epoch: 1, Version: round, Deadline: deadline, Retry: time.Hour}
			for {
				err := b.Restrict(b.ctx, r)
				if err == nil {
					restricted.Store(true)
					return
				}
				s, readErr := b.Live.Session(b.ctx, ipad)
				if readErr != nil || !errors.Is(err, custody.ErrStale) {
					b.Error(err, readErr)
					return
				}
				if !s.LockAt.Equal(deadline) {
					return // a touch moved it
				}
				b.Advance(time.Millisecond)
			}
		})
		all.Wait()
		if touched.Load() == restricted.Load() {
			b.Fatalf("round %d: touched %t, restricted %t: exactly one must happen", round, touched.Load(), restricted.Load())
		}
		if touched.Load() {
			touchedFirst++
		}
	}
	b.Logf("of 40 deadlines %d were moved by the touch, the others closed the session", touchedFirst)
}

func testPublishers(t *testing.T, b *bench) {
	const versions = 150
	done := make(chan struct{})
	var watching, all sync.WaitGroup
	watching.Go(func() {
		var last int64
		for {
			s, err := b.Live.Session(b.ctx, ipad)
			if err == nil {
				if at := s.Epoch*1000 + s.Version; at < last {
					b.Errorf("live went from %d to %d", last, at)
				} else {
					last = at
				}
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for range 6 {
		all.Go(func() {
			for _, i := range rand.Perm(2 * versions) {
				m := b.mirror(custody.Clean, int64(i/versions+1), int64(i%versions))
				if err := b.Live.Publish(b.ctx, m); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(done)
	watching.Wait()
	s := b.session()
	b.want("the last row", [2]int64{s.Epoch, s.Version}, [2]int64{2, versions - 1})
}

// However a republished row, its grant and a sweeper interleave, a session
// that was closed is not opened by them.
func testGrantOrRestrict(t *testing.T, b *bench) {
	for version := int64(1); version <= 30; version++ {
		b.publish(b.mirror(custody.InUse, version, version))
		var all sync.WaitGroup
		var err error
		all.Go(func() {
			if err := b.Live.Publish(b.ctx, b.granted(version, version), b.mirror(custody.InUse, version, version)); err != nil {
				b.Error(err)
			}
		})
		all.Go(func() { // what a sweeper does
			var dues []custody.Due
			if dues, err = b.ClaimDue(b.ctx, 100, hold); err == nil && len(dues) == 1 {
				d := dues[0]
				err = b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: d.Epoch, Version: d.Version, Deadline: d.Deadline, Retry: hold})
			} else if err == nil {
				err = custody.ErrStale
			}
		})
		all.Wait()
		s := b.session()
		if s.Open == (err == nil) {
			b.Fatalf("round %d: open %t after the sweeper's answer %v", version, s.Open, err)
		}
	}
}
