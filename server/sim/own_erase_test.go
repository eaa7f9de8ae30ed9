package sim

import "testing"

func TestOwnEraseAsksTheServer(t *testing.T) {
	w := newWorld(t, quick)
	d := used(t, w, Options{OSVersion: "26.0", ReturnMode: true})
	intact := func(why string) {
		t.Helper()
		if x := d.Truth(); x.Erased != 0 || len(x.Canaries) != 1 || !x.Enrolled {
			t.Fatalf("%s: %+v", why, x)
		}
	}
	if err := d.ReturnToService(t.Context()); !refused(err) {
		t.Fatalf("the server refuses: %v", err)
	}
	intact("refused")
	answers := func(a dict) { w.server.mu.Lock(); w.server.answer = a; w.server.mu.Unlock() }
	for why, a := range map[string]dict{
		"not enabled": {"ReturnToService": map[string]any{"Enabled": false}}, "nothing": {},
		"junk": returnToService(dict{"WiFiProfileData": []byte("junk")}),
	} {
		answers(a)
		if err := d.ReturnToService(t.Context()); err == nil {
			t.Errorf("%s: it erased itself", why)
		}
		intact(why)
	}
	answers(returnToService(dict{"WiFiProfileData": wifiProfile(t)}))
	must(t, d.ReturnToService(t.Context()))
	if tokens := w.server.awaitSeen("TokenUpdate", 2); !tokens[1].bool("AwaitingConfiguration") {
		t.Fatal("back without AwaitingConfiguration")
	}
	if x := d.Truth(); x.Erased != 1 || len(x.Canaries) != 0 {
		t.Fatalf("%+v", x)
	}
}

func TestWhoDoesNotAsk(t *testing.T) {
	w := newWorld(t, quick)
	for why, opt := range map[string]Options{
		"older": {OSVersion: "18.2", ReturnMode: true}, "another mode": {OSVersion: "26.0"}, "shared": {OSVersion: "26.0", ReturnMode: true, Kind: Shared},
	} {
		if err := w.device(opt).ReturnToService(t.Context()); err == nil || refused(err) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if n := len(w.server.seen("ReturnToService")); n != 0 {
		t.Errorf("%d asked", n)
	}
}
