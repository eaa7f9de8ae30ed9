package plan

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var update = flag.Bool("update", false, "write the golden file anew")

// table prints a plan as it is written: each step, its request and its marks.
func table(b *bytes.Buffer, p custody.Policy, g custody.Goal) {
	ss := steps(p, g)
	if len(ss) == 0 {
		fmt.Fprintln(b, "  no steps")
	}
	for _, s := range ss {
		var marks []string
		add := func(on bool, mark string) {
			if on {
				marks = append(marks, mark)
			}
		}
		add(s.destructive, "destructive")
		add(s.request == "" && !s.idle, "waits for the row")
		add(s.idle, "waits for Idle")
		add(s.met != nil, "skipped if shown")
		add(s.held != nil, "held")
		add(s.settled, "after the last destructive answer")
		add(s.refused != nil, "may be refused")
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %-14s %-24s %s", s.name, s.request, strings.Join(marks, ", ")), " "))
	}
}

// scenes walk each plan with a device that does as it is told.
var scenes = []struct {
	name string
	ward custody.Policy
	play func(t *testing.T, p custody.Policy) *walk
}{
	{"kiosk-app: open", kioskWard, func(t *testing.T, p custody.Policy) *walk { return opened(t, p) }},
	{"kiosk-app: open, the app lock is gone", kioskWard, func(t *testing.T, p custody.Policy) *walk {
		w := opened(t, p)
		w.ipad.profiles = nil
		return w
	}},
	{"kiosk-app: lock", kioskWard, lockedDevice},
	{"kiosk-app: wipe", kioskWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"passcode: open", passcodeWard, func(t *testing.T, p custody.Policy) *walk {
		w := opened(t, p)
		w.connect()
		w.ipad.passcode = true
		return w
	}},
	{"passcode: lock", passcodeWard, lockedDevice},
	{"passcode: lock, no passcode was ever seen", passcodeWard, func(t *testing.T, p custody.Policy) *walk {
		w := lockedDevice(t, p)
		w.c.Passcode, w.ipad.passcode = time.Time{}, false
		return w
	}},
	{"passcode: wipe", passcodeWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"kiosk-app: wipe with its apps kept", keptWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"safari: open", safariWard, func(t *testing.T, p custody.Policy) *walk { return opened(t, p) }},
	{"safari: lock", safariWard, lockedDevice},
	{"safari: wipe", safariWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"shared-ipad: lock", sharedWard, lockedDevice},
	{"shared-ipad: wipe", sharedWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"shared-ipad: wipe after a long lock", sharedWard, func(t *testing.T, p custody.Policy) *walk {
		w := lockedDevice(t, p)
		w.drain()
		w.do(custody.TakeOver{By: "b"})
		return w
	}},
	{"shared-ipad: from Setup Assistant", sharedWard, func(t *testing.T, p custody.Policy) *walk {
		w := newWalk(t, p)
		w.do(custody.Wipe{By: "m"})
		w.ipad.erase()
		w.trace = nil
		w.checkIn(true)
		return w
	}},
	{"shared-guest: lock, live was lost", guestWard, func(t *testing.T, p custody.Policy) *walk {
		w := opened(t, p)
		w.drain()
		w.do(custody.LiveLost{})
		return w
	}},
	{"shared-guest: left idle", guestWard, func(t *testing.T, p custody.Policy) *walk {
		w := opened(t, p)
		w.drain()
		w.after(2 * time.Minute).do(custody.Idle{Epoch: w.c.Epoch})
		return w
	}},
	{"shared-guest: wipe", guestWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"managed-apps kiosk-app: lock", appsWard, lockedDevice},
	{"managed-apps kiosk-app: wipe", appsWard, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"managed-apps passcode: wipe", appsPasscode, func(t *testing.T, p custody.Policy) *walk { return returned(t, p) }},
	{"kiosk-app: lost", kioskWard, func(t *testing.T, p custody.Policy) *walk { return lostDevice(t, p) }},
	{"shared-ipad: found", sharedWard, func(t *testing.T, p custody.Policy) *walk {
		w := lostDevice(t, p)
		w.drain()
		w.trace = nil
		w.do(custody.Found{By: "m"})
		return w
	}},
	{"managed-apps kiosk-app: from Setup Assistant", appsWard, func(t *testing.T, p custody.Policy) *walk {
		w := newWalk(t, p)
		w.do(custody.Wipe{By: "m"})
		w.ipad.erase()
		w.trace = nil
		w.checkIn(true)
		return w
	}},
}

// lockedDevice has been left idle, its lock plan at its start.
func lockedDevice(t *testing.T, p custody.Policy) *walk {
	w := opened(t, p)
	w.ipad.passcode = p.Target == custody.TargetPasscode
	w.drain()
	w.after(2 * time.Minute).do(custody.Idle{Epoch: w.c.Epoch})
	w.told, w.trace = nil, nil
	return w
}

func TestPlansAsWrittenAndAsWalked(t *testing.T) {
	var b bytes.Buffer
	for _, p := range everyWard {
		for _, g := range []custody.Goal{custody.GoalOpen, custody.GoalLock, custody.GoalWipe} {
			kept := ""
			if p.PreserveApps {
				kept = " with its apps kept"
			}
			fmt.Fprintf(&b, "plan %s %s%s: %s\n", p.Fleet, p.Target, kept, g)
			table(&b, p, g)
			fmt.Fprintln(&b)
		}
	}
	for _, g := range []custody.Goal{custody.GoalLose, custody.GoalFind} {
		fmt.Fprintf(&b, "plan every fleet kind: %s\n", g)
		table(&b, kioskWard, g)
		fmt.Fprintln(&b)
	}
	for _, p := range []custody.Policy{kioskWard, passcodeWard, safariWard} {
		fmt.Fprintf(&b, "plan %s %s: %s\n", p.Fleet, p.Target, custody.GoalSeal)
		table(&b, p, custody.GoalSeal)
		fmt.Fprintln(&b)
	}
	for _, s := range scenes {
		w := s.play(t, s.ward)
		w.drain()
		fmt.Fprintf(&b, "walk %s\n  %s\n\n", s.name, strings.Join(w.trace, "\n  "))
		if w.c.Run.Active() {
			t.Errorf("%s: the plan does not end: %+v", s.name, w.c.Run)
		}
	}
	const golden = "testdata/plans.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the plans have changed; if that is meant, run with -update and review %s. Now:\n%s", golden, b.String())
	}
}
