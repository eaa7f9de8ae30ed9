package ca

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// Registry is what the authority needs of the ledger. IssueCertificate writes
// the certificate's association and spends a key in the same transaction:
// ErrConflict if it was spent already; Issued then says for what.
type Registry interface {
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Certificate(ctx context.Context, hash string) (ledger.Certificate, error)
	IssueCertificate(ctx context.Context, c ledger.Certificate, spend string) error
	Issued(ctx context.Context, spend string) (ledger.Issuance, error)
}

// Refused is why a certificate was not issued: Reason is one word for a metric.
type Refused struct {
	Reason string
	Device custody.DeviceID // as the request names it; may be anybody's claim
	Err    error
}

func (r *Refused) Error() string {
	if r.Err != nil {
		return "refused a certificate: " + r.Reason + ": " + r.Err.Error()
	}
	return "refused a certificate: " + r.Reason
}

func (r *Refused) Unwrap() error { return r.Err }

// request is one wish for a certificate.
type request struct {
	csr       *x509.CertificateRequest
	challenge string
	signer    *x509.Certificate // of the SCEP message: self-signed, or the one to be renewed
}

// grant is what a request is entitled to.
type grant struct {
	record ledger.Certificate // without hash and times
	spend  string
	first  string // hash of the enrolment that is renewed
}

// minKey is the least modulus of a device's key (NIST SP 800-57 part 1: 112 bits of security).
const minKey = 2048

// sign issues the certificate a request is entitled to. It is in the ledger
// before it is returned.
func (s *SCEP) sign(ctx context.Context, r request) (*x509.Certificate, error) {
	device := custody.DeviceID(r.csr.Subject.CommonName)
	no := func(reason string, err error) (*x509.Certificate, error) {
		return nil, &Refused{Reason: reason, Device: device, Err: err}
	}
	if err := r.csr.CheckSignature(); err != nil {
		return no("csr_signature", err)
	}
	pub, ok := r.csr.PublicKey.(*rsa.PublicKey)
	if !ok || pub.N.BitLen() < minKey || pub.N.BitLen() > 2*minKey {
		return no("csr_key", nil)
	}
	g, err := s.entitled(ctx, device, r)
	if err != nil {
		return nil, err
	}
	switch _, err := s.registry.Device(ctx, device); {
	case errors.Is(err, custody.ErrNotFound):
		return no("not_allow_listed", err)
	case err != nil:
		return nil, fmt.Errorf("looking up %s: %w", device, err)
	}
	cert, err := s.ca.issue(device, pub, g.first)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate for %s: %w", device, err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	g.record.Key, g.record.DER, g.record.Enrolment = sum[:], cert.Raw, g.first
	g.record.Hash, g.record.Issued, g.record.Expires = Hash(cert), s.ca.now().UTC(), cert.NotAfter
	if g.spend == "" { // a renewal: nothing to use up but the certificate's own name
		g.spend = "certificate." + g.record.Hash
	}
	switch err := s.registry.IssueCertificate(ctx, g.record, g.spend); {
	case errors.Is(err, custody.ErrConflict):
		return s.again(ctx, device, g)
	case err != nil:
		return nil, fmt.Errorf("recording a certificate of %s: %w", device, err)
	}
	return cert, nil
}

// again answers a device whose first answer was lost: the same certificate for
// the same key, as long as it stands. An erased iPad asks with the challenge of
// its profile and has no other. Another key under a spent challenge is another
// device, or somebody who read the profile.
func (s *SCEP) again(ctx context.Context, device custody.DeviceID, g grant) (*x509.Certificate, error) {
	no := func(err error) (*x509.Certificate, error) {
		return nil, &Refused{Reason: "challenge_spent", Device: device, Err: err}
	}
	was, err := s.registry.Issued(ctx, g.spend)
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return no(err)
	case err != nil:
		return nil, fmt.Errorf("looking up what %s was issued: %w", device, err)
	case !bytes.Equal(was.Key, g.record.Key):
		return no(errors.New("it was spent by another key"))
	}
	cert, err := x509.ParseCertificate(was.DER)
	if err != nil {
		return nil, fmt.Errorf("reading what %s was issued: %w", device, err)
	}
	switch _, err := Lookup(ctx, s.registry, cert); {
	case errors.Is(err, ErrRevoked), errors.Is(err, custody.ErrNotFound):
		return no(err)
	case err != nil:
		return nil, fmt.Errorf("looking up the certificate of %s: %w", device, err)
	}
	return cert, nil
}

// entitled finds what a request may have: a renewal if it is signed with an
// identity of ours, otherwise what its challenge says.
func (s *SCEP) entitled(ctx context.Context, device custody.DeviceID, r request) (grant, error) {
	no := func(reason string, err error) (grant, error) {
		return grant{}, &Refused{Reason: reason, Device: device, Err: err}
	}
	if s.ca.Verify(ctx, r.signer) == nil {
		return s.renewal(ctx, device, r)
	}
	if again, err := s.keys.VerifyRenewal(r.challenge); err == nil {
		return s.renewalByChallenge(ctx, device, again)
	}
	claim, err := s.keys.VerifyChallenge(r.challenge)
	switch {
	case err != nil:
		return no("challenge", err)
	case claim.Device != device:
		return no("challenge_of_another", nil)
	}
	rec := ledger.Certificate{Device: device, Epoch: claim.Epoch, Run: claim.Run}
	if claim.Run < 0 { // a first enrolment's nonce: no wipe to answer
		rec.Epoch, rec.Run = 0, 0
	}
	return grant{record: rec, spend: Spent(claim)}, nil
}

// Spent names what a challenge's claim is used up under in the registry.
func Spent(c onetime.Claim) string { return "scep." + c.String() }

// renewalByChallenge: the device was sent its enrolment profile again and made a
// new key, which nobody has signed for. The challenge says which enrolment the
// certificate stands for; one that an erase has ended is not renewed.
func (s *SCEP) renewalByChallenge(ctx context.Context, device custody.DeviceID, c onetime.Renewal) (grant, error) {
	no := func(reason string, err error) (grant, error) {
		return grant{}, &Refused{Reason: reason, Device: device, Err: err}
	}
	root, err := s.registry.Certificate(ctx, c.Enrolment)
	switch {
	case c.Device != device:
		return no("challenge_of_another", nil)
	case errors.Is(err, custody.ErrNotFound):
		return no("renewal_unknown", err)
	case err != nil:
		return grant{}, fmt.Errorf("looking up the enrolment to renew for %s: %w", device, err)
	case root.Device != device || root.UDID == "":
		return no("renewal_of_another", nil)
	case !root.Revoked.IsZero():
		return no("renewal_revoked", ErrRevoked)
	}
	rec := ledger.Certificate{Device: device, UDID: root.UDID, Epoch: root.Epoch, Run: root.Run}
	return grant{record: rec, first: c.Enrolment, spend: "renew." + c.String()}, nil
}

// renewal: the same serial, under a certificate that is known and not revoked.
// The new one stands for the same enrolment, so it inherits its binding.
func (s *SCEP) renewal(ctx context.Context, device custody.DeviceID, r request) (grant, error) {
	no := func(reason string, err error) (grant, error) {
		return grant{}, &Refused{Reason: reason, Device: device, Err: err}
	}
	old, err := Lookup(ctx, s.registry, r.signer)
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return no("renewal_unknown", err)
	case errors.Is(err, ErrRevoked):
		return no("renewal_revoked", err)
	case err != nil:
		return grant{}, fmt.Errorf("looking up the certificate to renew for %s: %w", device, err)
	case old.Device != device:
		return no("renewal_of_another", nil)
	}
	rec := ledger.Certificate{Device: device, UDID: old.UDID, Epoch: old.Epoch, Run: old.Run}
	return grant{record: rec, first: Enrolment(r.signer)}, nil
}

// keys is what issuance needs of onetime.Keys.
type keys interface {
	VerifyChallenge(secret string) (onetime.Claim, error)
	VerifyRenewal(secret string) (onetime.Renewal, error)
}
