package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
)

// world is a walk whose device and people do anything, in any order, and whose
// truth is the device's: what is on it, and what it was told in which epoch.
type world struct {
	*walk
	rt      *rapid.T
	held    *Command // arrived, and not carried out yet
	epoch   int64    // in which it was handed over
	reports []Report // said, for late and repeated deliveries
}

var patients = rapid.SampledFrom([]string{"a", "b"})

// TestNobodyMeetsAnothersData walks the plans of each fleet kind under lost,
// late and repeated messages, call-backs, take-overs, sign-ins and enrolments
// by hand: a device is clean only when nothing is on it and no destructive
// command is on its way, and none is carried out in a later epoch.
func TestNobodyMeetsAnothersData(t *testing.T) {
	for _, p := range everyWard {
		t.Run(string(p.Fleet)+string(p.Target), func(t *testing.T) {
			cleaned := 0
			rapid.Check(t, func(rt *rapid.T) {
				w := &world{walk: newWalk(rt, p), rt: rt}
				for range rapid.IntRange(1, 80).Draw(rt, "acts") {
					from := w.c.State
					w.act(rapid.IntRange(0, 22).Draw(rt, "act"), patients.Draw(rt, "who"))
					w.check()
					if w.c.State == custody.Clean && from != custody.Clean {
						cleaned++
					}
				}
				w.wayOut()
			})
			if cleaned < 10 {
				t.Errorf("only %d devices were cleaned on the way: the walk proves little", cleaned)
			}
		})
	}
}

func (w *world) act(n int, who string) {
	switch n {
	case 0, 1, 2, 3:
		w.connectOnce(rapid.SampledFrom([]string{"answered", "answered", "answered", "unanswered", "lost", "held", "NotNow"}).Draw(w.rt, "fate"))
	case 4, 5:
		w.carryOut()
		w.walk.connect()
	case 6, 7:
		w.carryOut() // no device holds a command for two minutes
		w.after(rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, 5 * time.Minute, time.Hour}).Draw(w.rt, "wait")).do(custody.Tick{})
	case 8:
		if len(w.reports) > 0 {
			w.exchange(rapid.SampledFrom(w.reports).Draw(w.rt, "late report"))
		}
	case 9, 20:
		if w.ipad.accounts() && !w.ipad.fresh {
			w.ipad.signIn(who)
			w.do(custody.AppleSignIn{Enrolment: w.ipad.cert, Account: who})
		}
	case 10:
		w.carryOut()
		w.ipad.erase() // by hand
		w.checkIn(true)
	case 11:
		w.carryOut()
		w.ipad.certs += 100
		w.ipad.cert += "'" // enrolled again by hand, nothing erased
		w.checkIn(false)
	case 21, 22: // who comes to use it
		if w.ipad.accounts() {
			w.act(9, who)
		}
		w.person(12, who)
	default:
		w.person(n, who)
	}
}

// person tries what a person may ask; a refusal is an answer too.
func (w *world) person(n int, who string) {
	e := []custody.Event{custody.Claim{By: who, Account: who}, custody.Claim{By: who, Account: who}, custody.Resume{By: who, Account: who},
		custody.TakeOver{By: who}, custody.Return{By: who}, custody.Idle{Epoch: w.c.Epoch}, custody.Wipe{By: "m"}, custody.LiveLost{}}[n-12]
	prev := w.c
	if _, err := custody.Decide(w.c, e, w.in.Policy, w.now); err != nil {
		return
	}
	w.do(e)
	if w.c.State != custody.InUse || prev.State == custody.InUse {
		return
	}
	if _, ok := e.(custody.Claim); ok && !w.ipad.accounts() && w.ipad.session {
		w.rt.Fatalf("%s was given an iPad with data on it", who)
	}
	for _, u := range w.ipad.users {
		if u.Name != who && prev.State != custody.Locked {
			w.rt.Fatalf("%s was given an iPad with the data of %s on it", who, u.Name)
		}
	}
	w.ipad.work()
	w.ipad.passcode = w.in.Policy.Target == custody.TargetPasscode
}

// connectOnce is Idle, perhaps one command, and what becomes of that.
func (w *world) connectOnce(fate string) {
	w.carryOut()
	cmd := w.exchange(w.ipad.idle())
	if cmd == nil || fate == "lost" {
		return
	}
	if fate == "NotNow" && cmd.Request != "EraseDevice" {
		w.exchange(Report{Channel: DeviceChannel, Enrolment: w.ipad.cert, Status: StatusNotNow, Command: cmd.UUID})
		return
	}
	w.held, w.epoch = cmd, w.c.Epoch
	if fate == "held" {
		return
	}
	if r, cert := w.carryOut(), w.ipad.cert; fate == "answered" && r.Enrolment == cert {
		w.exchange(r)
	}
}

// carryOut does what the device holds and returns what it would say.
func (w *world) carryOut() (r Report) {
	if w.held == nil {
		return r
	}
	cmd := *w.held
	w.held = nil
	destructive := cmd.Request == "EraseDevice" || cmd.Request == "LogOutUser" || cmd.Request == "DeleteUser" ||
		cmd.Request == "RemoveApplication" || cmd.Request == "ClearPasscode"
	if destructive && w.c.Epoch != w.epoch {
		w.rt.Fatalf("%s of epoch %d is carried out in epoch %d", cmd.Request, w.epoch, w.c.Epoch)
	}
	cert := w.ipad.cert
	r, _ = w.ipad.execute(cmd)
	r.Enrolment = cert
	w.reports = append(w.reports, r)
	if w.ipad.cert != cert {
		w.checkIn(true)
	}
	return r
}

func (w *world) check() {
	if w.c.State != custody.Clean {
		return
	}
	if w.ipad.session || len(w.ipad.users) > 0 {
		w.rt.Fatalf("clean with data on it: %v", w.ipad.users)
	}
	if w.c.Risk.Open() || w.held != nil && w.held.Request != "DeviceConfigured" && w.held.Request != "UserList" && w.held.Request != "ProfileList" {
		w.rt.Fatalf("clean with %+v still to be carried out", w.c.Risk)
	}
}

// wayOut: whatever happened, a device that does as it is told gets clean again.
func (w *world) wayOut() {
	w.carryOut()
	w.after(time.Hour).do(custody.Tick{})
	switch w.c.State {
	case custody.InUse, custody.Locked, custody.Unproven:
		w.do(custody.Wipe{By: "m"})
	}
	w.drain()
	w.check()
	if w.c.State != custody.Clean {
		w.rt.Fatalf("no way out of %s (%s): %+v", w.c.State, w.c.Reason, w.c.Run)
	}
}
