package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// wifiCmd writes the profile that --wifi-profile of serve is given. Secrets come
// from files: a command line is shown to everybody on the host.
type wifiCmd struct {
	SSID     string `help:"Name of the network." required:"" name:"ssid"`
	Hidden   bool   `help:"The network does not show its name."`
	WPA3Only bool   `help:"Join nothing older than WPA3." name:"wpa3-only"`
	Out      string `help:"Profile to write (.mobileconfig)." required:"" type:"path"`

	Passphrase string `help:"File with the network's passphrase." name:"passphrase-file" type:"existingfile" xor:"secret" required:""`
	Identity   string `help:"EAP-TLS: PKCS #12 file with the certificate and key that iPads join by." type:"existingfile" xor:"secret" required:""`
	SCEP       string `help:"EAP-TLS: address that iPads fetch a certificate from; an erased iPad cannot join by it." name:"scep-url" xor:"secret" required:""`

	Password   string   `help:"EAP-TLS: file with the password of the PKCS #12 file." name:"identity-password-file" type:"existingfile"`
	Challenge  string   `help:"EAP-TLS: file with the SCEP challenge." name:"scep-challenge-file" type:"existingfile"`
	CommonName string   `help:"EAP-TLS: common name of the certificate that is fetched." name:"scep-common-name"`
	Anchor     []string `help:"EAP-TLS: certificate (PEM or DER) that the RADIUS server's chain ends in." type:"existingfile" sep:"none"`
	ServerName []string `help:"EAP-TLS: name in the RADIUS server's certificate." name:"server-name" sep:"none"`
}

// Run writes the profile, which may hold a secret, for its owner only, and says
// whether an erased iPad comes back by it.
func (w *wifiCmd) Run() error {
	profile, err := w.render()
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.Out, profile, 0o600); err != nil {
		return err
	}
	return w.tell(os.Stdout, encode.CanJoin(profile))
}

func (w *wifiCmd) tell(to io.Writer, err error) error {
	var not *encode.NotJoiningError
	switch {
	case errors.As(err, &not):
		_, err = fmt.Fprintf(to, "Written to %s, but not for --wifi-profile: an erased iPad would not come back by it. %s\n", w.Out, not.Why)
	case err == nil:
		_, err = fmt.Fprintf(to, "Written to %s. An erased iPad comes back by it.\n", w.Out)
	}
	return err
}

func (w *wifiCmd) render() ([]byte, error) {
	var errs []error
	secret := func(name string) string {
		if name == "" {
			return ""
		}
		text, err := os.ReadFile(name)
		errs = append(errs, err)
		return string(bytes.TrimRight(text, "\r\n"))
	}
	if w.Passphrase != "" {
		p := encode.WiFiParams{SSID: w.SSID, Passphrase: secret(w.Passphrase), Hidden: w.Hidden, WPA3Only: w.WPA3Only}
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		return encode.WiFi(p)
	}
	p := encode.EAPTLSParams{SSID: w.SSID, Hidden: w.Hidden, WPA3Only: w.WPA3Only, ServerNames: w.ServerName}
	if w.SCEP != "" {
		p.SCEP = &encode.SCEPIdentity{URL: w.SCEP, Challenge: secret(w.Challenge), CommonName: w.CommonName}
	} else {
		var err error
		p.Identity, err = os.ReadFile(w.Identity)
		p.Password = secret(w.Password)
		errs = append(errs, err)
	}
	for _, name := range w.Anchor {
		certs, err := certificates(name)
		p.Anchors, errs = append(p.Anchors, certs...), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return encode.WiFiEAPTLS(p)
}

// certificates reads a file of PEM certificates, or one in DER.
func certificates(name string) (ders [][]byte, err error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s: it holds a %s, and it is sent to every iPad", name, block.Type)
		}
		ders = append(ders, block.Bytes)
	}
	if len(ders) == 0 {
		ders = [][]byte{raw}
	}
	return ders, nil
}
