package browser

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
)

// SameOrigin refuses with 403 a request that this host's own page did not
// make. Whatever of Sec-Fetch-Site and Origin is there must agree, and one
// must be there: neither can be set by another site (ASVS 5.0, 3.5.1). A form
// on a page without referrers sends the origin "null" (Fetch standard, 3.2),
// which says nothing either way.
func SameOrigin(c *fiber.Ctx, secure bool) error {
	site, origin := c.Get("Sec-Fetch-Site"), c.Get(fiber.HeaderOrigin)
	if origin == "null" && site != "" {
		origin = ""
	}
	ok := site != "" || origin != ""
	if site != "" && site != "same-origin" {
		ok = false
	}
	if origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, string(c.Context().Host())) || (secure && u.Scheme != "https") {
			ok = false
		}
	}
	if !ok {
		return problem.New(fiber.StatusForbidden, "cross_site", "This was not asked by the page itself, so it was not done. Reload the page and try again.")
	}
	return nil
}

// IsJSON refuses with 415 a request whose content type does not say JSON: a
// form of another site cannot say so (ASVS 5.0, 3.5.2).
func IsJSON(c *fiber.Ctx) error {
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEApplicationJSON {
		return problem.New(fiber.StatusUnsupportedMediaType, "not_json", "The body must be application/json.")
	}
	return nil
}

// JSON decodes the request's body, one JSON value of at most max bytes, into
// v. The content type must say so.
func JSON(c *fiber.Ctx, v any, max int) error {
	if err := IsJSON(c); err != nil {
		return err
	}
	body := c.Request().Body() // never decompressed: the bound is on what arrives
	if len(body) > max {
		return problem.New(fiber.StatusRequestEntityTooLarge, "too_large", "The body is larger than this endpoint takes.")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(v); err != nil {
		return problem.New(fiber.StatusBadRequest, problem.CodeBadRequest, "The body is not the JSON that was expected.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return problem.New(fiber.StatusBadRequest, problem.CodeBadRequest, "The body holds more than one JSON value.")
	}
	return nil
}
