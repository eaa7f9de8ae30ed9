package sim

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/micromdm/scep/v2/cryptoutil/x509util"
	"github.com/smallstep/pkcs7"
)

// scepAuthority is the SCEP server of the tests.
type scepAuthority struct {
	t    *testing.T
	self identity

	mu        sync.Mutex
	serial    int64
	caps      string
	challenge string
	methods   []string // how PKIOperation came
	subjects  []string
	spoil     func(*pkcs7.SignerInfoConfig) // changes an answer before it is signed
}

var authorityKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newSCEPAuthority(t *testing.T) *scepAuthority {
	key, err := authorityKey()
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-2 * time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &scepAuthority{t: t, self: identity{cert, key}, serial: 1, caps: "POSTPKIOperation\nSHA-256", challenge: "challenge"}
}

func (a *scepAuthority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.self.cert)
	return p
}

func (a *scepAuthority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch r.URL.Query().Get("operation") {
	case "GetCACaps":
		_, _ = io.WriteString(w, a.caps)
	case "GetCACert":
		_, _ = w.Write(a.self.cert.Raw)
	case "PKIOperation":
		a.methods = append(a.methods, r.Method)
		msg, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			msg, _ = base64.StdEncoding.DecodeString(r.URL.Query().Get("message"))
		}
		answer, err := a.operate(msg)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer)
	}
}

func (a *scepAuthority) operate(der []byte) ([]byte, error) {
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, err
	}
	if err := p7.Verify(); err != nil {
		return nil, err
	}
	var transaction string
	var nonce []byte
	if err := p7.UnmarshalSignedAttribute(oidTransactionID, &transaction); err != nil {
		return nil, err
	}
	if err := p7.UnmarshalSignedAttribute(oidSenderNonce, &nonce); err != nil {
		return nil, err
	}
	envelope, err := pkcs7.Parse(p7.Content)
	if err != nil {
		return nil, err
	}
	raw, err := envelope.Decrypt(a.self.cert, a.self.key)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(raw)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	config := pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{
		{Type: oidMessageType, Value: scepCertRep}, {Type: oidTransactionID, Value: transaction}, {Type: oidRecipientNonce, Value: nonce}}}
	challenge, err := x509util.ParseChallengePassword(raw)
	if err != nil {
		return nil, err
	}
	add := func(x ...pkcs7.Attribute) { config.ExtraSignedAttributes = append(config.ExtraSignedAttributes, x...) }
	var content []byte
	if challenge == a.challenge {
		add(pkcs7.Attribute{Type: oidPKIStatus, Value: scepSuccess})
		if content, err = a.issue(csr, p7.GetOnlySigner()); err != nil {
			return nil, err
		}
	} else {
		add(pkcs7.Attribute{Type: oidPKIStatus, Value: "2"}, pkcs7.Attribute{Type: oidFailInfo, Value: "2"})
	}
	if a.spoil != nil {
		a.spoil(&config)
	}
	return a.sign(content, config)
}

func (a *scepAuthority) issue(csr *x509.CertificateRequest, to *x509.Certificate) ([]byte, error) {
	a.serial++
	a.subjects = append(a.subjects, csr.Subject.String())
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(a.serial), Subject: csr.Subject, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.self.cert, csr.PublicKey, a.self.key)
	if err != nil {
		return nil, err
	}
	bag, err := pkcs7.DegenerateCertificate(bytes.Clone(der))
	if err != nil {
		return nil, err
	}
	return pkcs7.Encrypt(bag, []*x509.Certificate{to})
}

func (a *scepAuthority) sign(content []byte, config pkcs7.SignerInfoConfig) ([]byte, error) {
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(a.self.cert, a.self.key, config); err != nil {
		return nil, err
	}
	return sd.Finish()
}
