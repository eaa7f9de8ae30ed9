package encode_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/groob/plist"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// dict is a decoded dictionary.
type dict = map[string]any

func decode(t testing.TB, raw []byte) dict {
	t.Helper()
	var d dict
	if err := plist.NewXMLDecoder(bytes.NewReader(raw)).Decode(&d); err != nil {
		t.Fatalf("not a property list: %v\n%s", err, raw)
	}
	return d
}

// must returns a decoded command's dictionary or a decoded profile.
func must(t testing.TB) func([]byte, error) dict {
	return func(raw []byte, err error) dict {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		d := decode(t, raw)
		if c, ok := d["Command"].(dict); ok {
			return c
		}
		return d
	}
}

// payload is the one payload of a type in a decoded profile, or nil.
func payload(profile dict, payloadType string) dict {
	content, _ := profile["PayloadContent"].([]any)
	for _, p := range content {
		if p := p.(dict); p["PayloadType"] == payloadType {
			return p
		}
	}
	return nil
}

// has fails unless d holds what want does, compared as printed: the decoder
// has its own choice of number types.
func has(t *testing.T, d, want dict) {
	t.Helper()
	for k, v := range want {
		if got, ok := d[k]; !ok || fmt.Sprint(got) != fmt.Sprint(v) {
			t.Errorf("%s: got %v (there: %t), want %v", k, got, ok, v)
		}
	}
}

func TestCommandsDecodeBack(t *testing.T) {
	cmd := decode(t, first(encode.LogOutUser(id)))
	has(t, cmd, dict{"CommandUUID": id, "Command": dict{"RequestType": "LogOutUser"}})

	erase := must(t)(encode.EraseDevice(id, encode.Erase{WiFi: []byte{0, 1, 255}, Enrolment: []byte("<plist>")}))
	has(t, erase, dict{"RequestType": "EraseDevice", "PreserveDataPlan": false})
	rts := erase["ReturnToService"].(dict)
	has(t, rts, dict{"Enabled": true, "WiFiProfileData": []byte{0, 1, 255}, "MDMProfileData": []byte("<plist>")})
	if _, there := rts["BootstrapToken"]; there {
		t.Error("an empty BootstrapToken was sent: it would ask for app preservation")
	}

	has(t, must(t)(encode.DeleteUser(id, "a.nurse", true)), dict{"UserName": "a.nurse", "ForceDeletion": true})
	has(t, must(t)(encode.ProfileList(id)), dict{"ManagedOnly": true})
	has(t, must(t)(encode.ClearPasscode(id, []byte{7})), dict{"UnlockToken": []byte{7}})
}

func TestSettingsKeepToApplesLeast(t *testing.T) {
	item := func(s encode.SharedDevice) dict {
		return must(t)(encode.Settings(id, s))["Settings"].([]any)[0].(dict)
	}
	has(t, item(encode.Backstop(sharedWard)), dict{"Item": "SharedDeviceConfiguration", "UserSessionTimeout": 900, "TemporarySessionTimeout": 900,
		"TemporarySessionOnly": false, "PasscodePolicy": dict{"AutoLockTime": 120, "PasscodeLockGracePeriod": 0}})
	short := item(encode.SharedDevice{SessionTimeout: time.Second, AutoLock: time.Second})
	has(t, short, dict{"UserSessionTimeout": 30, "PasscodePolicy": dict{"AutoLockTime": 120, "PasscodeLockGracePeriod": 0}})
	off := item(encode.SharedDevice{})
	has(t, off, dict{"UserSessionTimeout": 0})
	for _, k := range []string{"PasscodePolicy", "ResidentUsers", "ManagedAppleIDDefaultDomains"} {
		if _, there := off[k]; there {
			t.Errorf("%s was sent, though it was left as the iPad has it", k)
		}
	}
}

func TestEnrolmentDecodesBack(t *testing.T) {
	p := must(t)(encode.Enrolment(enrolment(false)))
	scep, mdm := payload(p, "com.apple.security.scep"), payload(p, "com.apple.mdm")
	has(t, scep["PayloadContent"].(dict), dict{
		"URL": "https://ipads.hospital.example/scep", "Challenge": "not-a-real-challenge", "Keysize": 2048,
		"Key Type": "RSA", "Key Usage": 5, "KeyIsExtractable": false, "Subject": []any{[]any{[]any{"CN", "DMPEXAMPLE01"}}},
	})
	has(t, mdm, dict{
		"ServerURL": "https://ipads.hospital.example/mdm", "CheckInURL": "https://ipads.hospital.example/mdm",
		"IdentityCertificateUUID": scep["PayloadUUID"], "AccessRights": 8191, "SignMessage": true, "CheckOutWhenRemoved": true,
		"ServerCapabilities": []any{"com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"},
	})
}

func TestKioskDecodesBack(t *testing.T) {
	locked := must(t)(encode.Kiosk(encode.KioskParams{URL: page, AppLock: true, BundleID: "org.example.browser"}))
	has(t, payload(locked, "com.apple.webClip.managed"), dict{"URL": page, "TargetApplicationBundleIdentifier": "org.example.browser"})
	has(t, payload(locked, "com.apple.app.lock")["App"].(dict), dict{"Identifier": "org.example.browser"})

	open := must(t)(encode.Kiosk(encode.KioskParams{URL: page}))
	if payload(open, "com.apple.app.lock") != nil {
		t.Error("an app lock that was not asked for")
	}
}

func TestPasscodeCountsMinutes(t *testing.T) {
	for autoLock, want := range map[time.Duration]any{
		0: nil, time.Second: 1, 2 * time.Minute: 2, 150 * time.Second: 2, time.Hour: 15,
	} {
		p := passcodeWard
		p.AutoLock = autoLock
		got := payload(must(t)(encode.Passcode(p)), "com.apple.mobiledevice.passwordpolicy")["maxInactivity"]
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: maxInactivity %v, want %v", autoLock, got, want)
		}
	}
}

func TestClinicalIsASet(t *testing.T) {
	a, b := first(encode.Clinical("org.b", "org.a", "org.b")), first(encode.Clinical("org.a", "org.b"))
	if !bytes.Equal(a, b) {
		t.Error("order or repetition changed the profile")
	}
	apps := payload(decode(t, first(encode.Clinical())), "com.apple.applicationaccess")["allowListedAppBundleIDs"].([]any)
	if !slices.Equal(apps, []any{"com.apple.webapp"}) {
		t.Errorf("no clinical apps: got %v, want web clips only", apps)
	}
}

// TestUUIDsFollowInputs: other inputs are other payloads, and the passphrase,
// which could be guessed from its hash, is no such input.
func TestUUIDsFollowInputs(t *testing.T) {
	uuidOf := func(raw []byte, err error) any { return must(t)(raw, err)["PayloadUUID"] }
	if uuidOf(encode.WebClip(page)) == uuidOf(encode.WebClip(page+"x")) {
		t.Error("two pages, one PayloadUUID")
	}
	if uuidOf(encode.Restrictions(kioskWard, encode.Version{})) == uuidOf(encode.Restrictions(passcodeWard, encode.Version{})) {
		t.Error("two baselines, one PayloadUUID")
	}
	one, two := encode.WiFiParams{SSID: "ward", Passphrase: "passphrase one"}, encode.WiFiParams{SSID: "ward", Passphrase: "passphrase two"}
	if uuidOf(encode.WiFi(one)) != uuidOf(encode.WiFi(two)) {
		t.Error("the PayloadUUID gives the passphrase away to who can guess")
	}
	seen := map[any]string{}
	for name, render := range cases {
		d := decode(t, first(render()))
		for _, p := range append([]any{d}, content(d)...) {
			u, ok := p.(dict)["PayloadUUID"]
			if other, dup := seen[u]; ok && dup {
				t.Errorf("%s and %s share PayloadUUID %v", name, other, u)
			}
			seen[u] = name
		}
	}
}

func content(profile dict) []any {
	c, _ := profile["PayloadContent"].([]any)
	return c
}

func first(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

func TestInventoryIsACopy(t *testing.T) {
	encode.Inventory(custody.ReturnToService)[0] = "changed"
	if got := encode.Inventory(custody.ReturnToService)[0]; got != "UDID" {
		t.Errorf("a caller's change reached the next one: %s", got)
	}
}
