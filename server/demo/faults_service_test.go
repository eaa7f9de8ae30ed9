package demo

import (
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// serviceFault is what is wrong with pushing as a whole. It is said once, above
// every page, in the metrics and at /readyz, and held against no iPad: those
// wait, and go on by themselves when it is over.
type serviceFault struct {
	name string
	// happens brings it about, and mend ends it.
	happens func(ctx context.Context, s *service) error
	mend    func(ctx context.Context, s *service) error
	// kind is what the server says it is; empty: it is over before there is
	// anything to say, and the iPad comes clean all the same.
	kind, says string
	// waits is what the iPad being wiped says for itself; empty: nothing.
	waits string
}

var serviceFaults = []serviceFault{
	{name: "APNs 403 BadCertificate", happens: answers(http.StatusForbidden, "BadCertificate"), mend: well,
		kind: "certificate_refused", says: "refuses the push certificate"},
	{name: "APNs 400 TopicDisallowed", happens: answers(http.StatusBadRequest, "TopicDisallowed"), mend: well,
		kind: "certificate_refused", says: "refuses the push certificate"},
	{name: "APNs 400 for a mistake of ours", happens: answers(http.StatusBadRequest, "BadMessageId"), mend: well,
		kind: "rejected", says: "does not understand this server's pushes"},
	{name: "APNs 500", happens: answers(http.StatusInternalServerError, "InternalServerError"), mend: well,
		kind: "unreachable", says: "cannot be reached or is in trouble"},
	{name: "APNs 503", happens: answers(http.StatusServiceUnavailable, "ServiceUnavailable"), mend: well,
		kind: "unreachable", says: "cannot be reached or is in trouble"},
	{name: "GOAWAY after a push", happens: now(func(s *service) { s.h.apns.GoAway(3, false) }), mend: wentAway},
	{name: "the connection ends in the middle of pushes", happens: now(func(s *service) { s.h.apns.GoAway(1000, true) }),
		mend: func(ctx context.Context, s *service) error { s.h.apns.GoAway(0, false); return wentAway(ctx, s) },
		kind: "unreachable", says: "cannot be reached or is in trouble"},
	{name: "a certificate that APNs refuses in the handshake", happens: refusedInHandshake,
		mend: func(ctx context.Context, s *service) error { s.later.Store(0); return renewed(ctx, s) },
		kind: "certificate_refused", says: "refuses the push certificate"},
	{name: "an expired certificate", happens: now(func(s *service) { s.later.Store(int64(366 * 24 * time.Hour)) }), mend: renewed,
		kind: "certificate_ended", says: "The push certificate ended on"},
	{name: "an expired certificate and an iPad that comes by itself", happens: now(func(s *service) {
		s.later.Store(int64(3 * 366 * 24 * time.Hour))
		s.comes = true
	}), mend: renewed, kind: "certificate_ended", says: "The push certificate ended on",
		waits: "so an erased iPad could not be called back"},
}

// service is the push service's trouble under way.
type service struct {
	at
	m     *office
	later *atomic.Int64 // how far the clock that certificates are held against is ahead
	comes bool          // the iPad connects by itself, as one does that was restarted
	went  int
}

func now(do func(*service)) func(context.Context, *service) error {
	return func(_ context.Context, s *service) error { do(s); return nil }
}

func answers(status int, reason string) func(context.Context, *service) error {
	return now(func(s *service) { s.h.apns.Fail(status, reason, forEver) })
}

// refusedInHandshake starts the server with a certificate that has ended, and a
// clock that says it has not: as Apple refuses one that was revoked.
func refusedInHandshake(ctx context.Context, s *service) error {
	s.later.Store(-int64(2 * time.Hour))
	certificate, err := s.h.apns.PushCertificateUntil(topic, time.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	return s.starts(ctx, certificate)
}

func well(_ context.Context, s *service) error {
	s.h.apns.Fail(http.StatusOK, "", 0)
	return nil
}

// wentAway sees that connections were ended at all.
func wentAway(ctx context.Context, s *service) error {
	for s.h.apns.WentAway() == s.went {
		select {
		case <-ctx.Done():
			return fmt.Errorf("no connection was ended: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// renewed starts the server with a certificate that was renewed under the same topic.
func renewed(ctx context.Context, s *service) error {
	ends := time.Now().Add(time.Duration(s.later.Load())).AddDate(1, 0, 0)
	certificate, err := s.h.apns.PushCertificateUntil(topic, ends)
	if err != nil {
		return err
	}
	return s.starts(ctx, certificate)
}

// starts starts the server anew, and signs the manager in again.
func (s *service) starts(ctx context.Context, certificate tls.Certificate) error {
	if err := s.h.restart(ctx, certificate); err != nil {
		return err
	}
	m, err := s.h.office(ctx, "Maria Keller", identity.Administrator)
	if err == nil {
		*s.m = *m
	}
	return err
}

// restart stops the server and starts another in its place, with another push certificate.
func (h *Hospital) restart(ctx context.Context, certificate tls.Certificate) error {
	h.stopServer()
	<-h.stopped
	if h.served != nil {
		return h.served
	}
	c := h.config
	c.Listen, c.PushCertificate = strings.TrimPrefix(h.App.URL, "http://"), &certificate
	a, err := app.Open(context.WithoutCancel(ctx), c)
	if err != nil {
		return err
	}
	h.App = a
	h.serve()
	for h.App.Steward.Ready() != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// TestFaultTableOfThePushService: one after the other, each on the same iPad.
func TestFaultTableOfThePushService(t *testing.T) {
	t.Parallel() // it waits, most of its time
	later := &atomic.Int64{}
	h := hospitalAt(t, 8*time.Minute, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }, nil)
	h.openFaultWards(t)
	m, err := h.office(t.Context(), "Maria Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.newcomer(t.Context(), oneUser, "FS1")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range serviceFaults {
		t.Run(f.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			s := &service{at: a, m: m, later: later, went: h.apns.WentAway()}
			r := &row{at: a, m: m, fault: fault{ward: oneUser}}
			for _, part := range []struct {
				name string
				play func(context.Context, *row) error
			}{
				{"setting it up", reaches(custody.Clean)},
				{"the session", quiet},
				{"the fault", func(ctx context.Context, _ *row) error { return f.happens(ctx, s) }},
				{"giving it back", isDone},
				{"its end", func(ctx context.Context, _ *row) error { return f.isSaid(ctx, t, s) }},
				{"mending it", func(ctx context.Context, _ *row) error { return f.mend(ctx, s) }},
				{"after it was mended", reaches(custody.Clean)},
				{"the server", func(ctx context.Context, _ *row) error { return isWell(ctx, s) }},
			} {
				if err := part.play(ctx, r); err != nil {
					t.Fatalf("%s: %v", part.name, err)
				}
			}
			if left := a.d.Truth().UserData(); left != "" {
				t.Errorf("clean with %s on it", left)
			}
		})
	}
	verdict, err := h.Judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if verdict.Broken() {
		t.Errorf("the observer:\n%s", verdict)
	}
}

// isSaid waits for the trouble, and sees it where people look for it and
// nowhere else.
func (f serviceFault) isSaid(ctx context.Context, t *testing.T, s *service) error {
	if f.kind == "" {
		return nil
	}
	if s.comes {
		s.d.Restart()
	}
	wiping, err := s.m.until(ctx, s.at, "wiping, with nothing against it", func(x standing) bool {
		return x.State == string(custody.Wiping) && len(x.Troubles) == 0 && strings.Contains(x.says(), f.waits)
	})
	if err != nil {
		return err
	}
	for {
		page, err := s.m.page(ctx, "/console")
		if err != nil {
			return err
		}
		if n := strings.Count(html.UnescapeString(page), f.says); n == 1 && strings.Contains(page, `data-trouble="`+f.kind+`"`) {
			break
		} else if n > 1 {
			return fmt.Errorf("it is said %d times", n)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the console does not say %q: %w", f.says, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	metrics, err := s.h.get(ctx, "/metrics", "")
	if err == nil && !strings.Contains(string(metrics), `padwarden_push_trouble{kind="`+f.kind+`"} 1`) {
		err = fmt.Errorf("no metric says %s", f.kind)
	}
	ready, e := s.h.get(ctx, "/readyz", "")
	if e == nil && !strings.Contains(string(ready), f.says) {
		e = fmt.Errorf("/readyz says %q", ready)
	}
	t.Logf("%s: %s", wiping.State, strings.TrimSpace(strings.TrimPrefix(string(ready), "ready\n")))
	if err == nil {
		err = e
	}
	return err
}

// isWell: once an iPad was woken, nothing is said any more.
func isWell(ctx context.Context, s *service) error {
	ready, err := s.h.get(ctx, "/readyz", "")
	if err == nil && string(ready) != "ready\n" {
		err = fmt.Errorf("/readyz still says %q", ready)
	}
	return err
}
