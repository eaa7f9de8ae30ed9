package console

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// TestDriftIsShown: on the device's page and in its API, in one sentence; what
// nobody knows is not called right.
func TestDriftIsShown(t *testing.T) {
	const drift = "This iPad's profiles are not as its ward's policy wants them; missing: <restrictions>."
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Manager, "4B")
	seen := d.now.Add(-time.Minute)
	for name, c := range map[string]struct {
		drift    string
		err      error
		page     string
		api      string
		inNoPage string
	}{
		"as wanted": {"", nil, "As the ward&#39;s policy wants them", `"drift":""`, "class=\"reason\">This"},
		"drift":     {drift, nil, "missing: &lt;restrictions&gt;", `"drift":"This iPad`, "As the ward"},
		"never":     {"", custody.ErrNotFound, "has not listed its profiles", `"unknown":true`, "As the ward"},
		"not now":   {"", errors.New("the database is away"), "Not known", `"unknown":true`, "As the ward"},
	} {
		d.console.Drift = func(_ context.Context, id custody.DeviceID) (string, time.Time, error) {
			if id != "DMQX00" {
				t.Errorf("asked of %s", id)
			}
			return c.drift, seen, c.err
		}
		_, page, _ := d.ask("GET", "/console/devices/DMQX00", "", as(cookie, ""))
		if text := strings.ReplaceAll(page, "'", "&#39;"); !strings.Contains(text, c.page) || strings.Contains(text, c.inNoPage) {
			t.Errorf("%s: the page does not say %q, or says %q", name, c.page, c.inNoPage)
		}
		if _, api, _ := d.ask("GET", "/api/v1/devices/DMQX00", "", as(cookie, "")); !strings.Contains(api, c.api) {
			t.Errorf("%s: the API does not say %q: %s", name, c.api, api)
		}
	}
	d.console.Drift = nil
	if _, page, _ := d.ask("GET", "/console/devices/DMQX00", "", as(cookie, "")); strings.Contains(page, "profiles-title") {
		t.Error("nobody looks at profiles, and the page speaks of them")
	}
	other, _ := d.signedIn(identity.Manager, "5A")
	d.console.Drift = func(context.Context, custody.DeviceID) (string, time.Time, error) {
		t.Error("asked for a manager of another ward")
		return "", time.Time{}, nil
	}
	if status, _, _ := d.ask("GET", "/api/v1/devices/DMQX00", "", as(other, "")); status == 200 {
		t.Error("a manager of another ward is answered")
	}
}
