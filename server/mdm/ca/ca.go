// Package ca is padwarden's own certificate authority for device identities:
// its key, the certificates it issues, and the SCEP server (RFC 8894) that
// hands them out.
//
// A certificate belongs to a serial from the moment it is issued (hand-over
// rule 6): the ledger knows its hash before the certificate leaves, and what
// may be issued is said by a challenge that is good for one device and one run,
// or by the certificate that is to be renewed.
package ca

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Lifetimes. The authority outlives its devices' certificates many times over:
// replacing it means enrolling the fleet again.
const (
	authorityYears = 20
	identityYears  = 1
	// backdate allows for an iPad whose clock is behind after an erase.
	backdate = time.Hour
)

// Secrets keeps the authority's key and certificate (see onetime.Secrets).
type Secrets interface {
	ServerSecret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error)
}

// Options of an authority. Zero fields take the system's clock.
type Options struct {
	Organisation string
	Now          func() time.Time
}

// CA signs and verifies device identities. It is safe for concurrent use.
type CA struct {
	cert  *x509.Certificate
	key   *rsa.PrivateKey
	roots *x509.CertPool
	now   func() time.Time
	known known
}

// Open gets the authority from secrets, or creates it: RSA-2048, since SCEP
// encrypts to it. Servers that start at once on one store end with the same.
func Open(ctx context.Context, secrets Secrets, o Options) (*CA, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b, err := secrets.ServerSecret(ctx, "mdm-ca", func() ([]byte, error) { return create(o) })
	if err != nil {
		return nil, fmt.Errorf("opening the certificate authority: %w", err)
	}
	c := &CA{now: o.Now, roots: x509.NewCertPool()}
	if c.cert, c.key, err = parse(b); err != nil {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	c.roots.AddCert(c.cert)
	return c, nil
}

func create(o Options) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	serial, err := number()
	if err != nil {
		return nil, err
	}
	now := o.Now().UTC()
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: organisation(o.Organisation), CommonName: "padwarden device identities"},
		NotBefore:    now.Add(-backdate), NotAfter: now.AddDate(authorityYears, 0, 0),
		// The same certificate signs and decrypts SCEP messages.
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		IsCA:     true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}

func organisation(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func parse(b []byte) (*x509.Certificate, *rsa.PrivateKey, error) {
	first, rest := pem.Decode(b)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, nil, errors.New("want a key and a certificate in PEM")
	}
	k, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		return nil, nil, err
	}
	key, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("want an RSA key, not %T", k)
	}
	cert, err := x509.ParseCertificate(second.Bytes)
	if err != nil {
		return nil, nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, errors.New("the key is not the certificate's")
	}
	return cert, key, nil
}

// Certificate is the authority's own certificate.
func (c *CA) Certificate() *x509.Certificate { return c.cert }

// Verify returns nil if cert is a device identity of ours that is in its time.
// Whether it was revoked, and whose it is, the ledger knows.
func (c *CA) Verify(_ context.Context, cert *x509.Certificate) error {
	if cert == nil {
		return errors.New("no identity certificate")
	}
	now := c.now()
	if c.known.is(cert) && within(now, cert) && within(now, c.cert) {
		return nil // its signature and its use were found right, and do not change
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: c.roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err == nil {
		c.known.keep(cert)
	}
	return err
}

func within(now time.Time, cert *x509.Certificate) bool {
	return !now.Before(cert.NotBefore) && !now.After(cert.NotAfter)
}

// Known returns the certificate of just these bytes, if it was verified before;
// else nil. Whether it is in its time [CA.Verify] says.
func (c *CA) Known(der []byte) *x509.Certificate { return c.known.find(der) }

// Hash names a certificate: hex SHA-256 of its DER.
func Hash(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// Device is the serial number that an identity of ours was issued to.
func Device(cert *x509.Certificate) custody.DeviceID {
	return custody.DeviceID(cert.Subject.CommonName)
}

// renews is the scheme of the subject alternative name by which a renewed
// certificate carries the hash of the one that made the enrolment.
const renews = "urn:padwarden:enrolment:"

// Enrolment is the hash of the certificate that made the enrolment cert speaks
// for: its own, or, if it is a renewal, the one at the start of the chain. A
// device that renews does not authenticate again, so its custody still names
// the first; that the answer is in the certificate lets it be read with the
// ledger out of reach.
func Enrolment(cert *x509.Certificate) string {
	_, first := Hashes(cert)
	return first
}

// Hashes are [Hash] and [Enrolment] of a certificate.
func Hashes(cert *x509.Certificate) (own, first string) {
	own = Hash(cert)
	for _, u := range cert.URIs {
		if hash, ok := strings.CutPrefix(u.String(), renews); ok {
			return own, hash
		}
	}
	return own, own
}

// ErrRevoked: the certificate, or the one that it renews, was revoked, or a
// later renewal has taken its place.
var ErrRevoked = errors.New("certificate is revoked")

// Lookup returns the record of a certificate that stands: known, revoked
// neither itself nor in the one that made its enrolment, and not superseded by
// a renewal that the device has come under. So what the key of an
// erased enrolment renews at the last moment falls with that enrolment.
// ErrNotFound or [ErrRevoked] if it does not stand.
func Lookup(ctx context.Context, r Registry, cert *x509.Certificate) (ledger.Certificate, error) {
	own, first := Hashes(cert)
	rec, err := r.Certificate(ctx, own)
	if err == nil && (!rec.Revoked.IsZero() || !rec.Superseded.IsZero()) {
		return rec, ErrRevoked
	}
	if err != nil || first == own {
		return rec, err
	}
	switch root, err := r.Certificate(ctx, first); {
	case err != nil:
		return rec, err
	case !root.Revoked.IsZero():
		return rec, ErrRevoked
	}
	return rec, nil
}

// issue signs an identity for device. first is the hash of the enrolment that
// it renews, or empty.
func (c *CA) issue(device custody.DeviceID, pub crypto.PublicKey, first string) (*x509.Certificate, error) {
	serial, err := number()
	if err != nil {
		return nil, err
	}
	now := c.now().UTC()
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: string(device)},
		NotBefore:    now.Add(-backdate), NotAfter: now.AddDate(identityYears, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if first != "" {
		u, err := url.Parse(renews + first)
		if err != nil {
			return nil, err
		}
		t.URIs = []*url.URL{u}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, c.cert, pub, c.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// number is a certificate's serial number: 127 random bits (RFC 5280, 4.1.2.2:
// positive, at most 20 octets).
func number() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}
