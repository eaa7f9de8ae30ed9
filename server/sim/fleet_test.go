package sim

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A ward that enrols, shows its pages and is stopped leaves no goroutine behind.
func TestFleetLeavesNothingRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("ward", func(t *testing.T) {
		w := newWorld(t, quick)
		w.server.kiosk.say(PageState{State: "clean"})
		pool := NewKeyPool(2)
		defer pool.Close()
		k, err := pool.Key(t.Context())
		must(t, err)
		if k.N.BitLen() != 2048 {
			t.Errorf("a key of %d bits", k.N.BitLen())
		}
		for i := range 4 {
			w.device(Options{Serial: fmt.Sprint("S", i)})
			w.clip("", fmt.Sprint("secret", i))
		}
		for _, d := range w.fleet.Devices() {
			w.await(d, "clean")
		}
		if w.fleet.Device("S2") == nil || w.fleet.Device("none") != nil {
			t.Error("devices are not found by serial")
		}
		w.fleet.Stop()
		w.fleet.Stop() // once more does no harm
		if d := w.fleet.Add(Options{}); d == nil {
			t.Error("no device")
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	var left string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	buf := make([]byte, 1<<20)
	left = string(buf[:runtime.Stack(buf, true)])
	t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), left)
}

func TestFleetNeedsItsWorld(t *testing.T) {
	if _, err := NewFleet(Env{}); err == nil {
		t.Fatal("a fleet of nothing")
	}
}

// The whole chain: what devices and pages see reaches the observer, and a
// server that skips the wipe is caught.
func TestObserverCatchesAServerThatSkipsTheWipe(t *testing.T) {
	for _, wipes := range []bool{true, false} {
		apns, err := NewAPNs(Wall{})
		must(t, err)
		o := NewObserver(Wall{}, time.Second)
		keys, err := testKeys()
		must(t, err)
		fleet, err := NewFleet(Env{APNs: apns, Keys: keys, HTTP: &http.Transport{}, Timing: quick, Watch: o})
		must(t, err)
		fleet.Start(context.Background())
		w := &world{t: t, apns: apns, fleet: fleet, server: newServer(t, apns)}
		d := w.device(Options{Ethernet: true})
		k := w.server.kiosk
		w.clip("", "one")
		k.say(PageState{State: "clean", Epoch: 1})
		w.await(d, "clean")
		k.say(PageState{State: inUse, Epoch: 2, Holder: "A"})
		w.await(d, inUse)
		must(t, d.Page().Work())
		k.say(PageState{State: "wiping", Epoch: 2})
		w.await(d, "wiping")
		if wipes {
			w.server.do("", "EraseDevice", returnToService(nil))
			w.server.awaitSeen("TokenUpdate", 2)
			eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
			w.server.do("", "DeviceConfigured", nil)
			w.clip("", "two")
		}
		k.say(PageState{State: "clean", Epoch: 2})
		w.await(d, "clean")
		fleet.Stop()
		must(t, apns.Close())
		v := o.Verdict()
		if broken := len(find(v, CleanHands).Violations) > 0; broken == wipes {
			t.Errorf("wipes %t: %s", wipes, v)
		}
		if wipes && !strings.Contains(v.String(), "P5 held (1 checks)") {
			t.Errorf("the erase was not checked: %s", v)
		}
	}
}

func TestTimingFaster(t *testing.T) {
	d := DefaultTiming()
	f := d.Faster(20)
	if f.Blackout != 6*time.Second || f.Erase != d.Erase/20 || f.Linger != d.Linger || d.Faster(0) != d {
		t.Fatalf("%+v", f)
	}
}
