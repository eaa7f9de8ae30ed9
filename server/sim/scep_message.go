package sim

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/micromdm/scep/v2/cryptoutil/x509util"
	"github.com/smallstep/pkcs7"
)

// Attributes of a SCEP message (RFC 8894, section 3.2.1).
var (
	oidMessageType    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 2}
	oidPKIStatus      = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 3}
	oidFailInfo       = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 4}
	oidSenderNonce    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 5}
	oidRecipientNonce = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 6}
	oidTransactionID  = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 7}
)

// Values of messageType and pkiStatus.
const (
	scepCertRep = "3"
	scepPKCSReq = "19"
	scepSuccess = "0"
)

// errSCEPRefused is a CertRep that says no; trying again would not help.
var errSCEPRefused = errors.New("the certificate was refused")

// newCSR makes a certificate request that carries the challenge password.
func newCSR(key *rsa.PrivateKey, subject pkix.Name, challenge string) ([]byte, error) {
	csr, err := x509util.CreateCertificateRequest(rand.Reader, &x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{Subject: subject, SignatureAlgorithm: x509.SHA256WithRSA},
		ChallengePassword:  challenge,
	}, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return csr, nil
}

// pkcsReq is a request on its way, with what its answer must repeat.
type pkcsReq struct {
	der         []byte
	transaction string
	nonce       []byte
	self        identity
}

func newPKCSReq(csr []byte, self identity, ca *x509.Certificate) (*pkcsReq, error) {
	sealed, err := pkcs7.Encrypt(csr, []*x509.Certificate{ca})
	if err != nil {
		return nil, fmt.Errorf("encrypting a certificate request: %w", err)
	}
	sd, err := pkcs7.NewSignedData(sealed)
	if err != nil {
		return nil, fmt.Errorf("making a SCEP message: %w", err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	sum := sha256.Sum256(self.cert.RawSubjectPublicKeyInfo)
	r := &pkcsReq{transaction: hex.EncodeToString(sum[:16]), nonce: make([]byte, 16), self: self}
	if _, err := rand.Read(r.nonce); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	err = sd.AddSigner(self.cert, self.key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{
		{Type: oidMessageType, Value: scepPKCSReq},
		{Type: oidTransactionID, Value: r.transaction},
		{Type: oidSenderNonce, Value: r.nonce},
	}})
	if err != nil {
		return nil, fmt.Errorf("signing a SCEP message: %w", err)
	}
	if r.der, err = sd.Finish(); err != nil {
		return nil, fmt.Errorf("finishing a SCEP message: %w", err)
	}
	return r, nil
}

// certificate takes the certificate out of the answer, if it answers r, is
// signed by one of the authority's certificates and is for r's key.
func (r *pkcsReq) certificate(answer []byte, authority []*x509.Certificate) (*x509.Certificate, error) {
	p7, err := pkcs7.Parse(answer)
	if err != nil {
		return nil, fmt.Errorf("reading a CertRep: %w", err)
	}
	p7.Certificates = authority // RFC 8894 lets the answer leave them out; nobody else may sign it
	if err := p7.Verify(); err != nil {
		return nil, fmt.Errorf("checking a CertRep's signature: %w", err)
	}
	if err := r.check(p7); err != nil {
		return nil, err
	}
	envelope, err := pkcs7.Parse(p7.Content)
	if err != nil {
		return nil, fmt.Errorf("reading a CertRep's envelope: %w", err)
	}
	plain, err := envelope.Decrypt(r.self.cert, r.self.key)
	if err != nil {
		return nil, fmt.Errorf("opening a CertRep's envelope: %w", err)
	}
	inner, err := pkcs7.Parse(plain)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of a CertRep: %w", err)
	}
	for _, cert := range inner.Certificates {
		if bytes.Equal(cert.RawSubjectPublicKeyInfo, r.self.cert.RawSubjectPublicKeyInfo) {
			return cert, nil
		}
	}
	return nil, errors.New("the CertRep holds no certificate for the device's key")
}

func (r *pkcsReq) check(p7 *pkcs7.PKCS7) error {
	var kind, status, transaction, fail string
	var nonce []byte
	if err := p7.UnmarshalSignedAttribute(oidMessageType, &kind); err != nil || kind != scepCertRep {
		return fmt.Errorf("a SCEP answer of type %q is not a CertRep (%v)", kind, err)
	}
	if err := p7.UnmarshalSignedAttribute(oidTransactionID, &transaction); err != nil || transaction != r.transaction {
		return fmt.Errorf("a CertRep answers transaction %q, not ours (%v)", transaction, err)
	}
	if err := p7.UnmarshalSignedAttribute(oidRecipientNonce, &nonce); err != nil || !bytes.Equal(nonce, r.nonce) {
		return fmt.Errorf("a CertRep does not repeat our nonce (%v)", err)
	}
	if err := p7.UnmarshalSignedAttribute(oidPKIStatus, &status); err != nil {
		return fmt.Errorf("reading a CertRep's status: %w", err)
	}
	if status != scepSuccess {
		_ = p7.UnmarshalSignedAttribute(oidFailInfo, &fail) // absent with PENDING
		return fmt.Errorf("%w: pkiStatus %s, failInfo %q", errSCEPRefused, status, fail)
	}
	return nil
}
