// Package apns sends MDM pushes: the one thing they say to a device is
// "connect". (Apple: "Sending notification requests to APNs", "Setting up push
// notifications for your MDM customers".)
package apns

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/micromdm/nanomdm/cryptoutil"

	"github.com/padwarden/padwarden/server/ledger"
)

// DefaultHost is Apple's push service.
const DefaultHost = "https://api.push.apple.com"

// DefaultExpiration is how long APNs keeps a push for a device that is away.
// Without one it is dropped at once, and nobody is told. It is longer than the
// longest usual wait between two pushes (5 min), so that while a device is
// wanted one always waits for it; APNs keeps only the latest. It need not be
// longer: whoever still wants the device pushes again.
const DefaultExpiration = 10 * time.Minute

// Options of a provider. Zero fields take the default; Certificate is needed.
type Options struct {
	Host        string          // scheme and host
	Certificate tls.Certificate // the MDM push certificate with its key
	Topic       string          // if set, must be the certificate's
	Roots       *x509.CertPool  // nil: the system's
	Expiration  time.Duration
	Timeout     time.Duration // of one push, waiting for a free place included; 10 s
	Concurrency int           // pushes under way at once; 100
	Now         func() time.Time
}

// Provider pushes over one HTTP/2 connection, or as many as it needs. It is
// safe for concurrent use.
type Provider struct {
	o       Options
	leaf    *x509.Certificate
	topic   string
	client  *http.Client
	places  chan struct{}
	trouble trouble
	service service
}

// New returns a provider for a push certificate. The topic is the
// certificate's UID (0.9.2342.19200300.100.1.1); one in o that differs is an error.
func New(o Options) (*Provider, error) {
	o = o.filled()
	if u, err := url.Parse(o.Host); err != nil || u.Scheme != "https" || u.Host == "" || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("apns: host %q: want https and a host", o.Host)
	}
	if len(o.Certificate.Certificate) == 0 || o.Certificate.PrivateKey == nil {
		return nil, errors.New("apns: a push certificate with its key is needed")
	}
	leaf, err := x509.ParseCertificate(o.Certificate.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("apns: reading the push certificate: %w", err)
	}
	topic, err := cryptoutil.TopicFromCert(leaf)
	if err != nil {
		return nil, fmt.Errorf("apns: this is not an MDM push certificate: the UID in its subject must be a topic that begins with com.apple.mgmt. (Apple's Push Certificates Portal makes them): %w", err)
	}
	if o.Topic != "" && o.Topic != topic {
		return nil, fmt.Errorf("apns: the push certificate is for topic %s, not %s", topic, o.Topic)
	}
	return &Provider{o: o, leaf: leaf, topic: topic, client: client(o), places: make(chan struct{}, o.Concurrency)}, nil
}

func (o Options) filled() Options {
	if o.Host == "" {
		o.Host = DefaultHost
	}
	if o.Expiration <= 0 {
		o.Expiration = DefaultExpiration
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 100
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// client speaks HTTP/2 and nothing else. Pings find a connection that a
// firewall has dropped, which a push would otherwise wait for.
func client(o Options) *http.Client {
	var only http.Protocols
	only.SetHTTP2(true)
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				Certificates: []tls.Certificate{o.Certificate}, RootCAs: o.Roots, MinVersion: tls.VersionTLS12,
			},
			Protocols:           &only,
			HTTP2:               &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 10 * time.Second},
			TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout:     time.Hour, // Apple asks to keep connections open
			Proxy:               http.ProxyFromEnvironment,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Topic is the certificate's.
func (p *Provider) Topic() string { return p.topic }

// Expires is when the push certificate ends. It must be renewed, not replaced,
// before: devices enrolled under another topic have to enrol again.
func (p *Provider) Expires() time.Time { return p.leaf.NotAfter }

// Close ends the idle connections.
func (p *Provider) Close() { p.client.CloseIdleConnections() }

// send is one push, whatever is known of its record.
func (p *Provider) send(caller context.Context, to ledger.Push) error {
	if err := p.may(to); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(caller, p.o.Timeout)
	defer cancel()
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting for a free place: %w", ErrBusy, ctx.Err())
	}
	req, err := p.request(ctx, to)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	err = p.ask(req)
	if caller.Err() == nil { // who gives up shows nothing of the service
		p.service.learn(err, p.o.Now())
	}
	return err
}

// ask sends one request and says what became of it.
func (p *Provider) ask(req *http.Request) error {
	resp, err := p.client.Do(req)
	if err != nil {
		return unsent(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	if err != nil {
		body = nil
	}
	return answered(resp.StatusCode, body, resp.Header.Get("Retry-After"), p.o.Now())
}

// may refuses what APNs would.
func (p *Provider) may(to ledger.Push) error {
	switch now := p.o.Now(); {
	case len(to.Token) == 0 || to.Magic == "":
		return fmt.Errorf("%w: no token or no push magic", ErrGone)
	case to.Topic != "" && to.Topic != p.topic:
		return fmt.Errorf("%w: %s, the certificate is for %s", errTopic, to.Topic, p.topic)
	case now.After(p.leaf.NotAfter):
		return fmt.Errorf("%w: it ended %s", ErrCertificate, p.leaf.NotAfter.Format(time.DateOnly))
	case now.Before(p.leaf.NotBefore):
		return fmt.Errorf("%w: it begins %s", ErrCertificate, p.leaf.NotBefore.Format(time.DateOnly))
	}
	return nil
}

func (p *Provider) request(ctx context.Context, to ledger.Push) (*http.Request, error) {
	body, err := json.Marshal(struct {
		MDM string `json:"mdm"`
	}{to.Magic})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.o.Host+"/3/device/"+hex.EncodeToString(to.Token), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{
		"Content-Type":    {"application/json"},
		"Apns-Topic":      {p.topic},
		"Apns-Push-Type":  {"mdm"},
		"Apns-Priority":   {"10"}, // at once
		"Apns-Expiration": {strconv.FormatInt(p.o.Now().Add(p.o.Expiration).Unix(), 10)},
	}
	return req, nil
}
