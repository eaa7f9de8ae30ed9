package sim

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// pushed is an enrolled device on the manual clock, idle but for its pushes.
func pushed(t *testing.T) (*world, *Device) {
	w := newWorld(t, slow)
	d := w.fleet.Add(Options{})
	d.EnrolByHand(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.settle()
	return w, d
}

func (w *world) idles() int { return len(w.server.seen("Idle")) }

func TestPushWakesAReachableDevice(t *testing.T) {
	w, _ := pushed(t)
	if status, body := w.server.nudge(""); status != http.StatusOK || body != "" {
		t.Fatalf("push: %d %s", status, body)
	}
	w.settle()
	if w.idles() != 0 {
		t.Fatal("it connected before the push can have arrived")
	}
	w.advance(slow.Push)
	eventually(t, "the connect", func() bool { return w.idles() == 1 })
	if v := w.apns.Violations(); len(v) != 0 {
		t.Fatalf("violations of a right push: %v", v)
	}
}

func TestPushesAreKeptOnceAndExpire(t *testing.T) {
	w, d := pushed(t)
	d.WifiOff()
	for range 3 {
		w.server.nudge("")
	}
	w.advance(time.Minute)
	d.WifiOn()
	w.advance(slow.Push)
	eventually(t, "the connect", func() bool { return w.idles() == 1 })
	w.advance(time.Minute)
	if w.idles() != 1 {
		t.Fatalf("%d connects for three coalesced pushes", w.idles())
	}
	d.Sleep()
	w.server.nudge("")
	w.advance(time.Hour + time.Second)
	d.Wake()
	w.advance(time.Minute)
	if w.idles() != 1 {
		t.Fatal("an expired push was delivered")
	}
}

func TestPushRefusals(t *testing.T) {
	w, d := pushed(t)
	good := w.server.addresses[""]
	set := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	for name, c := range map[string]struct {
		to        address
		change    func(*http.Request)
		status    int
		reason    string
		violation bool
	}{
		"unknown token": {address{[]byte("nobody"), "m"}, set("x", ""), 400, "BadDeviceToken", false},
		"topic":         {good, set("apns-topic", "com.apple.mgmt.other"), 403, "TopicDisallowed", true},
		"no topic":      {good, func(r *http.Request) { r.Header.Del("apns-topic") }, 400, "MissingTopic", true},
		"type":          {good, set("apns-push-type", "alert"), 400, "InvalidPushType", true},
		"no type":       {good, func(r *http.Request) { r.Header.Del("apns-push-type") }, 400, "InvalidPushType", true},
		"expiration":    {good, set("apns-expiration", "tomorrow"), 400, "BadExpirationDate", true},
		"never kept":    {good, set("apns-expiration", "0"), 200, "", true},
		"no expiration": {good, func(r *http.Request) { r.Header.Del("apns-expiration") }, 200, "", true},
		"past":          {good, set("apns-expiration", fmt.Sprint(w.clock.Now().Add(-time.Second).Unix())), 200, "", true},
		"magic":         {address{good.token, "other"}, set("x", ""), 200, "", true},
		"no payload":    {address{good.token, ""}, set("x", ""), 400, "PayloadEmpty", true},
		"path":          {good, func(r *http.Request) { r.URL.Path = "/2/device/x" }, 404, "BadPath", false},
		"method":        {good, func(r *http.Request) { r.Method = http.MethodGet; r.Body = nil; r.ContentLength = 0 }, 405, "MethodNotAllowed", false},
	} {
		before := len(w.apns.Violations())
		status, body := w.server.push(c.to, c.change)
		if status != c.status || !strings.Contains(body, c.reason) {
			t.Errorf("%s: %d %s, want %d %s", name, status, body, c.status, c.reason)
		}
		if grew := len(w.apns.Violations()) > before; grew != c.violation {
			t.Errorf("%s: violation %t, want %t", name, grew, c.violation)
		}
	}
	w.settle()
	before := w.idles()
	w.server.push(address{good.token, "other"}, func(*http.Request) {})
	w.advance(time.Minute)
	if w.idles() > max(before, 1) {
		t.Error("a push with the wrong magic woke the device")
	}
	d.EraseByHand()
	if status, body := w.server.nudge(""); status != http.StatusGone || !strings.Contains(body, "Unregistered") || !strings.Contains(body, "timestamp") {
		t.Errorf("after an erase: %d %s", status, body)
	}
}

func TestPushNotKeptIsLost(t *testing.T) {
	w, d := pushed(t)
	d.WifiOff()
	w.server.push(w.server.addresses[""], func(r *http.Request) { r.Header.Set("apns-expiration", "0") })
	d.WifiOn()
	w.advance(time.Minute)
	if w.idles() != 0 {
		t.Fatal("a push without expiration was kept")
	}
}

func TestPushServerInTrouble(t *testing.T) {
	w, _ := pushed(t)
	w.apns.Fail(http.StatusServiceUnavailable, "ServiceUnavailable", time.Minute)
	if status, body := w.server.nudge(""); status != 503 || !strings.Contains(body, "ServiceUnavailable") {
		t.Fatalf("%d %s", status, body)
	}
	w.clock.advance(time.Minute)
	if status, _ := w.server.nudge(""); status != 200 {
		t.Fatalf("after the trouble: %d", status)
	}
	if n := w.apns.Accepted(); n != 1 {
		t.Fatalf("%d pushes accepted, want 1", n)
	}
}

func TestPushNeedsAValidCertificate(t *testing.T) {
	w, _ := pushed(t)
	expired, err := w.apns.PushCertificateUntil(testTopic, time.Now().Add(-time.Hour))
	must(t, err)
	nameless, err := w.apns.PushCertificate("")
	must(t, err)
	try := func(certs ...tls.Certificate) (int, error) {
		tr := &http2.Transport{TLSClientConfig: &tls.Config{RootCAs: w.apns.CAs(), Certificates: certs}}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr}).Post(w.apns.URL()+"/3/device/00", "", strings.NewReader("{}"))
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if _, err := try(); err == nil {
		t.Error("no certificate was needed")
	}
	if _, err := try(expired); err == nil {
		t.Error("an expired certificate was taken")
	}
	if status, err := try(nameless); err != nil || status != http.StatusForbidden {
		t.Errorf("a certificate without a topic: %d %v", status, err)
	}
}
