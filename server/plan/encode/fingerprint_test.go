package encode

import (
	"reflect"
	"testing"
)

// version is the PayloadUUID that ProfileList shows for a profile.
func version(t *testing.T, profile []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	_, id, err := Identity(profile)
	if err != nil || id == "" {
		t.Fatalf("a profile without a PayloadUUID: %v", err)
	}
	return id
}

// TestAnotherContentIsAnotherVersion: a newer padwarden that renders another
// key from the same inputs shows as drift on iPads that have the older one.
func TestAnotherContentIsAnotherVersion(t *testing.T) {
	d := draft{identifier: LockScreenID, name: "Ward on the lock screen", inputs: []string{"4B-07"}}
	one := lockScreen{header: d.head("message", "com.apple.shareddeviceconfiguration", "Lock screen message"), AssetTagInformation: "4B-07"}
	two := one
	two.LockScreenFootnote = "Ward 4B"
	render := func(d draft, content ...any) string {
		raw, err := d.render(content...)
		return version(t, raw, err)
	}
	base := render(d, one)
	if base != render(d, one) {
		t.Error("the same content has two versions")
	}
	renamed, staying := d, d
	renamed.name, staying.removable = "Ward", true
	for why, other := range map[string]string{
		"a key more":           render(d, two),
		"a payload more":       render(d, one, one),
		"no payload":           render(d),
		"another name":         render(renamed, one),
		"it can be taken off":  render(staying, one),
		"a map in its place":   render(d, map[string]any{"AssetTagInformation": "4B-07"}),
		"a key of another map": render(d, map[string]any{"AssetTag": "4B-07"}),
	} {
		if other == base {
			t.Errorf("%s, and it is the same version", why)
		}
	}
}

// TestSecretsAreInNoFingerprint: a PayloadUUID is shown in lists and logs, and
// what a person chose could be guessed from it.
func TestSecretsAreInNoFingerprint(t *testing.T) {
	var network wifi
	shown := func(passphrase string) string {
		raw, err := WiFi(WiFiParams{SSID: "ward", Passphrase: passphrase})
		return version(t, raw, err)
	}
	if shown("not-a-real-passphrase") != shown("nor-is-this-one") {
		t.Error("a passphrase is in the PayloadUUID")
	}
	d := draft{identifier: WiFiID, name: "Ward Wi-Fi"}
	h := d.head("identity", pkcs12Type, "Wi-Fi identity")
	if fingerprint([]any{pkcs12{h, "one", []byte("file")}}) != fingerprint([]any{pkcs12{h, "two", []byte("file")}}) {
		t.Error("the password of an identity is in the fingerprint")
	}
	if fingerprint([]any{pkcs12{h, "one", []byte("file")}}) == fingerprint([]any{pkcs12{h, "one", []byte("other")}}) {
		t.Error("another identity has the same fingerprint")
	}
	for _, kind := range []reflect.Type{reflect.TypeOf(network), reflect.TypeFor[pkcs12](), reflect.TypeFor[scepContent]()} {
		for i := range kind.NumField() {
			f := kind.Field(i)
			if (f.Name == "Password" || f.Name == "Challenge") && f.Type != secretType {
				t.Errorf("%s.%s is no secret", kind.Name(), f.Name)
			}
		}
	}
}
