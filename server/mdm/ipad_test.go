package mdm_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"github.com/smallstep/scep/x509util"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// ipad is as much of a device as the protocol shows.
type ipad struct {
	s      *server
	serial custody.DeviceID
	udid   string
	key    *rsa.PrivateKey
	cert   *x509.Certificate
	claim  onetime.Claim // what its present certificate was asked for by
}

// Making a key takes longer than most tests: devices take turns with a few.
var (
	someKeys = sync.OnceValue(func() (ks []*rsa.PrivateKey) {
		for range 4 {
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			ks = append(ks, k)
		}
		return ks
	})
	turn atomic.Int64
)

func (s *server) ipad(serial custody.DeviceID) *ipad {
	ks := someKeys()
	return &ipad{s: s, serial: serial, udid: "UDID-" + string(serial), key: ks[int(turn.Add(1))%len(ks)]}
}

// selfSigned is the certificate that signs a first SCEP message.
func selfSigned(key crypto.Signer) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "SCEP"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

// scepMessage makes a PKIOperation for cn. signer signs it: nil for a
// self-signed certificate.
func (p *ipad) scepMessage(cn custody.DeviceID, challenge string, signer *x509.Certificate) (*scep.PKIMessage, *x509.Certificate) {
	der, err := x509util.CreateCertificateRequest(rand.Reader, &x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{Subject: pkix.Name{CommonName: string(cn)}}, ChallengePassword: challenge,
	}, p.key)
	if err != nil {
		p.s.t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		p.s.t.Fatal(err)
	}
	kind := scep.RenewalReq
	if signer == nil {
		signer, kind = selfSigned(p.key), scep.PKCSReq
	}
	msg, err := scep.NewCSRRequest(csr, &scep.PKIMessage{
		MessageType: kind, Recipients: []*x509.Certificate{p.s.ca.Certificate()}, SignerKey: p.key, SignerCert: signer,
	})
	if err != nil {
		p.s.t.Fatal(err)
	}
	return msg, signer
}

// request asks for a certificate over HTTP; nil if it was refused.
func (p *ipad) request(cn custody.DeviceID, challenge string, signer *x509.Certificate) *x509.Certificate {
	p.s.t.Helper()
	msg, signer := p.scepMessage(cn, challenge, signer)
	status, reply := p.s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, msg.Raw)
	if status != http.StatusOK {
		p.s.t.Fatalf("SCEP was answered %d", status)
	}
	rep, err := scep.ParsePKIMessage(reply, scep.WithCACerts([]*x509.Certificate{p.s.ca.Certificate()}))
	if err != nil {
		p.s.t.Fatal(err)
	}
	if rep.PKIStatus != scep.SUCCESS {
		return nil
	}
	if err := rep.DecryptPKIEnvelope(signer, p.key); err != nil {
		p.s.t.Fatal(err)
	}
	return rep.CertRepMessage.Certificate
}

// identify gets an identity by the challenge of a run.
func (p *ipad) identify(epoch, run int64) *ipad {
	p.s.t.Helper()
	p.claim = onetime.Claim{Device: p.serial, Epoch: epoch, Run: run}
	if p.cert = p.request(p.serial, p.s.keys.Challenge(p.serial, epoch, run), nil); p.cert == nil {
		p.s.t.Fatalf("%s got no certificate", p.serial)
	}
	return p
}

// enrol gets an identity and checks in.
func (p *ipad) enrol(epoch, run int64) *ipad {
	p.s.t.Helper()
	p.identify(epoch, run)
	if status, _ := p.authenticate(); status != http.StatusOK {
		p.s.t.Fatalf("Authenticate of %s: %d", p.serial, status)
	}
	if status, _ := p.tokenUpdate(true); status != http.StatusOK {
		p.s.t.Fatalf("TokenUpdate of %s: %d", p.serial, status)
	}
	return p
}

// sign makes an Mdm-Signature: a detached CMS signature, base64.
func (p *ipad) sign(body []byte) string {
	sd, err := pkcs7.NewSignedData(body)
	if err != nil {
		panic(err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(p.cert, p.key, pkcs7.SignerInfoConfig{}); err != nil {
		panic(err)
	}
	sd.Detach()
	der, err := sd.Finish()
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

const (
	checkinType = "application/x-apple-aspen-mdm-checkin"
	connectType = "application/x-apple-aspen-mdm"
)

// send signs a plist dictionary's inside and sends it.
func (p *ipad) send(contentType, inside string) (int, []byte) {
	p.s.t.Helper()
	return p.raw(contentType, document("<dict><key>UDID</key><string>"+p.udid+"</string>"+inside+"</dict>"))
}

func (p *ipad) raw(contentType string, body []byte) (int, []byte) {
	p.s.t.Helper()
	if p.s.nano != nil {
		return p.s.nano.message(p, contentType, body)
	}
	return p.s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {contentType}, "Mdm-Signature": {p.sign(body)}}, body)
}

func document(inside string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">` + inside + `</plist>`)
}

func pair(key, value string) string {
	return "<key>" + key + "</key><string>" + value + "</string>"
}

func (p *ipad) authenticate() (int, []byte) {
	return p.send(checkinType, pair("MessageType", "Authenticate")+pair("Topic", topic)+
		pair("SerialNumber", string(p.serial))+pair("ProductName", "iPad13,18")+pair("OSVersion", "18.1")+pair("DeviceName", "iPad"))
}

const pushKeys = "<key>Topic</key><string>" + topic + "</string><key>Token</key><data>AAECAw==</data><key>PushMagic</key><string>magic</string>"

func (p *ipad) tokenUpdate(awaiting bool) (int, []byte) {
	return p.send(checkinType, pair("MessageType", "TokenUpdate")+pushKeys+
		fmt.Sprintf("<key>AwaitingConfiguration</key><%t/>", awaiting)+"<key>UnlockToken</key><data>c2VjcmV0</data>")
}

// asUser are the keys by which a Shared iPad speaks for a user.
func asUser(name string) string {
	return pair("UserID", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF") + pair("UserShortName", name)
}

func (p *ipad) idle() (int, []byte) { return p.send(connectType, pair("Status", "Idle")) }

func (p *ipad) report(status, command, more string) (int, []byte) {
	return p.send(connectType, pair("Status", status)+pair("CommandUUID", command)+more)
}
