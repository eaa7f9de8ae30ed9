// Package oidc asks the hospital's own provider who somebody is, by OpenID
// Connect's code flow with PKCE. It says what the provider said and decides
// nothing: who that is here, and what they may do, is for package identity.
//
// The answer comes by a navigation from another site, so anybody can send one.
// It counts only with a state that was handed out less than five minutes ago, in
// the browser that it was handed to, once; the token in it only with the nonce of
// that state (OpenID Connect Core 1.0, 3.1; RFC 9700, 2.1).
//
// The provider may be down when the server starts, and at any time later: it is
// looked up when somebody wants to sign in, and again if that failed.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Store keeps what was asked until it is answered: live's.
type Store interface {
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Take reads and deletes in one step, or answers custody.ErrNotFound.
	Take(ctx context.Context, key string) ([]byte, error)
	Count(ctx context.Context, key string, ttl time.Duration) (int64, error)
}

// Config is what a [Provider] is made of. Issuer, ClientID, Live, Now and Rand
// are needed; Secret is where the provider gave one.
type Config struct {
	Issuer   string // https://…, exactly as the provider calls itself
	ClientID string
	Secret   string
	// GroupsClaim and AccountClaim name what a token says of somebody's groups and
	// of their name in the hospital's systems; empty: groups, preferred_username.
	GroupsClaim  string
	AccountClaim string

	Live Store
	Now  func() time.Time
	Rand io.Reader
	Log  *slog.Logger
}

const (
	// stateFor is how long somebody may take to sign in at the provider.
	stateFor = 5 * time.Minute
	// answerIn bounds everything that the provider is asked for at once.
	answerIn = 5 * time.Second
	// restFor is how long a provider that did not answer is left alone: everybody
	// who wants to sign in meanwhile is told at once.
	restFor = 2 * time.Second
	// maxAnswer bounds what is read of one of its answers, in bytes.
	maxAnswer = 1 << 20
	// maxBegun is how many sign-ins may be begun in a minute, everywhere: anybody
	// can begin one, and each is kept for five minutes.
	maxBegun = 1200
)

// Provider is the hospital's. It is safe for concurrent use.
type Provider struct {
	Config
	client *http.Client

	mu     sync.Mutex
	found  *discovered
	failed error
	tryAt  time.Time
}

// discovered is what the provider said of itself.
type discovered struct {
	oauth    oauth2.Config
	verifier *goidc.IDTokenVerifier
}

// New checks the configuration. It asks the provider nothing yet.
func New(c Config) (*Provider, error) {
	if c.ClientID == "" || c.Live == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("oidc: a client id, live, a clock and randomness are needed")
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		return nil, fmt.Errorf("oidc: issuer %q: want https:// and a host", c.Issuer)
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.AccountClaim == "" {
		c.AccountClaim = "preferred_username"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Provider{Config: c, client: &http.Client{Timeout: answerIn, Transport: bounded{http.DefaultTransport}}}, nil
}

func loopback(host string) bool {
	return slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, host)
}

// bounded reads no more of an answer than a provider has to say.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

// discover finds the provider, once it can be found (OpenID Connect Discovery 1.0, 4).
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && p.Now().Before(p.tryAt) {
		return nil, p.failed
	}
	ctx, cancel := context.WithTimeout(p.context(ctx), answerIn)
	defer cancel()
	provider, err := goidc.NewProvider(ctx, p.Issuer)
	var says struct {
		Scopes []string `json:"scopes_supported"`
	}
	if err == nil {
		err = provider.Claims(&says)
	}
	if err != nil {
		p.Log.Warn("the hospital's sign-in cannot be found", "issuer", p.Issuer, "err", err)
		p.failed, p.tryAt = refuse(RefusedDown, "The hospital's sign-in does not answer just now. Try again in a moment."), p.Now().Add(restFor)
		return nil, p.failed
	}
	p.failed = nil
	p.found = &discovered{
		oauth:    oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: provider.Endpoint(), Scopes: p.scopes(says.Scopes)},
		verifier: provider.VerifierContext(p.context(context.Background()), &goidc.Config{ClientID: p.ClientID, Now: p.Now}),
	}
	return p.found, nil
}

// scopes are those that the claims need. Many providers refuse one that they do
// not know, so a scope named as a claim is asked for only where it is offered.
func (p *Provider) scopes(offered []string) []string {
	scopes := []string{goidc.ScopeOpenID, "profile"}
	for _, claim := range []string{p.GroupsClaim, p.AccountClaim} {
		if slices.Contains(offered, claim) && !slices.Contains(scopes, claim) {
			scopes = append(scopes, claim)
		}
	}
	return scopes
}

func (p *Provider) context(ctx context.Context) context.Context {
	return goidc.ClientContext(ctx, p.client)
}
