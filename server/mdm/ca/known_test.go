package ca

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"
)

type secrets map[string][]byte

func (s secrets) ServerSecret(_ context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	if s[name] == nil {
		b, err := create()
		if err != nil {
			return nil, err
		}
		s[name] = b
	}
	return s[name], nil
}

func authority(t *testing.T, now *time.Time) *CA {
	t.Helper()
	c, err := Open(t.Context(), secrets{}, Options{Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What was found right once is not parsed or verified again; that it has ended
// is found each time, and what another has signed is never kept.
func TestAKnownIdentityStillEnds(t *testing.T) {
	now := time.Now()
	ours, others := authority(t, &now), authority(t, &now)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ours.issue("D1", key.Public(), "")
	if err != nil {
		t.Fatal(err)
	}
	if ours.Known(cert.Raw) != nil {
		t.Fatal("known before it was verified")
	}
	for range 2 {
		if err := ours.Verify(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	if ours.Known(cert.Raw) != cert {
		t.Error("not known after it was verified")
	}
	if err := others.Verify(t.Context(), cert); err == nil || len(others.known.certs) != 0 {
		t.Errorf("another authority's: %v, %d kept", err, len(others.known.certs))
	}
	now = cert.NotAfter.Add(time.Second)
	if ours.Verify(t.Context(), cert) == nil {
		t.Error("an identity that has ended is taken, because it is known")
	}
	now = cert.NotBefore.Add(-time.Second)
	if ours.Verify(t.Context(), cert) == nil {
		t.Error("an identity that has not begun is taken, because it is known")
	}
}

// A certificate with another's bytes behind it is another certificate.
func TestKnownByEveryByte(t *testing.T) {
	now := time.Now()
	c := authority(t, &now)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := c.issue("D1", key.Public(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	forged := append([]byte(nil), cert.Raw...)
	forged[len(forged)-1] ^= 1 // of its signature
	other, err := x509.ParseCertificate(forged)
	if err != nil {
		t.Fatal(err)
	}
	if c.Known(forged) != nil || c.Verify(t.Context(), other) == nil {
		t.Error("a forged certificate passes for a known one")
	}
	if copied := *cert; c.known.is(&copied) {
		t.Error("a copy that may have been altered passes for the known one")
	}
}

func TestKnownIsBounded(t *testing.T) {
	var k known
	for i := range maxKnown + 10 {
		k.keep(&x509.Certificate{Raw: []byte{byte(i), byte(i >> 8), byte(i >> 16)}})
	}
	if len(k.certs) != maxKnown {
		t.Errorf("%d are kept", len(k.certs))
	}
}
