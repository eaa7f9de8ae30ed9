package encode_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// profileOf is a configuration profile of the payloads given in XML.
func profileOf(payloads ...string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array>` +
		strings.Join(payloads, "") + `</array></dict></plist>`)
}

func payloadOf(kind, id, rest string) string {
	return `<dict><key>PayloadType</key><string>` + kind + `</string><key>PayloadUUID</key><string>` + id + `</string>` + rest + `</dict>`
}

const eapTLS = `<key>SSID_STR</key><string>ward</string><key>EAPClientConfiguration</key><dict><key>AcceptEAPTypes</key><array><integer>13</integer></array></dict>`

func TestCanJoin(t *testing.T) {
	const wifi = "com.apple.wifi.managed"
	named := eapTLS + `<key>PayloadCertificateUUID</key><string>I</string>`
	open := payloadOf(wifi, "W", `<key>SSID_STR</key><string>ward</string><key>EncryptionType</key><string>None</string>`)
	for name, row := range map[string]struct {
		profile []byte
		why     string // "": it joins
	}{
		"none":              {nil, "no Wi-Fi profile"},
		"not a profile":     {[]byte("bplist00"), "not an unsigned"},
		"too long":          {[]byte(strings.Repeat(" ", 600<<10)), "not an unsigned"},
		"no network":        {profileOf(payloadOf("com.apple.security.root", "R", "")), "names no network"},
		"ours":              {first(encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: "passphrase"})), ""},
		"open":              {profileOf(open), ""},
		"no passphrase":     {profileOf(payloadOf(wifi, "W", `<key>SSID_STR</key><string>ward</string><key>EncryptionType</key><string>WPA2</string>`)), "no passphrase"},
		"not by itself":     {profileOf(payloadOf(wifi, "W", `<key>AutoJoin</key><false/><key>EncryptionType</key><string>None</string>`)), "not to join"},
		"identity inside":   {profileOf(payloadOf(wifi, "W", named), payloadOf("com.apple.security.pkcs12", "I", "")), ""},
		"identity by SCEP":  {profileOf(payloadOf(wifi, "W", named), payloadOf("com.apple.security.scep", "I", "")), "have to fetch"},
		"identity by ACME":  {profileOf(payloadOf("com.apple.security.acme", "I", ""), payloadOf(wifi, "W", named)), "have to fetch"},
		"identity missing":  {profileOf(payloadOf(wifi, "W", named)), "not in the profile"},
		"identity is none":  {profileOf(payloadOf(wifi, "W", named), payloadOf("com.apple.security.root", "I", "")), "no identity"},
		"no name":           {profileOf(payloadOf(wifi, "W", eapTLS)), "name and password"},
		"one of two joins":  {profileOf(payloadOf(wifi, "W", named), open), ""},
		"name and password": {profileOf(payloadOf(wifi, "W", strings.Replace(eapTLS, "<dict>", "<dict><key>UserName</key><string>n</string><key>UserPassword</key><string>p</string>", 1))), ""},
	} {
		err := encode.CanJoin(row.profile)
		var not *encode.NotJoiningError
		switch {
		case row.why == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case row.why != "" && (!errors.As(err, &not) || !strings.Contains(not.Why, row.why)):
			t.Errorf("%s: %v, want %q", name, err, row.why)
		}
	}
}

// FuzzCanJoin: whatever a file holds, the answer is nil or a sentence.
func FuzzCanJoin(f *testing.F) {
	f.Add(profileOf(payloadOf("com.apple.wifi.managed", "W", eapTLS)))
	f.Add([]byte("<plist><dict><key>PayloadContent</key><array><dict/></array></dict></plist>"))
	f.Fuzz(func(t *testing.T, profile []byte) {
		err := encode.CanJoin(profile)
		var not *encode.NotJoiningError
		if err != nil && (!errors.As(err, &not) || not.Why == "") {
			t.Errorf("not a sentence: %v", err)
		}
	})
}
