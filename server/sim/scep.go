package sim

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/smallstep/pkcs7"
)

// scepClient gets an identity certificate as RFC 8894 says. It is written on
// the CMS library alone, so that it does not share a SCEP library's mistakes
// with the server.
type scepClient struct {
	http        *http.Client
	url         string
	fingerprint []byte // CAFingerprint of the payload: SHA-1 or SHA-256; empty: any
}

// enrol asks for a certificate: GetCACaps, GetCACert, PKIOperation.
func (c scepClient) enrol(ctx context.Context, csr []byte, key *rsa.PrivateKey, cn string) (identity, error) {
	caps, err := c.get(ctx, "GetCACaps", "")
	if err != nil {
		return identity{}, err
	}
	ca, all, err := c.authority(ctx)
	if err != nil {
		return identity{}, err
	}
	self, err := selfSigned(key, cn)
	if err != nil {
		return identity{}, err
	}
	req, err := newPKCSReq(csr, self, ca)
	if err != nil {
		return identity{}, err
	}
	answer, err := c.operate(ctx, string(caps), req.der)
	if err != nil {
		return identity{}, err
	}
	cert, err := req.certificate(answer, all)
	if err != nil {
		return identity{}, err
	}
	return identity{cert: cert, key: key}, nil
}

// authority returns the certificate to encrypt for, and all that the server named.
func (c scepClient) authority(ctx context.Context) (*x509.Certificate, []*x509.Certificate, error) {
	b, err := c.get(ctx, "GetCACert", "")
	if err != nil {
		return nil, nil, err
	}
	certs, err := x509.ParseCertificates(b)
	if err != nil { // an authority with a registration authority answers a chain in CMS
		p7, perr := pkcs7.Parse(b)
		if perr != nil {
			return nil, nil, fmt.Errorf("reading GetCACert's answer: %w", errors.Join(err, perr))
		}
		certs = p7.Certificates
	}
	if len(certs) == 0 {
		return nil, nil, errors.New("GetCACert answered no certificate")
	}
	if !c.matches(certs) {
		return nil, nil, errors.New("no certificate of GetCACert has the profile's CAFingerprint")
	}
	for _, cert := range certs {
		if !cert.IsCA && cert.KeyUsage&x509.KeyUsageKeyEncipherment != 0 {
			return cert, certs, nil
		}
	}
	return certs[0], certs, nil
}

func (c scepClient) matches(certs []*x509.Certificate) bool {
	if len(c.fingerprint) == 0 {
		return true
	}
	for _, cert := range certs {
		s1, s256 := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
		if bytes.Equal(s1[:], c.fingerprint) || bytes.Equal(s256[:], c.fingerprint) {
			return true
		}
	}
	return false
}

func (c scepClient) operate(ctx context.Context, caps string, der []byte) ([]byte, error) {
	for line := range strings.FieldsSeq(caps) {
		if line != "POSTPKIOperation" && line != "SCEPStandard" {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address("PKIOperation", ""), bytes.NewReader(der))
		if err != nil {
			return nil, fmt.Errorf("asking for a certificate: %w", err)
		}
		req.Header.Set("Content-Type", "application/x-pki-message")
		return c.do(req)
	}
	return c.get(ctx, "PKIOperation", base64.StdEncoding.EncodeToString(der))
}

func (c scepClient) get(ctx context.Context, operation, message string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address(operation, message), nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", operation, err)
	}
	return c.do(req)
}

func (c scepClient) address(operation, message string) string {
	q := url.Values{"operation": {operation}}
	if message != "" {
		q.Set("message", message)
	}
	sep := "?"
	if strings.Contains(c.url, "?") {
		sep = "&"
	}
	return c.url + sep + q.Encode()
}

func (c scepClient) do(req *http.Request) ([]byte, error) { return roundTrip(c.http, req) }

// maxAnswer bounds every answer a device reads.
const maxAnswer = 1 << 20

// httpError is an answer that was not 2xx.
type httpError struct {
	method, url string
	status      int
}

func (e *httpError) Error() string {
	return fmt.Sprintf("%s %s answered %d", e.method, e.url, e.status)
}

// refused reports whether the server said no for good (4xx): trying again
// would not help. 408 and 429 ask to come again later.
func refused(err error) bool {
	var h *httpError
	return errors.As(err, &h) && h.status >= 400 && h.status < 500 &&
		h.status != http.StatusRequestTimeout && h.status != http.StatusTooManyRequests
}

// roundTrip sends req and returns the body of a 2xx answer.
func roundTrip(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("talking to the server: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return body, &httpError{req.Method, req.URL.Path, resp.StatusCode}
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s answered more than %d bytes", req.URL.Path, maxAnswer)
	}
	return body, nil
}
