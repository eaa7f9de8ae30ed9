package encode

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
)

// EAPTLSParams are a network that iPads join by a certificate.
type EAPTLSParams struct {
	SSID   string
	Hidden bool
	// WPA3Only joins nothing older than WPA3 Enterprise (iOS 16.0); otherwise WPA2 is joined too.
	WPA3Only bool
	// Identity is a PKCS #12 file and Password opens it. An erased iPad joins by
	// it, for it is in the profile.
	Identity []byte
	Password string
	// SCEP fetches the identity instead, which needs another network first.
	SCEP *SCEPIdentity
	// Anchors are the DER certificates that the RADIUS server's chain ends in,
	// ServerNames the names that its certificate may have. Both are needed: an
	// iPad that is not told whom to trust asks a person.
	Anchors     [][]byte
	ServerNames []string
}

// SCEPIdentity is where an identity for Wi-Fi is fetched.
type SCEPIdentity struct {
	URL        string
	Challenge  string
	CommonName string
}

type wifiEAP struct {
	header
	AutoJoin               bool
	EAPClientConfiguration eapTLS
	EncryptionType         string
	HiddenNetwork          bool `plist:"HIDDEN_NETWORK"`
	PayloadCertificateUUID string
	SSID                   string `plist:"SSID_STR"`
}

type eapTLS struct {
	AcceptEAPTypes               []int
	PayloadCertificateAnchorUUID []string
	TLSMinimumVersion            string // iOS 11.0
	TLSTrustedServerNames        []string
}

type certificate struct {
	header
	PayloadContent []byte
}

type pkcs12 struct {
	header
	Password       secret
	PayloadContent []byte
}

// eapTypeTLS is EAP-TLS's number (RFC 5216).
const eapTypeTLS = 13

// WiFiEAPTLS joins a network by a certificate (Apple: "Wi-Fi", iOS 4.0;
// "CertificatePKCS12", "CertificateRoot" and "SCEP"). Whatever the network's
// payload names is in the profile: nothing can dangle. [CanJoin] says whether
// an erased iPad joins by it. Device channel.
func WiFiEAPTLS(p EAPTLSParams) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", WiFiID, err)
	}
	// A password and a challenge stay out of the inputs, as a passphrase does.
	d := draft{identifier: WiFiID, name: "Ward Wi-Fi", inputs: []string{
		"eap-tls", p.SSID, fmt.Sprint(p.Hidden, p.WPA3Only), fmt.Sprint(p.ServerNames), fmt.Sprintf("%x", sha256.Sum256(p.Identity))}}
	if p.SCEP != nil {
		d.inputs = append(d.inputs, p.SCEP.URL, p.SCEP.CommonName)
	}
	for _, a := range p.Anchors {
		d.inputs = append(d.inputs, fmt.Sprintf("%x", sha256.Sum256(a)))
	}
	var content []any
	var anchors []string
	for i, a := range p.Anchors {
		c := certificate{d.head(fmt.Sprintf("anchor-%d", i+1), rootType, "Wi-Fi trust anchor"), a}
		content, anchors = append(content, c), append(anchors, c.PayloadUUID)
	}
	identity, uuid := p.identity(d)
	return d.render(append(content, identity, wifiEAP{
		header:   d.head("network", wifiType, "Wi-Fi"),
		AutoJoin: true, EncryptionType: encryption(p.WPA3Only), HiddenNetwork: p.Hidden, SSID: p.SSID, PayloadCertificateUUID: uuid,
		EAPClientConfiguration: eapTLS{
			AcceptEAPTypes: []int{eapTypeTLS}, PayloadCertificateAnchorUUID: anchors,
			TLSMinimumVersion: "1.2", TLSTrustedServerNames: p.ServerNames,
		},
	})...)
}

// identity is the payload that the network's identity comes by, and its UUID.
func (p EAPTLSParams) identity(d draft) (payload any, uuid string) {
	if p.SCEP == nil {
		h := d.head("identity", pkcs12Type, "Wi-Fi identity")
		return pkcs12{h, secret(p.Password), p.Identity}, h.PayloadUUID
	}
	h := d.head("identity", scepType, "Wi-Fi identity")
	return scep{h, scepContent{
		Challenge: secret(p.SCEP.Challenge), KeyType: "RSA", KeyUsage: signAndEncrypt, Keysize: 2048,
		Subject: [][][]string{{{"CN", p.SCEP.CommonName}}}, URL: p.SCEP.URL,
	}}, h.PayloadUUID
}

func (p EAPTLSParams) check() error {
	var errs []error
	bad := func(cond bool, why string) {
		if cond {
			errs = append(errs, errors.New(why))
		}
	}
	bad(len(p.SSID) == 0 || len(p.SSID) > 32, "want an SSID of 1 to 32 bytes")
	bad((len(p.Identity) == 0) == (p.SCEP == nil), "want one identity, by PKCS #12 or by SCEP")
	bad(len(p.Anchors) == 0 || len(p.ServerNames) == 0, "want the trust anchors and the names of the server")
	for _, a := range p.Anchors {
		_, err := x509.ParseCertificate(a)
		bad(err != nil, "a trust anchor is not a certificate in DER")
	}
	if p.SCEP != nil {
		errs = append(errs, address("SCEP URL", p.SCEP.URL))
		bad(p.SCEP.CommonName == "" || p.SCEP.Challenge == "", "SCEP needs a common name and a challenge")
	}
	return errors.Join(errs...)
}
