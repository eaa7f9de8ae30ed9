package walk

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

// API is a running server, as anybody with a token sees it.
type API struct {
	base  *url.URL
	token string
	http  *http.Client
}

// NewAPI checks the address. A token is never sent in the clear over a network.
func NewAPI(server, token string) (*API, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("server %q: want https:// and a host", server)
	}
	ip := net.ParseIP(u.Hostname())
	if here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return nil, fmt.Errorf("server %q: want https://, or http:// on this machine: the token must not be read on its way", server)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &API{base: u, token: token, http: &http.Client{Timeout: 30 * time.Second, CheckRedirect: stay}}, nil
}

// refused is an answer that will be the same next time.
type refused struct {
	status int
	title  string
}

func (r *refused) Error() string { return r.title }

func (a *API) ask(ctx context.Context, method, path string, body, into any) error {
	var b io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		b = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base.Scheme+"://"+a.base.Host+path, b)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	switch {
	case err != nil:
		return fmt.Errorf("reading the answer: %w", err)
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("the server answers %s", res.Status)
	case res.StatusCode != http.StatusOK:
		problem := struct{ Title string }{}
		if json.Unmarshal(text, &problem) != nil || problem.Title == "" {
			problem.Title = "the server answers " + res.Status
		}
		return &refused{res.StatusCode, problem.Title}
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// shown is what the API says of a device, as far as a trial looks at it.
type shown struct {
	State    string
	Evidence string
	Reason   string
	Wipe     struct{ Waiting string }
	Custody  struct {
		Run struct {
			ID   int64
			Goal custody.Goal
			Done bool
		}
	}
}

// in reports whether the iPad is in one of the states, and no longer opening.
func (s shown) in(states []custody.State) bool {
	r := s.Custody.Run
	opening := r.Goal == custody.GoalOpen && r.ID != 0 && !r.Done
	return slices.Contains(states, custody.State(s.State)) && !opening
}

func (a *API) device(ctx context.Context, id string) (s shown, err error) {
	return s, a.ask(ctx, http.MethodGet, "/api/v1/devices/"+url.PathEscape(id), nil, &s)
}

func (a *API) begin(ctx context.Context, id string) (signed trial.Signed, b trial.Beginning, err error) {
	if err = a.ask(ctx, http.MethodGet, "/api/v1/devices/"+url.PathEscape(id)+"/trial", nil, &signed); err != nil {
		return signed, b, err
	}
	return signed, b, json.Unmarshal(signed.Body, &b)
}

// history returns what is new after entry seq, a page of it.
func (a *API) history(ctx context.Context, id string, seq int64) ([]ledger.Recorded, error) {
	var answer struct{ Entries []ledger.Recorded }
	err := a.ask(ctx, http.MethodGet, fmt.Sprintf("/api/v1/devices/%s/history?after=%d", url.PathEscape(id), seq), nil, &answer)
	return answer.Entries, err
}

func (a *API) file(ctx context.Context, c trial.Claim) (signed trial.Signed, err error) {
	return signed, a.ask(ctx, http.MethodPost, "/api/v1/trials", c, &signed)
}

// Key is the key that the server signs tables with.
func (a *API) Key(ctx context.Context) ([]byte, error) {
	var answer struct{ Key string }
	if err := a.ask(ctx, http.MethodGet, "/api/v1/trials/key", nil, &answer); err != nil {
		return nil, fmt.Errorf("asking for the server's key: %w", err)
	}
	return base64.StdEncoding.DecodeString(answer.Key)
}
