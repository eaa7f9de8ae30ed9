package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/provision"
)

// running starts a server on data and returns it with what stops it.
func running(t *testing.T, c Config) (*App, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, c)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stop := func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("stopping: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it does not stop")
		}
		done <- nil
	}
	t.Cleanup(stop)
	return a, stop
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func becomesReady(t *testing.T, a *App) {
	t.Helper()
	var said string
	for range 100 {
		status, body := get(t, a.URL+"/readyz")
		if status == http.StatusOK {
			return
		}
		said = body
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("never ready: %s", said)
}

func TestItServesAndStops(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "folder")
	a, stop := running(t, Config{Data: data})
	if status, _ := get(t, a.URL+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	becomesReady(t, a)
	if status, _ := get(t, a.URL+"/api/v1/devices"); status != http.StatusUnauthorized {
		t.Errorf("the API without a sign-in: %d", status)
	}
	if status, _ := get(t, a.URL+"/no/such/page"); status != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", status)
	}
	status, metrics := get(t, a.URL+"/metrics")
	if status != http.StatusOK || !strings.Contains(metrics, `padwarden_http_request_seconds_count{method="GET",route="/healthz",status="200"}`) {
		t.Errorf("/metrics: %d", status)
	}
	if strings.Contains(metrics, "no/such") {
		t.Error("a path as it was sent is a metric's label")
	}
	if _, err := Open(t.Context(), Config{Data: data}); err == nil {
		t.Error("a second server opened the same SQLite file")
	}
	stop()
	again, stop := running(t, Config{Data: data}) // the same key opens the same secrets
	becomesReady(t, again)
	stop()
	if err := os.Remove(filepath.Join(data, "key")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Data: data}); err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("with the key lost: %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, "key")); err == nil {
		t.Error("a new key stands in the place of the lost one")
	}
}

func TestWhatCannotBe(t *testing.T) {
	for name, c := range map[string]Config{
		"no data folder":            {},
		"PostgreSQL alone":          {Data: t.TempDir(), Database: "postgres://127.0.0.1:1/x"},
		"a base URL's path":         {Data: t.TempDir(), BaseURL: "https://example.org/ipads"},
		"a base URL of files":       {Data: t.TempDir(), BaseURL: "file:///etc"},
		"an address in use":         {Data: t.TempDir(), Listen: "256.0.0.1:1"},
		"Wi-Fi of JSON":             {Data: t.TempDir(), WiFi: []byte(`{"ssid": "ward"}`)},
		"an inventory every minute": {Data: t.TempDir(), Housekeeping: Housekeeping{Lists: time.Minute}},
		"a push service's name":     {Data: t.TempDir(), APNsHost: "foo"},
		"a Redis that is not":       {Data: t.TempDir(), Redis: "http://127.0.0.1"},
	} {
		a, err := Open(t.Context(), c)
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = a.Close()
		}
	}
}

func TestMasterKey(t *testing.T) {
	data := t.TempDir()
	first, keep, err := masterKey(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(data, "key")); err == nil {
		t.Error("a key was written that nothing has taken yet")
	}
	if err := keep(); err != nil {
		t.Fatal(err)
	}
	if again, _, err := masterKey(data); err != nil || again != first {
		t.Errorf("the key changed: %v", err)
	}
	if info, err := os.Stat(filepath.Join(data, "key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	if bytes.Equal(derive(first, "identity"), derive(first, "kiosk")) {
		t.Error("two parts share a key")
	}
	if err := os.WriteFile(filepath.Join(data, "key"), []byte("not hex"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := masterKey(data); err == nil {
		t.Error("a broken key was taken")
	}
}

var hospital = provision.Hospital{
	Wards: []provision.HospitalWard{
		{ID: "4b", Name: "4B", Fleet: custody.ReturnToService, Target: custody.TargetKioskApp, Devices: []provision.HospitalDevice{
			{Serial: "DMPX0001", Name: "4B-01", Reader: "dock-1"}, {Serial: "DMPX0002"}}},
	},
	Clinicians: []provision.HospitalPerson{{ID: "ada", Name: "Ada Okafor", Badges: []string{"0048210000"}, PIN: "836194"}},
}

func TestImport(t *testing.T) {
	c := Config{Data: filepath.Join(t.TempDir(), "new")}
	report, err := Import(t.Context(), c, hospital.File(), ImportHow{DryRun: true})
	if err != nil || report.Count(provision.Added) != 4 || len(report.Credentials) > 0 {
		t.Fatalf("a dry run: %+v, %v", report, err)
	}
	report, err = Import(t.Context(), c, hospital.File(), ImportHow{})
	if err != nil || report.Count(provision.Added) != 4 || len(report.Credentials) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	twice, err := Import(t.Context(), c, hospital.File(), ImportHow{})
	if err != nil || twice.Count(provision.Unchanged) != 4 {
		t.Errorf("a second time: %+v, %v", twice, err)
	}
	other := provision.Hospital{
		Wards: []provision.HospitalWard{{ID: "4b", Name: "4B", Fleet: custody.ReturnToService, Target: custody.TargetPasscode,
			Devices: []provision.HospitalDevice{{Serial: "DMPX0002", Name: "another", Reader: "dock-1"}}}},
		Clinicians: []provision.HospitalPerson{{ID: "ben", Name: "Ben", Badges: []string{"0048210000"}, PIN: "571904"}},
	}
	report, err = Import(t.Context(), c, other.File(), ImportHow{})
	if err != nil || report.Count(provision.Refused) != 3 {
		t.Fatalf("what differs: %+v, %v", report, err)
	}
	said := fmt.Sprint(report.Rows)
	for _, says := range []string{"its target", "its iPad is DMPX0001", "Badge 1 is that of ada"} {
		if !strings.Contains(said, says) {
			t.Errorf("the report does not say %q: %s", says, said)
		}
	}

	a, _ := running(t, c)
	becomesReady(t, a)
	badge, err := a.Identity.Badge("0048210000")
	if err != nil {
		t.Fatal(err)
	}
	who, err := a.Identity.Verify(t.Context(), identity.Attempt{Badge: badge, PIN: "836194", Device: "DMPX0001", Ward: "4b"})
	if err != nil || who.ID != "ada" {
		t.Errorf("the imported badge and PIN: %v, %v", who.ID, err)
	}
}
