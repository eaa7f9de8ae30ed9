package sim

import (
	"context"
	"time"
)

// faults is what is wrong with a device. Under its mu.
type faults struct {
	pretend   map[string]bool          // acknowledged, not carried out
	lose      map[string]bool          // the next report of it is lost
	late      map[string]time.Duration // reports of it come this late
	refuse    map[string]int           // answered with this error code
	malformed map[string]bool          // answered with CommandFormatError
	serial    string                   // named in place of the device's own
	busy      time.Time                // NotNow until then
	twice     bool
	never     bool
	signer    *identity
}

// AckNotExecute makes the device acknowledge every command of a RequestType
// without carrying it out.
func (d *Device) AckNotExecute(request string) {
	d.fault(func(f *faults) { put(&f.pretend, request, true) })
}

// LoseAck makes the device lose its next report of a RequestType: the command
// is carried out, and nobody hears of it.
func (d *Device) LoseAck(request string) { d.fault(func(f *faults) { put(&f.lose, request, true) }) }

// DelayReport makes reports of a RequestType arrive by after the command was
// carried out, on a connection of their own, behind whatever was said meanwhile.
func (d *Device) DelayReport(request string, by time.Duration) {
	d.fault(func(f *faults) { put(&f.late, request, by) })
}

// Refuse makes the device answer every command of a RequestType with Error and
// this code in its ErrorChain.
func (d *Device) Refuse(request string, code int) {
	d.fault(func(f *faults) { put(&f.refuse, request, code) })
}

// DuplicateReports makes the device send every report twice, as if the first
// answer had been lost.
func (d *Device) DuplicateReports() { d.fault(func(f *faults) { f.twice = true }) }

// NeverReturn makes the device acknowledge an erase and go dark with all its
// data, until a hand restarts it.
func (d *Device) NeverReturn() { d.fault(func(f *faults) { f.never = true }) }

// NotNowFor makes the device answer NotNow for that long to everything but the
// commands that Apple says never get one.
func (d *Device) NotNowFor(long time.Duration) {
	d.fault(func(f *faults) { f.busy = d.now().Add(long) })
	d.agenda.at(long, "busy", func(context.Context) { d.update(func() {}) })
}

// WrongCertificate makes the device sign with another's identity, or with a
// self-signed certificate if other is nil or not enrolled.
func (d *Device) WrongCertificate(ctx context.Context, other *Device) error {
	var id identity
	if other != nil {
		other.mu.Lock()
		if other.vol.mdm != nil {
			id = other.vol.mdm.id
		}
		other.mu.Unlock()
	}
	if id.cert == nil {
		key, err := d.env.Keys.Key(ctx)
		if err != nil {
			return err
		}
		if id, err = selfSigned(key, d.opt.Serial); err != nil {
			return err
		}
	}
	d.fault(func(f *faults) { f.signer = &id })
	return nil
}

// ClearFaults makes the device well again. What a fault has already done stays.
func (d *Device) ClearFaults() { d.fault(func(f *faults) { *f = faults{} }) }

func (d *Device) fault(change func(*faults)) { d.update(func() { change(&d.faults) }) }

func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// busy reports whether the device answers NotNow for now. Under mu.
func (d *Device) busy() bool { return d.now().Before(d.faults.busy) }

// reportFaults says what happens to the report of a command.
func (d *Device) reportFaults(request string) (lost bool, late time.Duration, twice bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	lost = d.faults.lose[request]
	delete(d.faults.lose, request)
	return lost, d.faults.late[request], d.faults.twice
}

// signer is the identity that messages are signed with.
func (d *Device) signer(m *enrolment) identity {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.faults.signer != nil {
		return *d.faults.signer
	}
	return m.id
}
