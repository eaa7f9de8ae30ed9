// Package signature verifies Mdm-Signature headers: detached CMS signatures
// (RFC 5652) of a message's body under a device's identity certificate (Apple:
// "Managing certificates for MDM servers and devices").
//
// Every message's signature is verified; nothing is remembered of a signature or
// a body. What the library spends most on besides is parsing the same few
// certificates again and again, so the form that iPads use is read here, without
// reflection, where it comes with a certificate that is known already. Any other
// form and certificate is the library's to judge, as is every signature that does
// not verify here: this can only say yes, and tests hold each yes against the library.
package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	oid "encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"time"

	"github.com/micromdm/nanomdm/cryptoutil"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Verifier verifies signatures. Known returns the certificate of just these bytes
// if it was parsed before and found to be a device's, else nil.
type Verifier struct {
	Known func(der []byte) *x509.Certificate
}

// VerifyMdmSignature returns the certificate that body was signed under; an
// error if header is not a signature of it. Whose the certificate is, and
// whether it is one of ours, is not asked here.
func (v Verifier) VerifyMdmSignature(header string, body []byte) (*x509.Certificate, error) {
	if cert := v.usual(header, body); cert != nil {
		return cert, nil
	}
	return cryptoutil.VerifyMdmSignature(header, body)
}

// usual returns the signer of a signature in the form that iPads use; nil for
// any other, and for one that does not verify.
func (v Verifier) usual(header string, body []byte) *x509.Certificate {
	der, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return nil
	}
	s, ok := read(der)
	if !ok {
		return nil
	}
	digest := sha256.Sum256(body)
	if subtle.ConstantTimeCompare(digest[:], s.digest) != 1 {
		return nil
	}
	cert := v.signer(s)
	if cert == nil || !s.at.IsZero() && (s.at.Before(cert.NotBefore) || s.at.After(cert.NotAfter)) {
		return nil
	}
	// Signed is the set of attributes under its own tag (RFC 5652, 5.4).
	signed := bytes.Clone(s.attributes)
	signed[0] = byte(asn1.SET)
	if cert.CheckSignature(x509.SHA256WithRSA, signed, s.signature) != nil {
		return nil
	}
	return cert
}

// signer is the certificate that came along, if it is known and the one that the
// signature names.
func (v Verifier) signer(s signed) *x509.Certificate {
	cert := v.Known(s.certificate)
	if cert == nil || !bytes.Equal(cert.RawIssuer, s.issuer) || cert.SerialNumber.Cmp(s.serial) != 0 {
		return nil
	}
	return cert
}

// signed is what there is in a SignedData with one signer (RFC 5652, 5).
type signed struct {
	certificate cryptobyte.String
	issuer      []byte
	serial      *big.Int
	attributes  []byte // with their tag and length
	digest      []byte
	at          time.Time // zero: it does not say
	signature   []byte
}

var (
	oidData          = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA256        = oid.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAWithSHA256 = oid.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

var context0 = asn1.Tag(0).ContextSpecific().Constructed()

// read takes the form apart: DER, detached, one certificate, one signer named by issuer and
// serial number, SHA-256 with RSA, with signed attributes.
func read(der []byte) (s signed, ok bool) {
	in := cryptobyte.String(der)
	var info, wrapped, data, digests, content, certificates, signers, signer, issuer cryptobyte.String
	var kind oid.ObjectIdentifier
	var version int
	ok = in.ReadASN1(&info, asn1.SEQUENCE) && in.Empty() &&
		info.ReadASN1ObjectIdentifier(&kind) && kind.Equal(oidSignedData) &&
		info.ReadASN1(&wrapped, context0) && info.Empty() &&
		wrapped.ReadASN1(&data, asn1.SEQUENCE) && wrapped.Empty() &&
		data.ReadASN1Integer(&version) && version == 1 &&
		data.ReadASN1(&digests, asn1.SET) && algorithm(&digests, oidSHA256) && digests.Empty() &&
		data.ReadASN1(&content, asn1.SEQUENCE) &&
		content.ReadASN1ObjectIdentifier(&kind) && kind.Equal(oidData) && content.Empty() &&
		data.ReadASN1(&certificates, context0) &&
		certificates.ReadASN1Element(&s.certificate, asn1.SEQUENCE) && certificates.Empty() &&
		data.ReadASN1(&signers, asn1.SET) && data.Empty() &&
		signers.ReadASN1(&signer, asn1.SEQUENCE) && signers.Empty() &&
		signer.ReadASN1Integer(&version) && version == 1 &&
		signer.ReadASN1(&issuer, asn1.SEQUENCE)
	if !ok {
		return s, false
	}
	s.serial = new(big.Int)
	ok = issuer.ReadASN1Element((*cryptobyte.String)(&s.issuer), asn1.SEQUENCE) &&
		issuer.ReadASN1Integer(s.serial) && issuer.Empty() &&
		algorithm(&signer, oidSHA256) &&
		signer.ReadASN1Element((*cryptobyte.String)(&s.attributes), context0) &&
		algorithm(&signer, oidRSA, oidRSAWithSHA256) &&
		signer.ReadASN1((*cryptobyte.String)(&s.signature), asn1.OCTET_STRING) && signer.Empty()
	return s, ok && s.readAttributes()
}

// algorithm reads an AlgorithmIdentifier that names one of those, without
// parameters or with the NULL that some write in their place (RFC 5754, 2).
func algorithm(in *cryptobyte.String, those ...oid.ObjectIdentifier) bool {
	var one, null cryptobyte.String
	var is oid.ObjectIdentifier
	if !in.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&is) || !slices.ContainsFunc(those, is.Equal) {
		return false
	}
	return one.Empty() || one.ReadASN1(&null, asn1.NULL) && null.Empty() && one.Empty()
}

// readAttributes wants the content's type and digest, once each, and takes the time
// of signing; other attributes say nothing here.
func (s *signed) readAttributes() bool {
	in := cryptobyte.String(s.attributes)
	var all cryptobyte.String
	if !in.ReadASN1(&all, context0) {
		return false
	}
	var seen [3]int
	for !all.Empty() {
		var one, values cryptobyte.String
		var kind, content oid.ObjectIdentifier
		if !all.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&kind) || !one.ReadASN1(&values, asn1.SET) || !one.Empty() {
			return false
		}
		ok := true
		switch {
		case kind.Equal(oidContentType):
			seen[0]++
			ok = values.ReadASN1ObjectIdentifier(&content) && content.Equal(oidData) && values.Empty()
		case kind.Equal(oidMessageDigest):
			seen[1]++
			ok = values.ReadASN1((*cryptobyte.String)(&s.digest), asn1.OCTET_STRING) && values.Empty()
		case kind.Equal(oidSigningTime):
			seen[2]++
			ok = values.ReadASN1UTCTime(&s.at) && values.Empty()
		}
		if !ok {
			return false
		}
	}
	return seen[0] == 1 && seen[1] == 1 && seen[2] <= 1
}
