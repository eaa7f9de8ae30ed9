package sim

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"
)

// manual is a clock that moves when told to.
type manual struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan time.Time]time.Time
}

func newManual() *manual {
	return &manual{now: time.Now().Truncate(time.Second), waiting: map[chan time.Time]time.Time{}}
}

func (m *manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *manual) After(d time.Duration) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	ch := make(chan time.Time, 1)
	if d <= 0 {
		ch <- m.now
		return ch
	}
	m.waiting[ch] = m.now.Add(d)
	return ch
}

func (m *manual) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for ch, at := range m.waiting {
		if !at.After(m.now) {
			ch <- m.now
			delete(m.waiting, ch)
		}
	}
}

// advanceTo moves the clock by d and waits until the device has done what fell due.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	w.clock.advance(d)
	w.settle()
}

// settle waits until no device has anything left to do now.
func (w *world) settle() {
	w.t.Helper()
	eventually(w.t, "devices to settle", func() bool {
		for _, d := range w.fleet.Devices() {
			if !d.agenda.idle() {
				return false
			}
		}
		return true
	})
}

func (a *agenda) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.tasks {
		if !t.due.After(a.clock.Now()) {
			return false
		}
	}
	return !a.doing
}

// quick is a device for tests on the wall clock.
var quick = Timing{Erase: 5 * time.Millisecond, Blackout: 10 * time.Millisecond, Restart: 5 * time.Millisecond,
	Retry: 5 * time.Millisecond, Page: 5 * time.Millisecond, Linger: 2 * time.Millisecond}

// slow is a device for tests on the manual clock.
var slow = Timing{Push: time.Second, Erase: 90 * time.Second, Blackout: 2 * time.Minute, Restart: 45 * time.Second,
	Retry: 20 * time.Second, Page: 2 * time.Second, Linger: time.Second}

var testKeys = sync.OnceValues(func() (*FixedKeys, error) { return NewFixedKeys(2) })

// seen is a Watcher that writes down.
type seen struct {
	mu       sync.Mutex
	executed []Executed
	shown    []PageState
	hidden   int
	touched  int
}

func (s *seen) note(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }

func (s *seen) Shown(_, _ string, p PageState, _ Truth) {
	s.note(func() { s.shown = append(s.shown, p) })
}
func (s *seen) Hidden(_, _ string)            { s.note(func() { s.hidden++ }) }
func (s *seen) Answered(string, PageState)    {}
func (s *seen) Touched(string, time.Time)     { s.note(func() { s.touched++ }) }
func (s *seen) Executed(_ string, e Executed) { s.note(func() { s.executed = append(s.executed, e) }) }

type world struct {
	t      *testing.T
	clock  *manual // nil on the wall clock
	apns   *APNs
	server *mdmServer
	fleet  *Fleet
	watch  *seen
}

func newWorld(t *testing.T, timing Timing) *world {
	w := &world{t: t, watch: &seen{}}
	var clock Clock = Wall{}
	if timing == slow {
		w.clock = newManual()
		clock = w.clock
	}
	var err error
	w.apns, err = NewAPNs(clock)
	must(t, err)
	w.server = newServer(t, w.apns)
	keys, err := testKeys()
	must(t, err)
	w.fleet, err = NewFleet(Env{Clock: clock, Timing: timing, APNs: w.apns, Keys: keys, HTTP: &http.Transport{}, Watch: w.watch})
	must(t, err)
	w.fleet.Start(context.Background())
	t.Cleanup(func() {
		w.fleet.Stop()
		must(t, w.apns.Close())
	})
	return w
}

// device adds a device and enrols it, configured and at its home screen.
func (w *world) device(opt Options) *Device {
	w.t.Helper()
	d := w.fleet.Add(opt)
	d.Assign(w.server.http.URL + "/enroll")
	eventually(w.t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.awaitStatus(w.server.do("", "DeviceConfigured", nil), "Acknowledged")
	return d
}

func (w *world) awaitStatus(report dict, want string) {
	w.t.Helper()
	if got := report.str("Status"); got != want {
		w.t.Fatalf("status %s, want %s: %v", got, want, report)
	}
}

// code is the error code of a report; 0 without one.
func code(report dict) int {
	for _, e := range report.list("ErrorChain") {
		return e.int("ErrorCode")
	}
	return 0
}
