package sim

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// APNs is a simulated Apple push server: HTTP/2 over TLS on a loopback port,
// behind a certificate authority of its own. It asks for the client certificate
// of the topic, and delivers to devices that hold a line to it. Of the pushes
// for one token that cannot be delivered at once it keeps the last, until its
// apns-expiration, as Apple's does ("Sending notification requests to APNs").
type APNs struct {
	clock Clock
	ca    authority
	base  string
	srv   *http.Server
	done  chan struct{}

	mu         sync.Mutex
	boxes      map[string]*inbox // by hex token
	violations []Violation
	accepted   int
	fault      pushFault
	refusals   map[string]refusal // by the device's serial
	leaving    int                // pushes that still end their connection
	cut        bool               // in their middle
	wentAway   int
}

type pushFault struct {
	status int
	reason string
	until  time.Time
}

// NewAPNs starts a push server; Close ends it.
func NewAPNs(clock Clock) (*APNs, error) {
	ca, err := newAuthority("Simulated push authority")
	if err != nil {
		return nil, err
	}
	server, err := ca.issue(leaf{name: "localhost", ip: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for pushes: %w", err)
	}
	a := &APNs{clock: clock, ca: ca, base: "https://" + l.Addr().String(), done: make(chan struct{}), boxes: map[string]*inbox{}}
	a.srv = &http.Server{
		Handler:           a,
		ConnContext:       keepConn,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // refused handshakes are the client's to report
		TLSConfig: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{server},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    ca.pool(),
			NextProtos:   []string{http2.NextProtoTLS},
		},
	}
	if err := http2.ConfigureServer(a.srv, &http2.Server{MaxConcurrentStreams: 1000}); err != nil {
		return nil, errors.Join(fmt.Errorf("setting up HTTP/2: %w", err), l.Close())
	}
	go func() {
		defer close(a.done)
		_ = a.srv.ServeTLS(l, "", "") // always ErrServerClosed after Close
	}()
	return a, nil
}

// URL is the server's address, without a trailing slash.
func (a *APNs) URL() string { return a.base }

// CAs returns what a provider must trust to talk to this server.
func (a *APNs) CAs() *x509.CertPool { return a.ca.pool() }

// PushCertificate returns a push certificate for topic, valid for a year: its
// UID is the topic, as in the certificates of Apple's Push Certificates Portal.
func (a *APNs) PushCertificate(topic string) (tls.Certificate, error) {
	return a.PushCertificateUntil(topic, time.Now().AddDate(1, 0, 0))
}

// PushCertificateUntil returns a push certificate that ends at notAfter; the
// handshake refuses it afterwards.
func (a *APNs) PushCertificateUntil(topic string, notAfter time.Time) (tls.Certificate, error) {
	return a.ca.issue(leaf{name: "APSP:simulated", topic: topic, notAfter: notAfter})
}

// Fail makes every push answer status and reason for d: 429 TooManyRequests,
// 500 InternalServerError, 503 ServiceUnavailable, 403 …
func (a *APNs) Fail(status int, reason string, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = pushFault{status, reason, a.clock.Now().Add(d)}
}

// Violations lists the rules of the push protocol that a provider broke.
func (a *APNs) Violations() []Violation {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Violation(nil), a.violations...)
}

// Accepted counts the pushes answered 200.
func (a *APNs) Accepted() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.accepted
}

// Close ends the server and its connections.
func (a *APNs) Close() error {
	err := a.srv.Close()
	<-a.done
	if err != nil {
		return fmt.Errorf("closing the push server: %w", err)
	}
	return nil
}

func (a *APNs) violation(device, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.violations) < maxKept {
		a.violations = append(a.violations, Violation{Promise: "push", Device: device, What: what, When: a.clock.Now()})
	}
}

func answerPush(w http.ResponseWriter, status int, reason string, since time.Time) {
	if status == http.StatusOK {
		w.WriteHeader(status)
		return
	}
	body := map[string]any{"reason": reason}
	if !since.IsZero() {
		body["timestamp"] = since.UnixMilli()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the provider has gone if this fails
}
