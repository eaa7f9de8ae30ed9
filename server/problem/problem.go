// Package problem answers errors as RFC 9457 problem details: a title that is
// a sentence for people, a code for programs, and nothing of the inside. What
// went wrong inside is for the log.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
)

// ContentType of a problem (RFC 9457, section 3).
const ContentType = "application/problem+json"

// Problem is an error that is meant to be read by who caused it.
type Problem struct {
	Type   string `json:"type"` // always about:blank, the code tells problems apart
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
	// Other names another clean iPad where this one cannot be had.
	Other string `json:"other,omitempty"`
}

func (p *Problem) Error() string { return p.Title }

// New returns a problem with a sentence for people as its title.
func New(status int, code, title string) *Problem {
	return &Problem{Type: "about:blank", Title: title, Status: status, Code: code}
}

// Codes that are this package's own; the rest are those of custody's refusals
// and of identity.
const (
	CodeNotFound    = "not_found"
	CodeStale       = "stale"
	CodeLocked      = "locked"
	CodeUnavailable = "unavailable_now"
	CodeInternal    = "internal"
	CodeBadRequest  = "bad_request"
)

// From translates an error of the house. Whatever it does not know becomes a
// 500 that says nothing of its cause.
func From(err error) *Problem {
	var p *Problem
	var refusal *custody.Refusal
	var routed *fiber.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return New(fiber.StatusConflict, refusal.Code, refusal.Sentence)
	case errors.Is(err, custody.ErrNotFound):
		return New(fiber.StatusNotFound, CodeNotFound, "There is nothing here by that name.")
	case errors.Is(err, custody.ErrStale), errors.Is(err, custody.ErrConflict):
		return New(fiber.StatusConflict, CodeStale, "This changed in the meantime. Look again, then try once more.")
	case errors.Is(err, custody.ErrLocked):
		return New(fiber.StatusConflict, CodeLocked, "This session is closed. Tap your badge to come back to it.")
	case errors.Is(err, custody.ErrUnavailable), errors.Is(err, custody.ErrLost),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return New(fiber.StatusServiceUnavailable, CodeUnavailable,
			"This cannot be recorded just now, so nothing was done. Try again in a moment, or use a downtime iPad.")
	case errors.As(err, &routed) && routed.Code < 500:
		return New(routed.Code, CodeBadRequest, fmt.Sprintf("This request cannot be answered: %s.", routed.Message))
	}
	return New(fiber.StatusInternalServerError, CodeInternal, "Something went wrong here. Try again; if it stays, call IT.")
}

// Write answers with p.
func Write(c *fiber.Ctx, p *Problem) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, ContentType)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(p.Status).Send(body)
}

// Handler returns middleware that turns the errors of the handlers behind it
// into problems, and logs those that are ours to mend.
func Handler(log *slog.Logger) fiber.Handler { return HandlerIn(log, nil) }

// HandlerIn is [Handler] for pages: say puts the title in the language of who asks.
func HandlerIn(log *slog.Logger, say func(c *fiber.Ctx, title string) string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := c.Next()
		if err == nil {
			return nil
		}
		p := From(err)
		if say != nil {
			said := *p
			said.Title = say(c, p.Title)
			p = &said
		}
		if p.Status >= 500 {
			log.Error("request failed", "method", c.Method(), "route", c.Route().Path, "status", p.Status, "err", err)
		}
		return Write(c, p)
	}
}
