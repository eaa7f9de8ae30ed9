package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// The wards of the fault table: what is overdue there is so after minutes of
// the devices' time, so that a row need not wait for long.
const (
	oneUser   = "faults-one-user"
	shared    = "faults-shared"
	passcodes = "faults-passcode"
)

var faultWards = map[string]custody.Policy{
	oneUser:   custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp),
	shared:    custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone),
	passcodes: custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode),
}

// openFaultWards adds the wards, with no iPads yet.
func (h *Hospital) openFaultWards(t *testing.T) {
	t.Helper()
	for id, p := range faultWards {
		p.Warn, p.Lock, p.Overdue, p.LeastBattery = 4*time.Minute, 5*time.Minute, 9*time.Minute, 0
		if p.Fleet.Shared() {
			p.SyncWait, p.SignInGrace, p.SignOutAfter = time.Minute, 5*time.Minute, 2*time.Minute
		}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		faultWards[id] = p
		if err := h.App.Ledger.AddWard(t.Context(), ledger.Ward{ID: id, Name: id, Policy: p.Faster(h.o.Speed)}); err != nil {
			t.Fatal(err)
		}
	}
}

// newcomer is a person of their own with an iPad of their own in a ward.
func (h *Hospital) newcomer(ctx context.Context, ward, name string) (at, error) {
	p := faultWards[ward]
	if err := h.addDevice(ctx, ward, p.Fleet, name, p.Faster(h.o.Speed)); err != nil {
		return at{}, err
	}
	n := len(h.people)
	if err := h.addPerson(ctx, n, "Nurse "+name); err != nil {
		return at{}, err
	}
	return h.at(n, name), nil
}

// link is a fresh enrolment link for a device.
func (m *office) link(ctx context.Context, a at) (string, error) {
	var said struct{ Link string }
	err := m.does(ctx, "link", a.d.Serial(), nil, &said)
	return said.Link, err
}

// standing is what the API says of a device: its state and every sentence.
type standing struct {
	State    string
	Reason   string
	Custody  custody.Custody
	Wipe     struct{ Waiting string }
	Lock     struct{ Word, How string }
	Troubles []struct{ Kind, Sentence string }
}

func (s standing) says() string {
	var all []string
	add := func(s string) {
		if s != "" && !strings.Contains(strings.Join(all, " "), s) {
			all = append(all, s)
		}
	}
	add(s.Reason)
	add(s.Custody.Run.Waits)
	add(s.Lock.How)
	for _, t := range s.Troubles {
		add(t.Sentence)
	}
	if s.State == string(custody.Wiping) {
		add(s.Wipe.Waiting)
	}
	return strings.Join(all, " | ")
}

func (m *office) sees(ctx context.Context, a at) (s standing, err error) {
	b, err := m.ask(ctx, http.MethodGet, "/api/v1/devices/"+a.d.Serial(), "", nil)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	return s, err
}

// until waits for what a manager sees of a device.
func (m *office) until(ctx context.Context, a at, what string, want func(standing) bool) (s standing, err error) {
	for {
		if s, err = m.sees(ctx, a); err == nil && want(s) {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, fmt.Errorf("%s is %s (%s), not %s: %w", a.d.Serial(), s.State, s.says(), what, errors.Join(err, ctx.Err()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (m *office) comes(ctx context.Context, a at, state custody.State) error {
	_, err := m.until(ctx, a, string(state), func(s standing) bool { return s.State == string(state) })
	return err
}
