package trial_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
	"github.com/padwarden/padwarden/server/trial/trialtest"
)

var kiosk = custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)

func step(t testing.TB, p custody.Policy, name string) trial.Step {
	t.Helper()
	for _, s := range trial.Steps(p) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no step %s", name)
	return trial.Step{}
}

func all(t testing.TB, s *trialtest.Store) []ledger.Recorded {
	t.Helper()
	h, err := s.History(t.Context(), "DMPX01", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// goes plays each step of a kiosk ward as a well-behaved iPad does.
var goes = map[string]func(s *trialtest.Store){
	"open": func(s *trialtest.Store) {
		s.Says(custody.KindSessionOpened, "ada", "")
		s.Says(custody.KindHandedOver, "", "app_lock ProfileList attempt 1 u")
		s.Says(custody.KindOpenConfirmed, "device", "")
	},
	"lock": func(s *trialtest.Store) {
		s.Says(custody.KindLockAsked, "timer", "idle")
		s.Says(custody.KindHandedOver, "", "device_lock DeviceLock attempt 1 u")
		s.Says(custody.KindLockEnded, "", "confirmed: app lock seen by ProfileList")
	},
	"resume": func(s *trialtest.Store) {
		s.Says(custody.KindSessionResumed, "ada", "")
		s.Says(custody.KindOpenConfirmed, "device", "")
	},
	"wipe": func(s *trialtest.Store) {
		s.Says(custody.KindSessionEnded, "ada", "return")
		s.Says(custody.KindWipeAsked, "ada", "return")
		s.Says(custody.KindHandedOver, "", "preflight DeviceInformation attempt 1 u")
		s.Says(custody.KindHandedOver, "", "erase EraseDevice attempt 2 u")
		s.Says(custody.KindEnrolment, "device", "awaiting configuration: it was erased")
		s.Says(custody.KindWipeEnded, "", "proven: erased")
		s.Says(custody.KindClean, "device", "erased")
	},
	"wifi": func(s *trialtest.Store) {
		s.Says(custody.KindLockAsked, "timer", "idle")
		s.After(2 * time.Minute)
		s.Says(custody.KindHandedOver, "", "device_lock DeviceLock attempt 1 u")
		s.Says(custody.KindLockEnded, "", "confirmed: app lock seen by ProfileList")
	},
	"restart": func(s *trialtest.Store) {
		s.Says(custody.KindLockAsked, "timer", "idle")
		s.Says(custody.KindHandedOver, "", "device_lock DeviceLock attempt 1 u")
		s.Says(custody.KindLockEnded, "", "confirmed: app lock seen by ProfileList")
	},
	"battery": func(s *trialtest.Store) {
		s.Says(custody.KindWipeAsked, "staff:m", "manager")
		s.After(time.Hour)
		s.Says(custody.KindUnproven, "", "overdue")
		s.Says(custody.KindHandedOver, "", "preflight DeviceInformation attempt 1 u")
		s.Says(custody.KindClean, "device", "proven late: erased")
	},
}

func TestAStepIsWhatTheHistoryShows(t *testing.T) {
	for name, play := range goes {
		s := trialtest.New(kiosk)
		play(s)
		if f := trial.Match(step(t, kiosk, name), all(t, s)); !f.Whole || f.Missing != "" || len(f.Cited()) != len(f.Seen) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Without any one of its entries a step is not shown.
func TestEveryMarkCounts(t *testing.T) {
	for name, play := range goes {
		s := trialtest.New(kiosk)
		play(s)
		h := all(t, s)
		whole := trial.Match(step(t, kiosk, name), h)
		for i := range whole.Seen {
			without := slices.DeleteFunc(slices.Clone(h), func(e ledger.Recorded) bool { return e.Seq == whole.Seen[i].Seq })
			if f := trial.Match(step(t, kiosk, name), without); f.Whole && !slices.ContainsFunc(f.Seen, func(e ledger.Recorded) bool { return e.Seq != whole.Seen[i].Seq && e.Kind == whole.Seen[i].Kind }) {
				t.Errorf("%s without %s: %+v", name, whole.Seen[i].Kind, f.Seen)
			} else if !f.Whole && f.Missing == "" {
				t.Errorf("%s without %s: nothing is said", name, whole.Seen[i].Kind)
			}
		}
	}
}

func TestWhatIsNoStep(t *testing.T) {
	for name, c := range map[string]struct {
		step  string
		play  func(s *trialtest.Store)
		says  string
		whole bool
	}{
		"an unconfirmed lock": {"lock", func(s *trialtest.Store) {
			s.Says(custody.KindLockAsked, "timer", "idle")
			s.Says(custody.KindLockEnded, "", "unconfirmed: refused")
		}, "the lock was confirmed", false},
		"a lock that was confirmed in another run": {"lock", func(s *trialtest.Store) {
			s.Says(custody.KindLockAsked, "timer", "idle")
			s.Says(custody.KindSessionResumed, "ada", "")
			s.Says(custody.KindLockEnded, "", "confirmed: app lock seen")
		}, "the lock was confirmed", false},
		"a lock that took too long": {"lock", func(s *trialtest.Store) {
			s.Says(custody.KindLockAsked, "timer", "idle")
			s.After(time.Hour)
			s.Says(custody.KindLockEnded, "", "confirmed: app lock seen")
		}, "longer than 5m", false},
		"a second try": {"lock", func(s *trialtest.Store) {
			s.Says(custody.KindLockAsked, "timer", "idle")
			s.Says(custody.KindLockEnded, "", "superseded by a resume")
			goes["lock"](s)
		}, "", true},
		"an attestation is no proof": {"wipe", func(s *trialtest.Store) {
			s.Says(custody.KindWipeAsked, "ada", "return")
			s.Says(custody.KindHandedOver, "", "erase EraseDevice attempt 2 u")
			s.Says(custody.KindEnrolment, "device", "awaiting configuration: it was erased")
			s.Says(custody.KindClean, "staff:m", "attested")
		}, "the wipe was proven", false},
		"an iPad that was not away": {"wifi", goes["lock"], "It was not away", false},
		"nothing at all":            {"open", func(*trialtest.Store) {}, "a badge opened a session", false},
	} {
		s := trialtest.New(kiosk)
		c.play(s)
		f := trial.Match(step(t, kiosk, c.step), all(t, s))
		if f.Whole != c.whole || !strings.Contains(f.Missing, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Every policy's steps can be walked: what they prove is one of the ward's
// plans, each plan is proven by one, and each phase waits for something.
func TestStepsOfEveryPolicy(t *testing.T) {
	for _, p := range []custody.Policy{
		kiosk, custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode), custody.DefaultPolicy(custody.ReturnToService, custody.TargetSafari),
		custody.DefaultPolicy(custody.ManagedApps, custody.TargetKioskApp), custody.DefaultPolicy(custody.ManagedApps, custody.TargetPasscode),
		custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone), custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone),
	} {
		names := map[string]bool{}
		for _, s := range trial.Steps(p) {
			if names[s.Name] || s.Title == "" || s.Bring == "" || len(s.Ready) == 0 || len(s.Phases) == 0 || len(s.Questions()) == 0 {
				t.Errorf("%s %s: step %+v", p.Fleet, p.Target, s)
			}
			names[s.Name] = true
			for _, ph := range s.Phases {
				if ph.Do == "" || ph.Patience <= 0 || len(ph.Marks) == 0 || strings.Contains(ph.Do, "0s") {
					t.Errorf("%s %s, step %s: phase %+v", p.Fleet, p.Target, s.Name, ph)
				}
				for _, m := range ph.Marks {
					if m.Kind == custody.KindHandedOver && m.Detail == "" && m.Says != "the iPad was reached" {
						t.Errorf("%s %s, step %s: any command is a mark", p.Fleet, p.Target, s.Name)
					}
				}
			}
		}
		for _, name := range []string{"open", "wipe", "wifi", "battery"} {
			if !names[name] {
				t.Errorf("%s %s has no step %s", p.Fleet, p.Target, name)
			}
		}
		if plans := trial.Plans(p); len(plans) == 0 || plans[len(plans)-1].Goal != custody.GoalWipe {
			t.Errorf("%s %s: plans %+v", p.Fleet, p.Target, plans)
		}
	}
}
