package sim

import (
	"strings"
	"testing"
	"time"
)

func TestProfiles(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	kiosk := func(secret string) dict {
		return dict{"Payload": mobileconfig(t, "kiosk",
			payload(typeWebClip, "clip", dict{"URL": "http://127.0.0.1/kiosk/start/" + secret, "Label": "Badge"}),
			payload(typeAppLock, "lock", dict{"App": map[string]any{"Identifier": "app"}}))}
	}
	w.server.do("", "InstallProfile", kiosk("one"))
	w.server.do("", "InstallProfile", kiosk("two")) // the same identifier is replaced
	if got := d.view.start; !strings.HasSuffix(got, "/two") {
		t.Fatalf("start URL %q", got)
	}
	list := func(cmd dict) string {
		var out []string
		for _, p := range w.server.do("", "ProfileList", cmd).list("ProfileList") {
			s := p.str("PayloadIdentifier")
			for _, c := range p.list("PayloadContent") {
				s += "/" + strings.TrimPrefix(c.str("PayloadType"), "com.apple.")
			}
			out = append(out, s)
		}
		return strings.Join(out, " ")
	}
	if got := list(nil); got != "enrolment/security.scep/mdm kiosk/webClip.managed/app.lock" {
		t.Errorf("ProfileList: %s", got)
	}
	w.awaitStatus(w.server.do("", "RemoveProfile", dict{"Identifier": "nothing"}), "Error")
	w.awaitStatus(w.server.do("", "RemoveProfile", dict{"Identifier": "enrolment"}), "Error")
	w.awaitStatus(w.server.do("", "RemoveProfile", dict{"Identifier": "kiosk"}), "Acknowledged")
	if got := list(dict{"ManagedOnly": true}); got != "enrolment/security.scep/mdm" || d.Truth().AppLock != "" {
		t.Errorf("after the removal: %s", got)
	}
	for name, bad := range map[string][]byte{
		"junk":       []byte("junk"),
		"binary":     []byte("bplist00…"),
		"no version": []byte(strings.Replace(string(mobileconfig(t, "x")), "<integer>1</integer>", "<integer>0</integer>", 1)),
		"no uuid":    mobileconfig(t, "x", payload("com.example", "y", dict{"PayloadUUID": ""})),
		"clip":       mobileconfig(t, "x", payload(typeWebClip, "y", dict{"URL": "nowhere"})),
		"app lock":   mobileconfig(t, "x", payload(typeAppLock, "y", nil)),
		"management": mobileconfig(t, "another", payload(typeMDM, "m", dict{"Topic": testTopic, "ServerURL": w.server.http.URL, "AccessRights": 1,
			"ServerCapabilities": []any{perUserCapacity}})),
		"other topic": w.server.usualEnrolment("challenge", dict{"Topic": "com.apple.mgmt.other"}),
		"other UUID":  w.server.usualEnrolment("challenge", dict{"PayloadUUID": "another"}),
		"not config.": mustPlist(t, payload("com.example", "x", nil)),
	} {
		if r := w.server.do("", "InstallProfile", dict{"Payload": bad}); r.str("Status") != "Error" {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func mustPlist(t *testing.T, d dict) []byte {
	b, err := encodeDict(d)
	must(t, err)
	return b
}

func TestDeviceInformation(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{Serial: "S", OSVersion: "18.1"})
	w.server.do("", "Settings", dict{"Settings": []any{map[string]any{"Item": "DeviceName", "DeviceName": "4B-07"}}})
	ask := []any{"SerialNumber", "UDID", "OSVersion", "IsSupervised", "AwaitingConfiguration", "BatteryLevel", "DeviceName", "IsMultiUser", "Nonsense", "QuotaSize"}
	got := w.server.do("", "DeviceInformation", dict{"Queries": ask}).dict("QueryResponses")
	if got.str("SerialNumber") != "S" || got.str("UDID") != d.UDID() || got.str("OSVersion") != "18.1" || !got.bool("IsSupervised") ||
		got.bool("AwaitingConfiguration") || got["BatteryLevel"] != 0.8 || got.str("DeviceName") != "4B-07" || got.has("Nonsense") || got.has("QuotaSize") {
		t.Fatalf("%v", got)
	}
}

func TestSharedDeviceConfiguration(t *testing.T) {
	w := newWorld(t, quick)
	w.device(Options{Kind: Shared})
	set := func(timeout int) string {
		r := w.server.do("", "Settings", dict{"Settings": []any{map[string]any{"Item": "SharedDeviceConfiguration", "UserSessionTimeout": timeout}}})
		return r.list("Settings")[0].str("Status")
	}
	if set(29) != "Error" || set(0) != "Acknowledged" || set(300) != "Acknowledged" {
		t.Error("UserSessionTimeout below 30 s was taken, or a right one refused")
	}
	got := w.server.do("", "DeviceInformation", dict{"Queries": []any{"UserSessionTimeout", "IsMultiUser"}}).dict("QueryResponses")
	if got.int("UserSessionTimeout") != 300 || !got.bool("IsMultiUser") {
		t.Errorf("%v", got)
	}
	if r := w.server.do("", "Settings", dict{"Settings": []any{map[string]any{"Item": "Nonsense"}}}); r.list("Settings")[0].str("Status") != "Error" {
		t.Errorf("%v", r)
	}
}

func TestApplications(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	for _, cmd := range []dict{{"Identifier": "a"}, {"iTunesStoreID": 42}, {"ManifestURL": "https://x/m"}, {"Identifier": "a"}} {
		w.awaitStatus(w.server.do("", "InstallApplication", cmd), "Acknowledged")
	}
	if got := strings.Join(d.Truth().Apps, " "); got != "a store.42 https://x/m" {
		t.Fatalf("apps: %s", got)
	}
	if got := w.server.do("", "InstalledApplicationList", dict{"Identifiers": []any{"a", "z"}}).list("InstalledApplicationList"); len(got) != 1 {
		t.Errorf("InstalledApplicationList: %v", got)
	}
	if got := w.server.do("", "ManagedApplicationList", nil).dict("ManagedApplicationList"); got.dict("a").str("Status") != "Managed" {
		t.Errorf("ManagedApplicationList: %v", got)
	}
	w.awaitStatus(w.server.do("", "RemoveApplication", dict{"Identifier": "a"}), "Acknowledged")
	w.awaitStatus(w.server.do("", "RemoveApplication", dict{"Identifier": "a"}), "Error")
	if got := strings.Join(d.Truth().Apps, " "); got != "store.42 https://x/m" {
		t.Fatalf("apps: %s", got)
	}
}

// TestAnAppTakesItsDataWithIt: work is in every managed app, and gone with the last.
func TestAnAppTakesItsDataWithIt(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	for _, id := range []string{"a", "b"} {
		w.awaitStatus(w.server.do("", "InstallApplication", dict{"Identifier": id}), "Acknowledged")
	}
	must(t, d.Plant(Canary{"A", 1}))
	lock := mobileconfig(t, "lock", payload(typeAppLock, "l", dict{"App": map[string]any{"Identifier": "b"}}))
	w.awaitStatus(w.server.do("", "InstallProfile", dict{"Payload": lock}), "Acknowledged")
	w.awaitStatus(w.server.do("", "RemoveApplication", dict{"Identifier": "a"}), "Acknowledged")
	w.awaitStatus(w.server.do("", "RemoveApplication", dict{"Identifier": "b"}), "Error") // locked into it
	if got := d.Truth().Canaries; len(got) != 1 {
		t.Errorf("with one app left: %v", got)
	}
	w.awaitStatus(w.server.do("", "RemoveProfile", dict{"Identifier": "lock"}), "Acknowledged")
	w.awaitStatus(w.server.do("", "RemoveApplication", dict{"Identifier": "b"}), "Acknowledged")
	w.awaitStatus(w.server.do("", "InstallApplication", dict{"Identifier": "b"}), "Acknowledged")
	if got := d.Truth().Canaries; len(got) != 0 {
		t.Errorf("an app came back with %v", got)
	}
}

func TestGuestsOnly(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{Kind: Shared})
	w.server.do("", "Settings", dict{"Settings": []any{map[string]any{"Item": "SharedDeviceConfiguration", "TemporarySessionOnly": true}}})
	if d.AppleSignIn(nurse) == nil {
		t.Error("an account signed in")
	}
	must(t, d.AppleSignIn(""))
	must(t, d.Plant(Canary{"A", 1}))
	if got := w.server.do("", "UserList", nil).list("Users"); len(got) != 0 {
		t.Errorf("UserList names %v", got)
	}
	w.awaitStatus(w.server.do("", "LogOutUser", nil), "Acknowledged")
	for range 500 {
		if len(d.Truth().Users) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the guest is still there")
}
