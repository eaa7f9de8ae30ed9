package mdm_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/machineinfo/devicetest"
)

// says is the machine info of a device at Setup Assistant.
func says(serial, udid, more string) []byte {
	return document("<dict>" + pair("SERIAL", serial) + pair("UDID", udid) + pair("PRODUCT", "iPad13,18") + more + "</dict>")
}

func (s *server) automated(message []byte) (int, []byte) {
	return s.do(http.MethodPost, mdm.AutomatedPath, http.Header{"Content-Type": {"application/pkcs7-signature"}}, message)
}

func TestAutomatedEnrolment(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	message := apple(t).Sign(t, says("S1", "UDID-S1", ""))
	status, profile := s.automated(message)
	challenge := challengeIn.FindSubmatch(profile)
	if status != http.StatusOK || challenge == nil || !strings.Contains(string(profile), "com.apple.mdm.bootstraptoken") {
		t.Fatalf("%d %s", status, profile)
	}
	if _, again := s.automated(message); string(challengeIn.FindSubmatch(again)[1]) == string(challenge[1]) {
		t.Error("two answers share a challenge")
	}
	status, other := s.do(http.MethodGet, mdm.AutomatedPath, http.Header{"X-Apple-Aspen-Deviceinfo": {base64.StdEncoding.EncodeToString(message)}}, nil)
	if status != http.StatusOK || challengeIn.FindSubmatch(other) == nil {
		t.Errorf("by the header: %d", status)
	}
	p := s.ipad("S1")
	if p.cert = p.request("S1", string(challenge[1]), nil); p.cert == nil {
		t.Fatalf("its challenge got no certificate: %v", s.counts)
	}
	if rec := s.store.certs[ca.Hash(p.cert)]; rec.Epoch != 0 || rec.Run != 0 {
		t.Errorf("its certificate answers a wipe: %+v", rec)
	}
	p.authenticate()
	if status, _ := p.tokenUpdate(true); status != http.StatusOK {
		t.Errorf("and then: %d, %v", status, s.counts)
	}
}

func TestWhoIsNotEnrolledByItself(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2")
	s.ipad("S2").enrol(1, 1)
	sign := func(content []byte) []byte { return apple(t).Sign(t, content) }
	for name, c := range map[string]struct {
		message []byte
		status  int
		reason  string
	}{
		"not on the list":    {sign(says("S9", "U9", "")), http.StatusForbidden, "not_allow_listed"},
		"another's serial":   {sign(says("S2", "U9", "")), http.StatusForbidden, "udid_mismatch"},
		"no serial of ours":  {sign(says("../S1", "U1", "")), http.StatusForbidden, "serial"},
		"signed by itself":   {devicetest.SelfSigned(t, says("S1", "U1", "")), http.StatusForbidden, "machine_info"},
		"not signed":         {says("S1", "U1", ""), http.StatusForbidden, "machine_info"},
		"a binary plist":     {sign([]byte("bplist00")), http.StatusForbidden, "machine_info"},
		"nothing":            {nil, http.StatusForbidden, "machine_info"},
		"more than a device": {make([]byte, 64<<10), http.StatusForbidden, "machine_info"},
	} {
		before := s.counted("enroll_refused " + c.reason)
		status, body := s.automated(c.message)
		if status != c.status || s.counted("enroll_refused "+c.reason) != before+1 || strings.Contains(string(body), "Challenge") {
			t.Errorf("%s: %d %.80s, %v", name, status, body, s.counts)
		}
	}
	if sentence, _ := s.engine.RefusedEnrolment("S2"); !strings.Contains(sentence, "another UDID") {
		t.Errorf("nobody sees at S2 that another iPad came in its name: %q", sentence)
	}
	for what, header := range map[string]http.Header{
		"a browser": {}, "a header of junk": {"X-Apple-Aspen-Deviceinfo": {"%%%"}}, "a form": {"Content-Type": {"text/plain"}},
	} {
		if status, _ := s.do(http.MethodGet, mdm.AutomatedPath, header, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", what, status)
		}
	}
	s.store.setDown(true)
	if status, _ := s.automated(sign(says("S1", "U1", ""))); status != http.StatusServiceUnavailable {
		t.Errorf("store down: %d", status)
	}
}

// TestAnOldIPadUpdatesFirst by Apple's answer, where the device can.
func TestAnOldIPadUpdatesFirst(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	s.store.leastOS = "26.1"
	can := "<key>MDM_CAN_REQUEST_SOFTWARE_UPDATE</key><true/>"
	for name, c := range map[string]struct {
		more string
		want int
	}{
		"older":            {pair("OS_VERSION", "18.2") + can, http.StatusForbidden},
		"a little":         {pair("OS_VERSION", "26.0.1") + can, http.StatusForbidden},
		"just so":          {pair("OS_VERSION", "26.1") + can, http.StatusOK},
		"newer":            {pair("OS_VERSION", "27.0") + can, http.StatusOK},
		"cannot be told":   {pair("OS_VERSION", "18.2"), http.StatusOK},
		"does not say":     {can, http.StatusOK},
		"nothing readable": {pair("OS_VERSION", "new") + can, http.StatusOK},
	} {
		status, body := s.automated(apple(t).Sign(t, says("S1", "UDID-S1", c.more)))
		if status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if c.want == http.StatusOK {
			continue
		}
		var answer struct {
			Code    string `json:"code"`
			Details struct{ OSVersion string }
		}
		if err := json.Unmarshal(body, &answer); err != nil || answer.Code != "com.apple.softwareupdate.required" || answer.Details.OSVersion != "26.1" {
			t.Errorf("%s: %v %s", name, err, body)
		}
	}
	s.store.leastOS = ""
	if status, _ := s.automated(apple(t).Sign(t, says("S1", "UDID-S1", pair("OS_VERSION", "17.0")+can))); status != http.StatusOK {
		t.Errorf("where any will do: %d", status)
	}
}
