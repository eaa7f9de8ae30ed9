package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// maxKnown bounds what is kept, at some 4 KiB each: more devices than one
// hospital's server has.
const maxKnown = 16_384

// known are identities that were parsed and found to be signed by us, by the
// SHA-256 of their DER. Nobody else can put one in. It says nothing of whether
// one has expired or was revoked, which is asked each time.
type known struct {
	mu    sync.RWMutex
	certs map[[sha256.Size]byte]*x509.Certificate
}

func (k *known) find(der []byte) *x509.Certificate {
	sum := sha256.Sum256(der)
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.certs[sum]
}

// is reports whether cert is one that was kept.
func (k *known) is(cert *x509.Certificate) bool { return k.find(cert.Raw) == cert }

// keep keeps a certificate, in the place of any other where there are many.
func (k *known) keep(cert *x509.Certificate) {
	sum := sha256.Sum256(cert.Raw)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.certs == nil {
		k.certs = map[[sha256.Size]byte]*x509.Certificate{}
	}
	if _, ok := k.certs[sum]; !ok && len(k.certs) >= maxKnown {
		for other := range k.certs {
			delete(k.certs, other)
			break
		}
	}
	k.certs[sum] = cert
}
