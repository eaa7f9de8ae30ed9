package mdm_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/machineinfo"
	"github.com/padwarden/padwarden/server/mdm/machineinfo/devicetest"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

const topic = "com.apple.mgmt.External.0f6c1f5e"

// server is an engine behind fiber on a loopback port, with all it stands on.
type server struct {
	t       testing.TB
	url     string
	engine  *mdm.Engine
	store   *memory
	steward *ear
	push    *mirrorAndPusher
	keys    *onetime.Keys
	ca      *ca.CA
	log     *buffer
	nano    *nano // nil: devices connect to the engine

	ago atomic.Int64 // how long ago the authority issues what it issues now

	mu     sync.Mutex
	counts map[string]int
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func serve(t testing.TB, fleet custody.FleetKind, ids ...custody.DeviceID) *server {
	t.Helper()
	return serveBy(t, nil, fleet, ids...)
}

func serveBy(t testing.TB, other *nano, fleet custody.FleetKind, ids ...custody.DeviceID) *server {
	t.Helper()
	s := &server{
		nano: other,
		t:    t, store: newMemory(fleet, ids...), steward: &ear{}, log: &buffer{},
		push: &mirrorAndPusher{kept: map[custody.DeviceID][]byte{}}, counts: map[string]int{},
	}
	if other != nil {
		s.steward.takes = s.store.enrol
	}
	var err error
	if s.keys, err = onetime.Open(t.Context(), s.store); err != nil {
		t.Fatal(err)
	}
	if s.ca, err = ca.Open(t.Context(), s.store, ca.Options{
		Organisation: "St Elsewhere", Now: func() time.Time { return time.Now().Add(-time.Duration(s.ago.Load())) },
	}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + ln.Addr().String()
	s.engine, err = mdm.New(mdm.Options{
		Store: s.store, Steward: s.steward, CA: s.ca, Keys: s.keys, Pusher: s.push, Live: s.push, Remote: other.remote(),
		Devices: machineinfo.Issuers{apple(t).Certificate}, BaseURL: s.url, Topic: topic, Organisation: "St Elsewhere", Lookup: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		Count: func(name, reason string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.counts[name+" "+reason]++
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{
		Immutable: true, ReadBufferSize: 32 << 10, BodyLimit: 1 << 20, DisableStartupMessage: true,
	})
	s.engine.Mount(app)
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() {
		client.CloseIdleConnections() // shutting down waits for them
		_ = app.ShutdownWithTimeout(2 * time.Second)
	})
	return s
}

// apple stands for Apple's authority of devices in all tests.
func apple(t testing.TB) *devicetest.Authority {
	appleOnce.Do(func() { appleIs = devicetest.NewAuthority(t) })
	return appleIs
}

var (
	appleOnce sync.Once
	appleIs   *devicetest.Authority
)

// counted says how often a reason was counted.
func (s *server) counted(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[key]
}

var client = &http.Client{
	Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends a request and holds every answer to what all must keep to: no 401.
func (s *server) do(method, path string, header http.Header, body []byte) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: the server is gone: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		s.t.Errorf("%s %s was answered 401", method, path)
	}
	return resp.StatusCode, b
}

// allCounts are the counters as they stand.
func (s *server) allCounts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// since says what was counted since then, in order.
func (s *server) since(before map[string]int) string {
	var all []string
	for key, n := range s.allCounts() {
		if n > before[key] {
			all = append(all, fmt.Sprint(key, "+", n-before[key]))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
