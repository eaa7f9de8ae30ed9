// Package scim lets a hospital's directory (Entra ID, Okta and others) keep
// clinicians in step with it, by SCIM 2.0 (RFC 7643, RFC 7644).
//
// A User is a clinician. Its id is the clinician's; its userName is what the
// directory last called them, and for who was never named by one their account
// or, without one, their id: so people who were imported before are found and
// taken on, not added twice. Kept are userName, externalId, a name to show and
// active. Whatever else is sent is taken and not kept.
//
// active=false ends every session at once (P7). DELETE does that too, and
// revokes every badge: the person stays, for the history names them, and comes
// back under the same userName with no badge. Groups are kept with their members
// for the directory's sake; who may do what does not come from them.
//
// A program signs in with a bearer token. Requests are copied out of the
// server's pooled buffers before the library sees them.
package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	elimity "github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// Options are what a [Server] is made of. All but those that say so are needed.
type Options struct {
	Ledger Ledger
	// Authenticate returns what the program behind a bearer token is called, or a
	// [*custody.Refusal]: of identity.RefusedAllowed for one that is not for this.
	Authenticate func(ctx context.Context, token string) (name string, err error)
	// Count raises a counter that ends after ttl, for the limit of requests.
	Count func(ctx context.Context, key string, ttl time.Duration) (int64, error)
	// Ended is told of a person who may no longer sign in, once that is written.
	Ended func(ctx context.Context, clinician string)

	URL   string // of the server, https://host, for the addresses of resources
	Now   func() time.Time
	NewID func() string // of a group
	Base  context.Context
	Log   *slog.Logger // nil: silent
}

// Bounds of a request.
const (
	maxBody      = 256 << 10
	maxQuery     = 2048
	maxPage      = 200
	answerIn     = 10 * time.Second
	limitWindow  = 10 * time.Second
	limitPerTime = 500 // a token, in a window: Entra ID asks up to 25 times a second
)

// Path is where the service is mounted.
const Path = "/scim/v2"

// Server answers SCIM.
type Server struct {
	Options
	inner elimity.Server
}

// New checks the options.
func New(o Options) (*Server, error) {
	if o.Ledger == nil || o.Authenticate == nil || o.Count == nil || o.Now == nil || o.NewID == nil || o.Base == nil {
		return nil, errors.New("scim: a part is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Ended == nil {
		o.Ended = func(context.Context, string) {}
	}
	s := &Server{Options: o}
	schema.SetAllowStringValues(true) // Entra ID sends "False" for false
	enterprise := []elimity.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}
	var err error
	s.inner, err = elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{
			MaxResults: maxPage, SupportFiltering: true, SupportPatch: true,
			AuthenticationSchemes: []elimity.AuthenticationScheme{{Type: elimity.AuthenticationTypeOauthBearerToken, Name: "Bearer token",
				Description: "A token that an administrator makes at the console, with the scope scim.", Primary: true,
				SpecURI: optional.NewString("https://www.rfc-editor.org/rfc/rfc6750")}},
		},
		ResourceTypes: []elimity.ResourceType{
			{ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Description: optional.NewString("A clinician"),
				Schema: schema.CoreUserSchema(), SchemaExtensions: enterprise, Handler: users{s}},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Description: optional.NewString("A group of clinicians"),
				Schema: schema.CoreGroupSchema(), Handler: groups{s}},
		},
	}, elimity.WithBaseURL(strings.TrimSuffix(o.URL, "/")+Path))
	if err != nil {
		return nil, fmt.Errorf("scim: %w", err)
	}
	return s, nil
}

// Mount adds the service's routes.
func (s *Server) Mount(r fiber.Router) {
	for _, method := range []string{fiber.MethodGet, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete} {
		r.Add(method, Path, s.handle)
		r.Add(method, Path+"/*", s.handle)
	}
}

// caller is the key of the program's name in a request's context.
type caller struct{}

// by is how the asker is named in the log of people.
func by(r *http.Request) string {
	name, _ := r.Context().Value(caller{}).(string)
	return "scim:" + name
}

func (s *Server) handle(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	name, no := s.admit(ctx, c)
	if no != nil {
		return no.write(c)
	}
	r, no := request(context.WithValue(ctx, caller{}, name), c)
	if no != nil {
		return no.write(c)
	}
	return s.answer(r).write(c)
}

// admit says who asks, or why they are not answered.
func (s *Server) admit(ctx context.Context, c *fiber.Ctx) (name string, no *answer) {
	token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok || token == "" {
		no = refused(http.StatusUnauthorized, "A bearer token is needed.")
		no.header.Set("WWW-Authenticate", "Bearer")
		return "", no
	}
	name, err := s.Authenticate(ctx, strings.Clone(token))
	switch {
	case custody.Refused(err) == identity.RefusedAllowed:
		no = refused(http.StatusForbidden, "This token is not for provisioning.")
		no.header.Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="scim"`)
		return "", no
	case custody.Refused(err) != "":
		no = refused(http.StatusUnauthorized, "This token is not known, or has ended.")
		no.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return "", no
	case err != nil:
		s.Log.Error("a SCIM token cannot be looked up", "err", err)
		return "", later()
	}
	sum := sha256.Sum256([]byte(token))
	n, err := s.Count(ctx, "scim:"+hex.EncodeToString(sum[:])+":"+strconv.FormatInt(s.Now().UnixNano()/int64(limitWindow), 10), 2*limitWindow)
	switch {
	case err != nil:
		s.Log.Error("SCIM requests cannot be counted", "err", err)
		return "", later()
	case n > limitPerTime:
		no = refused(http.StatusTooManyRequests, "Too many requests. Wait ten seconds.")
		no.header.Set("Retry-After", strconv.Itoa(int(limitWindow.Seconds())))
		return "", no
	}
	return name, nil
}

// request copies what fiber has of a request, whose buffers the next one takes.
// Its path is left as it was sent: the library decodes it.
func request(ctx context.Context, c *fiber.Ctx) (*http.Request, *answer) {
	body := bytes.Clone(c.Request().Body())
	uri := c.Request().URI()
	query := string(uri.QueryString())
	if len(body) > maxBody || len(query) > maxQuery {
		return nil, refused(http.StatusRequestEntityTooLarge, "The request is larger than this service takes.")
	}
	if no := soundPatch(c.Method(), body); no != nil {
		return nil, no
	}
	path := strings.TrimPrefix(string(uri.PathOriginal()), "/scim")
	r, err := http.NewRequestWithContext(ctx, strings.Clone(c.Method()), "/", bytes.NewReader(body))
	if err != nil {
		return nil, refused(http.StatusBadRequest, "The request cannot be read.")
	}
	r.URL = &url.URL{Path: path, RawQuery: query}
	r.Header.Set("Content-Type", strings.Clone(c.Get(fiber.HeaderContentType)))
	return r, nil
}

// answer has the library answer a request. Nothing that a directory sends may
// stop the server, so a fault of the library's is a refusal.
func (s *Server) answer(r *http.Request) (a *answer) {
	defer func() {
		if fault := recover(); fault != nil {
			s.Log.Error("a SCIM request failed", "method", r.Method, "fault", fault)
			a = refused(http.StatusBadRequest, "The request cannot be understood.")
		}
	}()
	a = &answer{header: http.Header{}}
	s.inner.ServeHTTP(a, r)
	return a
}
