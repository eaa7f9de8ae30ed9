package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/smallstep/pkcs7"
)

// identity is a certificate with its key: what a device proves itself with.
type identity struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

// sign returns the Mdm-Signature header of body: the base64 of a detached CMS
// signature (Apple, "Sign message" of the MDM payload).
func (id identity) sign(body []byte) (string, error) {
	sd, err := pkcs7.NewSignedData(body)
	if err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(id.cert, id.key, pkcs7.SignerInfoConfig{}); err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	sd.Detach()
	der, err := sd.Finish()
	if err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// hash is the hex SHA-256 of the certificate's DER.
func (id identity) hash() string {
	if id.cert == nil {
		return ""
	}
	sum := sha256.Sum256(id.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// selfSigned makes a certificate for key that nobody vouches for. Its validity
// is the wall's time, as the CMS library signs and checks by that.
func selfSigned(key *rsa.PrivateKey, cn string) (identity, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return identity{}, fmt.Errorf("making a serial number: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: cn},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return identity{}, fmt.Errorf("making a self-signed certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return identity{}, fmt.Errorf("reading a self-signed certificate: %w", err)
	}
	return identity{cert: cert, key: key}, nil
}
