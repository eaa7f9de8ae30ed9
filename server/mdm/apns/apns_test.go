package apns_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/apns"
)

const topic = "com.apple.mgmt.External.0f6c1f5e"

var to = ledger.Push{Device: "S1", Token: []byte{0xde, 0xad, 0xbe, 0xef}, Magic: `M"1`, Topic: topic}

// pushCertificate is what Apple would issue: the topic is in the subject's UID.
func pushCertificate(t *testing.T, uid string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	name := pkix.Name{CommonName: "APSP:1", ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: uid}}}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// service is an APNs of one's own.
func service(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func provider(t *testing.T, s *httptest.Server, change func(*apns.Options)) *apns.Provider {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	o := apns.Options{Host: s.URL, Roots: roots, Certificate: pushCertificate(t, topic, time.Now().AddDate(0, 6, 0))}
	if change != nil {
		change(&o)
	}
	p, err := apns.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestPushSaysWhatAppleAsksFor(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	got := make(chan *http.Request, 1)
	var body []byte
	s := service(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		got <- r
	})
	p := provider(t, s, func(o *apns.Options) {
		o.Now = func() time.Time { return now }
		o.Certificate = pushCertificate(t, topic, now.AddDate(0, 6, 0))
	})
	if err := p.Push(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	r := <-got
	want := map[string]string{
		"apns-topic": topic, "apns-push-type": "mdm", "apns-priority": "10",
		"apns-expiration": fmt.Sprint(now.Add(apns.DefaultExpiration).Unix()),
	}
	for k, v := range want {
		if r.Header.Get(k) != v {
			t.Errorf("%s: %q, want %q", k, r.Header.Get(k), v)
		}
	}
	if r.ProtoMajor != 2 || r.Method != http.MethodPost || r.URL.Path != "/3/device/deadbeef" {
		t.Errorf("%s %s %s", r.Proto, r.Method, r.URL.Path)
	}
	if string(body) != `{"mdm":"M\"1"}` {
		t.Errorf("body %s", body)
	}
	if len(r.TLS.PeerCertificates) != 1 || p.Topic() != topic {
		t.Error("not under the push certificate")
	}
}

func TestAnswersHaveMeanings(t *testing.T) {
	for _, c := range []struct {
		status int
		reason string
		want   error
	}{
		{410, "Unregistered", apns.ErrGone}, {410, "", apns.ErrGone}, {400, "BadDeviceToken", apns.ErrGone},
		{400, "DeviceTokenNotForTopic", apns.ErrGone}, {429, "TooManyRequests", apns.ErrBusy},
		{403, "BadCertificate", apns.ErrCertificate}, {400, "TopicDisallowed", apns.ErrCertificate},
		{500, "InternalServerError", apns.ErrUnreachable}, {503, "ServiceUnavailable", apns.ErrUnreachable},
		{400, "BadExpirationDate", apns.ErrRejected}, {302, "", apns.ErrRejected},
	} {
		s := service(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			fmt.Fprintf(w, `{"reason":%q}`, c.reason)
		})
		if err := provider(t, s, nil).Push(t.Context(), to); !errors.Is(err, c.want) {
			t.Errorf("%d %s: %v, want %v", c.status, c.reason, err, c.want)
		}
	}
}

func TestWhatIsNotSent(t *testing.T) {
	var asked atomic.Int32
	s := service(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	ended := provider(t, s, func(o *apns.Options) { o.Certificate = pushCertificate(t, topic, time.Now().Add(-time.Hour)) })
	if err := ended.Push(t.Context(), to); !errors.Is(err, apns.ErrCertificate) {
		t.Errorf("an ended certificate: %v", err)
	}
	p := provider(t, s, nil)
	other := to
	other.Topic = "com.apple.mgmt.External.other"
	for _, bad := range []ledger.Push{{Device: "S1"}, other} {
		if err := p.Push(t.Context(), bad); !errors.Is(err, apns.ErrGone) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if asked.Load() != 0 {
		t.Error("APNs was asked all the same")
	}
}

func TestTheServiceMustBeTheRightOne(t *testing.T) {
	s := service(t, func(http.ResponseWriter, *http.Request) {})
	strange := provider(t, s, func(o *apns.Options) { o.Roots = x509.NewCertPool() })
	if err := strange.Push(t.Context(), to); !errors.Is(err, apns.ErrUnreachable) {
		t.Errorf("a service of unknown roots: %v", err)
	}
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.StartTLS() // HTTP/1.1 only
	defer old.Close()
	if err := provider(t, old, nil).Push(t.Context(), to); !errors.Is(err, apns.ErrUnreachable) {
		t.Errorf("a service without HTTP/2: %v", err)
	}
	s.Close()
	if err := provider(t, s, nil).Push(t.Context(), to); !errors.Is(err, apns.ErrUnreachable) {
		t.Errorf("a service that is gone: %v", err)
	}
}

func TestPushesAreBounded(t *testing.T) {
	hold := make(chan struct{})
	entered := make(chan struct{}, 8)
	s := service(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-hold
	})
	p := provider(t, s, func(o *apns.Options) { o.Concurrency = 1 })
	first := make(chan error, 1)
	go func() { first <- p.Push(t.Context(), to) }()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Push(ctx, to); !errors.Is(err, apns.ErrBusy) {
		t.Errorf("a second push with one place: %v", err)
	}
	close(hold)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := pushCertificate(t, topic, time.Now().AddDate(1, 0, 0))
	for name, o := range map[string]apns.Options{
		"no certificate": {},
		"not a topic":    {Certificate: pushCertificate(t, "com.example.app", time.Now().AddDate(1, 0, 0))},
		"another topic":  {Certificate: good, Topic: "com.apple.mgmt.External.other"},
		"plain http":     {Certificate: good, Host: "http://127.0.0.1"},
		"a path":         {Certificate: good, Host: "https://127.0.0.1/3/device"},
	} {
		if _, err := apns.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
