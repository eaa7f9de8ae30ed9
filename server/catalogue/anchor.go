package catalogue

import (
	"encoding/base64"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// anchor is the certificate of an example authority, whose key was thrown away.
const anchor = "MIIBjTCCATOgAwIBAgIUfJTFI24OgwjQxzSp9nek+0RvXWQwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQRXhhbXBsZSBXaS1GaSBD" +
	"QTAgFw0yNjExMjUwOTEyMjJaGA8yMTI2MTEwMTA5MTIyMlowGzEZMBcGA1UEAwwQRXhhbXBsZSBXaS1GaSBDQTBZMBMGByqGSM49" +
	"AgEGCCqGSM49AwEHA0IABIMuQQ/SLAdMz3mPNuTWvcUR4bHdBaJCZTD7S/J9qos+emKOG1Uce0aQ1vl9TT0XHA9jPq21v98GZd8W" +
	"tmRGIQKjUzBRMB0GA1UdDgQWBBT9nv/3JtT5gVE3FmvE5ba/b3BZ5TAfBgNVHSMEGDAWgBT9nv/3JtT5gVE3FmvE5ba/b3BZ5TAP" +
	"BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIBeaENvLRjg/losSi1tD6SenAWwPn3klOctt2t/sra3gAiEA4USCOFNb" +
	"pPuL2ye1cQ0Ez+83Q/ULcLpgCBE3KYpOENI="

// enterprise is the example ward's network for certificates; without a SCEP
// identity its own comes in the profile.
func enterprise(scep *encode.SCEPIdentity) ([]byte, error) {
	root, err := base64.StdEncoding.DecodeString(anchor)
	if err != nil {
		return nil, err
	}
	p := encode.EAPTLSParams{SSID: "ward", Anchors: [][]byte{root}, ServerNames: []string{"radius.hospital.example"}, SCEP: scep}
	if scep == nil {
		p.Identity, p.Password = []byte("not a real PKCS #12 file"), "not-a-real-password"
	}
	return encode.WiFiEAPTLS(p)
}

// fetched is where the example ward's iPads would fetch an identity.
var fetched = encode.SCEPIdentity{URL: "https://scep.hospital.example", Challenge: "not-a-real-challenge", CommonName: "DMPEXAMPLE01"}
