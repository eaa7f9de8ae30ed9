package ade

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
)

const tokenJSON = `{"consumer_key":"CK_1","consumer_secret":"CS_1","access_token":"AT_1","access_secret":"AS_1","access_token_expiry":"2027-01-01T00:00:00Z"}`

// encrypted is a server token as Apple gives it: S/MIME around S/MIME.
func encrypted(t *testing.T, certificate []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(certificate)
	c, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	inner := "Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n-----BEGIN MESSAGE-----\r\n" + tokenJSON + "\r\n-----END MESSAGE-----\r\n"
	der, err := pkcs7.Encrypt([]byte(inner), []*x509.Certificate{c})
	must(t, err)
	var lines strings.Builder
	for text := base64.StdEncoding.EncodeToString(der); text != ""; {
		n := min(64, len(text))
		fmt.Fprintf(&lines, "%s\r\n", text[:n])
		text = text[n:]
	}
	return []byte("Content-Type: application/pkcs7-mime; name=\"smime.p7m\"; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String())
}

func TestTokens(t *testing.T) {
	key, certificate, err := NewKey()
	must(t, err)
	if bytes.Contains(certificate, []byte("PRIVATE")) {
		t.Fatal("what is uploaded to Apple holds the key")
	}
	file := encrypted(t, certificate)
	for name, c := range map[string]struct{ file, key []byte }{"encrypted": {file, key}, "plain": {[]byte(" \n" + tokenJSON), nil}} {
		if got, err := ReadToken(c.file, c.key); err != nil || got.AccessSecret != "AS_1" || got.AccessTokenExpiry.Year() != 2027 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	other, _, err := NewKey()
	must(t, err)
	for name, c := range map[string]struct{ file, key []byte }{
		"another key":    {file, other},
		"no key":         {file, nil},
		"only the key":   {file, key[:bytes.Index(key, []byte("-----BEGIN CERTIFICATE"))]},
		"incomplete":     {[]byte(`{"consumer_key":"CK_1"}`), nil},
		"not JSON":       {[]byte(`{`), nil},
		"nothing":        {nil, key},
		"no S/MIME":      {[]byte("hello"), key},
		"not base64":     {[]byte("A: b\r\n\r\n%%%%\r\n"), key},
		"an empty CMS":   {[]byte("A: b\r\n\r\nMAA=\r\n"), key},
		"without end":    {make([]byte, MaxToken+1), key},
		"no certificate": {file, []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")},
	} {
		got, err := ReadToken(c.file, c.key)
		if err == nil || got != nil {
			t.Errorf("%s: %+v", name, got)
		}
		if err != nil && (strings.Contains(err.Error(), "CK_1") || strings.Contains(err.Error(), "CS_1")) {
			t.Errorf("%s: the error quotes it: %v", name, err)
		}
	}
}

// FuzzReadToken: a file that a person was given, read by libraries that panic.
func FuzzReadToken(f *testing.F) {
	key, _, err := NewKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(tokenJSON))
	f.Add([]byte("Content-Type: x\r\n\r\nMAA=\r\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if got, err := ReadToken(file, key); err == nil && !got.Valid() {
			t.Fatal("a token that is not complete")
		}
	})
}
