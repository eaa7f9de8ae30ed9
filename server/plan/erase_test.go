package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// acked is a returned one-user iPad that said it would erase itself, and did not.
func acked(t *testing.T, p custody.Policy) *walk {
	w := returned(t, p)
	w.ipad.faulty = true
	w.connect()
	if w.c.Proof.Rung != custody.ProofAcknowledged || !w.c.Run.Acked {
		t.Fatalf("acknowledged: %+v", w.c)
	}
	w.ipad.faulty = false
	return w
}

func TestTheAckOfAnEraseProvesNothing(t *testing.T) {
	w := acked(t, kioskWard)
	for range 10 {
		w.after(time.Minute).connect() // alive, and not erased
	}
	if w.count("EraseDevice") != 1 || w.c.State != custody.Wiping || w.c.Proof.Rung != custody.ProofAcknowledged {
		t.Errorf("told %v, %+v", w.steps(), w.c)
	}
	w.after(time.Hour).do(custody.Tick{})
	w.is(custody.Unproven)
	w.connect()
	if w.count("EraseDevice") != 1 {
		t.Error("an erase that was acknowledged is sent again blindly")
	}
}

func TestAwaitingConfigurationFalseProvesNothing(t *testing.T) {
	w := acked(t, kioskWard)
	w.ipad.cert = "cert-9" // enrolled again by hand
	w.checkIn(false)
	w.is(custody.Unproven)
	w.drain()
	w.is(custody.Unproven)
	if !w.ipad.session {
		t.Fatal("the tiny iPad was erased")
	}
	w.do(custody.Wipe{By: "m"})
	w.drain()
	w.is(custody.Clean)
	if w.ipad.session || w.ipad.erased != 1 {
		t.Errorf("session %v, erased %d times", w.ipad.session, w.ipad.erased)
	}
}

// TestNothingIsErasedTwice is hand-over rule 4: a re-enrolment after any
// destructive hand-over of this epoch ends the erase step, whatever the attempt.
func TestNothingIsErasedTwice(t *testing.T) {
	tells := func(w *walk) { // the erase arrives, its acknowledgement does not
		w.ipad.execute(*w.until("EraseDevice"))
	}
	for name, play := range map[string]func(w *walk){
		"the ack is lost":   func(w *walk) { tells(w); w.checkIn(true) },
		"redelivered first": func(w *walk) { w.until("EraseDevice"); w.after(time.Minute); tells(w); w.checkIn(true) },
		"back after it was overdue": func(w *walk) {
			tells(w)
			w.after(time.Hour).do(custody.Tick{})
			w.is(custody.Unproven)
			w.checkIn(true)
		},
		"wiped again before it came back": func(w *walk) {
			tells(w)
			w.after(time.Hour).do(custody.Tick{}, custody.Wipe{By: "m"})
			w.checkIn(true)
		},
		"wiped again, and asked between Authenticate and TokenUpdate": func(w *walk) {
			tells(w)
			w.after(time.Hour).do(custody.Tick{}, custody.Authenticated{Enrolment: w.ipad.cert}, custody.Wipe{By: "m"})
			if cmd := w.exchange(w.ipad.idle()); cmd != nil {
				w.t.Fatalf("told %s before its TokenUpdate", cmd.Step)
			}
			w.do(custody.TokenUpdated{Enrolment: w.ipad.cert, Awaiting: true})
		},
		"the old attempt's report is late": func(w *walk) {
			tells(w)
			old := w.last().UUID
			w.checkIn(true)
			w.exchange(Report{Channel: DeviceChannel, Enrolment: w.c.Enrolment, Status: StatusAcknowledged, Command: old})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := returned(t, kioskWard)
			w.t = t
			play(w)
			w.told = nil
			w.drain()
			w.is(custody.Clean)
			if w.ipad.erased != 1 || w.count("EraseDevice") != 0 {
				t.Errorf("erased %d times; told %v after it came back", w.ipad.erased, w.steps())
			}
		})
	}
}

// TestAReportUnderTheOldEnrolmentProvesNothing: what the device said before its erase stays history.
func TestAReportUnderTheOldEnrolmentProvesNothing(t *testing.T) {
	w := returned(t, kioskWard)
	w.connect()
	w.now = w.c.Run.NotBefore
	w.connect()
	if w.c.Run.Active() && w.c.Run.Step != "idle" {
		t.Fatalf("the run stands at %q", w.c.Run.Step)
	}
	v := returned(t, kioskWard)
	v.ipad.execute(*v.until("EraseDevice"))
	v.checkIn(true)
	before := len(v.told)
	v.exchange(Report{Channel: DeviceChannel, Enrolment: "cert-1", Status: StatusIdle})
	if len(v.told) != before {
		t.Errorf("a connection under the old certificate was told %v", v.steps())
	}
}

// TestErasedMeansProvisionedAndIdle: each of the profiles must show, and the
// device must come back idle after that.
func TestErasedMeansProvisionedAndIdle(t *testing.T) {
	for _, p := range []custody.Policy{kioskWard, passcodeWard} {
		want := []string{encode.RestrictionsID, encode.KioskID}
		if p.Target == custody.TargetPasscode {
			want = append(want, encode.PasscodeID, encode.ClinicalID)
		}
		for _, id := range want {
			w := returned(t, p)
			w.ipad.loses = id
			w.drain()
			if w.c.State == custody.Clean {
				t.Fatalf("%s: clean without %s", p.Target, id)
			}
			w.is(custody.Unproven)
			w.ipad.profiles = append(w.ipad.profiles, id)
			w.drain()
			w.is(custody.Clean) // late proof is proof
			if w.ended != 2 {
				t.Errorf("%s: %d wipes ended, want the first one's and this one's", p.Target, w.ended)
			}
		}
		w := returned(t, p)
		w.connect()
		w.connect()
		if w.c.State != custody.Wiping || w.c.Run.Step != "idle" || w.c.Proof.Rung != custody.ProofReturned {
			t.Fatalf("%s: %s at %q", p.Target, w.c.State, w.c.Run.Step)
		}
		r := w.ipad.idle()
		r.Channel = UserChannel
		w.exchange(r)
		w.is(custody.Wiping)
		w.exchange(w.ipad.idle())
		w.is(custody.Clean)
		if w.c.Proof.Grade != custody.GradeErased {
			t.Errorf("%s: %s", p.Target, w.c.Proof.Grade)
		}
	}
}

// TestTheEraseBringsItsEnrolmentAlong: without it the device stays away.
func TestTheEraseBringsItsEnrolmentAlong(t *testing.T) {
	w := returned(t, kioskWard)
	w.in.WiFi = []byte("wifi-profile")
	cmd := w.until("EraseDevice")
	for _, key := range []string{"ReturnToService", "MDMProfileData", "WiFiProfileData", cmd.UUID} {
		if !strings.Contains(string(cmd.Body), key) {
			t.Errorf("no %s in the erase", key)
		}
	}
	bad := returned(t, kioskWard)
	bad.in.ServerURL = ""
	bad.until("DeviceInformation")
	bad.do(custody.Progress{Run: moved(bad.c.Run, "erase")})
	row := bad.c
	p, changed, cmd, err := Next(bad.c, bad.in, bad.now)
	if err == nil || cmd != nil || !strings.Contains(err.Error(), "erase") {
		t.Errorf("without a server's address: %v, %v", cmd, err)
	}
	if !changed || p.HandOver != nil || p.Run.Command != "" || p.Failed == "" {
		t.Errorf("a command that cannot be encoded is to fail the run, and nothing was handed over: %+v", p)
	}
	if bad.c.Run != row.Run {
		t.Error("a command that cannot be encoded was recorded")
	}
}

// moved is a run that stands at the beginning of a step.
func moved(r custody.Run, step string) custody.Run {
	r.Step, r.Command, r.Acked, r.NotBefore = step, "", false, time.Time{}
	return r
}

// TestTheRowIsAskedAgain: whatever step a run stands at, what the row shows decides.
func TestTheRowIsAskedAgain(t *testing.T) {
	w := returned(t, kioskWard)
	w.until("EraseDevice")
	fresh := w.c
	fresh.Fresh = true
	p, _, cmd, err := Next(fresh, w.in, w.now)
	if err != nil || cmd == nil || cmd.Step != "restrictions" || cmd.UUID == w.last().UUID || p.HandOver == nil {
		t.Errorf("erased, with the erase outstanding: told %+v, %v", cmd, err)
	}
	used := w.c
	used.Run.Step, used.Run.Command = "idle", ""
	if p, ok := Observe(used, w.ipad.idle(), w.in, w.now); !ok || p.Proof != "" {
		t.Errorf("at its last step, and not known to be fresh: %+v", p)
	}
}

func TestARefusedEraseIsUnproven(t *testing.T) {
	w := returned(t, kioskWard)
	w.ipad.says["EraseDevice"] = []int{12081}
	w.connect()
	w.is(custody.Unproven)
	if w.c.Risk.Open() || w.c.Run.Active() {
		t.Errorf("refused: %+v", w.c)
	}
	w.do(custody.Attest{By: "m", Why: "erased by cable"})
	w.is(custody.Clean)
}
