// Package remote speaks to a NanoMDM server that a hospital has already: its
// HTTP API, which takes commands into the server's queue, and its webhook, by
// which the server tells what devices said (NanoMDM v0.9.0, "Operations Guide").
//
// What such a server cannot promise: a command in its queue cannot be taken
// back, none overtakes another, and a webhook that did not get through is not
// repeated. So enqueueing is handing over (hand-over rule 12), and what is lost
// on the way ends as unproven and never as clean.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Server is a NanoMDM server's API. It is safe for concurrent use.
type Server struct {
	url  string
	key  string
	http *http.Client
}

// Bounds of one call.
const (
	answerIn  = 10 * time.Second
	maxAnswer = 64 << 10 // bytes that are read of an answer
)

// user is the only one that the API knows.
const user = "nanomdm"

// New returns the API at an address, https://host, or http:// on this machine:
// the key goes with every call.
func New(address, key string) (*Server, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("the NanoMDM server's address %q: want https:// and a host", address)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, fmt.Errorf("the NanoMDM server's address %q: its API key needs https://, but for one on this machine", address)
	case key == "":
		return nil, errors.New("the NanoMDM server's API key is missing")
	}
	return &Server{url: u.Scheme + "://" + u.Host, key: key, http: &http.Client{
		Timeout:       answerIn,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key goes nowhere else
	}}, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// URL is the server's address, without a slash at the end.
func (s *Server) URL() string { return s.url }

// Enqueue puts a command into an enrolment's queue. A command that the server
// has, or has had, under the same CommandUUID is not queued twice, and that is
// no error. ErrUnavailable if the server cannot be reached, and then nobody
// knows whether the command is in the queue: it is safe to call again.
func (s *Server) Enqueue(ctx context.Context, enrolment string, command []byte) error {
	err := s.call(ctx, http.MethodPut, "/v1/enqueue/"+url.PathEscape(enrolment)+"?nopush=1", command)
	var refused *refusal
	if errors.As(err, &refused) && refused.exists() {
		return nil
	}
	return err
}

// Push has the server ask an enrolment to connect.
func (s *Server) Push(ctx context.Context, enrolment string) error {
	return s.call(ctx, http.MethodGet, "/v1/push/"+url.PathEscape(enrolment), nil)
}

// refusal is what the server said that it did not do.
type refusal struct {
	status int
	says   string
}

func (r *refusal) Error() string { return fmt.Sprintf("it answered %d: %.200q", r.status, r.says) }

// exists: each of NanoMDM's stores has its own words for a CommandUUID that it
// knows (key-value, file and memory; PostgreSQL; MySQL).
func (r *refusal) exists() bool {
	says := strings.ToLower(r.says)
	return strings.Contains(says, "command already exists") || strings.Contains(says, "duplicate key") || strings.Contains(says, "duplicate entry")
}

func (s *Server) call(ctx context.Context, method, path string, body []byte) error {
	doing := "asking the NanoMDM server"
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	r.SetBasicAuth(user, s.key)
	answer, err := s.http.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", doing, custody.ErrUnavailable, err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w: %w", doing, custody.ErrUnavailable, err)
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s: its API key is not accepted", doing)
	}
	return fmt.Errorf("%s: %w", doing, &refusal{status: answer.StatusCode, says: complaint(said)})
}

// complaint is what an answer says went wrong, with one enrolment or with all.
func complaint(answer []byte) string {
	type failed struct {
		EnqueueError string `json:"command_error"`
		PushError    string `json:"push_error"`
	}
	var a struct {
		failed
		Status map[string]failed `json:"status"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return string(answer)
	}
	says := []string{a.EnqueueError, a.PushError}
	for _, one := range a.Status {
		says = append(says, one.EnqueueError, one.PushError)
	}
	return strings.Join(strings.Fields(strings.Join(says, " ")), " ")
}
