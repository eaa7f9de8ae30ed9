package console

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// keysPage is one's own page, or an administrator's view of somebody's keys.
type keysPage struct {
	Who   identity.Staff
	CSRF  string
	Keys  []ledger.Passkey
	Of    string // whose keys they are, where they are not one's own
	Back  string // the page of whose they are
	None  string // why there are no passkeys
	Most  int
	Fresh bool
}

func (s *Console) keysPage(ctx context.Context, who asker, owner string) (keysPage, error) {
	page := keysPage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), None: s.NoPasskeys, Most: identity.MaxPasskeys}
	if s.Passkeys == nil {
		if page.None == "" {
			page.None = errNoKeys.Sentence
		}
		return page, nil
	}
	var err error
	page.None, page.Fresh = "", s.Passkeys.Fresh(ctx, who.session)
	page.Keys, err = s.Passkeys.Own(ctx, owner)
	return page, err
}

// showMe is everybody's own page: their passkeys.
func (s *Console) showMe(ctx context.Context, c *fiber.Ctx, who asker) error {
	page, err := s.keysPage(ctx, who, who.Owner())
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "me.html", page)
}

// recently refuses a change of one's keys when the sign-in was a while ago.
func (s *Console) recently(ctx context.Context, who asker) error {
	if s.Passkeys.Fresh(ctx, who.session) {
		return nil
	}
	return &custody.Refusal{Code: "sign_in_again", Sentence: "It has been a while since you signed in. Sign out and in again, then change your passkeys."}
}

func (s *Console) addKeyBegin(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	if err := s.recently(ctx, who); err != nil {
		return err
	}
	asked, err := s.Passkeys.BeginRegister(ctx, who.Owner(), who.Name, ownPlace(who))
	if err != nil {
		return tooMany(err)
	}
	return c.JSON(asked)
}

func (s *Console) addKey(ctx context.Context, c *fiber.Ctx, who asker) error {
	var body keyAnswer
	if err := browser.JSON(c, &body, maxKeyBody); err != nil {
		return err
	}
	if err := s.recently(ctx, who); err != nil {
		return err
	}
	key, err := s.Passkeys.Register(ctx, ownPlace(who), body.Ceremony, strings.TrimSpace(body.Name), body.Response)
	if err != nil {
		return tooMany(err)
	}
	return c.JSON(fiber.Map{"added": key.Name})
}

func (s *Console) nameKey(ctx context.Context, c *fiber.Ctx, who asker) error {
	var body struct{ Name string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if err := s.Passkeys.Name(ctx, who.Owner(), strings.Clone(c.Params("id")), strings.TrimSpace(body.Name)); err != nil {
		return err
	}
	return c.JSON(fiber.Map{})
}

func (s *Console) removeKey(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	if err := s.recently(ctx, who); err != nil {
		return err
	}
	if err := s.Passkeys.Remove(ctx, who.Owner(), strings.Clone(c.Params("id")), by(who)); err != nil {
		return err
	}
	return c.JSON(fiber.Map{})
}

// by is how who did something is named: a clinician by what never changes.
func by(who asker) string {
	if who.Role == identity.Clinician {
		return who.Owner()
	}
	return who.Actor()
}

// showKeys is an administrator's view of somebody's passkeys: one that was lost
// must be stopped by another than its owner.
func (s *Console) showKeys(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Keys, ""); err != nil {
		return err
	}
	owner, err := ownerAsked(c)
	if err != nil {
		return err
	}
	page, err := s.keysPage(ctx, who, owner)
	if err != nil {
		return err
	}
	page.Of, page.Back = owner, "/console/staff"
	if id, ok := strings.CutPrefix(owner, ledger.ClinicianOwner("")); ok {
		page.Back = "/console/people/" + url.PathEscape(id)
	}
	return s.render(c, fiber.StatusOK, "me.html", page)
}

func (s *Console) removeKeyOf(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Keys, ""); err != nil {
		return err
	}
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	owner, err := ownerAsked(c)
	if err != nil {
		return err
	}
	id := strings.Clone(c.Params("id"))
	if err := s.Passkeys.Remove(ctx, owner, id, by(who)); err != nil {
		return err
	}
	s.Log.Info("a passkey of somebody's was removed", "owner", owner, "passkey", id, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

// ownerAsked is whose passkeys an address names, as their passkeys have it.
func ownerAsked(c *fiber.Ctx) (string, error) {
	owner, err := url.PathUnescape(c.Params("owner"))
	if kind, id, ok := strings.Cut(owner, ":"); err != nil || !ok || id == "" || kind != identity.Clinicians && kind != identity.StaffKeys {
		return "", fmt.Errorf("reading whose passkeys are asked for: %w", custody.ErrNotFound)
	}
	return strings.Clone(owner), nil
}
