package steward_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live/livetest"
)

// locks remembers when each lock was committed, and when its device was nudged
// after that.
type locks struct {
	mu            sync.Mutex
	taken, nudged map[custody.DeviceID]time.Time
	all           chan struct{} // closed with the last nudge
	want          int
}

func expectLocks(want int) *locks {
	return &locks{taken: map[custody.DeviceID]time.Time{}, nudged: map[custody.DeviceID]time.Time{}, all: make(chan struct{}), want: want}
}

func (l *locks) committed(ch custody.Change) {
	if ch.Prev.State == custody.InUse && ch.Next.State == custody.Locked {
		l.mu.Lock()
		l.taken[ch.Next.Device] = time.Now()
		l.mu.Unlock()
	}
}

func (l *locks) nudge(id custody.DeviceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, yes := l.nudged[id]; yes || l.taken[id].IsZero() {
		return
	}
	if l.nudged[id] = time.Now(); len(l.nudged) == l.want {
		close(l.all)
	}
}

// wait waits until every lock is committed and its nudge sent.
func (l *locks) wait(b *testing.B, most time.Duration) {
	b.Helper()
	select {
	case <-l.all:
	case <-time.After(most):
		l.mu.Lock()
		defer l.mu.Unlock()
		b.Fatalf("%s after the last deadline %d of %d are locked and %d nudged", most, len(l.taken), l.want, len(l.nudged))
	}
}

// ready waits until the steward relies on live.
func ready(b *testing.B, ok func() error) {
	b.Helper()
	for end := time.Now().Add(30 * time.Second); ok() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal(ok())
		}
	}
}

// BenchmarkIdleLag is how long after its deadline a session's lock is committed
// and its device nudged, where 100,000 sessions are open and 300 in a second
// come to their deadline, for 15 seconds, beside their warnings and the beats.
func BenchmarkIdleLag(b *testing.B) {
	const sessions, each, seconds = 100_000, 300, 15
	const due = each * seconds
	c := openCrowd(b, livetest.StartServer(b))
	for first := 0; first < sessions-due; first += 10_000 {
		last := min(first+10_000, sessions-due)
		c.publish(b, c.claimed(b, first, last), func(int) time.Duration { return time.Hour })
	}
	l := expectLocks(due)
	c.watch.Store(l)
	for b.Loop() {
		s, stop := c.run(b.Context())
		ready(b, s.Ready)
		rows := c.claimed(b, sessions-due, sessions)
		c.publish(b, rows, func(i int) time.Duration { return 3*time.Second + time.Duration(i)*time.Second/each })
		ids := make([]custody.DeviceID, 0, due)
		for _, row := range rows {
			ids = append(ids, row.Device)
		}
		open, err := c.live.Sessions(b.Context(), ids...)
		if err != nil {
			b.Fatal(err)
		}
		l.wait(b, 60*time.Second)
		stop()
		lags := make([]time.Duration, 0, due)
		for id, at := range l.nudged {
			lags = append(lags, at.Sub(open[id].LockAt))
		}
		slices.Sort(lags)
		ms := func(share float64) float64 {
			return float64(lags[min(int(share*float64(len(lags))), len(lags)-1)].Microseconds()) / 1000
		}
		if lags[0] < 0 {
			b.Fatalf("a session was locked %s before its deadline", -lags[0])
		}
		b.ReportMetric(ms(0.5), "p50-ms")
		b.ReportMetric(ms(0.99), "p99-ms")
		b.ReportMetric(ms(1), "most-ms")
		b.ReportMetric(0, "ns/op")
	}
}
