package encode_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// required are the keys without which Apple refuses a command or payload
// (Apple's documentation, "required"), besides the common ones.
var required = map[string][]string{
	"EraseDevice":        {"ReturnToService"},
	"ClearPasscode":      {"UnlockToken"},
	"DeleteUser":         {"UserName"},
	"InstallProfile":     {"Payload"},
	"RemoveProfile":      {"Identifier"},
	"DeviceInformation":  {"Queries"},
	"Settings":           {"Settings"},
	"EnableLostMode":     {"Message"},
	"LogOutUser":         {},
	"UserList":           {},
	"DeviceLock":         {},
	"DisableLostMode":    {},
	"DeviceLocation":     {},
	"PlayLostModeSound":  {},
	"RestartDevice":      {},
	"ProfileList":        {},
	"SecurityInfo":       {},
	"DeviceConfigured":   {},
	"InstallApplication": {"ManagementFlags"},
	"RemoveApplication":  {"Identifier"},

	"InstalledApplicationList": {"ManagedAppsOnly"},
	"ManagedApplicationList":   {},

	"Configuration":      {"PayloadContent"},
	"com.apple.mdm":      {"IdentityCertificateUUID", "Topic", "ServerURL"},
	"com.apple.app.lock": {"App"},

	"com.apple.security.scep":               {"PayloadContent"},
	"com.apple.webClip.managed":             {"URL", "Label"},
	"com.apple.wifi.managed":                {"SSID_STR", "EncryptionType"},
	"com.apple.applicationaccess":           {},
	"com.apple.mobiledevice.passwordpolicy": {},
	"com.apple.shareddeviceconfiguration":   {},
	"com.apple.security.root":               {"PayloadContent"},
	"com.apple.security.pkcs12":             {"PayloadContent"},
	"com.apple.homescreenlayout":            {"Pages"},
}

// TestRequiredKeys reads every case as Apple's documentation does.
func TestRequiredKeys(t *testing.T) {
	seen := map[string]bool{}
	check := func(t *testing.T, kind string, d dict, common ...string) {
		t.Helper()
		keys, known := required[kind]
		if !known {
			t.Errorf("%q: nobody looked up its required keys", kind)
		}
		seen[kind] = true
		for _, k := range append(common, keys...) {
			if v, there := d[k]; !there || v == "" {
				t.Errorf("%s: required key %s is missing", kind, k)
			}
		}
	}
	for name, render := range cases {
		t.Run(name, func(t *testing.T) {
			d := decode(t, first(render()))
			if c, ok := d["Command"].(dict); ok {
				if d["CommandUUID"] != id || len(d) != 2 {
					t.Errorf("a command is Command and CommandUUID, got %v", d)
				}
				check(t, c["RequestType"].(string), c)
				return
			}
			common := []string{"PayloadIdentifier", "PayloadType", "PayloadUUID", "PayloadVersion"}
			check(t, d["PayloadType"].(string), d, common...)
			for _, p := range content(d) {
				p := p.(dict)
				check(t, p["PayloadType"].(string), p, common...)
				if !strings.HasPrefix(p["PayloadIdentifier"].(string), d["PayloadIdentifier"].(string)+".") {
					t.Errorf("%v is not inside %v", p["PayloadIdentifier"], d["PayloadIdentifier"])
				}
			}
		})
	}
	for kind := range required {
		if !seen[kind] {
			t.Errorf("%s: no case", kind)
		}
	}
}

// forbiddenOnShared are restrictions that Apple forbids or ignores on Shared
// iPad ("Restrictions", sharedipad mode forbidden and ignored).
var forbiddenOnShared = []string{
	"allowCloudDocumentSync", "allowWritingTools", "allowMailSummary", "allowNotesTranscriptionSummary",
	"allowExternalIntelligenceIntegrations", "allowExternalIntelligenceIntegrationsSignIn",
	"allowPasscodeModification", "allowApplePersonalizedAdvertising", "allowProximitySetupToNewDevice",
}

func TestRestrictionsPerFleet(t *testing.T) {
	of := func(p custody.Policy) dict {
		return payload(must(t)(encode.Restrictions(p, encode.Version{})), "com.apple.applicationaccess")
	}
	shared, kiosk, passcode, guest, apps := of(sharedWard), of(kioskWard), of(passcodeWard), of(guestWard), of(appsWard)
	for _, k := range forbiddenOnShared {
		for _, d := range []dict{shared, guest} {
			if _, there := d[k]; there {
				t.Errorf("%s is sent to a Shared iPad", k)
			}
		}
	}
	if _, there := guest["allowSharedDeviceTemporarySession"]; there {
		t.Error("a guests' iPad is told to have no guests")
	}
	if !maps.Equal(stripped(apps), stripped(kiosk)) {
		t.Error("one-user iPads are sent different restrictions")
	}
	for _, d := range []dict{shared, kiosk, passcode, guest, apps} {
		has(t, d, dict{"allowCloudBackup": false, "requireManagedPasteboard": true, "forceWiFiPowerOn": true, "safariAcceptCookies": 1.5})
		if d["allowSafari"] == false {
			t.Error("allowSafari=false stops web clips, ours too")
		}
	}
	has(t, kiosk, dict{"allowCloudDocumentSync": false, "allowPasscodeModification": false})
	has(t, shared, dict{"allowSharedDeviceTemporarySession": false})
	if _, there := passcode["allowPasscodeModification"]; there {
		t.Error("a passcode ward's clinicians must be able to set their passcode")
	}
	if _, there := kiosk["allowSharedDeviceTemporarySession"]; there {
		t.Error("a key for Shared iPad only is sent to a one-user iPad")
	}
}

// stripped is a payload without what names it.
func stripped(d dict) map[string]string {
	out := map[string]string{}
	for k, v := range d {
		if !strings.HasPrefix(k, "Payload") {
			out[k] = fmt.Sprint(v)
		}
	}
	return out
}

// TestNewerKeysAreLeftOut: each with the version that brought it.
func TestNewerKeysAreLeftOut(t *testing.T) {
	for version, want := range map[string]int{"17.0": 0, "18.0": 1, "18.1.1": 2, "18.2": 3, "18.3": 4, "26.0": 4, "": 4} {
		v := must2(t)(encode.ParseVersion(version))
		d := payload(must(t)(encode.Restrictions(kioskWard, v)), "com.apple.applicationaccess")
		got := 0
		for _, k := range []string{"allowWritingTools", "allowMailSummary", "allowExternalIntelligenceIntegrationsSignIn", "allowNotesTranscriptionSummary"} {
			if _, there := d[k]; there {
				got++
			}
		}
		if got != want {
			t.Errorf("%q is sent %d of the newer keys, want %d", version, got, want)
		}
	}
	for _, s := range []string{"seventeen", "-1", "17.x", "0"} {
		if _, err := encode.ParseVersion(s); err == nil {
			t.Errorf("%q is taken for a version", s)
		}
	}
	if v := must2(t)(encode.ParseVersion("16.7")); !v.Before(encode.Oldest) || encode.Oldest.Before(v) || (encode.Version{}).Before(v) {
		t.Error("versions compare wrongly")
	}
}

func must2(t *testing.T) func(encode.Version, error) encode.Version {
	return func(v encode.Version, err error) encode.Version {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestPasscodeNeverErases: maxFailedAttempts would let anybody destroy the
// device's data by typing, and Shared iPad forbids the payload.
func TestPasscodeNeverErases(t *testing.T) {
	p := payload(must(t)(encode.Passcode(passcodeWard)), "com.apple.mobiledevice.passwordpolicy")
	if _, there := p["maxFailedAttempts"]; there {
		t.Error("maxFailedAttempts is sent")
	}
	has(t, p, dict{"allowSimple": false, "forcePIN": true, "minLength": 6, "maxGracePeriod": 0, "maxInactivity": 2})
	for _, p := range []custody.Policy{sharedWard, guestWard} {
		if _, err := encode.Passcode(p); err == nil {
			t.Errorf("a passcode policy for a %s was rendered", p.Fleet)
		}
	}
}

func TestInventoryPerFleet(t *testing.T) {
	for _, q := range encode.Inventory(custody.ReturnToService) {
		if strings.Contains(q, "Session") || strings.Contains(q, "Resident") || q == "QuotaSize" {
			t.Errorf("%s is asked of a one-user iPad", q)
		}
	}
	if got := encode.Inventory(custody.SharedIPad); len(got) <= len(encode.Inventory(custody.ReturnToService)) {
		t.Errorf("a Shared iPad is asked %d things only", len(got))
	}
}

// TestRestartIsNoStep guards the comment of RestartDevice: a plan that restarts
// an iPad with a passcode loses it.
func TestRestartIsNoStep(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "encode.RestartDevice") {
			t.Errorf("%s restarts devices", f)
		}
	}
}
