package apns_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/mdm/apns"
)

// TestTroubleOfTheServiceIsSaidOnce: what APNs has against the server is the
// server's and no device's, it is over with the first answer that shows so, and
// one push that is lost is no trouble.
func TestTroubleOfTheServiceIsSaidOnce(t *testing.T) {
	for _, c := range []struct {
		status int
		reason string
		pushes int // until it is said
		kind   apns.Kind
		says   string
	}{
		{403, "BadCertificate", 1, apns.CertificateRefused, "Renew it"},
		{400, "TopicDisallowed", 1, apns.CertificateRefused, "Renew it"},
		{500, "InternalServerError", 2, apns.Unreachable, "by themselves"},
		{503, "ServiceUnavailable", 2, apns.Unreachable, "by themselves"},
		{400, "BadExpirationDate", 2, apns.Rejected, "report it"},
	} {
		var well atomic.Bool
		s := service(t, func(w http.ResponseWriter, _ *http.Request) {
			if !well.Load() {
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"reason":%q}`, c.reason)
			}
		})
		now := time.Now()
		p := provider(t, s, func(o *apns.Options) { o.Now = func() time.Time { return now } })
		for n := 1; n <= c.pushes; n++ {
			if all := p.Troubles(); len(all) != 0 {
				t.Errorf("%d %s: after %d pushes: %v", c.status, c.reason, n-1, all)
			}
			_ = p.Push(t.Context(), to)
		}
		all := p.Troubles()
		if len(all) != 1 || all[0].Kind != c.kind || !all[0].Severe || !all[0].Since.Equal(now) || !strings.Contains(all[0].Sentence, c.says) {
			t.Errorf("%d %s: %+v", c.status, c.reason, all)
		}
		if sentence, _ := p.PushTrouble(to.Device); sentence != "" {
			t.Errorf("%d %s is held against the device: %s", c.status, c.reason, sentence)
		}
		well.Store(true)
		if err := p.Push(t.Context(), to); err != nil || len(p.Troubles()) != 0 {
			t.Errorf("%d %s: when it is over: %v, %v", c.status, c.reason, err, p.Troubles())
		}
	}
}

// TestRetryAfterIsKept for that device and token alone.
func TestRetryAfterIsKept(t *testing.T) {
	for retry, wait := range map[string]time.Duration{
		"90": 90 * time.Second, "86400": time.Hour, "": 0, "-5": 0, "soon": 0, "Wed, 21 Oct 2015 07:28:00 GMT": 0,
	} {
		var asked atomic.Int32
		s := service(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Retry-After", retry)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		now := time.Now()
		p := provider(t, s, func(o *apns.Options) { o.Now = func() time.Time { return now } })
		push := func() int32 {
			before := asked.Load()
			if err := p.Push(t.Context(), to); !errors.Is(err, apns.ErrBusy) {
				t.Errorf("Retry-After %q: %v", retry, err)
			}
			return asked.Load() - before
		}
		push()
		if wait > 0 {
			now = now.Add(wait - time.Second)
			if n := push(); n != 0 {
				t.Errorf("Retry-After %q: asked again after %s", retry, wait-time.Second)
			}
			if sentence, _ := p.PushTrouble(to.Device); !strings.Contains(sentence, "before") {
				t.Errorf("Retry-After %q: %q", retry, sentence)
			}
			now = now.Add(time.Second)
		}
		if n := push(); n != 1 {
			t.Errorf("Retry-After %q: not asked again in time", retry)
		}
		other := to
		other.Device = "S2"
		if err := p.Push(t.Context(), other); !errors.Is(err, apns.ErrBusy) || len(p.Troubles()) != 0 {
			t.Errorf("another device: %v, %v", err, p.Troubles())
		}
	}
}

func TestExpiry(t *testing.T) {
	ends := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before time.Duration
		kind   apns.Kind
		says   string
	}{
		{31 * 24 * time.Hour, "", ""},
		{apns.WarnBefore + time.Second, "", ""},
		{apns.WarnBefore, apns.CertificateEnding, "on 2027-03-01, in 30 days"},
		{36 * time.Hour, apns.CertificateEnding, "in 1 day."},
		{time.Hour, apns.CertificateEnding, "in less than a day"},
		{0, apns.CertificateEnding, "in less than a day"},
		{-time.Second, apns.CertificateEnded, "ended on 2027-03-01"},
	} {
		got, is := apns.Expiry(ends, ends.Add(-c.before))
		if is != (c.kind != "") || got.Kind != c.kind || got.Severe != (c.kind == apns.CertificateEnded) || !strings.Contains(got.Sentence, c.says) {
			t.Errorf("%s before: %+v", c.before, got)
		}
	}
	now := ends
	s := service(t, func(http.ResponseWriter, *http.Request) {})
	p := provider(t, s, func(o *apns.Options) {
		o.Now, o.Certificate = func() time.Time { return now }, pushCertificate(t, topic, ends)
	})
	if all := p.Troubles(); len(all) != 1 || all[0].Kind != apns.CertificateEnding {
		t.Errorf("on its last day: %+v", all)
	}
	now = ends.Add(time.Minute)
	_ = p.Push(t.Context(), to)
	if all := p.Troubles(); len(all) != 1 || all[0].Kind != apns.CertificateEnded {
		t.Errorf("after it: %+v", all)
	}
}

// TestAnotherTopicIsSaidPlainly: the server was started with another certificate.
func TestAnotherTopicIsSaidPlainly(t *testing.T) {
	s := service(t, func(http.ResponseWriter, *http.Request) {})
	p := provider(t, s, nil)
	other := to
	other.Topic = "com.apple.mgmt.External.other"
	_ = p.Push(t.Context(), other)
	if sentence, _ := p.PushTrouble(to.Device); !strings.Contains(sentence, "another push certificate") {
		t.Errorf("%q", sentence)
	}
	_, err := apns.New(apns.Options{Certificate: pushCertificate(t, "com.example.app", time.Now().AddDate(1, 0, 0))})
	if err == nil || !strings.Contains(err.Error(), "not an MDM push certificate") {
		t.Errorf("a certificate for something else: %v", err)
	}
}

// TestWhoGivesUpShowsNothing: a caller's own end, such as a server that stops,
// is no trouble of APNs.
func TestWhoGivesUpShowsNothing(t *testing.T) {
	entered := make(chan struct{})
	s := service(t, func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-r.Context().Done()
	})
	p := provider(t, s, nil)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Push(ctx, to) }()
		<-entered
		cancel()
		if err := <-done; !errors.Is(err, apns.ErrUnreachable) {
			t.Errorf("%v", err)
		}
	}
	if all := p.Troubles(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// TestACertificateRefusedInTheHandshake is what APNs does to one that has ended
// or was revoked: no HTTP answer ever says so, only the alert of TLS.
func TestACertificateRefusedInTheHandshake(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.EnableHTTP2 = true
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version,
			VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return errors.New("revoked") }}
		s.StartTLS()
		t.Cleanup(s.Close)
		p := provider(t, s, nil)
		var err error
		for n := 0; n < 50 && !errors.Is(err, apns.ErrCertificate); n++ { // with TLS 1.3 the alert may be lost with the connection
			err = p.Push(t.Context(), to)
		}
		if !errors.Is(err, apns.ErrCertificate) {
			t.Errorf("TLS %x: %v", version, err)
		}
		for range 20 { // and it stays so, whatever is lost afterwards
			_ = p.Push(t.Context(), to)
			if all := p.Troubles(); len(all) != 1 || all[0].Kind != apns.CertificateRefused {
				t.Fatalf("TLS %x: %+v", version, all)
			}
		}
	}
}
