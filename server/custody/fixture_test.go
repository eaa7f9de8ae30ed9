package custody

import (
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"
)

var (
	kiosk    = DefaultPolicy(ReturnToService, TargetKioskApp)
	passcode = DefaultPolicy(ReturnToService, TargetPasscode)
	shared   = DefaultPolicy(SharedIPad, TargetNone)
	guest    = guests()
	apps     = appsPolicy(TargetKioskApp)
)

func appsPolicy(target LockTarget) Policy {
	p := DefaultPolicy(ManagedApps, target)
	p.LeastGrade, p.ManagedApps = GradeAppsRemoved, []App{{BundleID: "org.example.charts"}, {BundleID: "org.example.browser"}}
	return p
}

// loses is a manager's Lost Mode.
var loses = Lose{By: "m", Why: "not in its dock", Message: "Please call us."}

// failer is what a test and a rapid check have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// device is one row under test, with its clock and all of its history.
type device struct {
	t       failer
	c       Custody
	p       Policy
	now     time.Time
	entries []Entry
}

// newDevice is a device known by serial only.
func newDevice(t failer, p Policy) *device {
	return &device{t: t, p: p, now: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC),
		c: Custody{Device: "DMPEXAMPLE01", Ward: "icu", State: Enrolling, Version: 1}}
}

// try decides e, checks what must hold for every decision, and takes the result over.
func (d *device) try(e Event) (Outcome, error) {
	d.t.Helper()
	before, at := d.c, maps.Clone(d.c.Proof.At)
	out, err := Decide(d.c, e, d.p, d.now)
	if !reflect.DeepEqual(d.c.Proof.At, at) {
		d.t.Fatalf("%T changed the ladder of the row it was given", e)
	}
	switch {
	case err != nil || !out.Changed:
		if !reflect.DeepEqual(out.Next, before) || len(out.Entries) > 0 {
			d.t.Fatalf("%T says that nothing changed (%v), and changed %+v to %+v", e, err, before, out.Next)
		}
	case out.Next.Version != before.Version+1:
		d.t.Fatalf("%T took the version from %d to %d", e, before.Version, out.Next.Version)
	case out.Next.Epoch < before.Epoch || out.Next.Epoch > before.Epoch+1:
		d.t.Fatalf("%T took the epoch from %d to %d", e, before.Epoch, out.Next.Epoch)
	}
	d.c = out.Next
	d.entries = append(d.entries, out.Entries...)
	return out, err
}

// do decides events that must be taken, and returns the last one's outcome.
func (d *device) do(events ...Event) (out Outcome) {
	d.t.Helper()
	for _, e := range events {
		var err error
		if out, err = d.try(e); err != nil {
			d.t.Fatalf("%T in %s: %v", e, d.c.State, err)
		}
	}
	return out
}

// refused decides an event that must be refused with code.
func (d *device) refused(e Event, code string) {
	d.t.Helper()
	if _, err := d.try(e); Refused(err) != code || err.Error() == "" {
		d.t.Fatalf("%+v in %s: got %v (%q), want the refusal %q", e, d.c.State, err, Refused(err), code)
	}
}

func (d *device) stale(e Event) {
	d.t.Helper()
	if _, err := d.try(e); !errors.Is(err, ErrStale) {
		d.t.Fatalf("%+v in %s: got %v, want ErrStale", e, d.c.State, err)
	}
}

// after moves the clock.
func (d *device) after(wait time.Duration) *device {
	d.now = d.now.Add(wait)
	return d
}

// is asserts the state and why it was entered.
func (d *device) is(s State, why Cause) {
	d.t.Helper()
	if d.c.State != s || d.c.Cause != why {
		d.t.Fatalf("state %s (%s), want %s (%s)", d.c.State, d.c.Cause, s, why)
	}
}

// count returns how many history entries of a kind there are.
func (d *device) count(kind string) (n int) {
	for _, e := range d.entries {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// handOver has the row's run hand a command over.
func (d *device) handOver(request string, destructive bool) {
	d.t.Helper()
	run := d.c.Run
	run.Attempt++
	run.Command, run.HandedOver = request+"-1", d.now
	d.do(Progress{Run: run, HandOver: &HandOver{Command: run.Command, Request: request, Step: "step", Attempt: run.Attempt, Destructive: destructive}})
}

// acked has the device acknowledge what is outstanding.
func (d *device) acked() {
	d.t.Helper()
	run := d.c.Run
	run.Acked = true
	d.do(Progress{Run: run, Proof: ProofAcknowledged, Settles: true})
}

// proven has the row's run prove its wipe.
func (d *device) proven(g Grade) Outcome {
	d.t.Helper()
	run := d.c.Run
	run.Done = true
	return d.do(Progress{Run: run, Proof: ProofProven, Grade: g})
}

// searched has the row's run see Lost Mode as it wants it.
func (d *device) searched() Outcome {
	d.t.Helper()
	run := d.c.Run
	run.Done = true
	return d.do(Progress{Run: run})
}

// cleanDevice has been enrolled from Setup Assistant and proven erased.
func cleanDevice(t failer, p Policy) *device {
	t.Helper()
	d := newDevice(t, p)
	d.do(Authenticated{"cert-1"}, TokenUpdated{"cert-1", true})
	d.proven(GradeErased)
	d.after(time.Hour)
	return d
}

// inUse is a device that a holds, on a Shared iPad after the sign-in to Apple.
func inUse(t failer, p Policy) *device {
	t.Helper()
	d := cleanDevice(t, p)
	if p.Fleet == SharedIPad {
		d.do(AppleSignIn{"cert-1", "a@hospital.example"})
	}
	d.do(Claim{By: "a", Account: "a@hospital.example"})
	return d
}

func locked(t failer, p Policy) *device {
	t.Helper()
	d := inUse(t, p)
	d.after(p.Lock).do(Idle{d.c.Epoch})
	return d
}

// wiping is a device that its holder a has given back.
func wiping(t failer, p Policy) *device {
	t.Helper()
	d := inUse(t, p)
	d.after(time.Hour).do(Return{"a"})
	return d
}

// risky is a device whose wipe is overdue and whose EraseDevice was never answered.
func risky(t failer, p Policy) *device {
	t.Helper()
	d := wiping(t, p)
	d.handOver("EraseDevice", true)
	d.after(p.Overdue).do(Tick{})
	return d
}

func retired(t *testing.T) *device {
	d := cleanDevice(t, kiosk)
	d.do(Retire{"m"})
	return d
}

// guests is a guests' ward that has accepted what it has to.
func guests() Policy {
	p := DefaultPolicy(SharedGuest, TargetNone)
	p.BadgeAlone = true
	return p
}
