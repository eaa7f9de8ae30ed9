package peers

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/beside"
)

const devices = 500

// BenchmarkIdle is a device that connects, has no news and gets nothing; each
// message's signature is verified.
func BenchmarkIdle(b *testing.B) {
	st := open(b, stay{enrolled: devices})
	st.run(b, "connects/s", false, st.idle)
}

// idle lets devices connect in turn.
func (st *stage) idle(s *server) func(*testing.B, int) {
	var next atomic.Int64
	return func(b *testing.B, n int) {
		err := beside.AtOnce(connections, n, func(int, int) error {
			answer, err := s.send(st.enrolled[next.Add(1)%devices].idle)
			if err == nil && len(answer) > 0 {
				err = fmt.Errorf("%s has a command for an idle device: %.200s", s.name, answer)
			}
			return err
		})
		fail(b, err)
	}
}

// BenchmarkRoundTrip is one command: it is asked for, a connect fetches it, the
// next brings its result. What is counted is the processors' time of the server
// and its stores.
func BenchmarkRoundTrip(b *testing.B) {
	st := open(b, stay{enrolled: devices})
	trip := func(s *server) func(*testing.B, int) {
		return func(b *testing.B, n int) {
			fail(b, beside.AtOnce(connections, n, func(_, i int) error { return s.roundTrip(b, st.enrolled[i%devices]) }))
		}
	}
	st.run(b, "cpu-µs", true, trip)
}

func (s *server) roundTrip(b *testing.B, p *ipad) error {
	if err := s.enqueue(p); err != nil {
		return err
	}
	command, err := s.send(p.idle)
	if err != nil {
		return err
	}
	id := commandUUID(command)
	if id == "" {
		return fmt.Errorf("%s has no command for %s: %.200s", s.name, p.serial, command)
	}
	after, err := s.send(p.acknowledge(b, id))
	if err == nil && len(after) > 0 {
		err = fmt.Errorf("%s goes on after the result: %.200s", s.name, after)
	}
	return err
}

// BenchmarkEnrol is a device's Authenticate and TokenUpdate, under a certificate
// that it has already.
func BenchmarkEnrol(b *testing.B) {
	const most = 300 // a round
	st := open(b, stay{fresh: most * (beside.Rounds + 1)})
	enrol := func(s *server) func(*testing.B, int) {
		var next atomic.Int64
		return func(b *testing.B, n int) {
			err := beside.AtOnce(connections, n, func(int, int) error {
				i := int(next.Add(1)) - 1
				if i >= len(st.fresh) {
					return fmt.Errorf("there are no more than %d devices: -benchtime %dx", len(st.fresh), most)
				}
				return s.enrol(st.fresh[i])
			})
			fail(b, err)
		}
	}
	st.run(b, "enrolments/s", false, enrol)
}

// BenchmarkMemory is the most memory that a server itself has had after 500
// devices have connected twenty times and done three commands.
func BenchmarkMemory(b *testing.B) {
	st := open(b, stay{enrolled: devices})
	for _, s := range append(st.peers, st.ours) {
		must(b, beside.AtOnce(connections, 20*devices, func(_, i int) error {
			_, err := s.send(st.enrolled[i%devices].idle)
			return err
		}))
		must(b, beside.AtOnce(connections, 3*devices, func(_, i int) error { return s.roundTrip(b, st.enrolled[i%devices]) }))
		b.ReportMetric(s.processes[0].peak(b), s.name+"-MiB")
	}
	b.ReportMetric(0, "ns/op")
}

// run takes padwarden and its peers in turn. With cpu, what counts is processor
// time for one, and not how many there are in a second.
func (st *stage) run(b *testing.B, unit string, cpu bool, do func(*server) func(*testing.B, int)) {
	pinned(b)
	var sides []beside.Side
	for _, s := range append([]*server{st.ours}, st.peers...) {
		side := beside.Side{Unit: s.name + "-" + unit, Do: do(s)}
		if cpu {
			side.Each, side.Spent = true, s.cpu
		}
		sides = append(sides, side)
	}
	beside.Run(b, sides...)
}

// pinned keeps the load off the servers' core.
func pinned(b *testing.B) {
	b.Helper()
	cores := runtime.NumCPU()
	if cores < 2 {
		b.Skip("there is one core: server and load would take turns")
	}
	loadElsewhere(b, cores)
}

// fail notes an error, and lets the other side have its turn.
func fail(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Error(err)
	}
}
