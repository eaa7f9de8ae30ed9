package mdm_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

// refused checks that an answer was no and that the reason was counted once more.
func (s *server) refused(what string, wantStatus int, reason string, send func() (int, []byte)) {
	s.t.Helper()
	before := s.counted("mdm_refused " + reason)
	events, reports := s.steward.heard()
	status, _ := send()
	if status != wantStatus || s.counted("mdm_refused "+reason) != before+1 {
		s.t.Errorf("%s: answered %d, want %d counted as %s; counts %v", what, status, wantStatus, reason, s.counts)
	}
	if e, r := s.steward.heard(); len(e) != len(events) || len(r) != len(reports) {
		s.t.Errorf("%s: the steward heard of it", what)
	}
}

func (s *server) alerted(what string) {
	s.t.Helper()
	if !strings.Contains(s.log.String(), "alert=true reason="+what) {
		s.t.Errorf("%s: nobody was alerted", what)
	}
}

func TestACertificateBelongsToItsDevice(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2", "S3")
	one, two := s.ipad("S1").enrol(1, 1), s.ipad("S2").enrol(1, 1)

	stolen := *two
	stolen.cert, stolen.key = one.cert, one.key // S2 under S1's certificate
	for what, send := range map[string]func() (int, []byte){
		"connect": stolen.idle, "token update": func() (int, []byte) { return stolen.tokenUpdate(false) },
		"check out":           func() (int, []byte) { return stolen.send(checkinType, pair("MessageType", "CheckOut")) },
		"set bootstrap token": func() (int, []byte) { return stolen.send(checkinType, pair("MessageType", "SetBootstrapToken")) },
		"get bootstrap token": func() (int, []byte) { return stolen.send(checkinType, pair("MessageType", "GetBootstrapToken")) },
		"user authenticate":   func() (int, []byte) { return stolen.send(checkinType, pair("MessageType", "UserAuthenticate")) },
		"declarations":        func() (int, []byte) { return stolen.send(checkinType, pair("MessageType", "DeclarativeManagement")) },
		"get token": func() (int, []byte) {
			return stolen.send(checkinType, pair("MessageType", "GetToken")+pair("TokenServiceType", "com.apple.maid"))
		},
	} {
		s.refused(what+" under another's certificate", http.StatusForbidden, "other_device", send)
	}
	s.alerted("other_device")
	s.refused("another's serial", http.StatusForbidden, "serial_mismatch", stolen.authenticate)
	s.alerted("serial_mismatch")

	moved := *one
	moved.udid = "UDID-other"
	s.refused("a serial with another UDID", http.StatusForbidden, "udid_mismatch", moved.authenticate)
	s.alerted("udid_mismatch")

	three := s.ipad("S3").identify(1, 1)
	s.refused("a connect before Authenticate", http.StatusForbidden, "not_authenticated", three.idle)
	three.udid = one.udid
	s.refused("the UDID of another", http.StatusForbidden, "conflict", three.authenticate)
	s.alerted("conflict")
}

// TestARefusedEnrolmentIsToldOfItsDevice until that device enrols, and repeats
// nothing of what the stranger said.
func TestARefusedEnrolmentIsToldOfItsDevice(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2", "S3")
	one, two := s.ipad("S1").enrol(1, 1), s.ipad("S2").enrol(1, 1)
	said := func(id custody.DeviceID) string { sentence, _ := s.engine.RefusedEnrolment(id); return sentence }

	stolen := *two
	stolen.cert, stolen.key = one.cert, one.key
	stolen.authenticate()
	if text := said("S1"); !strings.Contains(text, "its serial number is another") || strings.Contains(text, "S2") {
		t.Errorf("another's serial: %q", text)
	}
	moved := *one
	moved.udid = "UDID-other"
	moved.authenticate()
	if text := said("S1"); !strings.Contains(text, "another UDID") || strings.Contains(text, moved.udid) {
		t.Errorf("another UDID: %q", text)
	}
	three := s.ipad("S3").identify(1, 1)
	mine := three.udid
	three.udid = one.udid
	three.authenticate()
	if text := said("S3"); !strings.Contains(text, "UDID of another that is known") {
		t.Errorf("the UDID of another: %q", text)
	}
	if text := said("S2"); text != "" {
		t.Errorf("held against who was not named: %q", text)
	}
	three.udid = mine
	if status, _ := three.authenticate(); status != http.StatusOK || said("S3") != "" {
		t.Errorf("once it has enrolled (%d): %q", status, said("S3"))
	}
	if text := said("S1"); text == "" {
		t.Error("another's enrolment mended it")
	}
}

func TestUnknownCertificates(t *testing.T) {
	s, elsewhere := serve(t, custody.ReturnToService, "S1"), serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)

	foreign := *p
	foreign.cert = elsewhere.ipad("S1").identify(1, 1).cert
	foreign.key = p.key
	for _, k := range someKeys() {
		if k.PublicKey.Equal(foreign.cert.PublicKey) {
			foreign.key = k
		}
	}
	s.refused("another authority's certificate", http.StatusBadRequest, "certificate", foreign.idle)
	foreign.cert = selfSigned(foreign.key)
	s.refused("a self-signed certificate", http.StatusBadRequest, "certificate", foreign.idle)

	delete(s.store.certs, ca.Hash(p.cert)) // ours, but not on record
	s.refused("an unrecorded certificate", http.StatusForbidden, "unknown_certificate", p.idle)
	s.refused("an unrecorded certificate", http.StatusForbidden, "unknown_certificate", p.authenticate)
	s.alerted("unknown_certificate")

	body := document("<dict>" + pair("UDID", p.udid) + pair("Status", "Idle") + "</dict>")
	s.refused("no signature", http.StatusBadRequest, "certificate", func() (int, []byte) {
		return s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {connectType}}, body)
	})
	for _, sig := range []string{"x", "AAAA", p.sign([]byte("another body"))} {
		s.refused("a wrong signature", http.StatusBadRequest, "signature", func() (int, []byte) {
			return s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {connectType}, "Mdm-Signature": {sig}}, body)
		})
	}
}

func TestVerifyKnowsItsOwn(t *testing.T) {
	store := newMemory(custody.ReturnToService, "S1")
	late := time.Now().AddDate(2, 0, 0)
	old, err := ca.Open(t.Context(), store, ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	later, err := ca.Open(t.Context(), store, ca.Options{Now: func() time.Time { return late }})
	if err != nil {
		t.Fatal(err)
	}
	if !old.Certificate().Equal(later.Certificate()) {
		t.Fatal("two servers on one store have two authorities")
	}
	s := serve(t, custody.ReturnToService, "S1")
	pad := s.ipad("S1").identify(1, 1)
	cert, key := pad.cert, pad.key
	if err := s.ca.Verify(t.Context(), cert); err != nil {
		t.Error(err)
	}
	if s.ca.Verify(t.Context(), nil) == nil || old.Verify(t.Context(), cert) == nil {
		t.Error("no certificate, or another's, verifies")
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "S1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	under, _ := x509.ParseCertificate(der)
	if s.ca.Verify(t.Context(), under) == nil {
		t.Error("a device's certificate signs others")
	}
}

// An erased device enrols again: what its old key says counts for nothing from
// its new Authenticate on.
func TestThePreEraseCertificateEnds(t *testing.T) { drivers(t, testThePreEraseCertificateEnds) }

func testThePreEraseCertificateEnds(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	old := s.ipad("S1").enrol(1, 1)
	fresh := s.ipad("S1").identify(2, 9)
	if status, _ := old.idle(); status != http.StatusOK {
		t.Fatalf("the old enrolment ended with the issue of a certificate: %d", status)
	}
	if status, _ := fresh.authenticate(); status != http.StatusOK {
		t.Fatalf("Authenticate after the erase: %d", status)
	}
	s.refused("the old certificate's connect", http.StatusForbidden, "revoked_certificate", old.idle)
	s.refused("the old certificate's Authenticate", http.StatusForbidden, "revoked_certificate", old.authenticate)
	s.refused("the old certificate's TokenUpdate", http.StatusForbidden, "revoked_certificate", func() (int, []byte) { return old.tokenUpdate(true) })
	if old.request("S1", "", old.cert) != nil || s.counted("scep_refused renewal_revoked") != 1 {
		t.Error("the old certificate is renewed")
	}
	if status, _ := fresh.tokenUpdate(true); status != http.StatusOK {
		t.Errorf("TokenUpdate after the erase: %d", status)
	}
}

func TestADeviceTakenOffTheList(t *testing.T) { drivers(t, testADeviceTakenOffTheList) }

func testADeviceTakenOffTheList(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").identify(1, 1)
	delete(s.store.devices, "S1")
	s.refused("a device off the list", http.StatusForbidden, "not_known", p.authenticate)
}
