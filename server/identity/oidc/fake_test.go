package oidc

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// memory is live's keyed store and a clock that only a test moves.
type memory struct {
	mu     sync.Mutex
	now    time.Time
	values map[string][]byte
	ends   map[string]time.Time
	begun  int64
}

func (m *memory) Now() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.now }

func (m *memory) advance(d time.Duration) { m.mu.Lock(); defer m.mu.Unlock(); m.now = m.now.Add(d) }

func (m *memory) Put(_ context.Context, key string, v []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key], m.ends[key] = v, m.now.Add(ttl)
	return nil
}

func (m *memory) Take(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	delete(m.values, key)
	if !ok || !m.now.Before(m.ends[key]) {
		return nil, fmt.Errorf("taking %s: %w", key, custody.ErrNotFound)
	}
	return v, nil
}

func (m *memory) Count(context.Context, string, time.Duration) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun++
	return m.begun, nil
}

// key signs the fake provider's tokens: one for all tests, for it takes a while to make.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// fake is a provider that a test can have say anything.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	down      bool
	says      map[string]any // claims that are added, or with nil left out
	sign      func(header, payload string) string
	header    string
	challenge string // the last sign-in's (RFC 7636)
	refuses   string // an error of the token endpoint
	asked     int
}

const jwtHeader = `{"alg":"RS256","kid":"k"}`

func rs256(header, payload string) string {
	sum := sha256.Sum256([]byte(header + "." + payload))
	s, err := rsa.SignPKCS1v15(nil, key(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return b64(s)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newFake(t *testing.T) *fake {
	f := &fake{says: map[string]any{}, sign: rs256, header: jwtHeader}
	f.Server = httptest.NewServer(http.HandlerFunc(f.answer))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	w.Header().Set("Content-Type", "application/json")
	say := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch {
	case f.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/.well-known/openid-configuration":
		say(map[string]any{"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
			"scopes_supported": []string{"openid", "profile", "groups"}, "id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}})
	case r.URL.Path == "/keys":
		say(map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": b64(key().N.Bytes()), "e": b64(big.NewInt(int64(key().E)).Bytes())}}})
	case r.URL.Path == "/token" && f.refuses != "":
		w.WriteHeader(http.StatusBadRequest)
		say(map[string]any{"error": f.refuses, "error_description": "<b>call 555 0100</b>"})
	case r.URL.Path == "/token":
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if b64(sum[:]) != f.challenge || r.FormValue("code") != "the-code" {
			w.WriteHeader(http.StatusBadRequest)
			say(map[string]any{"error": "invalid_grant"})
			return
		}
		payload, _ := json.Marshal(f.says)
		head, body := b64([]byte(f.header)), b64(payload)
		say(map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": head + "." + body + "." + f.sign(head, body)})
	}
}

// world is a provider of ours over a fake one.
func world(t *testing.T) (*Provider, *fake, *memory) {
	t.Helper()
	f, m := newFake(t), &memory{now: time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC), values: map[string][]byte{}, ends: map[string]time.Time{}}
	p, err := New(Config{Issuer: f.URL, ClientID: "padwarden", Secret: "s", Live: m, Now: m.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return p, f, m
}

const redirect = "https://pads.example/console/hospital/callback"

// begun is a sign-in that was begun in a browser with this bind.
func begun(t *testing.T, p *Provider, f *fake, bind string) (state string) {
	t.Helper()
	address, err := p.Begin(t.Context(), Ask{RedirectURI: redirect, Bind: bind})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"client_id": "padwarden", "response_type": "code", "redirect_uri": redirect, "scope": "openid profile groups", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	now := p.Now().Unix()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.challenge = q.Get("code_challenge")
	for k, v := range map[string]any{"iss": f.URL, "sub": "42", "aud": "padwarden", "exp": now + 60, "iat": now, "nonce": q.Get("nonce"),
		"name": "Maria Keller", "preferred_username": "mkeller", "email": "boss@hospital.example", "groups": []string{"ward-leads", "all"}} {
		if _, given := f.says[k]; !given {
			f.says[k] = v
		}
	}
	for k, v := range f.says {
		if v == nil {
			delete(f.says, k)
		}
	}
	return q.Get("state")
}
