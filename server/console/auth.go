package console

import (
	"context"
	"crypto/subtle"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
)

const cookieName = "padwarden_staff"

// CookieName is that of a staff session's cookie, without the prefix that binds
// it to the host.
const CookieName = cookieName

// asker is who asks, and by which session; an API token has none.
type asker struct {
	identity.Staff
	session string
}

type handler func(ctx context.Context, c *fiber.Ctx, who asker) error

func (s *Console) cookie(c *fiber.Ctx) string {
	return strings.Clone(c.Cookies(browser.CookieName(cookieName, s.Secure)))
}

// session returns who the request's cookie stands for. A problem is a 401, or
// a 403 for a clinician who asks for what is not their own.
func (s *Console) session(ctx context.Context, c *fiber.Ctx, active bool) (asker, error) {
	cookie := s.cookie(c)
	if cookie == "" {
		return asker{}, unknown("You are not signed in.")
	}
	who, err := s.Identity.StaffSession(ctx, cookie, active)
	if custody.Refused(err) != "" {
		return asker{}, unknown(err.Error())
	}
	if err == nil && who.Role == identity.Clinician && !clinicians(c) {
		return asker{}, problem.New(fiber.StatusForbidden, codeClinician, "This page is for those who look after the iPads.")
	}
	return asker{Staff: who, session: cookie}, err
}

// Clinicians have a page of their own at the console and nothing else: what is
// not named here is not theirs, and neither is any route to come.
const (
	ownPage       = "/console/me"
	codeClinician = "not_a_clinicians"
)

func clinicians(c *fiber.Ctx) bool {
	route := strings.TrimSuffix(c.Route().Path, "/")
	return route == ownPage || strings.HasPrefix(route, ownPage+"/") || route == "/console/sign-out"
}

// person reports whether somebody asked for the page, and not a script of a
// page that is open already: one that renews itself as devices change would
// keep its session for as long as the ward is busy (Fetch Metadata, 2.1: a
// script's request has the destination "empty").
func person(c *fiber.Ctx) bool { return c.Get("Sec-Fetch-Dest") != "empty" }

func unknown(sentence string) error {
	return problem.New(fiber.StatusUnauthorized, identity.RefusedStaff, sentence)
}

// page wraps a handler that renders a page: who is not signed in is sent to
// where it is said how, and errors are pages too.
func (s *Console) page(next handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(s.Base, answerIn)
		defer cancel()
		who, err := s.session(ctx, c, person(c))
		if err != nil && problem.From(err).Status == fiber.StatusUnauthorized {
			return c.Redirect("/console/start", fiber.StatusSeeOther)
		}
		if err != nil && problem.From(err).Code == codeClinician {
			return c.Redirect(ownPage, fiber.StatusSeeOther)
		}
		if err == nil {
			err = next(ctx, c, who)
		}
		if err != nil {
			return s.sorry(c, err)
		}
		return nil
	}
}

// change wraps a handler that changes something: our own page must have asked,
// with its session's token.
func (s *Console) change(next handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(s.Base, answerIn)
		defer cancel()
		if err := browser.SameOrigin(c, s.Secure); err != nil {
			return err
		}
		if err := browser.IsJSON(c); err != nil {
			return err
		}
		who, err := s.session(ctx, c, true)
		if err != nil {
			return err
		}
		token := c.Get("X-CSRF-Token")
		if subtle.ConstantTimeCompare([]byte(token), []byte(s.Identity.CSRF(who.session))) != 1 {
			return problem.New(fiber.StatusForbidden, "csrf", "This page is out of date. Reload it and try again.")
		}
		return next(ctx, c, who)
	}
}

// api wraps a handler that answers JSON, to a staff session or an API token.
func (s *Console) api(next handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(s.Base, answerIn)
		defer cancel()
		who, err := s.bearer(ctx, c)
		if err != nil {
			if problem.From(err).Status == fiber.StatusUnauthorized {
				c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
			}
			return err
		}
		return next(ctx, c, who)
	}
}

// bearer returns who an API request is of. A token that is there must be good;
// the cookie does not stand in for a bad one.
func (s *Console) bearer(ctx context.Context, c *fiber.Ctx) (asker, error) {
	header := c.Get(fiber.HeaderAuthorization)
	if header == "" {
		return s.session(ctx, c, true)
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || token == "" {
		return asker{}, unknown("Authorization must be a bearer token.")
	}
	who, err := s.Identity.StaffByToken(ctx, token)
	if custody.Refused(err) != "" {
		return asker{}, unknown("This token is not known, or has ended. Make a new one.")
	}
	return asker{Staff: who}, err
}

// allowed answers a 403 problem if who may not do action on the loaded row.
func allowed(who asker, action identity.Action, ward string) error {
	if err := identity.Allow(who.Staff, action, ward); err != nil {
		return problem.New(fiber.StatusForbidden, custody.Refused(err), err.Error())
	}
	return nil
}

// askedWard is the ward that a request asks for with ?ward=, which the asker may
// see; empty: all of theirs.
func askedWard(c *fiber.Ctx, who asker) (string, error) {
	ward := strings.Clone(c.Query("ward"))
	if ward == "" {
		return "", nil
	}
	return ward, allowed(who, identity.View, ward)
}
