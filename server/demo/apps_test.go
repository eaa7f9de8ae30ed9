package demo

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// What the demo's tiles open is there, may stand in a policy, and ends with the demo.
func TestTheWardsApps(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	h := &Hospital{o: Options{Logger: slog.New(slog.DiscardHandler)}}
	apps, err := h.startApps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	p.WebApps = apps
	if err := p.Validate(); err != nil || len(apps) < 3 {
		t.Errorf("%v: %v", apps, err)
	}
	for _, a := range apps {
		answer, err := http.Get(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || !strings.Contains(string(page), "<h1>"+a.Name+"</h1>") {
			t.Errorf("%s: %d %s, %v", a.URL, answer.StatusCode, page, err)
		}
	}
	stop()
	h.running.Wait()
	if _, err := http.Get(apps[0].URL); err == nil {
		t.Error("the apps outlive the demo")
	}
}
