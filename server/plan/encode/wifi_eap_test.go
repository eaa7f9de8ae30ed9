package encode_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// anchor is the certificate of an example authority, whose key was thrown away.
const anchor = "MIIBjTCCATOgAwIBAgIUfJTFI24OgwjQxzSp9nek+0RvXWQwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQRXhhbXBsZSBXaS1GaSBD" +
	"QTAgFw0yNjExMjUwOTEyMjJaGA8yMTI2MTEwMTA5MTIyMlowGzEZMBcGA1UEAwwQRXhhbXBsZSBXaS1GaSBDQTBZMBMGByqGSM49" +
	"AgEGCCqGSM49AwEHA0IABIMuQQ/SLAdMz3mPNuTWvcUR4bHdBaJCZTD7S/J9qos+emKOG1Uce0aQ1vl9TT0XHA9jPq21v98GZd8W" +
	"tmRGIQKjUzBRMB0GA1UdDgQWBBT9nv/3JtT5gVE3FmvE5ba/b3BZ5TAfBgNVHSMEGDAWgBT9nv/3JtT5gVE3FmvE5ba/b3BZ5TAP" +
	"BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIBeaENvLRjg/losSi1tD6SenAWwPn3klOctt2t/sra3gAiEA4USCOFNb" +
	"pPuL2ye1cQ0Ez+83Q/ULcLpgCBE3KYpOENI="

func enterprise(scep bool) encode.EAPTLSParams {
	root, err := base64.StdEncoding.DecodeString(anchor)
	if err != nil {
		panic(err)
	}
	p := encode.EAPTLSParams{SSID: "ward", Anchors: [][]byte{root}, ServerNames: []string{"radius.hospital.example"}}
	if scep {
		p.SCEP = &encode.SCEPIdentity{URL: "https://scep.hospital.example", Challenge: "not-a-real-challenge", CommonName: "DMPEXAMPLE01"}
		return p
	}
	p.Identity, p.Password = []byte("not a real PKCS #12 file"), "not-a-real-password"
	return p
}

// TestEAPTLSNamesWhatIsThere: every certificate that the network names is in the
// profile, and an erased iPad joins only by one that it need not fetch.
func TestEAPTLSNamesWhatIsThere(t *testing.T) {
	for _, scep := range []bool{false, true} {
		raw := first(encode.WiFiEAPTLS(enterprise(scep)))
		d, there := decode(t, raw), map[string]bool{}
		for _, p := range d["PayloadContent"].([]any) {
			there[fmt.Sprint(p.(dict)["PayloadUUID"])] = true
		}
		network := payload(d, "com.apple.wifi.managed")
		eap := network["EAPClientConfiguration"].(dict)
		for _, id := range append(eap["PayloadCertificateAnchorUUID"].([]any), network["PayloadCertificateUUID"]) {
			if !there[fmt.Sprint(id)] {
				t.Errorf("by SCEP %t: %v is named and not there", scep, id)
			}
		}
		var not *encode.NotJoiningError
		if err := encode.CanJoin(raw); errors.As(err, &not) != scep {
			t.Errorf("by SCEP %t: an erased iPad joins: %v", scep, err)
		}
	}
}

func TestEAPTLSRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*encode.EAPTLSParams){
		"no identity":    func(p *encode.EAPTLSParams) { p.Identity = nil },
		"two identities": func(p *encode.EAPTLSParams) { p.SCEP = enterprise(true).SCEP },
		"no anchor":      func(p *encode.EAPTLSParams) { p.Anchors = nil },
		"no server name": func(p *encode.EAPTLSParams) { p.ServerNames = nil },
		"not an anchor":  func(p *encode.EAPTLSParams) { p.Anchors = [][]byte{[]byte("PEM")} },
		"no SSID":        func(p *encode.EAPTLSParams) { p.SSID = "" },
	} {
		p := enterprise(false)
		spoil(&p)
		if _, err := encode.WiFiEAPTLS(p); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
