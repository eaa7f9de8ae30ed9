package sim

import (
	"context"
	"net/http"
	"testing"
	"time"
)

func TestNotNowComesBackByItselfOnlyAsTheLastWord(t *testing.T) {
	w, d := pushed(t)
	d.NotNowFor(time.Hour)
	id := w.server.command("", "InstallProfile", dict{"Payload": mobileconfig(t, "x")})
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "NotNow", func() bool { return len(w.server.seen("NotNow")) == 1 })
	w.settle()
	w.advance(59 * time.Minute)
	if n := w.idles(); n != 1 {
		t.Fatalf("%d connects while it is busy", n)
	}
	w.advance(2 * time.Minute)
	w.awaitStatus(w.server.report(id), "Acknowledged")

	w.server.mu.Lock()
	w.server.forget = true
	w.server.mu.Unlock()
	d.NotNowFor(time.Hour)
	w.server.command("", "Settings", dict{"Settings": []any{}}) // NotNow
	last := w.server.command("", "ProfileList", nil)            // and then it hears more
	w.server.nudge("")
	w.advance(slow.Push)
	w.awaitStatus(w.server.report(last), "Acknowledged")
	w.settle()
	before := w.idles()
	w.advance(2 * time.Hour)
	if w.idles() != before {
		t.Fatal("it came back though NotNow was not its last word")
	}
}

func TestNeverNotNow(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.NotNowFor(time.Hour)
	for _, request := range []string{"ProfileList", "DeviceLock"} {
		w.awaitStatus(w.server.do("", request, nil), "Acknowledged")
	}
	w.awaitStatus(w.server.do("", "DeviceInformation", dict{"Queries": []any{"UDID"}}), "Acknowledged")
}

func TestUnknownAndMalformedCommands(t *testing.T) {
	w := newWorld(t, quick)
	w.device(Options{})
	r := w.server.do("", "MakeCoffee", nil)
	w.awaitStatus(r, "Error")
	if code(r) != codeUnknownCommand {
		t.Errorf("code %d", code(r))
	}
	for _, request := range []string{"InstallProfile", "RemoveProfile", "ClearPasscode", "DeviceInformation", "EnableLostMode", "InstallApplication", "Settings"} {
		w.awaitStatus(w.server.do("", request, nil), "CommandFormatError")
	}
	w.awaitStatus(w.server.do("", "EraseDevice", dict{"ReturnToService": map[string]any{}}), "CommandFormatError")
}

func TestAckedNotExecuted(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	must(t, d.Plant(Canary{"A", 1}))
	d.AckNotExecute("EraseDevice")
	w.awaitStatus(w.server.do("", "EraseDevice", nil), "Acknowledged")
	x := d.Truth()
	last := x.Executed[len(x.Executed)-1]
	if x.Erased != 0 || len(x.Canaries) != 1 || last.Effect || last.Request != "EraseDevice" || len(last.Canaries) != 1 {
		t.Fatalf("truth %+v", x)
	}
}

func TestLostAckIsDoneAndToldAgain(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.LoseAck("DeviceLock")
	id := w.server.command("", "DeviceLock", nil)
	w.server.nudge("")
	eventually(t, "the lock", func() bool { return !d.Truth().Screen })
	w.settle()
	w.server.nudge("") // the server redelivers, and now hears of it
	w.server.report(id)
	n := 0
	for _, e := range d.Truth().Executed {
		if e.UUID == id {
			n++
		}
	}
	if n != 2 {
		t.Fatalf("carried out %d times", n)
	}
}

func TestDuplicateReports(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.DuplicateReports()
	id := w.server.command("", "ProfileList", nil)
	w.server.nudge("")
	eventually(t, "two reports", func() bool {
		n := 0
		for _, m := range w.server.seen("Acknowledged") {
			if m.str("CommandUUID") == id {
				n++
			}
		}
		return n == 2
	})
}

func TestDelayedReportArrivesBehindOthers(t *testing.T) {
	w, d := pushed(t)
	d.DelayReport("DeviceLock", time.Minute)
	late := w.server.command("", "DeviceLock", nil)
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "the lock", func() bool { return !d.Truth().Screen })
	w.settle()
	before := w.idles()
	w.server.mu.Lock()
	w.server.queue[""] = nil // the server has gone on to something else
	w.server.mu.Unlock()
	w.server.nudge("")
	w.advance(slow.Push)
	eventually(t, "a connect in between", func() bool { return w.idles() == before+1 })
	w.advance(time.Minute)
	w.awaitStatus(w.server.report(late), "Acknowledged")
}

func TestReportIsKeptWhenTheNetworkBreaks(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	fails := 2
	w.server.fail(func(r *http.Request) int {
		if r.Header.Get("Content-Type") == typeConnect && len(d.Truth().Executed) > 1 && fails > 0 {
			fails--
			return http.StatusBadGateway
		}
		return 0
	})
	w.awaitStatus(w.server.do("", "ProfileList", nil), "Acknowledged")
	if n := len(d.Truth().Executed); n != 2 {
		t.Fatalf("%d commands carried out, want DeviceConfigured and one ProfileList", n)
	}
}

func TestUnauthorisedUnenrols(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	w.server.fail(func(r *http.Request) int { return http.StatusUnauthorized })
	w.server.nudge("")
	eventually(t, "the end of management", func() bool { return !d.Truth().Enrolled })
}

func TestWrongCertificate(t *testing.T) {
	w := newWorld(t, quick)
	a, b := w.device(Options{}), w.device(Options{})
	must(t, b.WrongCertificate(context.Background(), a))
	w.server.nudge("")
	eventually(t, "a connect under another's certificate", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		last := len(w.server.certs) - 1
		return w.server.connects[last].str("UDID") == b.UDID() && w.server.certs[last] == a.Truth().Certificate
	})
	must(t, b.WrongCertificate(context.Background(), nil))
	before := w.idles()
	w.server.nudge("")
	w.settle()
	b.ClearFaults()
	w.server.nudge("")
	eventually(t, "a connect", func() bool { return w.idles() > before })
	if b.signer(b.vol.mdm).hash() != b.Truth().Certificate {
		t.Fatal("still signing with a wrong certificate")
	}
}

func TestRefusedCommand(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.Refuse("DeviceLock", 4711)
	if r := w.server.do("", "DeviceLock", nil); code(r) != 4711 || !d.Truth().Screen {
		t.Fatalf("%v", r)
	}
}
