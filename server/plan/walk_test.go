package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var (
	kioskWard    = custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	passcodeWard = clinical(custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode))
	sharedWard   = custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)
	guestWard    = custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone)
	appsWard     = managed(custody.TargetKioskApp)
	appsPasscode = clinical(managed(custody.TargetPasscode))
	safariWard   = custody.DefaultPolicy(custody.ReturnToService, custody.TargetSafari)
	keptWard     = kept(kioskWard)
	appsSafari   = managed(custody.TargetSafari)

	everyWard = []custody.Policy{kioskWard, passcodeWard, sharedWard, guestWard, appsWard, appsPasscode, safariWard, keptWard, appsSafari}
)

// kept is a ward whose apps stay on its iPads over an erase.
func kept(p custody.Policy) custody.Policy {
	p.PreserveApps, p.ManagedApps = true, appsWard.ManagedApps
	return p
}

func managed(target custody.LockTarget) custody.Policy {
	p := custody.DefaultPolicy(custody.ManagedApps, target)
	p.LeastGrade = custody.GradeAppsRemoved
	p.ManagedApps = []custody.App{{BundleID: "org.example.records"}, {BundleID: "org.example.charts"}}
	return p
}

func clinical(p custody.Policy) custody.Policy {
	p.ClinicalApps = []string{"com.example.chart"}
	return p
}

const nurse = "a@hospital.example"

// failer is what a test and a rapid check have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// told is one command as it left.
type told struct {
	Command
	custody.HandOver // zero for a redelivery
	at               time.Time
}

// walk is one device under one row: what custody decides of it and what the
// plans tell it, in the order in which a server would.
type walk struct {
	t     failer
	c     custody.Custody
	in    Inputs
	now   time.Time
	ipad  *ipad
	told  []told
	trace []string
	ended int // wipe.ended entries
	// unmade: commands that cannot be made are what the test is about
	unmade bool
}

// newWalk is a device that was enrolled from Setup Assistant and proven erased.
func newWalk(t failer, p custody.Policy) *walk {
	t.Helper()
	shared := p.Fleet.Shared()
	w := &walk{t: t, ipad: newIPad(shared), now: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC), in: Inputs{
		Policy: p, Organisation: "Example Hospital", ServerURL: "https://ipads.hospital.example", Challenge: "not-a-real-challenge",
		UnlockToken: []byte("not a real unlock token"), Bootstrap: []byte("not a real bootstrap token"),
		Topic: "com.apple.mgmt.External.00000000-0000-0000-0000-000000000000", KioskURL: "https://ipads.hospital.example/kiosk/start/not-a-real-secret",
	}}
	w.ipad.guest = p.Fleet == custody.SharedGuest
	w.c = custody.Custody{Device: "DMPEXAMPLE01", Ward: "icu", State: custody.Enrolling, Version: 1}
	w.checkIn(true)
	w.drain()
	w.is(custody.Clean)
	return w
}

// opened is a device that a nurse has claimed, with its open plan at its start.
func opened(t failer, p custody.Policy) *walk {
	t.Helper()
	w := newWalk(t, p)
	w.after(time.Hour)
	if w.ipad.accounts() {
		w.ipad.signIn(nurse)
		w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: nurse})
	}
	w.ipad.work()
	w.do(custody.Claim{By: "a", Account: nurse})
	w.told, w.trace = nil, nil
	return w
}

// returned is a device that the nurse has given back, its wipe plan at its start.
func returned(t failer, p custody.Policy) *walk {
	t.Helper()
	w := opened(t, p)
	w.ipad.passcode = p.Target == custody.TargetPasscode
	w.drain()
	w.after(time.Hour).do(custody.Return{By: "a"})
	w.told, w.trace = nil, nil
	return w
}

// erasing is a returned device whose preflight found nothing: the erase is next.
func erasing(t failer, p custody.Policy) *walk {
	t.Helper()
	w := returned(t, p)
	r, _ := w.ipad.execute(*w.until("DeviceInformation"))
	seen, _ := Observe(w.c, r, w.in, w.now)
	w.do(seen)
	w.told, w.trace = nil, nil
	return w
}

func (w *walk) after(d time.Duration) *walk {
	w.now = w.now.Add(d)
	return w
}

func (w *walk) is(s custody.State) {
	w.t.Helper()
	if w.c.State != s {
		w.t.Fatalf("state %s (%s), want %s", w.c.State, w.c.Reason, s)
	}
}

func (w *walk) note(format string, a ...any) { w.trace = append(w.trace, fmt.Sprintf(format, a...)) }

// do decides events, and settles a run that has nothing to send.
func (w *walk) do(events ...custody.Event) {
	w.t.Helper()
	for _, e := range events {
		out, err := custody.Decide(w.c, e, w.in.Policy, w.now)
		if err != nil {
			w.t.Fatalf("%T in %s: %v", e, w.c.State, err)
		}
		for _, entry := range out.Entries {
			if entry.Kind == custody.KindWipeEnded || entry.Kind == custody.KindLockEnded || entry.Kind == custody.KindOpenConfirmed {
				w.note("%s %s", entry.Kind, entry.Detail)
			}
			if entry.Kind == custody.KindWipeEnded {
				w.ended++
			}
		}
		if out.Next.State != w.c.State {
			w.note("-> %s", out.Next.State)
		}
		w.c = out.Next
		if p, ok := Start(w.c, w.in.Policy); ok {
			w.do(p)
		}
	}
}

// checkIn enrols the device under its present certificate.
func (w *walk) checkIn(awaiting bool) {
	w.t.Helper()
	w.do(custody.Authenticated{Enrolment: w.ipad.cert})
	w.note("Authenticate")
	w.do(custody.TokenUpdated{Enrolment: w.ipad.cert, Awaiting: awaiting})
	w.note("TokenUpdate, awaiting configuration: %v", awaiting)
}

// exchange takes a report and answers with the next command, as the steward does.
func (w *walk) exchange(r Report) *Command {
	w.t.Helper()
	r.Device = w.c.Device
	if w.c.Risk.Open() {
		w.do(custody.Seen{})
	}
	if p, ok := Observe(w.c, r, w.in, w.now); ok {
		w.do(p)
	}
	if r.Status == StatusNotNow || r.Channel != DeviceChannel || r.Enrolment != w.c.Enrolment {
		return nil
	}
	p, changed, cmd, err := Next(w.c, w.in, w.now)
	if err != nil && !w.unmade {
		w.t.Fatalf("next in step %s: %v", w.c.Run.Step, err)
	}
	var h custody.HandOver
	if changed && p.HandOver != nil {
		h = *p.HandOver
		mark := ""
		if h.Destructive {
			mark = " destructive"
		}
		w.note("%s: %s%s", h.Step, h.Request, mark)
	}
	if changed {
		w.do(p)
	}
	if cmd != nil {
		w.told = append(w.told, told{*cmd, h, w.now})
	}
	return cmd
}

// connect is one connection: Idle, then commands and their reports until there are no more.
func (w *walk) connect() {
	w.t.Helper()
	r := w.ipad.idle()
	for range 20 {
		cmd := w.exchange(r)
		if cmd == nil {
			return
		}
		cert := w.ipad.cert
		var answered bool
		r, answered = w.ipad.execute(*cmd)
		r.Enrolment = cert
		if !answered {
			return
		}
		if w.ipad.cert != cert { // it says that it will, and does
			w.exchange(r)
			w.checkIn(true)
			return
		}
	}
	w.t.Fatalf("twenty commands in one connection, the last %s", w.last().Command.Step)
}

// until connects until the device is told a request, which it has not carried out yet.
func (w *walk) until(request string) *Command {
	w.t.Helper()
	r := w.ipad.idle()
	for range 20 {
		cmd := w.exchange(r)
		if cmd == nil {
			break
		}
		if cmd.Request == request {
			return cmd
		}
		r, _ = w.ipad.execute(*cmd)
	}
	w.t.Fatalf("never told %s, but %v", request, w.steps())
	return nil
}

// drain connects whenever the row asks for it, until the run has ended or for three hours.
func (w *walk) drain() {
	w.t.Helper()
	for end := w.now.Add(3 * time.Hour); w.c.Run.Active() && w.now.Before(end); {
		w.connect()
		wake := custody.Wake(w.c, w.in.Policy)
		if !w.c.Run.Active() || wake.IsZero() {
			return
		}
		w.now = wake
		w.do(custody.Tick{})
	}
}

// steps are the names of the steps whose commands left, redeliveries left out.
func (w *walk) steps() (names []string) {
	for _, c := range w.told {
		if c.HandOver.Step != "" {
			names = append(names, c.HandOver.Step)
		}
	}
	return names
}

func (w *walk) count(request string) (n int) {
	for _, c := range w.told {
		if c.Command.Request == request && c.HandOver.Step != "" {
			n++
		}
	}
	return n
}

// last is the command told last.
func (w *walk) last() told { return w.told[len(w.told)-1] }

// answer reports on the last command without the device's help.
func (w *walk) answer(status string, codes ...int) *Command {
	w.t.Helper()
	return w.exchange(Report{Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: status, Command: w.last().UUID, Errors: codes})
}

func TestAWalkIsProvenAndOfferedAgain(t *testing.T) {
	for _, p := range everyWard {
		w := returned(t, p)
		w.drain()
		w.is(custody.Clean)
		if w.ipad.session || w.ended != 2 && w.ended != 3 {
			t.Errorf("%s %s: session %v, wipes ended %d", p.Fleet, p.Target, w.ipad.session, w.ended)
		}
	}
}
