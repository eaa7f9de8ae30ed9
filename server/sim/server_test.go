package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/smallstep/pkcs7"
	"golang.org/x/net/http2"
)

const testTopic = "com.apple.mgmt.External.test"

// mdmServer is a small MDM server for the devices to be tested against.
type mdmServer struct {
	t      *testing.T
	http   *httptest.Server
	ca     *scepAuthority
	apns   *APNs
	client *http.Client // pushes
	kiosk  *kioskServer

	mu        sync.Mutex
	checkIns  []dict
	connects  []dict
	certs     []string // hash of the signer, per connect
	queue     map[string][]dict
	addresses map[string]address // by channel
	unlock    []byte
	failing   func(*http.Request) int // status to answer instead; 0: none
	profile   func(string) []byte     // instead of the usual enrolment profile
	plain     bool                    // do not ask for signatures
	answer    dict                    // to ReturnToService; nil: refused
	forget    bool                    // drop what got NotNow, and go on with the next command
}

func newServer(t *testing.T, apns *APNs) *mdmServer {
	s := &mdmServer{t: t, apns: apns, ca: newSCEPAuthority(t), queue: map[string][]dict{}, addresses: map[string]address{}}
	s.kiosk = newKioskServer()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /enroll", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(s.enrolment("challenge")) })
	mux.HandleFunc("/scep", s.ca.serve)
	mux.HandleFunc("PUT /mdm", s.serveMDM)
	s.kiosk.routes(mux)
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		failing := s.failing
		s.mu.Unlock()
		if failing != nil {
			if status := failing(r); status != 0 {
				w.WriteHeader(status)
				return
			}
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.http.Close)
	cert, err := apns.PushCertificate(testTopic)
	must(t, err)
	s.client = &http.Client{Transport: &http2.Transport{TLSClientConfig: &tls.Config{RootCAs: apns.CAs(), Certificates: []tls.Certificate{cert}}}}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func (s *mdmServer) fail(f func(*http.Request) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = f
}

func payload(kind, id string, more dict) map[string]any {
	p := map[string]any{"PayloadType": kind, "PayloadIdentifier": id, "PayloadUUID": "uuid-" + id, "PayloadVersion": 1}
	for k, v := range more {
		p[k] = v
	}
	return p
}

// mobileconfig makes a configuration profile.
func mobileconfig(t *testing.T, id string, payloads ...any) []byte {
	b, err := encodeDict(payload("Configuration", id, dict{"PayloadContent": payloads}))
	must(t, err)
	return b
}

func (s *mdmServer) enrolment(challenge string) []byte {
	s.mu.Lock()
	custom := s.profile
	s.mu.Unlock()
	if custom != nil {
		return custom(challenge)
	}
	return s.usualEnrolment(challenge, dict{})
}

// usualEnrolment is an enrolment profile with some keys of the MDM payload changed.
func (s *mdmServer) usualEnrolment(challenge string, change dict) []byte {
	mdm := dict{"IdentityCertificateUUID": "uuid-scep", "Topic": testTopic, "ServerURL": s.http.URL + "/mdm", "CheckInURL": s.http.URL + "/mdm",
		"AccessRights": 8191, "SignMessage": true, "CheckOutWhenRemoved": true, "ServerCapabilities": []any{perUserCapacity}}
	for k, v := range change {
		mdm[k] = v
	}
	return mobileconfig(s.t, "enrolment",
		payload(typeSCEP, "scep", dict{"PayloadContent": map[string]any{
			"URL": s.http.URL + "/scep", "Challenge": challenge, "Keysize": 2048,
			"Subject": []any{[]any{[]any{"O", "Ward"}}, []any{[]any{"CN", "SERIAL"}}}}}),
		payload(typeMDM, "mdm", mdm))
}

func (s *mdmServer) serveMDM(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	msg, derr := decodeDict(body)
	if err != nil || derr != nil {
		http.Error(w, "bad plist", http.StatusBadRequest)
		return
	}
	hash, err := s.verify(body, r.Header.Get("Mdm-Signature"))
	if err != nil && !s.plain {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := msg.str("UserShortName")
	if r.Header.Get("Content-Type") == typeCheckIn {
		s.checkIns = append(s.checkIns, msg)
		if msg.str("MessageType") == "Authenticate" {
			clear(s.queue) // what was meant for the old enrolment
		}
		if msg.str("MessageType") == "ReturnToService" {
			if s.answer == nil {
				http.Error(w, "not being wiped", http.StatusForbidden)
				return
			}
			b, _ := encodeDict(s.answer)
			_, _ = w.Write(b)
		}
		if msg.str("MessageType") == "TokenUpdate" {
			s.addresses[channel] = address{msg.data("Token"), msg.str("PushMagic")}
			if channel == "" {
				s.unlock = msg.data("UnlockToken")
			}
		}
		return
	}
	s.connects, s.certs = append(s.connects, msg), append(s.certs, hash)
	q := s.queue[channel]
	if len(q) > 0 && msg.str("CommandUUID") == q[0].str("CommandUUID") {
		if msg.str("Status") == "NotNow" && !s.forget {
			return // nothing more on this connection
		}
		q = q[1:]
		s.queue[channel] = q
	}
	if len(q) > 0 {
		b, _ := encodeDict(q[0])
		_, _ = w.Write(b)
	}
}

// verify checks a detached signature and that our authority issued its certificate.
func (s *mdmServer) verify(body []byte, header string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return "", err
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return "", err
	}
	p7.Content = body
	if err := p7.VerifyWithChain(s.ca.pool()); err != nil {
		return "", err
	}
	return identity{cert: p7.GetOnlySigner()}.hash(), nil
}

// command queues a command and returns its CommandUUID.
func (s *mdmServer) command(channel, request string, fields dict) string {
	id := uuid.NewString()
	cmd := map[string]any{"RequestType": request}
	for k, v := range fields {
		cmd[k] = v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue[channel] = append(s.queue[channel], dict{"CommandUUID": id, "Command": cmd})
	return id
}

// nudge pushes a channel and returns APNs' status and reason.
func (s *mdmServer) nudge(channel string) (int, string) {
	s.mu.Lock()
	a := s.addresses[channel]
	s.mu.Unlock()
	return s.push(a, func(*http.Request) {})
}

func (s *mdmServer) push(a address, change func(*http.Request)) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/3/device/%x", s.apns.URL(), a.token), strings.NewReader(`{"mdm":"`+a.magic+`"}`))
	must(s.t, err)
	req.Header.Set("apns-topic", testTopic)
	req.Header.Set("apns-push-type", "mdm")
	req.Header.Set("apns-expiration", fmt.Sprint(s.apns.clock.Now().Add(time.Hour).Unix()))
	change(req)
	resp, err := s.client.Do(req)
	must(s.t, err)
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(bytes.TrimSpace(b))
}

// do queues a command, pushes and waits for its terminal report.
func (s *mdmServer) do(channel, request string, fields dict) dict {
	s.t.Helper()
	id := s.command(channel, request, fields)
	s.nudge(channel)
	return s.report(id)
}

func (s *mdmServer) report(id string) dict {
	s.t.Helper()
	var got dict
	eventually(s.t, "the report of "+id, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, m := range s.connects {
			if m.str("CommandUUID") == id && m.str("Status") != "NotNow" {
				got = m
			}
		}
		return got != nil
	})
	return got
}

func (s *mdmServer) seen(kind string) []dict {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []dict
	for _, m := range append(append([]dict(nil), s.checkIns...), s.connects...) {
		if m.str("MessageType") == kind || m.str("Status") == kind {
			out = append(out, m)
		}
	}
	return out
}

func (s *mdmServer) awaitSeen(kind string, n int) []dict {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%d × %s", n, kind), func() bool { return len(s.seen(kind)) >= n })
	return s.seen(kind)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never came: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}
