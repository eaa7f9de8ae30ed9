package mdm_test

import (
	"context"
	"slices"
	"sync"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// ear is a steward that remembers what it was told.
type ear struct {
	offered  []custody.DeviceID
	enrolled map[custody.DeviceID]string
	takes    func(custody.DeviceID, string) // an enrolment, if not nil
	mu       sync.Mutex
	events   []custody.Event
	about    []custody.DeviceID
	reports  []plan.Report
	looks    []*custody.Look
	panics   bool
	err      error                           // of Apply and Exchange
	next     func(plan.Report) *plan.Command // what Exchange answers
	asked    []string                        // for Return to Service settings: device and enrolment
	answer   []byte
}

func (s *ear) Apply(_ context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events, s.about = append(s.events, e), append(s.about, id)
	if a, ok := e.(custody.Authenticated); ok && s.err == nil {
		if s.enrolled == nil {
			s.enrolled = map[custody.DeviceID]string{}
		}
		s.enrolled[id] = a.Enrolment
		if s.takes != nil {
			s.takes(id, a.Enrolment)
		}
	}
	return custody.Custody{Device: id, Ward: "4B", Epoch: 7, Run: custody.Run{ID: 40}, Enrolment: s.enrolled[id]}, s.err
}

func (s *ear) Exchange(_ context.Context, r plan.Report, look *custody.Look) (*plan.Command, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports, s.looks = append(s.reports, r), append(s.looks, look)
	if s.panics {
		panic("a fault of ours")
	}
	if s.err != nil || s.next == nil {
		return nil, s.err
	}
	return s.next(r), nil
}

// Offer answers like Exchange, without a report.
func (s *ear) Offer(_ context.Context, id custody.DeviceID) (*plan.Command, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered = append(s.offered, id)
	if s.err != nil || s.next == nil {
		return nil, s.err
	}
	return s.next(plan.Report{Device: id}), nil
}

func (s *ear) ReturnToService(_ context.Context, id custody.DeviceID, enrolment string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, string(id)+" "+enrolment)
	return s.answer, s.err
}

func (s *ear) set(f func(*ear)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *ear) heard() ([]custody.Event, []plan.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events), slices.Clone(s.reports)
}

// mirrorAndPusher keeps push records and remembers pushes.
type mirrorAndPusher struct {
	mu     sync.Mutex
	kept   map[custody.DeviceID][]byte
	pushed []ledger.Push
}

func (p *mirrorAndPusher) Push(_ context.Context, to ledger.Push) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushed = append(p.pushed, to)
	return nil
}

func (p *mirrorAndPusher) PushRecord(_ context.Context, id custody.DeviceID) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.kept[id]; ok {
		return b, nil
	}
	return nil, custody.ErrNotFound
}

func (p *mirrorAndPusher) KeepPush(_ context.Context, id custody.DeviceID, b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[id] = b
	return nil
}
