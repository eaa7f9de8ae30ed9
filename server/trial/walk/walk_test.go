package walk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/trial"
	"github.com/padwarden/padwarden/server/trial/trialtest"
	"github.com/padwarden/padwarden/server/trial/walk"
)

// server is the API as a trial sees it, over one iPad in memory.
type server struct {
	t *testing.T
	*trialtest.Store
	office *trial.Office
	http   *httptest.Server

	mu   sync.Mutex
	down int // answers that fail
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, Store: trialtest.New(custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp))}
	s.Ward.Repush = []time.Duration{50 * time.Millisecond} // an iPad that is away is silent for 100 ms
	key, err := trial.OpenKey(t.Context(), s.Store)
	if err != nil {
		t.Fatal(err)
	}
	s.office = &trial.Office{Store: s.Store, Key: key, World: trial.Simulated, Because: "it is a test", Version: "test", Now: time.Now}
	mux := http.NewServeMux()
	answer := func(pattern string, f func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			down := s.down > 0
			s.down = max(s.down-1, 0)
			s.mu.Unlock()
			v, err := f(r)
			var no *custody.Refusal
			switch {
			case down:
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			case r.Header.Get("Authorization") != "Bearer token":
				w.WriteHeader(http.StatusUnauthorized)
				v = map[string]string{"title": "This token is not known."}
			case errors.As(err, &no):
				w.WriteHeader(http.StatusConflict)
				v = map[string]string{"title": no.Sentence}
			case err != nil:
				w.WriteHeader(http.StatusNotFound)
				v = map[string]string{"title": "There is nothing here by that name."}
			}
			if err := json.NewEncoder(w).Encode(v); err != nil {
				t.Error(err)
			}
		})
	}
	answer("GET /api/v1/devices/{id}", func(r *http.Request) (any, error) {
		row, err := s.Custody(r.Context(), custody.DeviceID(r.PathValue("id")))
		return map[string]any{"state": row.State, "evidence": "evidence", "custody": row}, err
	})
	answer("GET /api/v1/devices/{id}/history", func(r *http.Request) (any, error) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		entries, err := s.History(r.Context(), custody.DeviceID(r.PathValue("id")), after, 1000)
		return map[string]any{"entries": entries}, err
	})
	answer("GET /api/v1/devices/{id}/trial", func(r *http.Request) (any, error) {
		return s.office.Begin(r.Context(), custody.DeviceID(r.PathValue("id")))
	})
	answer("POST /api/v1/trials", func(r *http.Request) (any, error) {
		var c trial.Claim
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			return nil, err
		}
		return s.office.File(r.Context(), c, "Ada")
	})
	answer("GET /api/v1/trials/key", func(*http.Request) (any, error) {
		return map[string]any{"key": base64.StdEncoding.EncodeToString(s.office.Public())}, nil
	})
	s.http = httptest.NewServer(mux)
	t.Cleanup(s.http.Close)
	return s
}

// person types an answer, and does something to the iPad, when the terminal
// says what they wait for.
type person struct {
	mu    sync.Mutex
	said  bytes.Buffer
	types *io.PipeWriter
	hears func(message string) (line string)
	heard chan string
}

func (p *person) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.said.Write(b)
	p.mu.Unlock()
	p.heard <- string(b)
	return len(b), nil
}

// walks runs a walk with a person.
func (s *server) walks(ctx context.Context, o walk.Options, hears func(message string) (line string)) (string, error) {
	s.t.Helper()
	api, err := walk.NewAPI(s.http.URL, "token")
	if err != nil {
		s.t.Fatal(err)
	}
	in, types := io.Pipe()
	p := &person{types: types, hears: hears, heard: make(chan string, 1000)}
	o.API, o.Device, o.In, o.Out, o.Poll = api, "DMPX01", in, p, 5*time.Millisecond
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message := range p.heard {
			if line := p.hears(message); line != "" {
				if _, err := io.WriteString(types, line+"\n"); err != nil {
					return
				}
			}
		}
	}()
	err = walk.Run(ctx, o)
	_ = in.Close()
	close(p.heard)
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String(), err
}

// obeys is a person and an iPad that do as they are told.
func (s *server) obeys(message string) string {
	has := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case has("What is this iPad called"):
		return "iPad (10th generation)"
	case has("anything of the person before"):
		return "n"
	case has("[y/n"):
		return "y"
	case has("What does it show"):
		return "the badge page"
	case has("network back"):
		s.Says(custody.KindHandedOver, "", "device_lock DeviceLock attempt 1 u")
		s.Says(custody.KindLockEnded, "", "confirmed: app lock seen")
	case has("Take the network away"), has("Restart it"):
		s.Becomes(custody.Locked)
		s.Says(custody.KindLockAsked, "timer", "idle")
	case has("Write something"):
		s.Becomes(custody.Locked)
		s.Says(custody.KindLockAsked, "timer", "idle")
		s.Says(custody.KindLockEnded, "", "confirmed: app lock seen")
	case has("tap the same badge again"):
		s.Becomes(custody.InUse)
		s.Says(custody.KindSessionResumed, "ada", "")
		s.Says(custody.KindOpenConfirmed, "device", "")
	case has("Tap a badge"):
		s.Becomes(custody.InUse)
		s.Says(custody.KindSessionOpened, "ada", "")
		s.Says(custody.KindOpenConfirmed, "device", "")
	}
	return ""
}

// claimed is what is in the file.
func claimed(t *testing.T, file string) map[string]trial.Tried {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c trial.Claim
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	all := map[string]trial.Tried{}
	for _, s := range c.Steps {
		all[s.Name] = s
	}
	return all
}

func TestAWalkIsSignedAndVerified(t *testing.T) {
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "t.json")
	said, err := s.walks(t.Context(), walk.Options{File: file, Only: []string{"open", "lock", "resume", "wifi"}}, s.obeys)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for name, tried := range claimed(t, file) {
		if tried.Outcome != trial.Passed {
			t.Errorf("%s: %+v\n%s", name, tried, said)
		}
	}
	signed := strings.TrimSuffix(file, ".json") + ".signed.json"
	text, err := walk.Verify(signed, s.office.Public())
	if err != nil || !strings.Contains(text, "### Wi-Fi loss: passed") || !strings.Contains(text, "### Wipe: not tried") || !strings.Contains(text, "SIMULATED") {
		t.Errorf("%v\n%s", err, text)
	}
	if written, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".md"); err != nil || string(written) != text {
		t.Errorf("the table to read is another: %v\n%s", err, written)
	}
	forged, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(signed, bytes.Replace(forged, []byte("simulated"), []byte("hardware"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := walk.Verify(signed, s.office.Public()); !errors.Is(err, trial.ErrForged) {
		t.Errorf("a simulation that calls itself hardware: %v\n%s", err, text)
	}
}

// Ctrl-C in the middle keeps what was done, and the same command goes on.
func TestAWalkGoesOnWhereItEnded(t *testing.T) {
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "t.json")
	ctx, ctrlC := context.WithCancel(t.Context())
	said, err := s.walks(ctx, walk.Options{File: file, Only: []string{"open", "lock"}}, func(message string) string {
		if strings.Contains(message, "Write something") {
			ctrlC()
			return ""
		}
		return s.obeys(message)
	})
	if err != nil || !strings.Contains(said, "What was done is in "+file) {
		t.Fatalf("%v\n%s", err, said)
	}
	if got := claimed(t, file); len(got) != 1 || got["open"].Outcome != trial.Passed {
		t.Fatalf("%+v", got)
	}
	asked := 0
	said, err = s.walks(t.Context(), walk.Options{File: file, Only: []string{"open", "lock"}}, func(message string) string {
		if strings.Contains(message, "Tap a badge") || strings.Contains(message, "What is this iPad called") {
			asked++
		}
		return s.obeys(message)
	})
	if got := claimed(t, file); err != nil || asked != 0 || got["lock"].Outcome != trial.Passed || !strings.Contains(said, "passed before") {
		t.Errorf("%v, asked again %d times, %+v\n%s", err, asked, got, said)
	}
}

func TestHowAStepComesOut(t *testing.T) {
	for name, c := range map[string]struct {
		step    string
		hears   func(s *server, message string) string
		outcome trial.Outcome
		note    string
	}{
		"eyes that see otherwise": {"open", func(s *server, m string) string {
			switch {
			case strings.Contains(m, "show the name"):
				return "n"
			case strings.Contains(m, "What did you see"):
				return "another's name"
			}
			return s.obeys(m)
		}, trial.Failed, "no: another's name"},
		"eyes that cannot see": {"open", func(s *server, m string) string {
			if strings.Contains(m, "show the name") {
				return "?"
			}
			return s.obeys(m)
		}, trial.NotTried, "Not seen"},
		"skipped": {"open", func(s *server, m string) string {
			if strings.Contains(m, "Tap a badge") {
				return "s"
			}
			return s.obeys(m)
		}, trial.NotTried, "Skipped"},
		"called failed": {"open", func(s *server, m string) string {
			if strings.Contains(m, "Tap a badge") {
				return "f"
			}
			return s.obeys(m)
		}, trial.Failed, "a badge opened a session"},
		"never brought there": {"resume", func(s *server, m string) string {
			if strings.Contains(m, "It is clean") {
				return "s"
			}
			return s.obeys(m)
		}, trial.NotTried, "not brought"},
		"an iPad that is not away": {"wifi", func(s *server, m string) string {
			if strings.Contains(m, "Take the network away") {
				s.Says(custody.KindLockAsked, "timer", "idle")
				s.After(-990 * time.Millisecond) // heard 10 ms later
				s.Says(custody.KindHandedOver, "", "device_lock DeviceLock attempt 1 u")
				return ""
			}
			return s.obeys(m)
		}, trial.Failed, "It was not away"},
		"a lock that comes too late": {"lock", func(s *server, m string) string {
			if strings.Contains(m, "Write something") {
				s.Says(custody.KindLockAsked, "timer", "idle")
				s.After(time.Hour)
				s.Says(custody.KindLockEnded, "", "confirmed: app lock seen")
				return ""
			}
			return s.obeys(m)
		}, trial.Failed, "longer than"},
		"a server that is away for a moment": {"open", func(s *server, m string) string {
			if strings.Contains(m, "Tap a badge") {
				s.mu.Lock()
				s.down = 5
				s.mu.Unlock()
			}
			return s.obeys(m)
		}, trial.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			if c.step == "lock" || c.step == "wifi" {
				s.Becomes(custody.InUse)
			}
			file := filepath.Join(t.TempDir(), "t.json")
			said, err := s.walks(t.Context(), walk.Options{File: file, Only: []string{c.step}}, func(m string) string { return c.hears(s, m) })
			got := claimed(t, file)[c.step]
			if got.Outcome != c.outcome || !strings.Contains(got.Note, c.note) {
				t.Errorf("%v %+v\n%s", err, got, said)
			}
			if err != nil || (c.outcome == trial.NotTried) != strings.Contains(said, "Nothing was tried") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

// Nobody waits for ever: what does not come within its time has failed.
func TestAWaitIsBounded(t *testing.T) {
	s := newServer(t)
	s.Becomes(custody.InUse)
	file := filepath.Join(t.TempDir(), "t.json")
	s.Ward.AutoLock, s.Ward.Evidence = 0, custody.EvidencePage
	begun, err := s.office.Begin(t.Context(), "DMPX01")
	if err != nil {
		t.Fatal(err)
	}
	// The same trial with no patience, as its own server might have begun it.
	var b trial.Beginning
	if err := json.Unmarshal(begun.Body, &b); err != nil {
		t.Fatal(err)
	}
	for i := range b.Steps {
		b.Steps[i].Phases[0].Patience = trial.Duration(30 * time.Millisecond)
	}
	begun.Body, err = json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(trial.Claim{Beginning: begun, Called: "iPad"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := s.walks(t.Context(), walk.Options{File: file, Only: []string{"lock"}}, func(m string) string {
		if strings.Contains(m, "Have the server sign") {
			return "y"
		}
		return "" // and nobody does anything
	})
	if got := claimed(t, file)["lock"]; got.Outcome != trial.Failed || !strings.Contains(got.Note, "a lock was asked for") {
		t.Errorf("%+v\n%s", got, said)
	}
	if err == nil || !strings.Contains(err.Error(), "did not begin this trial") {
		t.Errorf("a beginning that was changed: %v", err)
	}
}

func TestWhatCannotBeWalked(t *testing.T) {
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "t.json")
	if said, err := s.walks(t.Context(), walk.Options{File: file, Only: []string{"fly"}}, s.obeys); err == nil || !strings.Contains(err.Error(), "no step") {
		t.Errorf("%v\n%s", err, said)
	}
	if said, err := s.walks(t.Context(), walk.Options{File: file, Only: []string{"open"}}, s.obeys); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	s.Record.OSVersion = "26.0"
	if said, err := s.walks(t.Context(), walk.Options{File: file}, s.obeys); err == nil || !strings.Contains(err.Error(), "another iPadOS") {
		t.Errorf("%v\n%s", err, said)
	}
	for _, address := range []string{"http://ipads.example.org", "ftp://127.0.0.1", "https://u:p@ipads.example.org", "https://ipads.example.org/x", "", "https://"} {
		if _, err := walk.NewAPI(address, "token"); err == nil {
			t.Errorf("a token is sent to %q", address)
		}
	}
	for _, address := range []string{"https://ipads.example.org", "https://ipads.example.org/", "http://localhost:8080", "http://[::1]:8080"} {
		if _, err := walk.NewAPI(address, "token"); err != nil {
			t.Error(err)
		}
	}
}

// A redirect is not followed: the token is for one server.
func TestTheTokenStaysHere(t *testing.T) {
	got := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	defer other.Close()
	here := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	api, err := walk.NewAPI(here.URL, "token")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Key(t.Context()); err == nil {
		t.Error("no error")
	}
	select {
	case token := <-got:
		t.Errorf("another server was asked, with %q", token)
	default:
	}
}
