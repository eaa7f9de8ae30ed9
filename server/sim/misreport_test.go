package sim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnswersFormatError(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.AnswerFormatError("SecurityInfo")
	w.awaitStatus(w.server.do("", "SecurityInfo", nil), "CommandFormatError")
	w.awaitStatus(w.server.do("", "ProfileList", nil), "Acknowledged")
	d.ClearFaults()
	w.awaitStatus(w.server.do("", "SecurityInfo", nil), "Acknowledged")
}

// TestStrayReports: one for a command that was never sent, and then all that
// were made, the latest first; afterwards the device asks as ever.
func TestStrayReports(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	first := w.server.do("", "ProfileList", nil).str("CommandUUID")
	last := w.server.do("", "SecurityInfo", nil).str("CommandUUID")
	before := len(w.server.seen("Acknowledged"))
	d.ReportUnknown()
	unknown := w.server.awaitSeen("Acknowledged", before+1)[before].str("CommandUUID")
	if unknown == "" || unknown == first || unknown == last {
		t.Errorf("a report for %q", unknown)
	}
	before++
	d.SayAgain()
	said := w.server.awaitSeen("Acknowledged", before+3)[before:] // DeviceConfigured was the first of all
	if said[0].str("CommandUUID") != last || said[1].str("CommandUUID") != first {
		t.Errorf("said again: %v", said)
	}
	if said[1]["ProfileList"] == nil {
		t.Error("without what the report said")
	}
	w.awaitStatus(w.server.do("", "ProfileList", nil), "Acknowledged")
}

func TestShowsAnotherSerial(t *testing.T) {
	w := newWorld(t, quick)
	d := w.fleet.Add(Options{})
	d.ShowSerial("ANOTHER")
	d.Assign(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	if m := w.server.checkIns[0]; m.str("SerialNumber") != "ANOTHER" || m.str("UDID") != d.UDID() {
		t.Errorf("%v", m)
	}
}

// TestLeavesUnheardWithoutANetwork: a management that is removed out of reach
// is not checked out, then or later.
func TestLeavesUnheardWithoutANetwork(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	d.WifiOff()
	d.RemoveManagement()
	d.WifiOn()
	time.Sleep(50 * time.Millisecond)
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, m := range w.server.checkIns {
		if m.str("MessageType") == "CheckOut" {
			t.Error("checked out")
		}
	}
	if d.Truth().Enrolled {
		t.Error("still managed")
	}
}

func TestARenewedTokenIsTold(t *testing.T) {
	w, d := pushed(t)
	w.apns.Disown(d.Serial())
	if status, body := w.server.nudge(""); status != http.StatusGone || !strings.Contains(body, "Unregistered") {
		t.Fatalf("disowned: %d %s", status, body)
	}
	must(t, d.RenewToken())
	w.settle()
	if status, _ := w.server.nudge(""); status != http.StatusOK {
		t.Fatalf("under its new token: %d", status)
	}
	w.advance(slow.Push)
	eventually(t, "the connect", func() bool { return w.idles() == 1 })
}

func TestPushesOfOneDeviceAreRefused(t *testing.T) {
	w, d := pushed(t)
	w.apns.Refuse("another", http.StatusGone, "Unregistered", 0)
	if status, _ := w.server.nudge(""); status != http.StatusOK {
		t.Errorf("another's refusal: %d", status)
	}
	w.apns.Refuse(d.Serial(), http.StatusTooManyRequests, "TooManyRequests", 90*time.Second)
	if status, body := w.server.nudge(""); status != http.StatusTooManyRequests || !strings.Contains(body, "TooManyRequests") {
		t.Errorf("%d %s", status, body)
	}
	w.apns.Refuse(d.Serial(), http.StatusOK, "", 0)
	if status, _ := w.server.nudge(""); status != http.StatusOK {
		t.Errorf("when it is over: %d", status)
	}
}

// TestGoAway: by a frame the push is answered and the next goes over another
// connection; cut, it is never answered.
func TestGoAway(t *testing.T) {
	w, _ := pushed(t)
	w.apns.GoAway(1, false)
	for range 2 {
		if status, _ := w.server.nudge(""); status != http.StatusOK {
			t.Errorf("around a GOAWAY: %d", status)
		}
	}
	if n := w.apns.WentAway(); n != 1 {
		t.Errorf("%d connections went away", n)
	}
}
