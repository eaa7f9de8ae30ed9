package ade

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/micromdm/nanodep/client"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// apple is as much of Apple's device assignment service as its documentation
// shows: a session by OAuth 1.0a, a list in pages with cursors, profiles.
type apple struct {
	t     *testing.T
	http  *httptest.Server
	token client.OAuth1Tokens

	mu       sync.Mutex
	session  string
	sessions int
	nonces   map[string]bool
	devices  []map[string]any // the log of what happened, in order
	born     int              // cursors made before are expired
	pageSize int
	profiles map[string]map[string]any
	assigned map[string]string // by serial
	words    map[string]string // answers to an assignment, other than SUCCESS
	calls    []string
	fail     func(path string) (int, string)
}

func newApple(t *testing.T) *apple {
	a := &apple{
		t: t, nonces: map[string]bool{}, profiles: map[string]map[string]any{}, assigned: map[string]string{}, words: map[string]string{}, pageSize: 100,
		token: client.OAuth1Tokens{ConsumerKey: "CK_1", ConsumerSecret: "CS_1", AccessToken: "AT_1", AccessSecret: "AS_1", AccessTokenExpiry: time.Now().AddDate(1, 0, 0)},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /session", a.signIn)
	mux.HandleFunc("POST /server/devices", a.in(a.fetch))
	mux.HandleFunc("POST /devices/sync", a.in(a.sync))
	mux.HandleFunc("POST /profile", a.in(a.define))
	mux.HandleFunc("PUT /profile/devices", a.in(a.assign))
	a.http = httptest.NewServer(mux)
	t.Cleanup(a.http.Close)
	return a
}

func (a *apple) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF8")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.t.Error(err)
	}
}

// signIn verifies an OAuth 1.0a signature (RFC 5849, HMAC-SHA1).
func (a *apple) signIn(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, "session")
	if status, body := a.failing("/session"); status != 0 {
		http.Error(w, body, status)
		return
	}
	if why := a.forged(r); why != "" {
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	a.sessions++
	a.session = fmt.Sprintf("session-%d", a.sessions)
	a.answer(w, map[string]string{"auth_session_token": a.session})
}

func (a *apple) forged(r *http.Request) string {
	params := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth "), ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		params[k], _ = url.QueryUnescape(strings.Trim(v, `"`))
	}
	if params["oauth_consumer_key"] != a.token.ConsumerKey || params["oauth_token"] != a.token.AccessToken || params["oauth_signature_method"] != "HMAC-SHA1" {
		return "oauth_problem: another's token"
	}
	if a.nonces[params["oauth_nonce"]] {
		return "oauth_problem: nonce used"
	}
	a.nonces[params["oauth_nonce"]] = true
	var pairs []string
	for k, v := range params {
		if k != "oauth_signature" && k != "realm" {
			pairs = append(pairs, percent(k)+"="+percent(v))
		}
	}
	slices.Sort(pairs)
	base := "GET&" + percent(a.http.URL+"/session") + "&" + percent(strings.Join(pairs, "&"))
	m := hmac.New(sha1.New, []byte(percent(a.token.ConsumerSecret)+"&"+percent(a.token.AccessSecret)))
	m.Write([]byte(base))
	if base64.StdEncoding.EncodeToString(m.Sum(nil)) != params["oauth_signature"] {
		return "oauth_problem: signature"
	}
	return ""
}

func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func (a *apple) failing(path string) (int, string) {
	if a.fail == nil {
		return 0, ""
	}
	return a.fail(path)
}

// in lets a request of the present session through.
func (a *apple) in(serve func(w http.ResponseWriter, body map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls = append(a.calls, r.URL.Path)
		if r.Header.Get("X-ADM-Auth-Session") != a.session || a.session == "" {
			http.Error(w, "UNAUTHORIZED", http.StatusUnauthorized)
			return
		}
		if status, body := a.failing(r.URL.Path); status != 0 {
			http.Error(w, body, status)
			return
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			a.t.Errorf("%s: %v", r.URL.Path, err)
		}
		serve(w, body)
	}
}

// cursors are "birth-position".
func (a *apple) page(w http.ResponseWriter, cursor string, exhausts bool) {
	from := 0
	if cursor != "" {
		birth, at, _ := strings.Cut(cursor, "-")
		if b, err := strconv.Atoi(birth); err != nil || b != a.born {
			http.Error(w, "EXPIRED_CURSOR", http.StatusBadRequest)
			return
		}
		from, _ = strconv.Atoi(at)
		if exhausts && from >= len(a.devices) {
			http.Error(w, "EXHAUSTED_CURSOR", http.StatusBadRequest)
			return
		}
	}
	to := min(from+a.pageSize, len(a.devices))
	a.answer(w, map[string]any{
		"cursor": fmt.Sprintf("%d-%d", a.born, to), "more_to_follow": to < len(a.devices),
		"fetched_until": time.Now().UTC().Format(time.RFC3339), "devices": a.devices[from:to],
	})
}

func (a *apple) fetch(w http.ResponseWriter, body map[string]any) {
	cursor, _ := body["cursor"].(string)
	a.page(w, cursor, true)
}

func (a *apple) sync(w http.ResponseWriter, body map[string]any) {
	cursor, _ := body["cursor"].(string)
	if cursor == "" {
		http.Error(w, "CURSOR_REQUIRED", http.StatusBadRequest)
		return
	}
	a.page(w, cursor, false)
}

func (a *apple) define(w http.ResponseWriter, body map[string]any) {
	id := fmt.Sprintf("PROFILE%d", len(a.profiles)+1)
	a.profiles[id] = body
	a.answer(w, map[string]any{"profile_uuid": id, "devices": map[string]string{}})
}

func (a *apple) assign(w http.ResponseWriter, body map[string]any) {
	id, _ := body["profile_uuid"].(string)
	if a.profiles[id] == nil {
		http.Error(w, "PROFILE_NOT_FOUND", http.StatusNotFound)
		return
	}
	words := map[string]string{}
	for _, s := range body["devices"].([]any) {
		serial := s.(string)
		if words[serial] = a.words[serial]; words[serial] == "" {
			words[serial], a.assigned[serial] = "SUCCESS", id
		}
	}
	words["INTRUDER"] = "SUCCESS" // that nobody asked for
	a.answer(w, map[string]any{"profile_uuid": id, "devices": words})
}

// happens adds to the log: serial and what happened to it, "" on a fresh list.
func (a *apple) happens(op string, serials ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range serials {
		d := map[string]any{"serial_number": s, "model": "iPad (10th generation)", "device_family": "iPad", "profile_status": "empty"}
		if op != "" {
			d["op_type"] = op
		}
		a.devices = append(a.devices, d)
	}
}

func (a *apple) set(f func()) { a.mu.Lock(); defer a.mu.Unlock(); f() }

func (a *apple) said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.calls
	a.calls = nil
	return out
}

// world is a service over a real ledger and the fake, with D000 to D002 in ward
// 4B (one-user) and S0 in ward 5A (Shared iPad).
type world struct {
	*Service
	apple  *apple
	ledger *ledger.Ledger
	counts map[string]int
	now    time.Time
}

func newWorld(t *testing.T) *world {
	l := ledgertest.Open(t, ledgertest.SQLite(t))
	ledgertest.Populate(t, l, 3)
	ctx := context.Background()
	must(t, l.AddWard(ctx, ledger.Ward{ID: "5A", Name: "5A", Policy: custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)}))
	must(t, l.AddDevice(ctx, ledger.Device{ID: "S0", Ward: "5A", Name: "5A-00"}))
	w := &world{apple: newApple(t), ledger: l, counts: map[string]int{}, now: time.Now()}
	token := w.apple.token
	var err error
	w.Service, err = New(Options{
		Store: l, Token: &token, Apple: w.apple.http.URL, BaseURL: "https://ipads.hospital.example", Path: "/enroll", Organisation: "St Elsewhere",
		Count: func(reason string) { w.counts[reason]++ }, Now: func() time.Time { return w.now },
	})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) once(t *testing.T) Report {
	t.Helper()
	r, err := w.Once(t.Context())
	must(t, err)
	return r
}
