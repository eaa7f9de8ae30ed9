package sim

import "testing"

// TestTheManagementIsRenewed: its profile comes again, and the device goes on
// under another identity with everything that is on it.
func TestTheManagementIsRenewed(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	must(t, d.Plant(Canary{"A", 7}))
	before := d.Truth()
	challenge := func(c string) { w.server.ca.mu.Lock(); w.server.ca.challenge = c; w.server.ca.mu.Unlock() }

	challenge("of the renewal")
	w.awaitStatus(w.server.do("", "InstallProfile", dict{"Payload": w.server.enrolment("guessed")}), "Error")
	if d.Truth().Certificate != before.Certificate {
		t.Fatal("refused by SCEP, it gave up its certificate")
	}
	w.awaitStatus(w.server.do("", "InstallProfile", dict{"Payload": w.server.enrolment("of the renewal")}), "Acknowledged")
	after := d.Truth()
	if after.Certificate == before.Certificate || len(after.Canaries) != 1 || after.Erased != 0 || after.Awaiting {
		t.Fatalf("after: %+v", after)
	}
	if auths, tokens := w.server.seen("Authenticate"), w.server.seen("TokenUpdate"); len(auths) != 2 || len(tokens) != 2 || tokens[1].bool("AwaitingConfiguration") {
		t.Fatalf("it said %d Authenticates, %v", len(auths), tokens)
	}
	w.awaitStatus(w.server.do("", "ProfileList", nil), "Acknowledged") // reached by its new token
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	if last := w.server.certs[len(w.server.certs)-1]; last != after.Certificate {
		t.Errorf("it signs with %s, not with its new %s", last, after.Certificate)
	}
}
