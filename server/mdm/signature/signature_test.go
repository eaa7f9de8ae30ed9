package signature

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/micromdm/nanomdm/cryptoutil"
	"github.com/smallstep/pkcs7"
	"pgregory.net/rapid"
)

// signer is a device with a certificate that it made itself.
type signer struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var anna, ben = sync.OnceValue(func() signer { return newSigner(7) }), sync.OnceValue(func() signer { return newSigner(7) })

func newSigner(serial int64) signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "device"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signer{key, cert}
}

// sign makes a signature as iPads do; how changes it.
func (s signer) sign(t testing.TB, body string, how ...func(*pkcs7.SignedData) error) []byte {
	t.Helper()
	sd, err := pkcs7.NewSignedData([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if len(how) == 0 {
		how = append(how, func(sd *pkcs7.SignedData) error { return sd.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}) })
	}
	for _, f := range how {
		if err := f(sd); err != nil {
			t.Fatal(err)
		}
	}
	sd.Detach()
	der, err := sd.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func header(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

// plain knows Anna's and Ben's certificates.
var plain = Verifier{Known: func(der []byte) *x509.Certificate {
	for _, s := range []signer{anna(), ben()} {
		if bytes.Equal(der, s.cert.Raw) {
			return s.cert
		}
	}
	return nil
}}

const said = "<plist><dict/></plist>"

func TestWhatIPadsSendIsReadHere(t *testing.T) {
	s := anna()
	if got := plain.usual(header(s.sign(t, said)), []byte(said)); got == nil || !got.Equal(s.cert) {
		t.Errorf("signed by %v", got)
	}
}

func TestWhatIsNotASignatureIsRefused(t *testing.T) {
	s, other := anna(), ben()
	good := s.sign(t, said)
	swapped, err := rsa.SignPKCS1v15(rand.Reader, other.key, 0, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	forged := append([]byte(nil), good...)
	copy(forged[len(forged)-len(swapped):], swapped)
	expired := newSigner(9)
	expired.cert.NotAfter = time.Now().Add(-time.Minute)
	withCert := func([]byte) *x509.Certificate { return expired.cert }
	for name, c := range map[string]struct {
		v      Verifier
		header string
		body   string
	}{
		"another body":          {plain, header(good), said + " "},
		"another's key":         {plain, header(forged), said},
		"cut off":               {plain, header(good[:len(good)-1]), said},
		"with something behind": {plain, header(append(good[:len(good):len(good)], 0)), said},
		"nothing":               {plain, "", said},
		"not base64":            {plain, "!" + header(good), said},
		"after the certificate's end": {Verifier{Known: withCert}, header(expired.sign(t, said, func(sd *pkcs7.SignedData) error {
			return sd.AddSigner(expired.cert, expired.key, pkcs7.SignerInfoConfig{})
		})), said},
	} {
		if got := c.v.usual(c.header, []byte(c.body)); got != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := plain.VerifyMdmSignature(header(forged), []byte(said)); err == nil {
		t.Error("what is not taken here is taken elsewhere")
	}
}

// A certificate that is known already is used under its own key only: one of the
// same issuer and number does not lend its name.
func TestAKnownCertificateLendsNobodyItsName(t *testing.T) {
	s, other := anna(), ben() // both are number 7 of "device"
	known := Verifier{Known: func([]byte) *x509.Certificate { return s.cert }}
	if got := known.usual(header(other.sign(t, said)), []byte(said)); got != nil {
		t.Error("Ben's signature counts as Anna's")
	}
}

// Other forms are the library's to read, and certificates that are not known.
func TestOtherFormsAreTheLibrarys(t *testing.T) {
	s := anna()
	for name, der := range map[string][]byte{
		"no attributes": s.sign(t, said, func(sd *pkcs7.SignedData) error { return sd.SignWithoutAttr(s.cert, s.key, pkcs7.SignerInfoConfig{}) }),
		"two certificates": s.sign(t, said, func(sd *pkcs7.SignedData) error {
			sd.AddCertificate(newSigner(8).cert)
			return sd.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{})
		}),
		"SHA-384": s.sign(t, said, func(sd *pkcs7.SignedData) error {
			sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA384)
			return sd.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{})
		}),
	} {
		if plain.usual(header(der), []byte(said)) != nil {
			t.Errorf("%s is read here", name)
		}
		if got, err := plain.VerifyMdmSignature(header(der), []byte(said)); err != nil || !got.Equal(s.cert) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestAnUnknownCertificateIsTheLibrarys(t *testing.T) {
	s := newSigner(10)
	der := s.sign(t, said)
	if plain.usual(header(der), []byte(said)) != nil {
		t.Error("taken here")
	}
	if got, err := plain.VerifyMdmSignature(header(der), []byte(said)); err != nil || !got.Equal(s.cert) {
		t.Errorf("%v %v", got, err)
	}
}

// Whatever is changed in a signature: a yes here is a yes of the library's, for
// the same certificate.
func TestEveryYesIsTheLibrarysToo(t *testing.T) {
	good := anna().sign(t, said)
	rapid.Check(t, func(t *rapid.T) {
		der := append([]byte(nil), good...)
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			i := rapid.IntRange(0, len(der)-1).Draw(t, "at")
			der[i] = rapid.Byte().Draw(t, "to")
		}
		agree(t, der, []byte(said))
	})
}

type fataler interface{ Fatalf(string, ...any) }

func agree(t fataler, der, body []byte) {
	mine := plain.usual(header(der), body)
	if mine == nil {
		return
	}
	theirs, err := cryptoutil.VerifyMdmSignature(header(der), body)
	if err != nil || !theirs.Equal(mine) {
		t.Fatalf("accepted here as %v; the library says %v, %v", mine.Subject, theirs, err)
	}
}

func FuzzEveryYesIsTheLibrarysToo(f *testing.F) {
	f.Add(anna().sign(f, said), []byte(said))
	f.Add([]byte{0x30, 0x80}, []byte{})
	f.Fuzz(func(t *testing.T, der, body []byte) { agree(t, der, body) })
}

func BenchmarkVerify(b *testing.B) {
	s := anna()
	h := header(s.sign(b, said))
	known := Verifier{Known: func([]byte) *x509.Certificate { return s.cert }}
	for name, verify := range map[string]func(string, []byte) (*x509.Certificate, error){"here": known.VerifyMdmSignature, "library": cryptoutil.VerifyMdmSignature} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(h, []byte(said)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
