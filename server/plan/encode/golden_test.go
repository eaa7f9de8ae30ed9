package encode_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

var update = flag.Bool("update", false, "write the golden files anew")

// id stands for a CommandUUID wherever its value does not matter.
const id = "00000000-0000-5000-8000-000000000001"

var (
	kioskWard    = custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	passcodeWard = custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode)
	sharedWard   = custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)
	guestWard    = custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone)
	appsWard     = custody.DefaultPolicy(custody.ManagedApps, custody.TargetKioskApp)
)

func enrolment(shared bool) encode.EnrolmentParams {
	return encode.EnrolmentParams{
		Organisation: "Example Hospital", ServerURL: "https://ipads.hospital.example",
		Topic:  "com.apple.mgmt.External.00000000-0000-0000-0000-000000000000",
		Serial: "DMPEXAMPLE01", Challenge: "not-a-real-challenge", Shared: shared,
	}
}

const page = "https://ipads.hospital.example/kiosk/start/not-a-real-secret"

// cases are every command and profile, and every branch of theirs that changes the bytes.
var cases = map[string]func() ([]byte, error){
	"erase-device": func() ([]byte, error) {
		return encode.EraseDevice(id, encode.Erase{WiFi: []byte("wifi"), Enrolment: []byte("enrolment"), BootstrapToken: []byte("token")})
	},
	"erase-device-bare": func() ([]byte, error) { return encode.EraseDevice(id, encode.Erase{}) },
	"clear-passcode":    func() ([]byte, error) { return encode.ClearPasscode(id, []byte("unlock token")) },
	"log-out-user":      func() ([]byte, error) { return encode.LogOutUser(id) },
	"delete-user":       func() ([]byte, error) { return encode.DeleteUser(id, "a.nurse@hospital.example", false) },
	"delete-user-force": func() ([]byte, error) { return encode.DeleteUser(id, "a.nurse@hospital.example", true) },
	"user-list":         func() ([]byte, error) { return encode.UserList(id) },
	"device-lock":       func() ([]byte, error) { return encode.DeviceLock(id, "") },
	"device-lock-text":  func() ([]byte, error) { return encode.DeviceLock(id, "Ward 4B") },
	"lost-mode-enable": func() ([]byte, error) {
		return encode.EnableLostMode(id, encode.LostMode{Message: "Lost", Phone: "+1 555 0100", Footnote: "Ward 4B"})
	},
	"lost-mode-location": func() ([]byte, error) { return encode.DeviceLocation(id) },
	"lost-mode-sound":    func() ([]byte, error) { return encode.PlayLostModeSound(id) },
	"lost-mode-disable":  func() ([]byte, error) { return encode.DisableLostMode(id) },
	"restart-device":     func() ([]byte, error) { return encode.RestartDevice(id) },
	"install-profile":    func() ([]byte, error) { return encode.InstallProfile(id, []byte("profile")) },
	"remove-profile":     func() ([]byte, error) { return encode.RemoveProfile(id, encode.ClinicalID) },
	"profile-list":       func() ([]byte, error) { return encode.ProfileList(id) },
	"security-info":      func() ([]byte, error) { return encode.SecurityInfo(id) },
	"device-configured":  func() ([]byte, error) { return encode.DeviceConfigured(id) },
	"device-information": func() ([]byte, error) { return encode.DeviceInformation(id, encode.Inventory(custody.SharedIPad)...) },
	"settings": func() ([]byte, error) {
		return encode.Settings(id, encode.SharedDevice{
			SessionTimeout: 15 * time.Minute, AutoLock: 2 * time.Minute, ResidentUsers: 10, Domains: []string{"hospital.example"},
		})
	},
	"settings-guests": func() ([]byte, error) { return encode.Settings(id, encode.Backstop(guestWard)) },
	"settings-off":    func() ([]byte, error) { return encode.Settings(id, encode.SharedDevice{}) },

	"install-application": func() ([]byte, error) {
		return encode.InstallApplication(id, custody.App{BundleID: "org.example.charts"})
	},
	"install-application-own": func() ([]byte, error) {
		return encode.InstallApplication(id, custody.App{BundleID: "org.example.own", Manifest: "https://ipads.hospital.example/own.plist"})
	},
	"remove-application":         func() ([]byte, error) { return encode.RemoveApplication(id, "org.example.charts") },
	"installed-application-list": func() ([]byte, error) { return encode.InstalledApplicationList(id) },
	"managed-application-list":   func() ([]byte, error) { return encode.ManagedApplicationList(id) },

	"profile-enrolment":        func() ([]byte, error) { return encode.Enrolment(enrolment(false)) },
	"profile-enrolment-shared": func() ([]byte, error) { return encode.Enrolment(enrolment(true)) },
	"profile-kiosk":            func() ([]byte, error) { return encode.Kiosk(encode.KioskParams{URL: page, AppLock: true}) },
	"profile-kiosk-page":       func() ([]byte, error) { return encode.Kiosk(encode.KioskParams{URL: page}) },
	"profile-web-clip":         func() ([]byte, error) { return encode.WebClip(page) },
	"profile-restrictions-kiosk": func() ([]byte, error) {
		return encode.Restrictions(kioskWard, encode.Version{})
	},
	"profile-restrictions-passcode": func() ([]byte, error) { return encode.Restrictions(passcodeWard, encode.Version{}) },
	"profile-restrictions-shared":   func() ([]byte, error) { return encode.Restrictions(sharedWard, encode.Version{}) },
	"profile-restrictions-guest":    func() ([]byte, error) { return encode.Restrictions(guestWard, encode.Version{}) },
	"profile-passcode":              func() ([]byte, error) { return encode.Passcode(passcodeWard) },
	"profile-clinical":              func() ([]byte, error) { return encode.Clinical("org.example.records", "org.example.charts") },
	"profile-lock-screen": func() ([]byte, error) {
		return encode.LockScreen(encode.LockScreenParams{AssetTag: "4B-07", Footnote: "Ward 4B & ICU <day>"})
	},
	"profile-restrictions-kiosk-cis-2":    func() ([]byte, error) { return encode.Restrictions(level2(kioskWard), encode.Version{}) },
	"profile-restrictions-passcode-cis-2": func() ([]byte, error) { return encode.Restrictions(level2(passcodeWard), encode.Version{}) },
	"profile-restrictions-shared-cis-2":   func() ([]byte, error) { return encode.Restrictions(level2(sharedWard), encode.Version{}) },
	"profile-restrictions-guest-cis-2":    func() ([]byte, error) { return encode.Restrictions(level2(guestWard), encode.Version{}) },
	"profile-wifi-eap-tls":                func() ([]byte, error) { return encode.WiFiEAPTLS(enterprise(false)) },
	"profile-wifi-eap-tls-scep":           func() ([]byte, error) { return encode.WiFiEAPTLS(enterprise(true)) },
	"profile-home-screen":                 func() ([]byte, error) { return encode.HomeScreen("org.example.charts", "org.example.records") },
	"profile-wifi-wpa3": func() ([]byte, error) {
		return encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: "not-a-real-passphrase", Hidden: true, WPA3Only: true})
	},
	"profile-wifi": func() ([]byte, error) {
		return encode.WiFi(encode.WiFiParams{SSID: "ward-onboarding", Passphrase: "not-a-real-passphrase"})
	},
}

func level2(p custody.Policy) custody.Policy {
	p.Baseline = custody.BaselineCIS2
	return p
}

func TestGolden(t *testing.T) {
	for name, render := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := render()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := render(); err != nil || !bytes.Equal(got, again) {
				t.Fatalf("the same input rendered other bytes (%v)", err)
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s\n(-update writes it anew)", got, want)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) != len(cases) {
		t.Errorf("%d golden files for %d cases (%v)", len(files), len(cases), err)
	}
}
