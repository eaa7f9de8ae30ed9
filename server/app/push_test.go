package app

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/sim"
)

// watch is a clock that a test moves.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func (w *watch) Now() time.Time  { w.mu.Lock(); defer w.mu.Unlock(); return w.now }
func (w *watch) set(t time.Time) { w.mu.Lock(); defer w.mu.Unlock(); w.now = t }

// TestThePushCertificateIsWatched: from 30 days before its end the console, the
// API, the metrics, /readyz and the log say so, and after it that it has ended.
func TestThePushCertificateIsWatched(t *testing.T) {
	service, err := sim.NewAPNs(sim.Wall{})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	ends := time.Now().Add(400 * 24 * time.Hour).Truncate(time.Second)
	certificate, err := service.PushCertificateUntil("com.apple.mgmt.External.watched", ends)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	clock := &watch{now: time.Now()}
	a, stop := running(t, Config{Data: t.TempDir(), PushCertificate: &certificate, APNsHost: service.URL(), APNsRoots: service.CAs(), Now: clock.Now})
	becomesReady(t, a)
	token, err := a.Identity.MintAPIToken(t.Context(), "test", identity.Auditor, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at         time.Time
		kind, says string
	}{
		{ends.Add(-31 * 24 * time.Hour), "", ""},
		{ends.Add(-29 * 24 * time.Hour), "certificate_ending", "in 29 days"},
		{ends.Add(time.Hour), "certificate_ended", "The push certificate ended"},
	} {
		clock.set(c.at)
		_, ready := get(t, a.URL+"/readyz")
		_, metrics := get(t, a.URL+"/metrics")
		req, _ := http.NewRequest(http.MethodGet, a.URL+"/api/v1/troubles/", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(res.Body)
		_ = res.Body.Close()
		if !strings.HasPrefix(ready, "ready\n") || !strings.Contains(ready, c.says) || !strings.Contains(body.String(), c.says) {
			t.Errorf("%s: /readyz %q, the API %q", c.at, ready, body.String())
		}
		for _, kind := range []string{"certificate_ending", "certificate_ended"} {
			if is := strings.Contains(metrics, `padwarden_push_trouble{kind="`+kind+`"} 1`); is != (kind == c.kind) {
				t.Errorf("%s: the metric of %s: %t", c.at, kind, is)
			}
		}
	}
	stop()
	a.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	clock.set(ends.Add(-20 * 24 * time.Hour))
	said := a.logPush(nil)
	said = a.logPush(said)
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("warned %d times in a minute:\n%s", n, log.String())
	}
	clock.set(ends.Add(-19 * 24 * time.Hour))
	said = a.logPush(said)
	clock.set(ends.Add(time.Second))
	said = a.logPush(said)
	a.logPush(said)
	if text := log.String(); strings.Count(text, "level=WARN") != 2 || strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "alert=true") {
		t.Errorf("over its last days:\n%s", text)
	}
}

// TestNoPushCertificateIsTrouble, but where a NanoMDM server wakes the iPads.
func TestNoPushCertificateIsTrouble(t *testing.T) {
	for url, n := range map[string]int{"": 1, "http://127.0.0.1:1": 0} {
		a, err := Open(t.Context(), Config{Data: t.TempDir(), NanoMDM: NanoMDM{URL: url, APIKey: "k", WebhookKey: "a key of its webhook", Topic: "com.apple.mgmt.External.theirs"}})
		if err != nil {
			t.Fatal(err)
		}
		if all := a.troubles(); len(all) != n || n == 1 && all[0].Kind != string(kindNoCertificate) {
			t.Errorf("with NanoMDM %q: %+v", url, all)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAPushCertificateForSomethingElse(t *testing.T) {
	service, err := sim.NewAPNs(sim.Wall{})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	certificate, err := service.PushCertificate("com.example.app")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), Config{Data: t.TempDir(), PushCertificate: &certificate})
	if err == nil {
		_ = a.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "com.apple.mgmt.") {
		t.Errorf("an app's certificate: %v", err)
	}
}
