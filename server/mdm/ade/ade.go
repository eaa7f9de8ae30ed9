// Package ade speaks to Apple's device assignment service (Apple: "Device
// Assignment", automated device enrolment): it lists the devices that the
// organisation has assigned to this server, defines the enrolment profiles that
// send them here from Setup Assistant, and assigns those to the devices of the
// inventory.
//
// A device that Apple lists and the inventory does not have is shown to people
// and left alone: being bought is not being allowed. The protocol is NanoDEP's.
package ade

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/micromdm/nanodep/client"
	"github.com/micromdm/nanodep/godep"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Store is what the service needs of the ledger.
type Store interface {
	ADEState(ctx context.Context, name string) (string, error)
	SetADEState(ctx context.Context, name, value string) error
	KeepAssigned(ctx context.Context, p ledger.AssignedPage) error
	AssignedDevices(ctx context.Context, after custody.DeviceID, limit int) ([]ledger.Assigned, error)
	SetAssigned(ctx context.Context, profile string, serials []custody.DeviceID) error
	Policy(ctx context.Context, ward string) (custody.Policy, error)
}

// Options are what a service is made of. Zero durations, functions and the
// client get defaults.
type Options struct {
	Store        Store
	Token        *client.OAuth1Tokens // see [ReadToken]
	Apple        string               // scheme and host; empty: Apple's
	BaseURL      string               // ours: https://host, without a trailing slash
	Path         string               // where on it a device asks for its profile
	Organisation string

	HTTP   *http.Client
	Logger *slog.Logger
	// Count is told of every failure and refusal: a reason of one word, from a fixed set.
	Count func(reason string)
	Now   func() time.Time

	Every     time.Duration // between two looks; 30 min
	Backoff   time.Duration // after the first failure, doubled up to Every or an hour; 1 min
	PageLimit int           // devices of one page; 0: Apple's default of 100
}

// Service keeps Apple's side in step with the inventory.
type Service struct {
	Options
	api *godep.Client
}

// name is what NanoDEP keeps tokens under; there is one.
const name = "padwarden"

// maxAnswer bounds an answer of Apple's: a page of 1000 devices is below 1 MB.
const maxAnswer = 16 << 20

// New returns a service, or says which option is missing.
func New(o Options) (*Service, error) {
	switch {
	case o.Store == nil || o.BaseURL == "" || o.Path == "":
		return nil, errors.New("automated enrolment: store, base URL and path are all needed")
	case !o.Token.Valid():
		return nil, errors.New("automated enrolment: the server token is not complete")
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: time.Minute}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every <= 0 {
		o.Every = 30 * time.Minute
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Minute
	}
	if o.Apple == "" {
		o.Apple = strings.TrimSuffix(client.DefaultBaseURL, "/")
	}
	bounded := *o.HTTP
	bounded.Transport = boundedTransport{o.HTTP.Transport}
	return &Service{Options: o, api: godep.NewClient(fixed{o}, godep.WithClient(&bounded), godep.WithUserAgent("padwarden"))}, nil
}

// fixed hands NanoDEP the one token and address.
type fixed struct{ o Options }

func (f fixed) RetrieveAuthTokens(context.Context, string) (*client.OAuth1Tokens, error) {
	return f.o.Token, nil
}

func (f fixed) RetrieveConfig(context.Context, string) (*client.Config, error) {
	return &client.Config{BaseURL: f.o.Apple}, nil
}

// boundedTransport ends an answer that is longer than Apple's are.
type boundedTransport struct{ next http.RoundTripper }

func (b boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// Report is what one look has come to.
type Report struct {
	Listed    int                // devices that Apple lists
	Assigned  []custody.DeviceID // that a profile was assigned to just now
	Failed    map[custody.DeviceID]string
	Strangers []custody.DeviceID // listed, and not in the inventory
}

// Once looks once: lists, defines, assigns. What could be done before an error is in the report.
func (s *Service) Once(ctx context.Context) (Report, error) {
	if err := s.expiry(); err != nil {
		return Report{}, err
	}
	if err := s.list(ctx); err != nil {
		return Report{}, said("listing the organisation's devices", err)
	}
	r, err := s.assign(ctx)
	return r, said("assigning enrolment profiles", err)
}

// soon is how early an expiring token is spoken of (Apple: it lasts a year).
const soon = 30 * 24 * time.Hour

// ErrToken: Apple will not take the server token. A person must act.
var ErrToken = errors.New("the server token must be renewed")

// expiry watches the token. An expired one is not sent.
func (s *Service) expiry() error {
	left := s.Token.AccessTokenExpiry.Sub(s.Now())
	switch {
	case s.Token.AccessTokenExpiry.IsZero():
	case left <= 0:
		s.Count("token_expired")
		return fmt.Errorf("%w: it expired on %s: download another in Apple School Manager or Apple Business Manager", ErrToken, s.Token.AccessTokenExpiry.Format(time.DateOnly))
	case left < soon:
		s.Count("token_expires_soon")
		s.Logger.Warn("The server token of automated enrolment expires soon. Download another in Apple School Manager or Apple Business Manager.",
			"alert", true, "expires", s.Token.AccessTokenExpiry.Format(time.DateOnly))
	}
	return nil
}

// said puts Apple's refusals that a person can do something about into words.
func said(doing string, err error) error {
	if err == nil {
		return nil
	}
	var auth *client.AuthError
	var h *godep.HTTPError
	body := ""
	switch {
	case errors.As(err, &auth):
		body = string(auth.Body)
	case errors.As(err, &h):
		body = string(h.Body)
	}
	switch {
	case strings.Contains(body, "T_C_NOT_SIGNED"):
		return fmt.Errorf("%s: an administrator must accept Apple's new terms in Apple School Manager or Apple Business Manager: %w", doing, ErrToken)
	case auth != nil:
		return fmt.Errorf("%s: Apple refuses the server token (%.60s): %w", doing, auth.Status, ErrToken)
	case h != nil:
		return fmt.Errorf("%s: Apple answers %.60s: %.200q", doing, h.Status, body)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
