package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/oidc"
	"github.com/padwarden/padwarden/server/problem"
)

// Provider asks the hospital's own provider who somebody is: [oidc.Provider].
type Provider interface {
	Begin(ctx context.Context, a oidc.Ask) (address string, err error)
	Finish(ctx context.Context, bind string, a oidc.Answer) (oidc.Claims, error)
}

// HospitalAccounts let people sign in with their hospital account.
type HospitalAccounts struct {
	Provider Provider
	Grants   []identity.Grant
	URL      string // the console's, as browsers reach it: https://host
}

// hospitalGate is what identity makes of what the provider says.
type hospitalGate interface {
	SignInHospital(ctx context.Context, c oidc.Claims, grants []identity.Grant) (session string, who identity.Staff, err error)
}

const (
	// HospitalCallback is where the provider sends browsers back to, to be
	// registered there.
	HospitalCallback = "/console/hospital/callback"

	bindName = "padwarden_hospital"
	bindFor  = 5 * time.Minute // as long as a sign-in may take
)

func (s *Console) registerHospital(r fiber.Router) {
	if s.Hospital == nil {
		return
	}
	r.Get("/hospital", s.beginHospital)
	r.Get("/hospital/callback", s.finishHospital)
}

// beginHospital sends the browser to the provider, and ties the answer to it.
func (s *Console) beginHospital(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	if c.Method() == fiber.MethodHead { // fiber answers HEAD by GET's handler; a look begins nothing
		return nil
	}
	var random [32]byte
	if _, err := io.ReadFull(rand.Reader, random[:]); err != nil {
		return s.sorry(c, fmt.Errorf("binding a sign-in: %w", err))
	}
	bind := base64.RawURLEncoding.EncodeToString(random[:])
	address, err := s.Hospital.Provider.Begin(ctx, oidc.Ask{RedirectURI: s.Hospital.URL + HospitalCallback, Bind: bind, Again: c.Query("again") != ""})
	if err != nil {
		return s.sorryHospital(c, err)
	}
	if before := s.cookie(c); before != "" { // the answer will not bring it, and it must not outlive the next one
		if err := s.Identity.SignOutStaff(ctx, before); err != nil {
			return s.sorry(c, err)
		}
	}
	s.setBind(c, bind, int(bindFor.Seconds()))
	return c.Redirect(address, fiber.StatusSeeOther)
}

// setBind sets the cookie that the answer must come back with. It is
// SameSite=Lax, the only one that is: the answer is a navigation from the
// provider's site, with which a browser sends no Strict cookie. It lets nobody
// do anything by itself, and is gone after five minutes.
func (s *Console) setBind(c *fiber.Ctx, bind string, maxAge int) {
	cookie := &fiber.Cookie{Name: browser.CookieName(bindName, s.Secure), Value: bind, Path: "/", MaxAge: maxAge,
		Secure: s.Secure, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode}
	if maxAge < 0 {
		cookie.Expires = time.Unix(0, 0)
	}
	c.Cookie(cookie)
}

// finishHospital takes the provider's answer. The session's cookie is Strict, so
// a redirect from here would not carry it: it would still be the provider's
// navigation. A small page of our own goes on from this site instead.
func (s *Console) finishHospital(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	if c.Method() == fiber.MethodHead {
		return nil
	}
	ask := func(name string) string { return strings.Clone(c.Query(name)) }
	bind := strings.Clone(c.Cookies(browser.CookieName(bindName, s.Secure)))
	s.setBind(c, "", -1)
	claims, err := s.Hospital.Provider.Finish(ctx, bind, oidc.Answer{State: ask("state"), Code: ask("code"), Error: ask("error"), Issuer: ask("iss")})
	if err != nil {
		return s.sorryHospital(c, err)
	}
	session, who, err := s.Identity.SignInHospital(ctx, claims, s.Hospital.Grants)
	if err != nil {
		if custody.Refused(err) != "" {
			s.Log.Warn("a hospital account was not let in", "issuer", claims.Issuer, "subject", claims.Subject, "why", custody.Refused(err))
		}
		return s.sorryHospital(c, err)
	}
	if err := s.welcome(ctx, c, session, who); err != nil {
		return s.sorry(c, err)
	}
	next := "/console"
	if who.Role == identity.Clinician {
		next = ownPage
	}
	return s.render(c, fiber.StatusOK, "hospital.html", map[string]any{"Name": who.Name, "Next": next})
}

// sorryHospital says why a sign-in came to nothing, with the ways that are left.
func (s *Console) sorryHospital(c *fiber.Ctx, err error) error {
	status := fiber.StatusForbidden
	switch custody.Refused(err) {
	case "":
		return s.sorry(c, err)
	case oidc.RefusedDown, oidc.RefusedBusy:
		status = fiber.StatusServiceUnavailable
	case oidc.RefusedState:
		status = fiber.StatusUnauthorized
	}
	return s.render(c, status, "nohospital.html", problem.New(status, custody.Refused(err), err.Error()))
}
