// Package keytest is a security key in somebody's hand, without hardware, for
// tests of what passkeys are good for.
package keytest

import (
	"fmt"
	"net/url"

	virtual "github.com/descope/virtualwebauthn"
)

// Key is a security key, and the page that it is used on.
type Key struct {
	Page          virtual.RelyingParty
	Authenticator virtual.Authenticator
	Credential    virtual.Credential
}

// wholeKey is the length of a COSE key on P-256 with both coordinates in full.
const wholeKey = 77

// New is a key at a page of origin.
func New(origin string) *Key {
	k := &Key{Page: virtual.RelyingParty{Name: "padwarden", Origin: origin}, Authenticator: virtual.NewAuthenticator()}
	if u, err := url.Parse(origin); err == nil {
		k.Page.ID = u.Hostname()
	}
	// The virtual key leaves out a coordinate's leading zeros, which a real one
	// must not (RFC 9053, 7.1.1): one in 128 would be refused.
	for len(k.Credential.ID) == 0 || len(k.Credential.Key.AttestationData()) != wholeKey {
		k.Credential = virtual.NewCredential(virtual.KeyTypeEC2)
	}
	return k
}

// Create answers the options of a registration with the key's credential, and
// remembers whose it is.
func (k *Key) Create(options string) ([]byte, error) {
	asked, err := virtual.ParseAttestationOptions(options)
	if err != nil {
		return nil, fmt.Errorf("reading what a key is asked: %w", err)
	}
	k.Authenticator.Options.UserHandle = []byte(asked.UserID)
	return []byte(virtual.CreateAttestationResponse(k.Page, k.Authenticator, k.Credential, *asked)), nil
}

// Get answers the options of a sign-in. The key's counter rises.
func (k *Key) Get(options string) ([]byte, error) {
	asked, err := virtual.ParseAssertionOptions(options)
	if err != nil {
		return nil, fmt.Errorf("reading what a key is asked: %w", err)
	}
	k.Credential.Counter++
	return []byte(virtual.CreateAssertionResponse(k.Page, k.Authenticator, k.Credential, *asked)), nil
}
