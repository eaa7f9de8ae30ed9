package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// outstanding are devices with one command told and not yet answered, in each kind of plan.
func outstanding(t *testing.T) map[string]*walk {
	return map[string]*walk{
		"kiosk open":    opened(t, kioskWard),
		"kiosk lock":    lockedDevice(t, kioskWard),
		"kiosk wipe":    erasing(t, kioskWard),
		"preflight":     returned(t, kioskWard),
		"passcode open": opened(t, passcodeWard),
		"passcode lock": lockedDevice(t, passcodeWard),
		"passcode wipe": erasing(t, passcodeWard),
		"shared lock":   lockedDevice(t, sharedWard),
		"shared wipe":   returned(t, sharedWard),
		"guest wipe":    returned(t, guestWard),
		"apps open":     opened(t, appsWard),
		"apps lock":     lockedDevice(t, appsWard),
		"apps wipe":     returned(t, appsWard),
	}
}

// TestReportsThatChangeNothing is hand-over rules 3 and 4: only the device
// channel, only the present enrolment, only the outstanding attempt, and never
// a NotNow.
func TestReportsThatChangeNothing(t *testing.T) {
	yes := true
	for name, w := range outstanding(t) {
		cmd := w.exchange(w.ipad.idle())
		good := Report{Device: w.c.Device, Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: StatusAcknowledged, Command: cmd.UUID,
			Listed: true, HasPasscode: &yes, Profiles: []string{"com.padwarden.kiosk", "com.padwarden.restrictions", "com.padwarden.passcode"}}
		if _, ok := Observe(w.c, good, w.in, w.now); !ok {
			t.Errorf("%s: the right report is not taken", name)
		}
		older, run, epoch := w.c, w.c, w.c
		run.Run.ID, epoch.Epoch = w.c.Run.ID-1, w.c.Epoch-1
		for what, alter := range map[string]func(r *Report){
			"user channel":          func(r *Report) { r.Channel, r.User = UserChannel, nurse },
			"no channel":            func(r *Report) { r.Channel = "" },
			"another enrolment":     func(r *Report) { r.Enrolment = "cert-0" },
			"NotNow":                func(r *Report) { r.Status = StatusNotNow },
			"a status from nowhere": func(r *Report) { r.Status = "Maybe" },
			"no status":             func(r *Report) { r.Status = "" },
			"no command":            func(r *Report) { r.Command = "" },
			"Idle":                  func(r *Report) { r.Status, r.Command = StatusIdle, "" },
			"an earlier attempt":    func(r *Report) { r.Command = CommandID(older, w.c.Run.Step, w.c.Run.Attempt-1) },
			"a later attempt":       func(r *Report) { r.Command = CommandID(older, w.c.Run.Step, w.c.Run.Attempt+1) },
			"another run":           func(r *Report) { r.Command = CommandID(run, w.c.Run.Step, w.c.Run.Attempt) },
			"another epoch":         func(r *Report) { r.Command = CommandID(epoch, w.c.Run.Step, w.c.Run.Attempt) },
			"another step":          func(r *Report) { r.Command = CommandID(older, "idle", w.c.Run.Attempt) },
		} {
			r := good
			alter(&r)
			if p, ok := Observe(w.c, r, w.in, w.now); ok {
				t.Errorf("%s: a report of %s led to %+v", name, what, p)
			}
		}
		over := w.c
		over.Run.Done = true
		if _, ok := Observe(over, good, w.in, w.now); ok {
			t.Errorf("%s: a report was taken after the run's end", name)
		}
		if _, changed, cmd, err := Next(over, w.in, w.now); changed || cmd != nil || err != nil {
			t.Errorf("%s: told %v after the run's end (%v)", name, cmd, err)
		}
		w.exchange(good)
		row := w.c
		if _, ok := Observe(w.c, good, w.in, w.now); ok {
			t.Errorf("%s: the same report was taken twice, at %+v", name, row.Run)
		}
	}
}

// TestNotNowIsNeitherFailureNorSuccess: for a day of it the command stays the
// same one, and nothing is proven, confirmed or given up by the plan.
func TestNotNowIsNeitherFailureNorSuccess(t *testing.T) {
	for name, w := range outstanding(t) {
		w.exchange(w.ipad.idle())
		row, id := w.c, w.last().UUID
		for range 24 {
			if cmd := w.answer(StatusNotNow); cmd != nil {
				t.Fatalf("%s: told %s in the connection that said NotNow", name, cmd.Step)
			}
			w.after(time.Hour)
			if cmd := w.exchange(w.ipad.idle()); cmd == nil || cmd.UUID != id {
				t.Fatalf("%s: asked again with %+v", name, cmd)
			}
		}
		if w.c.State != row.State || w.c.Run.Step != row.Run.Step || w.c.Proof.Rung != row.Proof.Rung || w.c.Lock.Rung != row.Lock.Rung {
			t.Errorf("%s: from %+v to %+v", name, row, w.c)
		}
	}
}

// TestRefusals: a plan gives up with a sentence where the device refuses what it cannot go on without.
func TestRefusals(t *testing.T) {
	for name, w := range outstanding(t) {
		for _, status := range []string{StatusError, StatusCommandFormatError} {
			v := *w
			cmd := v.exchange(v.ipad.idle())
			r := Report{Channel: DeviceChannel, Enrolment: v.c.Enrolment, Status: status, Command: cmd.UUID, Errors: []int{12021}, ErrorText: "not a valid request"}
			p, ok := Observe(v.c, r, v.in, v.now)
			may := cmd.Request == "DeviceLock" && v.in.Policy.Target != custody.TargetPasscode || cmd.Request == "RemoveProfile" || cmd.Request == "DeviceInformation" || cmd.Request == "LogOutUser"
			goesOn := may && (status == StatusError || cmd.Request != "LogOutUser") // nothing is lost by passing over the others
			if !ok || (p.Failed == "") != goesOn || p.Proof != "" || p.Lock != nil || p.Run.Done {
				t.Errorf("%s, %s: %v %+v", name, status, ok, p)
			}
			destructive := cmd.Request == "EraseDevice" || cmd.Request == "LogOutUser"
			if p.Settles != destructive {
				t.Errorf("%s, %s: settles %v", name, status, p.Settles)
			}
			v.exchange(r)
			if want := map[bool]custody.State{true: custody.Unproven, false: w.c.State}[w.c.State == custody.Wiping && !goesOn]; v.c.State != want {
				t.Errorf("%s, %s: %s, want %s", name, status, v.c.State, want)
			}
		}
	}
	w := returned(t, kioskWard)
	w.until("EraseDevice")
	w.answer(StatusError, 12021)
	if want := "The iPad refused EraseDevice: error [12021]"; w.c.Reason != want {
		t.Errorf("the reason reads %q, want %q", w.c.Reason, want)
	}
}

// TestTheLastWordOnASupersededCommand: it advances nothing and settles the risk.
func TestTheLastWordOnASupersededCommand(t *testing.T) {
	for _, status := range []string{StatusAcknowledged, StatusError, StatusCommandFormatError, StatusNotNow} {
		w := signingOut(t)
		id := w.last().UUID
		w.do(custody.TakeOver{By: "b"})
		run := w.c.Run
		r := Report{Device: w.c.Device, Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: status, Command: id}
		p, ok := Observe(w.c, r, w.in, w.now)
		if status == StatusNotNow {
			if ok {
				t.Errorf("NotNow led to %+v", p)
			}
			continue
		}
		if !ok || !p.Settles || p.Run != run || p.Proof != "" || p.Failed != "" {
			t.Errorf("%s: %v %+v", status, ok, p)
		}
		w.do(p)
		if w.c.Risk.Open() || w.c.State != custody.Wiping {
			t.Errorf("%s: %+v", status, w.c)
		}
		if _, ok := Observe(w.c, r, w.in, w.now); ok {
			t.Errorf("%s: taken twice", status)
		}
	}
}

// signingOut is a Shared iPad whose long lock has just told it to sign its user out.
func signingOut(t *testing.T) *walk {
	w := lockedDevice(t, sharedWard)
	w.connect()
	w.after(w.in.Policy.SignOutAfter)
	if cmd := w.exchange(w.ipad.idle()); cmd == nil || cmd.Request != "LogOutUser" {
		t.Fatalf("told %+v, want LogOutUser", cmd)
	}
	return w
}

// TestADeviceThatNeverShowsItIsAskedLessOften: hours of polling stay a few hundred commands.
func TestADeviceThatNeverShowsItIsAskedLessOften(t *testing.T) {
	for name, w := range map[string]*walk{
		"app lock": opened(t, kioskWard), "passcode": opened(t, passcodeWard), "profiles": returned(t, kioskWard), "users": returned(t, sharedWard),
	} {
		if name == "profiles" {
			w.connect()
		}
		w.ipad.profiles, w.ipad.passcode, w.ipad.faulty = nil, false, true
		start := w.now
		w.drain()
		if n := len(w.told); n < 20 || n > 1000 {
			t.Errorf("%s: %d commands in %s", name, n, w.now.Sub(start))
		}
		if first := w.told[2].at.Sub(w.told[0].at); first > time.Minute {
			t.Errorf("%s: the second look is %s after the first", name, first)
		}
	}
}
