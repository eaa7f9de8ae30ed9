package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/micromdm/nanodep/client"

	"github.com/padwarden/padwarden/server/mdm/machineinfo"
	"github.com/padwarden/padwarden/server/mdm/machineinfo/devicetest"
	"github.com/padwarden/padwarden/server/sim"
)

// appleLists is a service that lists one device of the hospital's and one that
// is not, and remembers where devices are sent and which got the profile.
type appleLists struct {
	mu       sync.Mutex
	url      string
	assigned []string
}

func (a *appleLists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var body struct {
		URL     string   `json:"url"`
		Devices []string `json:"devices"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	answer := `{"auth_session_token":"s"}`
	switch r.URL.Path {
	case "/server/devices":
		answer = `{"cursor":"1","devices":[{"serial_number":"DMPX0001","model":"iPad"},{"serial_number":"STRANGER1","model":"iPad"}]}`
	case "/devices/sync":
		answer = `{"cursor":"2"}`
	case "/profile":
		a.url, answer = body.URL, `{"profile_uuid":"P1"}`
	case "/profile/devices":
		words := map[string]string{}
		for _, s := range body.Devices {
			words[s] = "SUCCESS"
		}
		a.assigned = append(a.assigned, body.Devices...)
		b, _ := json.Marshal(map[string]any{"devices": words})
		answer = string(b)
	}
	_, _ = w.Write([]byte(answer))
}

func (a *appleLists) said() (url string, assigned []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.url, slices.Clone(a.assigned)
}

// TestAutomatedEnrolmentFromEndToEnd: the server tells Apple where to send the
// hospital's iPad, and an iPad that comes from Setup Assistant enrols by SCEP,
// while one that only Apple lists does not.
func TestAutomatedEnrolmentFromEndToEnd(t *testing.T) {
	apple, devices := &appleLists{}, devicetest.NewAuthority(t)
	service := httptest.NewServer(apple)
	defer service.Close()
	c := Config{Data: filepath.Join(t.TempDir(), "new")}
	if _, err := Import(t.Context(), c, hospital.File(), ImportHow{}); err != nil {
		t.Fatal(err)
	}
	c.ADE = ADE{
		Token: &client.OAuth1Tokens{ConsumerKey: "CK", ConsumerSecret: "CS", AccessToken: "AT", AccessSecret: "AS", AccessTokenExpiry: time.Now().AddDate(1, 0, 0)},
		Apple: service.URL, Devices: machineinfo.Issuers{devices.Certificate},
	}
	a, _ := running(t, c)
	becomesReady(t, a)
	eventually(t, "the assignment", func() bool { _, assigned := apple.said(); return len(assigned) > 0 })
	url, assigned := apple.said()
	if url != a.URL+"/enroll" || !slices.Equal(assigned, []string{"DMPX0001"}) {
		t.Fatalf("Apple sends %v to %s", assigned, url)
	}

	apns, err := sim.NewAPNs(sim.Wall{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = apns.Close() }()
	fleet, err := sim.NewFleet(sim.Env{APNs: apns, Keys: sim.NewKeyPool(1), HTTP: http.DefaultTransport, Timing: sim.DefaultTiming().Faster(30)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fleet.Start(ctx)
	defer fleet.Stop()
	setUp := func(serial string) *sim.Device {
		d := fleet.Add(sim.Options{Serial: serial, Ethernet: true})
		d.SetUpBy(url, func(info []byte) ([]byte, error) { return devices.Sign(t, info), nil })
		return d
	}
	ours, stranger := setUp("DMPX0001"), setUp("STRANGER1")
	eventually(t, "the enrolment", func() bool { x := ours.Truth(); return x.Enrolled && x.Awaiting })
	eventually(t, "the refusal", func() bool { return strings.Contains(stranger.Truth().EnrolError, "403") })
	if x := stranger.Truth(); x.Enrolled {
		t.Error("a device that is not in the inventory enrolled")
	}
	d, err := a.Ledger.Device(ctx, "DMPX0001")
	if err != nil || d.UDID != ours.UDID() {
		t.Errorf("the inventory says %+v, %v", d, err)
	}
	if forged, err := http.Post(url, "application/pkcs7-signature", bytes.NewReader(devicetest.SelfSigned(t, fmt.Append(nil, "x")))); err != nil || forged.StatusCode != http.StatusForbidden {
		t.Errorf("anybody: %v %v", forged, err)
	}
}

func TestWithoutATokenNothingIsServed(t *testing.T) {
	a, _ := running(t, Config{Data: filepath.Join(t.TempDir(), "new")})
	becomesReady(t, a)
	res, err := http.Post(a.URL+"/enroll", "application/pkcs7-signature", strings.NewReader("x"))
	if err != nil || (res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed) {
		t.Errorf("%v %v", res, err)
	}
	if _, _, err := SyncADE(t.Context(), Config{Data: t.TempDir(), BaseURL: "https://x.example"}); err == nil {
		t.Error("a look at Apple without a token")
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never came: %s", what)
}
