package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
)

// answer is a response in memory, before it is fiber's.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) write(c *fiber.Ctx) error {
	for _, name := range []string{"Content-Type", "Location", "Etag", "Retry-After", "WWW-Authenticate"} {
		if v := a.header.Get(name); v != "" {
			c.Set(name, v)
		}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return c.Status(a.status).Send(bytes.Clone(a.body.Bytes()))
}

// refused is an error as a directory reads it (RFC 7644, 3.12).
func refused(status int, detail string) *answer {
	a := &answer{header: http.Header{"Content-Type": {"application/scim+json"}}, status: status}
	raw, err := json.Marshal(scimerrors.ScimError{Status: status, Detail: detail})
	if err != nil { // of a number and two strings
		panic(err)
	}
	a.body.Write(raw)
	return a
}

func later() *answer {
	return refused(http.StatusServiceUnavailable, "This cannot be done just now. Try again in a moment.")
}

// failed turns an error of the house into one of SCIM's. The library would tell
// the text of any other to whoever asked.
func (s *Server) failed(r *http.Request, id string, err error) error {
	var known scimerrors.ScimError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, custody.ErrNotFound):
		return scimerrors.ScimErrorResourceNotFound(id)
	case errors.Is(err, custody.ErrConflict):
		return scimerrors.ScimErrorUniqueness
	case errors.Is(err, custody.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		s.Log.Warn("a SCIM request could not be recorded", "method", r.Method, "err", err)
		return scimerrors.ScimError{Status: http.StatusInternalServerError, Detail: "This cannot be recorded just now, so nothing was done. Try again in a moment."}
	}
	s.Log.Error("a SCIM request failed", "method", r.Method, "err", err)
	return scimerrors.ScimErrorInternal
}

// invalid says what of a value cannot be.
func invalid(detail string) error {
	return scimerrors.ScimError{ScimType: scimerrors.ScimTypeInvalidValue, Status: http.StatusBadRequest, Detail: detail}
}

// Bounds of a PATCH, whose paths the library parses.
const (
	maxOperations = 1000
	maxPathLength = 256
)

// soundPatch refuses a PATCH of more operations, or longer paths, than a
// directory has a use for.
func soundPatch(method string, body []byte) *answer {
	if method != http.MethodPatch {
		return nil
	}
	var patch struct {
		Operations []struct{ Path string }
	}
	if err := json.Unmarshal(body, &patch); err != nil {
		return refused(http.StatusBadRequest, "The request body is not a PATCH.")
	}
	if len(patch.Operations) > maxOperations {
		return refused(http.StatusRequestEntityTooLarge, "The request has more operations than this service takes.")
	}
	for _, o := range patch.Operations {
		if len(o.Path) > maxPathLength {
			return refused(http.StatusBadRequest, "A path is longer than this service takes.")
		}
	}
	return nil
}
