package mdm

import (
	"errors"

	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Every message passes the gate; these methods only say which way.

func (g *gate) Authenticate(r *mdm.Request, m *mdm.Authenticate) error {
	v := visitOf(r.Context())
	err := g.admitNew(r, m)
	if err == nil {
		err = g.next.Authenticate(r, m)
	}
	if err != nil {
		g.e.turnedAway(v)
		return err
	}
	g.e.refused.forget(v.device)
	return nil
}

func (g *gate) TokenUpdate(r *mdm.Request, m *mdm.TokenUpdate) error {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return err
	}
	return g.next.TokenUpdate(r, m)
}

func (g *gate) CheckOut(r *mdm.Request, m *mdm.CheckOut) error {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return err
	}
	return g.next.CheckOut(r, m)
}

func (g *gate) UserAuthenticate(r *mdm.Request, m *mdm.UserAuthenticate) ([]byte, error) {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return nil, err
	}
	return g.next.UserAuthenticate(r, m)
}

func (g *gate) SetBootstrapToken(r *mdm.Request, m *mdm.SetBootstrapToken) error {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return err
	}
	return g.next.SetBootstrapToken(r, m)
}

func (g *gate) GetBootstrapToken(r *mdm.Request, m *mdm.GetBootstrapToken) (*mdm.BootstrapToken, error) {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return nil, err
	}
	return g.next.GetBootstrapToken(r, m)
}

func (g *gate) DeclarativeManagement(r *mdm.Request, m *mdm.DeclarativeManagement) ([]byte, error) {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return nil, err
	}
	return g.next.DeclarativeManagement(r, m)
}

func (g *gate) GetToken(r *mdm.Request, m *mdm.GetToken) (*mdm.GetTokenResponse, error) {
	if err := g.admit(r, &m.Enrollment); err != nil {
		return nil, err
	}
	return g.next.GetToken(r, m)
}

// CommandAndReportResults lets a device's own channel through also while the
// store cannot be reached: its certificate is ours and names its serial, and
// the steward compares the enrolment with its mirror and hands over nothing
// but a lock (hand-over rule 10).
func (g *gate) CommandAndReportResults(r *mdm.Request, m *mdm.CommandResults) (*mdm.Command, error) {
	v := visitOf(r.Context())
	v.idle = m.Status == plan.StatusIdle
	err := g.admit(r, &m.Enrollment)
	if errors.Is(err, custody.ErrUnavailable) && v.user == "" && g.e.Remote == nil { // a tag does not say whose certificate it is
		v.offline, v.reason, v.look, err = true, "", nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.next.CommandAndReportResults(r, m)
}
