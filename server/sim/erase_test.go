package sim

import (
	"strings"
	"testing"
	"time"
)

func wifiProfile(t *testing.T) []byte {
	return mobileconfig(t, "wifi", payload(typeWiFi, "wifi.1", dict{"SSID_STR": "ward"}))
}

func returnToService(more dict) dict {
	rts := map[string]any{"Enabled": true}
	for k, v := range more {
		rts[k] = v
	}
	return dict{"ReturnToService": rts}
}

// used is a device with everything on it that an erase must take.
func used(t *testing.T, w *world, opt Options) *Device {
	d := w.device(opt)
	must(t, d.Plant(Canary{"A", 7}))
	w.server.do("", "InstallProfile", dict{"Payload": mobileconfig(t, "lock", payload(typeAppLock, "l", dict{"App": map[string]any{"Identifier": "app"}}))})
	w.server.do("", "InstallApplication", dict{"Identifier": "app"})
	must(t, d.SetPasscode("123456"))
	return d
}

func TestReturnToService(t *testing.T) {
	w := newWorld(t, quick)
	d := used(t, w, Options{})
	before := d.Truth()
	if before.AppLock != "app" || len(before.Apps) != 1 || !before.Passcode || len(before.Canaries) != 1 {
		t.Fatalf("before: %+v", before)
	}
	d.ScreenOff() // an erase works on a locked device
	w.awaitStatus(w.server.do("", "EraseDevice", returnToService(dict{"WiFiProfileData": wifiProfile(t)})), "Acknowledged")
	tokens := w.server.awaitSeen("TokenUpdate", 2)
	if !tokens[1].bool("AwaitingConfiguration") || tokens[1].str("PushMagic") == tokens[0].str("PushMagic") {
		t.Fatalf("second TokenUpdate: %v", tokens[1])
	}
	if auths := w.server.seen("Authenticate"); len(auths) != 2 || auths[0].str("UDID") != auths[1].str("UDID") {
		t.Fatalf("Authenticates: %v", auths)
	}
	eventually(t, "the new enrolment", func() bool { x := d.Truth(); return x.Enrolled && x.Awaiting })
	x := d.Truth()
	if x.Erased != 1 || len(x.Canaries) != 0 || x.Passcode || x.AppLock != "" || len(x.Apps) != 0 || x.Certificate == before.Certificate {
		t.Fatalf("after: %+v", x)
	}
	if e := x.Executed[len(before.Executed)]; e.Request != "EraseDevice" || len(e.Canaries) != 1 {
		t.Fatalf("the erase as executed: %+v", e)
	}
}

func TestEraseWithoutANetworkNeedsHands(t *testing.T) {
	w := newWorld(t, quick)
	d := used(t, w, Options{})
	w.server.do("", "EraseDevice", returnToService(nil))
	eventually(t, "the end of the erase", func() bool { return strings.Contains(d.Truth().EnrolError, "needs hands") })
	if x := d.Truth(); x.Erased != 1 || x.Reachable || x.Enrolled {
		t.Fatalf("%+v", x)
	}
	d.WifiOn()
	w.server.awaitSeen("TokenUpdate", 2)
}

func TestEthernetNeedsNoWiFi(t *testing.T) {
	w := newWorld(t, quick)
	used(t, w, Options{Ethernet: true})
	w.server.do("", "EraseDevice", returnToService(nil))
	w.server.awaitSeen("TokenUpdate", 2)
}

func TestMDMProfileDataIsUsed(t *testing.T) {
	w := newWorld(t, quick)
	d := w.fleet.Add(Options{Ethernet: true})
	d.EnrolByHand(w.server.http.URL + "/enroll") // ADE assigns nothing
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.server.ca.mu.Lock()
	w.server.ca.challenge = "of this erase"
	w.server.ca.mu.Unlock()
	w.server.do("", "EraseDevice", returnToService(dict{"MDMProfileData": w.server.enrolment("of this erase")}))
	if tokens := w.server.awaitSeen("TokenUpdate", 2); !tokens[1].bool("AwaitingConfiguration") {
		t.Fatal("back from Return to Service without AwaitingConfiguration")
	}
}

func TestBadReturnToServiceIsRefused(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	for _, key := range []string{"WiFiProfileData", "MDMProfileData"} {
		w.awaitStatus(w.server.do("", "EraseDevice", returnToService(dict{key: []byte("junk")})), "Error")
	}
	if d.Truth().Erased != 0 {
		t.Fatal("it was erased")
	}
}

func TestPlainEraseWaitsAtSetupAssistant(t *testing.T) {
	w := newWorld(t, slow)
	d := w.fleet.Add(Options{})
	d.Assign(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	must(t, d.Plant(Canary{"A", 1}))
	w.settle()
	w.server.command("", "EraseDevice", nil)
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "the ack", func() bool { return len(w.server.seen("Acknowledged")) == 1 })
	w.settle()
	if x := d.Truth(); len(x.Canaries) != 1 || x.Reachable {
		t.Fatalf("between the ack and the erase: %+v", x)
	}
	w.advance(slow.Linger)
	if x := d.Truth(); len(x.Canaries) != 0 || x.Reachable {
		t.Fatalf("erasing: %+v", x)
	}
	w.advance(24 * time.Hour)
	if n := len(w.server.seen("Authenticate")); n != 1 {
		t.Fatalf("it enrolled by itself (%d)", n)
	}
	d.FinishSetup()
	if !w.server.awaitSeen("TokenUpdate", 2)[1].bool("AwaitingConfiguration") {
		t.Fatal("Setup Assistant does not await configuration")
	}
}

func TestEraseWithItsAckLost(t *testing.T) {
	w := newWorld(t, quick)
	d := used(t, w, Options{Ethernet: true})
	d.LoseAck("EraseDevice")
	id := w.server.command("", "EraseDevice", returnToService(nil))
	w.server.nudge("")
	w.server.awaitSeen("TokenUpdate", 2)
	for _, m := range w.server.seen("Acknowledged") {
		if m.str("CommandUUID") == id {
			t.Fatal("the ack was not lost")
		}
	}
	if len(d.Truth().Canaries) != 0 {
		t.Fatal("not erased")
	}
}

func TestNeverReturns(t *testing.T) {
	w := newWorld(t, slow)
	d := w.fleet.Add(Options{Ethernet: true})
	d.EnrolByHand(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	must(t, d.Plant(Canary{"A", 1}))
	w.settle()
	d.NeverReturn()
	w.server.command("", "EraseDevice", returnToService(nil))
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "the ack", func() bool { return len(w.server.seen("Acknowledged")) == 1 })
	w.settle()
	w.server.nudge("")
	w.advance(24 * time.Hour)
	if x := d.Truth(); x.Reachable || x.Erased != 0 || len(x.Canaries) != 1 || w.idles() != 1 {
		t.Fatalf("%+v", x)
	}
	d.Restart()
	w.advance(slow.Restart)
	if x := d.Truth(); !x.Reachable || len(x.Canaries) != 1 {
		t.Fatalf("after a hand: %+v", x)
	}
}

func TestEraseGoesOnOverRestartAndDeadBattery(t *testing.T) {
	w := newWorld(t, slow)
	d := w.fleet.Add(Options{Ethernet: true})
	d.Assign(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.settle()
	w.server.command("", "EraseDevice", returnToService(nil))
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "the ack", func() bool { return len(w.server.seen("Acknowledged")) == 1 })
	w.settle()
	w.advance(slow.Linger)
	d.Restart()
	w.advance(slow.Restart)
	if d.Truth().Screen {
		t.Fatal("a restart cut the erase short")
	}
	d.BatteryDead()
	w.advance(slow.Erase)
	if n := len(w.server.seen("Authenticate")); n != 1 {
		t.Fatal("a dead device enrolled")
	}
	d.Charge()
	w.advance(slow.Restart)
	w.server.awaitSeen("TokenUpdate", 2)
}
