// Package devicetest signs machine infos as Apple's devices do, under an
// authority of a test's own: SHA-1 and short keys included, as Apple's are.
package devicetest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

// Authority stands for Apple iPhone Device CA: like it, it has expired.
type Authority struct {
	Certificate *x509.Certificate
	key         *rsa.PrivateKey
	issuer      *x509.Certificate // whose name its devices' certificates carry
}

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// NewAuthority makes an authority.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	k := newKey(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test iPhone Device CA"},
		NotBefore: time.Now().AddDate(-20, 0, 0), NotAfter: time.Now().AddDate(-12, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	c := create(t, tmpl, tmpl, k, k)
	return &Authority{Certificate: c, key: k, issuer: c}
}

func create(t testing.TB, tmpl, parent *x509.Certificate, of, by *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, of.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Named is the same authority, writing another's name into what it issues.
func (a *Authority) Named(t testing.TB, other *x509.Certificate) *Authority {
	t.Helper()
	forged := *a.Certificate
	forged.RawSubject, forged.Subject = other.RawSubject, other.Subject
	return &Authority{Certificate: a.Certificate, key: a.key, issuer: &forged}
}

// Sign signs content as a device of the authority's.
func (a *Authority) Sign(t testing.TB, content []byte) []byte { return a.sign(t, content, false) }

// Detached leaves the content out.
func (a *Authority) Detached(t testing.TB, content []byte) []byte { return a.sign(t, content, true) }

func (a *Authority) sign(t testing.TB, content []byte, detach bool) []byte {
	t.Helper()
	k := newKey(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "0A1B2C3D"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(3, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true, SignatureAlgorithm: x509.SHA1WithRSA,
	}
	return message(t, content, create(t, tmpl, a.issuer, k, a.key), k, detach)
}

// SignItself signs content with the authority's own key.
func (a *Authority) SignItself(t testing.TB, content []byte) []byte {
	return message(t, content, a.Certificate, a.key, false)
}

// SelfSigned signs content as anybody can.
func SelfSigned(t testing.TB, content []byte) []byte {
	t.Helper()
	k := newKey(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Test iPhone Device CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	return message(t, content, create(t, tmpl, tmpl, k, k), k, false)
}

func message(t testing.TB, content []byte, c *x509.Certificate, k *rsa.PrivateKey, detach bool) []byte {
	t.Helper()
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.SignWithoutAttr(c, k, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	if detach {
		sd.Detach()
	}
	der, err := sd.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}
