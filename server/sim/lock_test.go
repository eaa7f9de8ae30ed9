package sim

import (
	"testing"
	"time"
)

func TestDeviceLock(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	r := w.server.do("", "DeviceLock", dict{"Message": "put me back"})
	if x := d.Truth(); x.Screen || x.Locked || r.str("MessageResult") != "NoPasscodeSet" {
		t.Fatalf("without a passcode: %+v %v", x, r)
	}
	d.Wake()
	must(t, d.SetPasscode("123456"))
	r = w.server.do("", "DeviceLock", dict{"Message": "put me back"})
	if x := d.Truth(); x.Screen || !x.Locked || r.str("MessageResult") != "Success" {
		t.Fatalf("with a passcode: %+v %v", x, r)
	}
	if d.Unlock("123456") == nil {
		t.Fatal("unlocked with the screen off")
	}
	d.Wake()
	if d.Unlock("0") == nil || d.SetPasscode("1") == nil || d.Unlock("123456") != nil {
		t.Fatal("the passcode does not work as one")
	}
	w.server.do("", "EnableLostMode", dict{"Message": "lost"})
	if r := w.server.do("", "DeviceLock", nil); r.str("MessageResult") != "DeviceInLostMode" || !d.Truth().LostMode {
		t.Fatalf("in Lost Mode: %v", r)
	}
	if r := w.server.do("", "DeviceLocation", nil); r.str("Status") != "Acknowledged" || !r.has("Latitude") || r.str("Timestamp") == "" {
		t.Errorf("where a lost iPad is: %v", r)
	}
	if w.server.do("", "PlayLostModeSound", nil); d.Truth().Sounds != 1 {
		t.Error("a lost iPad is silent")
	}
	w.server.do("", "DisableLostMode", nil)
	for _, request := range []string{"DeviceLocation", "PlayLostModeSound"} {
		if r := w.server.do("", request, nil); r.str("Status") != "Error" || r.has("Latitude") {
			t.Errorf("%s out of Lost Mode: %v", request, r)
		}
	}
	if d.Truth().LostMode {
		t.Fatal("still in Lost Mode")
	}
}

func TestLockedDeviceSaysNotNowUntilUnlocked(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	must(t, d.SetPasscode("123456"))
	d.ScreenOff()
	for _, request := range []string{"SecurityInfo", "InstallProfile"} {
		n := len(w.server.seen("NotNow"))
		id := w.server.command("", request, dict{"Payload": mobileconfig(t, "x")})
		w.server.nudge("")
		w.server.awaitSeen("NotNow", n+1)
		w.settle()
		d.Wake()
		must(t, d.Unlock("123456"))
		w.awaitStatus(w.server.report(id), "Acknowledged") // by itself: NotNow was its last word
		d.ScreenOff()
	}
}

func TestClearPasscode(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	policy := mobileconfig(t, "passcode", payload(typePasscode, "p", dict{"minLength": 6}))
	w.server.do("", "InstallProfile", dict{"Payload": policy})
	info := w.server.do("", "SecurityInfo", nil).dict("SecurityInfo")
	if info.bool("PasscodePresent") || info.bool("PasscodeCompliantWithProfiles") {
		t.Fatalf("%v", info)
	}
	if d.SetPasscode("1") == nil {
		t.Fatal("a short passcode was taken")
	}
	must(t, d.SetPasscode("123456"))
	info = w.server.do("", "SecurityInfo", nil).dict("SecurityInfo")
	if !info.bool("PasscodePresent") || !info.bool("PasscodeCompliantWithProfiles") {
		t.Fatalf("%v", info)
	}
	d.ScreenOff()
	w.awaitStatus(w.server.do("", "ClearPasscode", dict{"UnlockToken": []byte("other")}), "Error")
	if !d.Truth().Passcode {
		t.Fatal("cleared with another's token")
	}
	w.awaitStatus(w.server.do("", "ClearPasscode", dict{"UnlockToken": w.server.unlock}), "Acknowledged")
	if x := d.Truth(); x.Passcode || x.Locked {
		t.Fatalf("%+v", x)
	}
}

func TestRestartWithAPasscodeStaysOffWiFi(t *testing.T) {
	w, d := pushed(t)
	must(t, d.SetPasscode("123456"))
	w.server.command("", "RestartDevice", nil)
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "the ack", func() bool { return len(w.server.seen("Acknowledged")) == 1 })
	w.settle()
	w.advance(slow.Linger)
	w.advance(slow.Restart)
	if x := d.Truth(); x.Reachable || !x.Locked || !x.Screen {
		t.Fatalf("after the restart: %+v", x)
	}
	w.server.nudge("")
	w.advance(time.Minute)
	before := w.idles()
	must(t, d.Unlock("123456"))
	w.advance(slow.Push)
	eventually(t, "the kept push", func() bool { return w.idles() > before })
}

func TestRestartWithoutAPasscodeComesBack(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	before := w.idles()
	d.Restart()
	if d.Truth().Reachable {
		t.Fatal("reachable while it restarts")
	}
	eventually(t, "a connect after the start", func() bool { return w.idles() > before })
}

func TestShutDownAndBattery(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	w.server.do("", "ShutDownDevice", nil)
	eventually(t, "the end", func() bool { return !d.Truth().Screen })
	d.Restart()
	eventually(t, "the start", func() bool { return d.Truth().Reachable })
	d.BatteryDead()
	d.Wake()
	if x := d.Truth(); x.Reachable || x.Screen {
		t.Fatalf("dead: %+v", x)
	}
	d.Charge()
	eventually(t, "the start", func() bool { return d.Truth().Reachable })
}
