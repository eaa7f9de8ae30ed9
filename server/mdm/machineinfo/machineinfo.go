// Package machineinfo reads what an iPad at Setup Assistant says of itself when
// automated enrolment sends it here: a property list, signed by the identity
// that Apple gave the device when it was activated (Apple: "MachineInfo").
//
// Anybody can send one. Nothing is believed before the signature and the issuer
// are verified, nothing is decoded before the plist guard has seen it, and every
// length is bounded.
package machineinfo

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/groob/plist"
	"github.com/smallstep/pkcs7"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

// MaxMessage bounds a signed message in bytes: a few certificates of about 1 KB
// and a property list of a dozen short keys.
const MaxMessage = 32 << 10

// maxCertificates in a message: the device's and its chain.
const maxCertificates = 6

// limits are of the property list inside.
var limits = plistguard.Limits{Bytes: 8 << 10, Depth: 6, Tokens: 512}

// maxValue bounds each value that is kept.
const maxValue = 64

// Errors of [Issuers.Read]. Each refusal wraps exactly one.
var (
	ErrMessage   = errors.New("not a signed machine info")
	ErrSignature = errors.New("machine info is not signed by an Apple device")
	ErrContent   = errors.New("machine info is not what Apple describes")
)

// Info is what is kept of a device's MachineInfo.
type Info struct {
	Serial    string
	UDID      string
	Product   string // iPad13,18
	OSVersion string // empty before iOS 17.0
	// CanUpdate: the device can be told to update itself before it enrols
	// (MDM_CAN_REQUEST_SOFTWARE_UPDATE, iOS 17.0).
	CanUpdate bool
}

// Issuers are the authorities whose devices are believed.
type Issuers []*x509.Certificate

//go:embed apple-iphone-device-ca.pem
var deviceCA []byte

// Apple is "Apple iPhone Device CA", which signs the identities of iPads too.
// Apple's documentation prints it ("Over-the-Air Profile Delivery and
// Configuration", Profile Service) and says to check that a device's certificate
// was issued by it. It expired in 2014, and devices activated today are signed
// by it still, by SHA-1: only the signature can be asked for.
//
// It is pinned itself and not Apple's root, which also stands above the
// certificates of every developer.
func Apple() Issuers {
	block, _ := pem.Decode(deviceCA)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil { // embedded: cannot fail
		panic(err)
	}
	return Issuers{c}
}

// Parse reads issuers from PEM.
func Parse(text []byte) (list Issuers, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading an issuer of devices: %w", err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("reading the issuers of devices: no certificate in PEM")
	}
	return list, nil
}

// Read verifies a message and returns what it says. The library's parser panics
// on some malformed messages; that is a refusal like any other.
func (is Issuers) Read(message []byte) (info Info, err error) {
	defer func() {
		if p := recover(); p != nil {
			info, err = Info{}, fmt.Errorf("%w: %v", ErrMessage, p)
		}
	}()
	if len(message) == 0 || len(message) > MaxMessage {
		return Info{}, fmt.Errorf("%w: %d bytes", ErrMessage, len(message))
	}
	p7, err := pkcs7.Parse(message)
	if err != nil {
		return Info{}, fmt.Errorf("%w: %v", ErrMessage, err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil || len(p7.Certificates) > maxCertificates {
		return Info{}, fmt.Errorf("%w: want one signer and its certificate", ErrMessage)
	}
	if err := p7.Verify(); err != nil {
		return Info{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	if !is.issued(signer) {
		return Info{}, fmt.Errorf("%w: its certificate was issued by %.80q", ErrSignature, signer.Issuer.CommonName)
	}
	return read(p7.Content)
}

// issued reports whether one of the issuers has signed a device's certificate.
func (is Issuers) issued(c *x509.Certificate) bool {
	if c.IsCA {
		return false
	}
	for _, ca := range is {
		// CheckSignature takes SHA-1, and asks for no dates.
		if bytes.Equal(ca.RawSubject, c.RawIssuer) && ca.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return true
		}
	}
	return false
}

func read(content []byte) (Info, error) {
	if err := plistguard.Check(content, limits); err != nil {
		return Info{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	var said struct {
		Serial    string `plist:"SERIAL"`
		UDID      string `plist:"UDID"`
		Product   string `plist:"PRODUCT"`
		OSVersion string `plist:"OS_VERSION"`
		CanUpdate bool   `plist:"MDM_CAN_REQUEST_SOFTWARE_UPDATE"`
	}
	if err := plist.NewXMLDecoder(bytes.NewReader(content)).Decode(&said); err != nil {
		return Info{}, fmt.Errorf("%w: it does not decode", ErrContent)
	}
	info := Info{Serial: said.Serial, UDID: said.UDID, Product: said.Product, OSVersion: said.OSVersion, CanUpdate: said.CanUpdate}
	for _, v := range []string{info.Serial, info.UDID, info.Product, info.OSVersion} {
		if len(v) > maxValue {
			return Info{}, fmt.Errorf("%w: a value is too long", ErrContent)
		}
	}
	if info.Serial == "" || info.UDID == "" {
		return Info{}, fmt.Errorf("%w: it names no device", ErrContent)
	}
	return info, nil
}
