package ca

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"

	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// The pkcs7 package encrypts with DES unless its variable says otherwise; what
// we answer with is what our capabilities promise (RFC 8894, 2.9: AES-128-CBC).
func init() { pkcs7.ContentEncryptionAlgorithm = pkcs7.EncryptionAlgorithmAES128CBC }

// Capabilities is the answer to GetCACaps (RFC 8894, 3.5.2).
const Capabilities = "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\n"

// MaxMessage bounds a SCEP message in bytes. One with a 4096-bit key and the
// certificate to be renewed is about 8 KiB.
const MaxMessage = 32 << 10

// maxCertificates in a message: the signer's, and perhaps its chain.
const maxCertificates = 4

// ErrMessage: not a SCEP message that can be answered.
var ErrMessage = errors.New("not a SCEP message")

// SCEP answers certificate requests (RFC 8894).
type SCEP struct {
	ca       *CA
	registry Registry
	keys     keys
}

// NewSCEP returns a SCEP server over ca that records what it issues in r.
func NewSCEP(ca *CA, r Registry, k *onetime.Keys) *SCEP {
	return &SCEP{ca: ca, registry: r, keys: k}
}

// PKIOperation answers one message. The reply is complete if it is not nil,
// also where err says why the certificate was refused ([Refused]); without a
// reply err wraps [ErrMessage], or a store's error: then the device should come again.
//
// This is smallstep's protocol code without micromdm's service around it: that
// one does not say who signed a message, which a renewal turns on, and follows
// a nil pointer when the answer cannot be encrypted to the signer's key. The
// protocol code itself panics on some messages (a ciphertext that is no whole
// number of blocks, a padding longer than the text): they are caught here.
func (s *SCEP) PKIOperation(ctx context.Context, message []byte) (reply []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			reply, err = nil, fmt.Errorf("%w: %v", ErrMessage, p)
		}
	}()
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrMessage, len(message))
	}
	msg, req, err := s.open(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMessage, err)
	}
	cert, err := s.sign(ctx, req)
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		rep, failErr := msg.Fail(s.ca.cert, s.ca.key, scep.BadRequest)
		if failErr != nil {
			return nil, fmt.Errorf("answering: %w", failErr)
		}
		return rep.Raw, err
	case err != nil:
		return nil, err
	}
	rep, err := msg.Success(s.ca.cert, s.ca.key, cert)
	if err != nil {
		return nil, fmt.Errorf("answering: %w", err)
	}
	return rep.Raw, nil
}

// open verifies and decrypts a message. It insists on one signer, the only one
// whose attributes are read, and on keys that the answer can be encrypted to:
// that goes to every certificate in the message.
func (s *SCEP) open(message []byte) (*scep.PKIMessage, request, error) {
	p7, err := pkcs7.Parse(message)
	if err != nil {
		return nil, request{}, err
	}
	signer := p7.GetOnlySigner()
	if signer == nil || len(p7.Certificates) > maxCertificates {
		return nil, request{}, errors.New("want one signer and its certificate")
	}
	for _, c := range p7.Certificates {
		if _, ok := c.PublicKey.(*rsa.PublicKey); !ok {
			return nil, request{}, errors.New("a certificate's key is not RSA")
		}
	}
	msg, err := scep.ParsePKIMessage(message)
	if err != nil {
		return nil, request{}, err
	}
	if msg.MessageType != scep.PKCSReq && msg.MessageType != scep.RenewalReq {
		return nil, request{}, fmt.Errorf("message type %.8q is not served", string(msg.MessageType))
	}
	if err := msg.DecryptPKIEnvelope(s.ca.cert, s.ca.key); err != nil {
		return nil, request{}, err
	}
	return msg, request{csr: msg.CSR, challenge: msg.ChallengePassword, signer: signer}, nil
}
