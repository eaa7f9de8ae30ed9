package plan

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// A trial of one plan says nothing of another: what a ward's iPads are told
// changes the digest of the plans that tell it, and nothing else does.
func TestADigestIsOfWhatThePlanDoes(t *testing.T) {
	is := func(p custody.Policy, g custody.Goal) string {
		t.Helper()
		digest, _ := Digest(p, g)
		if again, _ := Digest(p, g); again != digest || len(digest) != 64 {
			t.Fatalf("%s of %s: %q, then %q", g, p.Fleet, digest, again)
		}
		return digest
	}
	changed := func(change func(*custody.Policy)) custody.Policy {
		p := kioskWard
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		p                custody.Policy
		open, lock, wipe bool // which plans are other ones
	}{
		"its timings":        {changed(func(p *custody.Policy) { p.Lock, p.Resume = 5*time.Minute, time.Hour }), false, false, false},
		"another target":     {passcodeWard, true, true, true},
		"another fleet kind": {appsWard, true, true, true},
		"an app that stays":  {changed(func(p *custody.Policy) { p.ManagedApps = []custody.App{{BundleID: "org.example.charts"}} }), false, false, true},
	} {
		for g, other := range map[custody.Goal]bool{custody.GoalOpen: c.open, custody.GoalLock: c.lock, custody.GoalWipe: c.wipe} {
			if got := is(c.p, g) != is(kioskWard, g); got != other {
				t.Errorf("%s: the plan to %s has another digest: %v", name, g, got)
			}
		}
	}
	longer := passcodeWard
	longer.ClinicalApps = append(longer.ClinicalApps, "org.example.more")
	if is(longer, custody.GoalOpen) == is(passcodeWard, custody.GoalOpen) {
		t.Error("another profile is installed under the same digest")
	}
	if is(kioskWard, custody.GoalOpen) == is(kioskWard, custody.GoalWipe) {
		t.Error("two plans have one digest")
	}
}

// No command of any plan fails with the example's inputs: it would count as
// "cannot be made", whatever it comes to send.
func TestADigestIsMadeOfEveryCommand(t *testing.T) {
	for _, p := range []custody.Policy{kioskWard, passcodeWard, safariWard, keptWard, sharedWard, guestWard, appsWard, appsPasscode} {
		for _, g := range []custody.Goal{custody.GoalOpen, custody.GoalLock, custody.GoalWipe} {
			_, names := Digest(p, g)
			ss := steps(p, g)
			if len(names) != len(ss) {
				t.Errorf("%s %s: %v", p.Fleet, g, names)
			}
			for _, s := range ss {
				if s.body == nil {
					continue
				}
				if body, err := s.body(exampleID, exampleRow(p, g), exampleInputs(p)); err != nil || len(body) == 0 {
					t.Errorf("%s %s, step %s: %v", p.Fleet, g, s.name, err)
				}
			}
		}
	}
	if len(exampleInputs(kioskWard).WiFi) == 0 {
		t.Error("the example has no Wi-Fi profile")
	}
}
