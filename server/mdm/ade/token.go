package ade

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/micromdm/nanodep/client"
	"github.com/micromdm/nanodep/tokenpki"
)

// MaxToken bounds a server token's file in bytes.
const MaxToken = 64 << 10

// NewKey makes the key that Apple encrypts the server token to. The first text
// is private; the second, a certificate, is uploaded to Apple.
func NewKey() (key, certificate []byte, err error) {
	k, c, err := tokenpki.SelfSignedRSAKeypair("padwarden", 3650)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key for the server token: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the key of the server token: %w", err)
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	key = append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), certificate...)
	return key, certificate, nil
}

// ReadToken reads a server token: the JSON itself, or the encrypted .p7m as
// Apple gives it, with the text of [NewKey]. Errors quote nothing of it.
func ReadToken(file, key []byte) (_ *client.OAuth1Tokens, err error) {
	defer func() { // the library's parser panics on some malformed messages
		if p := recover(); p != nil {
			err = errors.New("reading the server token: it is not a token file")
		}
	}()
	if len(file) > MaxToken {
		return nil, fmt.Errorf("reading the server token: %d bytes are no token", len(file))
	}
	text := bytes.TrimSpace(file)
	if !bytes.HasPrefix(text, []byte("{")) {
		c, k, err := readKey(key)
		if err != nil {
			return nil, err
		}
		if text, err = tokenpki.DecryptTokenJSON(file, c, k); err != nil {
			return nil, errors.New("reading the server token: it does not decrypt with this key: was it made for another certificate?")
		}
	}
	var t client.OAuth1Tokens
	if err := json.Unmarshal(text, &t); err != nil || !t.Valid() {
		return nil, errors.New("reading the server token: it is not complete")
	}
	return &t, nil
}

func readKey(text []byte) (*x509.Certificate, *rsa.PrivateKey, error) {
	no := func() (*x509.Certificate, *rsa.PrivateKey, error) {
		return nil, nil, errors.New("reading the key of the server token: want the private key and its certificate in PEM")
	}
	first, rest := pem.Decode(text)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return no()
	}
	k, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	key, ok := k.(*rsa.PrivateKey)
	if err != nil || !ok {
		return no()
	}
	c, err := x509.ParseCertificate(second.Bytes)
	if err != nil || !key.PublicKey.Equal(c.PublicKey) {
		return no()
	}
	return c, key, nil
}
