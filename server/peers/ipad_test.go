package peers

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

// topic is the one that padwarden takes where it has no push certificate.
const topic = "com.apple.mgmt.External.padwarden"

// ipad is as much of a device as the protocol shows. What it always says alike
// is signed ahead.
type ipad struct {
	serial, udid                    string
	key                             *rsa.PrivateKey
	cert                            *x509.Certificate
	authenticate, tokenUpdate, idle message
}

// message is a signed body (Apple: "Mdm-Signature").
type message struct {
	checkin         bool
	body, signature []byte
}

// authority signs the devices' certificates.
type authority struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	keys []*rsa.PrivateKey // devices take turns with a few: making one takes longer than what is measured
}

// newAuthority reads an authority's key and certificate.
func newAuthority(b *testing.B, both []byte) *authority {
	b.Helper()
	key, rest := pem.Decode(both)
	cert, _ := pem.Decode(rest)
	a := &authority{}
	k, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	must(b, err)
	a.key = k.(*rsa.PrivateKey)
	a.cert, err = x509.ParseCertificate(cert.Bytes)
	must(b, err)
	for range 4 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		must(b, err)
		a.keys = append(a.keys, k)
	}
	return a
}

// ipad makes the nth device with its certificate.
func (a *authority) ipad(b *testing.B, n int) *ipad {
	b.Helper()
	p := &ipad{serial: fmt.Sprintf("DMPZ%06d", n), udid: fmt.Sprintf("00008027-%016d", n), key: a.keys[n%len(a.keys)]}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(int64(n) + 2), Subject: pkix.Name{CommonName: p.serial},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, p.key.Public(), a.key)
	must(b, err)
	p.cert, err = x509.ParseCertificate(der)
	must(b, err)
	p.authenticate = p.sign(b, true, pair("MessageType", "Authenticate")+pair("Topic", topic)+pair("SerialNumber", p.serial)+
		pair("ProductName", "iPad13,18")+pair("OSVersion", "18.1")+pair("BuildVersion", "22B83")+pair("DeviceName", "iPad"))
	p.tokenUpdate = p.sign(b, true, pair("MessageType", "TokenUpdate")+pair("Topic", topic)+
		"<key>Token</key><data>"+base64.StdEncoding.EncodeToString(der[:32])+"</data>"+pair("PushMagic", "4F1C7C5E-91AF-4E0B-9D7A-"+p.serial))
	p.idle = p.sign(b, false, pair("Status", "Idle"))
	return p
}

func (p *ipad) hash() string {
	sum := sha256.Sum256(p.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// acknowledge answers a DeviceInformation.
func (p *ipad) acknowledge(b *testing.B, command string) message {
	return p.sign(b, false, pair("Status", "Acknowledged")+pair("CommandUUID", command)+
		"<key>QueryResponses</key><dict>"+pair("DeviceName", "iPad")+pair("OSVersion", "18.1")+pair("BuildVersion", "22B83")+
		pair("ModelName", "iPad")+pair("ProductName", "iPad13,18")+pair("SerialNumber", p.serial)+
		"<key>BatteryLevel</key><real>0.81</real><key>DeviceCapacity</key><real>64</real></dict>")
}

func (p *ipad) sign(b *testing.B, checkin bool, inside string) message {
	m := message{checkin: checkin, body: []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>` + pair("UDID", p.udid) + inside + `</dict></plist>`)}
	sd, err := pkcs7.NewSignedData(m.body)
	must(b, err)
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	must(b, sd.AddSigner(p.cert, p.key, pkcs7.SignerInfoConfig{}))
	sd.Detach()
	der, err := sd.Finish()
	must(b, err)
	m.signature = []byte(base64.StdEncoding.EncodeToString(der))
	return m
}

func pair(key, value string) string {
	return "<key>" + key + "</key><string>" + value + "</string>"
}

// commandUUID reads a command's id.
func commandUUID(command []byte) string {
	_, rest, _ := strings.Cut(string(command), "<key>CommandUUID</key>")
	_, rest, _ = strings.Cut(rest, "<string>")
	id, _, _ := strings.Cut(rest, "</string>")
	return id
}
