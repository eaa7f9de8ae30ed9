package mdm_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

// TestReturnToService: the check-in that NanoMDM does not know is the steward's
// to answer, for the device of the certificate and its present enrolment, and
// passes the same gate as every other.
func TestReturnToService(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2")
	p, other := s.ipad("S1").enrol(1, 1), s.ipad("S2").enrol(1, 1)
	ask := pair("MessageType", "ReturnToService")
	s.steward.set(func(e *ear) { e.answer = []byte("the answer") })

	if status, b := p.send(checkinType, ask); status != http.StatusOK || string(b) != "the answer" {
		t.Errorf("answered %d %q", status, b)
	}
	if want := "S1 " + ca.Hash(p.cert); len(s.steward.asked) != 1 || s.steward.asked[0] != want {
		t.Errorf("the steward was asked for %v, want %s", s.steward.asked, want)
	}
	refused := func(what string, status int, reason string, send func() (int, []byte)) {
		t.Helper()
		asked := len(s.steward.asked)
		s.refused(what, status, reason, func() (int, []byte) {
			status, b := send()
			if strings.Contains(string(b), "the answer") {
				t.Errorf("%s: it was answered all the same", what)
			}
			return status, b
		})
		if len(s.steward.asked) != asked {
			t.Errorf("%s: the steward was asked", what)
		}
	}
	refused("by a user's channel", http.StatusBadRequest, "user_channel", func() (int, []byte) { return p.send(checkinType, ask+asUser("ana")) })
	refused("for another device", http.StatusForbidden, "other_device", func() (int, []byte) {
		return p.raw(checkinType, document("<dict>"+pair("UDID", other.udid)+ask+"</dict>"))
	})
	refused("of no device", http.StatusBadRequest, "no_udid", func() (int, []byte) { return p.raw(checkinType, document("<dict>"+ask+"</dict>")) })
	refused("past the guard", http.StatusBadRequest, "guard_malformed", func() (int, []byte) {
		return p.raw(checkinType, document("<dict>"+ask+pair("UDID", p.udid)+"<key>x</key></dict>"))
	})
	refused("not a check-in", http.StatusBadRequest, "message", func() (int, []byte) { return p.send(connectType, ask) })
	refused("without a signature", http.StatusBadRequest, "certificate", func() (int, []byte) {
		return s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {checkinType}}, document("<dict>"+pair("UDID", p.udid)+ask+"</dict>"))
	})
	s.store.setDown(true)
	refused("with the store away", http.StatusServiceUnavailable, "store_unavailable", func() (int, []byte) { return p.send(checkinType, ask) })
	s.store.setDown(false)

	s.steward.set(func(e *ear) { e.err = &custody.Refusal{Code: custody.RefusedOther, Sentence: "It is not being wiped."} })
	s.refused("not being wiped", http.StatusForbidden, "return_to_service", func() (int, []byte) { return p.send(checkinType, ask) })
	s.steward.set(func(e *ear) { e.err = custody.ErrUnavailable })
	s.refused("the steward cannot say", http.StatusServiceUnavailable, "return_to_service", func() (int, []byte) { return p.send(checkinType, ask) })
	s.steward.set(func(e *ear) { e.err = nil })

	if status, _ := s.ipad("S1").enrol(1, 2).send(checkinType, ask); status != http.StatusOK {
		t.Errorf("the next enrolment: %d", status)
	}
	refused("under the certificate of before the erase", http.StatusForbidden, "revoked_certificate", func() (int, []byte) { return p.send(checkinType, ask) })
}
