package mdm_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

func TestUserChannelTokenUpdate(t *testing.T) { drivers(t, testUserChannelTokenUpdate) }

func testUserChannelTokenUpdate(t *testing.T, serve opener) {
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	before, _ := s.steward.heard()
	status, _ := p.send(checkinType, pair("MessageType", "TokenUpdate")+pushKeys+asUser("ana@wards.example")+
		"<key>AwaitingConfiguration</key><true/><key>UnlockToken</key><data>dXNlcg==</data>")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	events, _ := s.steward.heard()
	want := custody.AppleSignIn{Enrolment: ca.Hash(p.cert), Account: "ana@wards.example"}
	if len(events) != len(before)+1 || events[len(events)-1] != want {
		t.Errorf("the steward heard %+v; AwaitingConfiguration of a user's channel must not count", events)
	}
	if string(s.store.unlock["S1"]) != "secret" {
		t.Error("a user's channel replaced the device's unlock token")
	}
	if len(s.push.pushed) != 1 || s.push.pushed[0].User != "ana@wards.example" {
		t.Errorf("pushed %+v", s.push.pushed)
	}
	if len(s.store.errands) != 1 || s.store.errands[0].User != "ana@wards.example" || s.store.errands[0].Request != "InstallProfile" {
		t.Fatalf("errands %+v", s.store.errands)
	}
	if status, _ := p.send(checkinType, pair("MessageType", "TokenUpdate")+pushKeys+asUser("ana@wards.example")); status != http.StatusOK || len(s.store.errands) != 1 {
		t.Errorf("the same sign-in again: %d, %d errands", status, len(s.store.errands))
	}
	if status, _ := p.send(checkinType, pair("MessageType", "CheckOut")+asUser("ana@wards.example")); status != http.StatusOK || len(s.store.outs) != 0 {
		t.Errorf("a user's CheckOut ended the device's enrolment: %d %v", status, s.store.outs)
	}
	s.refused("a user without a name", http.StatusBadRequest, "user_channel", func() (int, []byte) {
		return p.send(checkinType, pair("MessageType", "TokenUpdate")+pushKeys+asUser(""))
	})
	s.refused("a user of another kind", http.StatusBadRequest, "user_channel", func() (int, []byte) {
		return p.send(connectType, pair("Status", "Idle")+pair("UserID", "501")+pair("UserShortName", "ana"))
	})
}

func TestCheckOut(t *testing.T) { drivers(t, testCheckOut) }

func testCheckOut(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	if status, _ := p.send(checkinType, pair("MessageType", "CheckOut")); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	events, _ := s.steward.heard()
	if len(s.store.outs) != 1 || events[len(events)-1] != (custody.CheckedOut{Enrolment: ca.Hash(p.cert)}) {
		t.Errorf("store %v, steward %+v", s.store.outs, events)
	}
}

func TestBootstrapToken(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	ask := pair("MessageType", "GetBootstrapToken")
	if status, b := p.send(checkinType, ask); status != http.StatusOK || len(b) != 0 {
		t.Errorf("none yet: %d %q", status, b)
	}
	if status, _ := p.send(checkinType, pair("MessageType", "SetBootstrapToken")+"<key>BootstrapToken</key><data>Ym9vdA==</data>"); status != http.StatusOK {
		t.Fatalf("set: %d", status)
	}
	if status, b := p.send(checkinType, ask); status != http.StatusOK || !bytes.Contains(b, []byte("Ym9vdA==")) {
		t.Errorf("get: %d %q", status, b)
	}
	s.refused("by a user's channel", http.StatusBadRequest, "user_channel", func() (int, []byte) { return p.send(checkinType, ask+asUser("ana")) })
}

func TestWhatIsNotServed(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	for _, c := range []struct {
		inside, reason string
		status         int
	}{
		{pair("MessageType", "UserAuthenticate"), "user_authenticate", http.StatusGone},
		{pair("MessageType", "DeclarativeManagement") + pair("Endpoint", "tokens"), "declarative_management", http.StatusNotFound},
		{pair("MessageType", "GetToken") + pair("TokenServiceType", "com.apple.maid"), "get_token", http.StatusBadRequest},
		{pair("MessageType", "Whatever"), "message", http.StatusBadRequest},
		{pair("Status", "Idle"), "message", http.StatusBadRequest},
	} {
		s.refused(c.inside, c.status, c.reason, func() (int, []byte) { return p.send(checkinType, c.inside) })
	}
	if status, _ := p.idle(); status != http.StatusOK {
		t.Errorf("and then a connect: %d", status)
	}
}

func TestBadCheckIns(t *testing.T) { drivers(t, testBadCheckIns) }

func testBadCheckIns(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	hello := pair("MessageType", "Authenticate") + pair("SerialNumber", "S1")
	for _, c := range []struct{ inside, reason string }{
		{hello + pair("Topic", "com.apple.mgmt.External.other"), "topic"},
		{pair("MessageType", "TokenUpdate") + pair("Topic", topic) + pair("PushMagic", "m"), "push_record"},
		{pair("MessageType", "TokenUpdate") + pair("Topic", "other") + pair("PushMagic", "m") + "<key>Token</key><data>AA==</data>", "push_record"},
		{pair("MessageType", "TokenUpdate") + pushKeys + pair("AwaitingConfiguration", "yes"), "message"},
		{hello + pair("Topic", topic) + "<key>OSVersion</key><integer>18</integer>", "message"},
	} {
		s.refused(c.inside, http.StatusBadRequest, c.reason, func() (int, []byte) { return p.send(checkinType, c.inside) })
	}
	s.refused("no UDID", http.StatusBadRequest, "no_udid", func() (int, []byte) {
		return p.raw(checkinType, document("<dict>"+hello+pair("Topic", topic)+"</dict>"))
	})
}

// A token that is not what it should be must not be quoted in the log.
func TestMessagesAreNotLogged(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	p.send(checkinType, pair("MessageType", "TokenUpdate")+pushKeys+pair("UnlockToken", "unlock-me-please"))
	p.send(checkinType, pair("MessageType", "Whatever")+pair("UnlockToken", "unlock-me-please"))
	if log := s.log.String(); strings.Contains(log, "unlock-me-please") || !strings.Contains(log, "does not decode") {
		t.Errorf("log:\n%s", log)
	}
}

func TestCheckInsWhileAStoreIsDown(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.store.setDown(true)
	for _, send := range []func() (int, []byte){p.authenticate, func() (int, []byte) { return p.tokenUpdate(false) },
		func() (int, []byte) { return p.send(checkinType, pair("MessageType", "CheckOut")) }} {
		s.refused("a check-in", http.StatusServiceUnavailable, "store_unavailable", send)
	}
	s.store.setDown(false)

	s.steward.set(func(e *ear) { e.err = custody.ErrUnavailable })
	if status, _ := p.tokenUpdate(false); status != http.StatusServiceUnavailable {
		t.Errorf("the steward could not be told: %d", status)
	}
	s.steward.set(func(e *ear) { e.err = &custody.Refusal{Code: custody.RefusedOther, Sentence: "No."} })
	if status, _ := p.tokenUpdate(false); status != http.StatusOK {
		t.Errorf("a refusal is custody's word, not the device's fault: %d", status)
	}
}
