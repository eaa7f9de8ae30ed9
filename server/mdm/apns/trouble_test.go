package apns_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/mdm/apns"
)

// TestADeadRecordIsLeftAlone until the device sends another token, or an hour has passed.
func TestADeadRecordIsLeftAlone(t *testing.T) {
	var asked, status atomic.Int32
	status.Store(http.StatusGone)
	s := service(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(int(status.Load()))
	})
	now := time.Now()
	p := provider(t, s, func(o *apns.Options) { o.Now = func() time.Time { return now } })
	for range 5 {
		if err := p.Push(t.Context(), to); !errors.Is(err, apns.ErrGone) {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("APNs was asked %d times about a dead token", n)
	}
	if sentence, since := p.PushTrouble(to.Device); sentence == "" || !since.Equal(now) {
		t.Errorf("%q since %s", sentence, since)
	}
	now = now.Add(time.Hour)
	_ = p.Push(t.Context(), to)
	status.Store(http.StatusOK)
	renewed := to
	renewed.Token = []byte("another")
	if err := p.Push(t.Context(), renewed); err != nil || asked.Load() != 3 {
		t.Errorf("after a TokenUpdate: %v, asked %d times", err, asked.Load())
	}
	if sentence, _ := p.PushTrouble(to.Device); sentence != "" {
		t.Errorf("still %q", sentence)
	}
	status.Store(http.StatusServiceUnavailable)
	for range 2 {
		_ = p.Push(t.Context(), renewed)
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("trouble of APNs was held against the device: asked %d times", n)
	}
}
