package remote_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/remote"
)

// nano answers one way and remembers what it was asked.
type nano struct {
	status int
	says   string
	asked  []string
}

func (n *nano) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name, key, _ := r.BasicAuth()
	n.asked = append(n.asked, strings.Join([]string{r.Method, r.RequestURI, name, key, string(body)}, " "))
	if n.status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(n.status)
	_, _ = io.WriteString(w, n.says)
}

func open(t *testing.T, n *nano) *remote.Server {
	t.Helper()
	at := httptest.NewServer(n)
	t.Cleanup(at.Close)
	s, err := remote.New(at.URL+"/", "the-key")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatTheServerIsAsked(t *testing.T) {
	n := &nano{status: 200}
	s := open(t, n)
	if err := errors.Join(s.Enqueue(t.Context(), "00008030-0A/../x", []byte("<plist/>")), s.Push(t.Context(), "UDID:user a")); err != nil {
		t.Fatal(err)
	}
	want := []string{"PUT /v1/enqueue/00008030-0A%2F..%2Fx?nopush=1 nanomdm the-key <plist/>", "GET /v1/push/UDID:user%20a nanomdm the-key "}
	if strings.Join(n.asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked %q", n.asked)
	}
}

func TestWhatTheServerAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		says   string
		ok     bool
		part   string
	}{
		"known, in memory":   {500, `{"command_error":"command already exists: 1"}`, true, ""},
		"known, PostgreSQL":  {500, `{"command_error":"pq: duplicate key value violates unique constraint"}`, true, ""},
		"known, MySQL":       {500, `{"command_error":"Error 1062: Duplicate entry '1' for key"}`, true, ""},
		"one failed":         {500, `{"status":{"U":{"command_error":"disk is full"}}}`, false, "disk is full"},
		"the key is wrong":   {401, `no`, false, "API key"},
		"not NanoMDM at all": {404, `<html>`, false, "404"},
		"moved":              {302, ``, false, "302"},
	} {
		n := &nano{status: c.status, says: c.says}
		err := open(t, n).Enqueue(t.Context(), "U", []byte("x"))
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), c.part) || err != nil && strings.Contains(err.Error(), "the-key") {
			t.Errorf("%s: %v", name, err)
		}
		if len(n.asked) != 1 {
			t.Errorf("%s: asked %d times", name, len(n.asked))
		}
	}
	s, err := remote.New("http://127.0.0.1:1", "k")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Enqueue(t.Context(), "U", nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://mdm.example.org": true, "https://mdm.example.org/": true, "http://127.0.0.1:9000": true, "http://localhost": true,
		"http://mdm.example.org": false, "https://key@mdm.example.org": false, "https://mdm.example.org/mdm": false,
		"https://mdm.example.org?x=1": false, "mdm.example.org": false, "": false, "ftp://mdm.example.org": false,
	} {
		if _, err := remote.New(address, "k"); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := remote.New("https://mdm.example.org", ""); err == nil {
		t.Error("without a key")
	}
}

var key = []byte("a key of both servers")

func sign(body string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func TestReadingAnEvent(t *testing.T) {
	connect := `{"topic":"mdm.Connect","created_at":"2026-11-23T07:00:00Z","acknowledge_event":{"ids":{"id":"UDID-1","type":"Device"},"raw_payload":"PHBsaXN0Lz4=","status":"Idle","url_params":{"enrolment":"x"}}}`
	e, err := remote.Read(key, sign(connect), []byte(connect))
	if err != nil || e.Checkin || e.Enrolment != "UDID-1" || string(e.Payload) != "<plist/>" || e.Params["enrolment"] != "x" || e.Created.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	checkin := strings.ReplaceAll(connect, "acknowledge_event", "checkin_event")
	if e, err = remote.Read(key, sign(checkin), []byte(checkin)); err != nil || !e.Checkin {
		t.Errorf("%+v, %v", e, err)
	}
	for name, signature := range map[string]string{"none": "", "junk": "%%", "of another body": sign(checkin), "short": "AA=="} {
		if _, err := remote.Read(key, signature, []byte(connect)); !errors.Is(err, remote.ErrSignature) {
			t.Errorf("signature %s: %v", name, err)
		}
	}
	if _, err := remote.Read(nil, sign(connect), []byte(connect)); !errors.Is(err, remote.ErrSignature) {
		t.Errorf("without a key everybody would be believed: %v", err)
	}
	for _, body := range []string{"", "{}", "[]", `{"checkin_event":{}}`, `{"checkin_event":{"ids":{"id":"U"}}}`, `{"checkin_event":{"ids":{"id":"U"},"raw_payload":"%"}}`,
		`{"checkin_event":{"ids":{"id":"U"},"raw_payload":"eA=="},"acknowledge_event":{"ids":{"id":"U"},"raw_payload":"eA=="}}`} {
		if _, err := remote.Read(key, sign(body), []byte(body)); !errors.Is(err, remote.ErrEvent) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"checkin_event":{"ids":{"id":"U"},"raw_payload":"eA=="}}`))
	f.Add([]byte(`{"created_at":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := remote.Read(key, sign(string(body)), body)
		if err == nil && (e.Enrolment == "" || len(e.Payload) == 0) {
			t.Errorf("%+v", e)
		}
	})
}
