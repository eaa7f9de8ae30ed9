package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// TestAnObstacleHoldsTheEraseBack: nothing destructive leaves, the manager reads
// why, the holder may come back, and the wipe goes on by itself when it is gone.
func TestAnObstacleHoldsTheEraseBack(t *testing.T) {
	low, yes, no := 0.09, true, false
	for name, row := range map[string]struct {
		ward        custody.Policy
		come, leave func(w *walk)
		says        string
	}{
		"battery": {kioskWard, func(w *walk) { w.ipad.battery = &low },
			func(w *walk) { full := 1.0; w.ipad.battery = &full }, "Battery 9 %: put this iPad on its charger"},
		"Activation Lock": {kioskWard, func(w *walk) { w.ipad.findMy = &yes },
			func(w *walk) { w.ipad.findMy = &no }, "Activation Lock is on"},
		"what the server knows": {kioskWard, func(w *walk) { w.in.Obstacle = "The push certificate has expired: renew it." },
			func(w *walk) { w.in.Obstacle = "" }, "push certificate has expired"},
		"bootstrap token": {keptWard, func(w *walk) { w.in.Bootstrap = nil },
			func(w *walk) { w.in.Bootstrap = []byte("token") }, "no bootstrap token"},
	} {
		t.Run(name, func(t *testing.T) {
			w := returned(t, row.ward)
			row.come(w)
			for range 5 {
				w.connect()
				w.after(time.Minute)
			}
			if w.count("EraseDevice") != 0 || w.c.Risk.Request != "" || !w.ipad.session {
				t.Fatalf("told %v", w.steps())
			}
			if !strings.Contains(w.c.Run.Waits, row.says) || w.c.Proof.Rung != custody.ProofRequested {
				t.Errorf("waits for %q at %s", w.c.Run.Waits, w.c.Proof.Rung)
			}
			back := *w
			back.do(custody.Resume{By: "a"})
			back.is(custody.InUse)
			if back.c.Run.Waits != "" {
				t.Errorf("the open plan waits for %q", back.c.Run.Waits)
			}
			w.after(time.Hour).do(custody.Tick{})
			w.is(custody.Unproven)
			if !strings.Contains(w.c.Reason, row.says) || !strings.HasPrefix(w.c.Reason, "Wipe asked ") {
				t.Errorf("the manager reads %q", w.c.Reason)
			}
			row.leave(w)
			w.drain()
			w.is(custody.Clean)
			if w.ipad.session || w.count("EraseDevice") != 1 || w.c.Run.Waits != "" {
				t.Errorf("session %v, told %v, waits %q", w.ipad.session, w.steps(), w.c.Run.Waits)
			}
		})
	}
}

// TestWhatIsNotKnownIsNoObstacle: keeping somebody's data is worse.
func TestWhatIsNotKnownIsNoObstacle(t *testing.T) {
	unknown, full := -1.0, 1.0 // Apple says -1 where it cannot tell
	for name, r := range map[string]Report{
		"nothing said": {}, "battery not known": {Battery: &unknown}, "battery full": {Battery: &full},
	} {
		if o := obstacle(r, Inputs{Policy: kioskWard}); o != "" {
			t.Errorf("%s: %s", name, o)
		}
	}
	any := kioskWard
	any.LeastBattery = 0
	empty := 0.0
	if o := obstacle(Report{Battery: &empty}, Inputs{Policy: any}); o != "" {
		t.Errorf("any charge will do: %s", o)
	}
}

// TestAppsAreKeptWhereTheIPadCanKeepThem: the bootstrap token goes along from
// iPadOS 26 on, and what was not kept is installed before DeviceConfigured.
func TestAppsAreKeptWhereTheIPadCanKeepThem(t *testing.T) {
	for version, kept := range map[string]bool{"17.0": false, "25.9": false, "26.0": true, "": true} {
		w := returned(t, keptWard)
		w.in.OS, _ = encode.ParseVersion(version)
		cmd := w.until("EraseDevice")
		if got := strings.Contains(string(cmd.Body), "BootstrapToken"); got != kept {
			t.Errorf("iPadOS %s: token sent: %v", version, got)
		}
		if version == "17.0" {
			w.in.Bootstrap = nil // and none is waited for
		}
		w.drain()
		w.is(custody.Clean)
		installed, configured := 0, 0
		for i, c := range w.told {
			switch c.Command.Request {
			case "InstallApplication":
				installed = i
			case "DeviceConfigured":
				configured = i
			}
		}
		if installed == 0 || configured < installed || len(w.ipad.apps) != len(keptWard.ManagedApps) {
			t.Errorf("iPadOS %s: told %v", version, w.steps())
		}
	}
	plain := returned(t, kioskWard)
	if body := string(plain.until("EraseDevice").Body); strings.Contains(body, "BootstrapToken") {
		t.Error("a ward that keeps no apps sends the token")
	}
}
