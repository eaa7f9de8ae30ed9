package mdm_test

import (
	"net/http"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

// An erased iPad whose SCEP answer was lost has one challenge and nobody's
// hands: it gets the same certificate again, and enrols.
func TestLostSCEPAnswerIsGivenAgain(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1")
	challenge := s.keys.Challenge("S1", 3, 7)
	lost, _ := p.scepMessage("S1", challenge, nil)
	if status, _ := s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, lost.Raw); status != http.StatusOK {
		t.Fatalf("the first request: %d", status)
	}
	if len(s.store.certs) != 1 {
		t.Fatalf("%d certificates after one request", len(s.store.certs))
	}
	if p.cert = p.request("S1", challenge, nil); p.cert == nil {
		t.Fatalf("the same key got nothing for its challenge: %v", s.counts)
	}
	if _, ok := s.store.certs[ca.Hash(p.cert)]; !ok || len(s.store.certs) != 1 {
		t.Fatalf("another certificate was issued: there are %d", len(s.store.certs))
	}
	other := s.ipad("S1")
	if other.key.Equal(p.key) {
		t.Fatal("want another key")
	}
	if other.request("S1", challenge, nil) != nil {
		t.Fatal("another key got a certificate for a spent challenge")
	}
	if s.counted("scep_refused challenge_spent") != 1 {
		t.Errorf("the other key was not counted: %v", s.counts)
	}
	if status, _ := p.authenticate(); status != http.StatusOK {
		t.Fatalf("Authenticate under the certificate given again: %d, %v", status, s.counts)
	}
}

// What a later enrolment has revoked is not given again.
func TestRevokedCertificateIsNotGivenAgain(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	old := s.ipad("S1").enrol(1, 1)
	s.ipad("S1").enrol(2, 9)
	if old.request("S1", s.keys.Challenge("S1", 1, 1), nil) != nil {
		t.Fatal("a revoked certificate was given again")
	}
	if s.counted("scep_refused challenge_spent") != 1 {
		t.Errorf("not counted: %v", s.counts)
	}
}
