package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// authority is a file with an authority's certificate.
func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestWiFi: the command writes what iPads join by, and says when an erased one
// would not.
func TestWiFi(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"pass": "not-a-real-passphrase\n", "short": "x\n", "id.p12": "not a real PKCS #12 file", "pw": "not-a-real-password",
		"scep": "not-a-real-challenge", "ca.pem": string(authority(t)),
		"key.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not a real key")})),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust := " --anchor ca.pem --server-name radius.hospital.example"
	scep := "--scep-url https://scep.hospital.example --scep-challenge-file scep --scep-common-name ipad"
	for _, c := range []struct{ args, says, holds, fails string }{
		{"--passphrase-file pass --wpa3-only", "comes back by it", "<string>WPA3</string>", ""},
		{"--passphrase-file pass", "comes back by it", "<string>not-a-real-passphrase</string>", ""},
		{"--identity id.p12 --identity-password-file pw" + trust, "comes back by it", "<string>com.apple.security.pkcs12</string>", ""},
		{scep + trust, "not for --wifi-profile", "<string>com.apple.security.scep</string>", ""},
		{"", "", "", "missing"},
		{"--passphrase-file pass --identity id.p12", "", "", "can't be used together"},
		{"--passphrase-file short", "", "", "passphrase of 8 to 63"},
		{"--identity id.p12 --anchor ca.pem", "", "", "names of the server"},
		{"--identity id.p12 --server-name radius --anchor key.pem", "", "", "PRIVATE KEY"},
		{"--identity id.p12 --server-name radius --anchor pass", "", "", "not a certificate"},
	} {
		var w wifiCmd
		parser, err := kong.New(&w)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(append(strings.Fields(c.args), "--ssid", "ward", "--out", "out"))
		var raw []byte
		if err == nil {
			raw, err = w.render()
		}
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "not-a-real") {
				t.Errorf("%s: %v, want %q", c.args, err, c.fails)
			}
			continue
		}
		if err != nil || !bytes.Contains(raw, []byte(c.holds)) {
			t.Errorf("%s: %v, want %q in it", c.args, err, c.holds)
			continue
		}
		if err := plistguard.Check(raw, plistguard.Limits{}); err != nil {
			t.Errorf("%s: a server would not start with it: %v", c.args, err)
		}
		var said bytes.Buffer
		if err := w.tell(&said, encode.CanJoin(raw)); err != nil || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: said %q, %v", c.args, said.String(), err)
		}
	}
}
