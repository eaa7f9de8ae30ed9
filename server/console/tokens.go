package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// tokenKeeper keeps the tokens of the programs that come to the API.
type tokenKeeper interface {
	Tokens(ctx context.Context) ([]ledger.Token, error)
	MakeToken(ctx context.Context, name string, scopes []identity.Action, wards []string, ttl time.Duration, by string) (string, ledger.Token, error)
	RotateToken(ctx context.Context, id, by string) (string, ledger.Token, error)
	RevokeToken(ctx context.Context, id string) error
}

// registerTokens adds the administrators' page of API tokens.
func (s *Console) registerTokens(r fiber.Router) {
	r.Get("/tokens", s.page(s.showTokens))
	r.Post("/tokens", s.change(s.makeToken))
	r.Post("/tokens/:id/rotate", s.change(s.rotateToken))
	r.Post("/tokens/:id/revoke", s.change(s.revokeToken))
}

// tokenLine is one token as the page shows it. How says in a word whether it works.
type tokenLine struct {
	ledger.Token
	May   []identity.Action
	Where string // empty: all
	How   string
	Works bool
	Turns bool // it can be rotated
}

func (s *Console) tokenLine(t ledger.Token) tokenLine {
	l := tokenLine{Token: t, Where: strings.Join(t.Wards, ", ")}
	for _, scope := range t.Scopes {
		l.May = append(l.May, identity.Action(scope))
	}
	if slices.Contains(t.Wards, identity.AllWards) {
		l.Where = "" // all
	}
	switch {
	case !t.Revoked.IsZero():
		l.How = "Revoked"
	case !s.now().Before(t.Expires):
		l.How = "Ended"
	case !t.Replaced.IsZero():
		l.How, l.Works = "Replaced, ends soon", true
	default:
		l.How, l.Works, l.Turns = "Works", true, true
	}
	return l
}

type tokensPage struct {
	Who    identity.Staff
	CSRF   string
	Wards  []ledger.Ward
	Scopes []identity.Action
	Tokens []tokenLine
}

func (s *Console) showTokens(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Staffed, ""); err != nil {
		return err
	}
	tokens, err := s.Identity.Tokens(ctx)
	if err != nil {
		return err
	}
	wards, err := s.Ledger.Wards(ctx)
	if err != nil {
		return err
	}
	page := tokensPage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Wards: wards, Scopes: identity.Scopes}
	for _, t := range tokens {
		page.Tokens = append(page.Tokens, s.tokenLine(t))
	}
	return s.render(c, fiber.StatusOK, "tokens.html", page)
}

// makeToken answers {"code"}: the secret, told once.
func (s *Console) makeToken(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Staffed, ""); err != nil {
		return err
	}
	var asked struct {
		Name   string
		Scopes []identity.Action
		Wards  []string
		Days   int
	}
	if err := browser.JSON(c, &asked, maxBody); err != nil {
		return err
	}
	for _, scope := range asked.Scopes {
		if !slices.Contains(identity.Scopes, scope) {
			return badRequest("scopes", "A token made here looks at iPads, pings them, files trials or keeps people. Choose among these.")
		}
	}
	days := min(max(asked.Days, 0), 1000) // so that a great number does not overflow into a small one
	secret, t, err := s.Identity.MakeToken(ctx, strings.TrimSpace(asked.Name), asked.Scopes, asked.Wards, time.Duration(days)*24*time.Hour, who.Actor())
	if err != nil {
		return err
	}
	s.Log.Info("an API token was made", "token", t.ID, "name", t.Name, "scopes", t.Scopes, "wards", t.Wards, "staff", who.Name)
	return c.JSON(fiber.Map{"code": secret})
}

// rotateToken answers {"code"}: the new secret, told once.
func (s *Console) rotateToken(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := s.administers(c, who); err != nil {
		return err
	}
	secret, t, err := s.Identity.RotateToken(ctx, strings.Clone(c.Params("id")), who.Actor())
	if err != nil {
		return err
	}
	s.Log.Info("an API token was rotated", "token", t.ID, "name", t.Name, "staff", who.Name)
	return c.JSON(fiber.Map{"code": secret})
}

func (s *Console) revokeToken(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := s.administers(c, who); err != nil {
		return err
	}
	id := strings.Clone(c.Params("id"))
	if err := s.Identity.RevokeToken(ctx, id); err != nil {
		return err
	}
	s.Log.Info("an API token was revoked", "token", id, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

// administers checks a change of staff or tokens that says nothing but what its
// path says.
func (s *Console) administers(c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Staffed, ""); err != nil {
		return err
	}
	var body struct{}
	return browser.JSON(c, &body, maxBody)
}
